"""What papers print of parameters and operations, audited against what is counted here."""
