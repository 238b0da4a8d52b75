"""Measuring models: distances to a data set, swaps, nearest neighbours, and the table of a run."""
