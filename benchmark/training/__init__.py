"""Training: one engine for every method, its recipes, the lightweight methods' own objectives, logs and the live view.

Importing this package does not import torch.
"""
