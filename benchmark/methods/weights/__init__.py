"""Trained weights: where they lie, how they load, what their cards say."""
