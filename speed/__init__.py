"""How fast the networks are beside plainly written forms of themselves."""
