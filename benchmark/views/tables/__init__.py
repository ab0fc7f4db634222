"""The comparison tables, made from result files alone."""
