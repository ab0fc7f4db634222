"""The published distillers and the controls, one file a paper, adapted to image restoration."""
