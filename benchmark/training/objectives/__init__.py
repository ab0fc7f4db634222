"""The lightweight methods' own training losses, one file a method."""
