"""The ten published restoration networks, one file a paper, and the table of their hyper-parameters."""
