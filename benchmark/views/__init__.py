"""What people look at: tables, figures, verdicts, the report. Reads results and claims, never loads a network."""
