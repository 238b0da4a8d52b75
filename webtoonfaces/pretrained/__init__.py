"""A name or a path -> a network with its weights, ready to use."""
