"""Papers as data: a folder each, with what it claims, shows and compares. The laboratory knows none by name."""
