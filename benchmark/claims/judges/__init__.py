"""How each kind of claim is judged."""
