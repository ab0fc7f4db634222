"""What publications claim, as data, beside what was measured: ledgers, verdicts and lints. Imports no torch."""
