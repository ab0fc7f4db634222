"""Figures of a paper, as PNG and PDF: qualitative grids, Pareto fronts and training curves."""
