"""The rows of the tables: what a method is, the registered ones, and the search for one by name."""
