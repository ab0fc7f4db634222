"""Verdicts as text, Markdown, LaTeX and CSV."""
