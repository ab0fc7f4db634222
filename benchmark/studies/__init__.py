"""Studies of a method by itself: ablations and looks inside."""
