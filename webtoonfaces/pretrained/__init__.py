"""Loading a network with its weights by a name or a path."""
