"""What is odd about a paper by its own numbers and words."""
