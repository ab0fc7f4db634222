"""The laboratory: registry, data sets, protocols, runs, costs, tables, training and the command line."""

__version__ = "0.2.0"
