"""Other people's published work, re-implemented: networks (one file a paper) and distillers (one file a paper)."""
