"""Training pairs: from disk, from synthesis, and the batches made of them."""
