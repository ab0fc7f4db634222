"""Checkpoints of any origin, opened safely and unwrapped."""
