"""How good a model is: distances to a data set, swaps, nearest neighbours, and the table of a run."""
