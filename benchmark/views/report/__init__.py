"""The report: one self-contained HTML page of verdicts, tables, plots, pictures and provenance, from result files alone."""
