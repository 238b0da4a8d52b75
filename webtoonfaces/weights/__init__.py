"""Published weights: which there are (`registry`), where their files lie (`store`), how they are read (`convert`)."""
