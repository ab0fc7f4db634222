"""Studies as data: a plan names rows, seeds and budget; the rest is trained, measured and reported from it."""
