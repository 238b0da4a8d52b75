"""Training: the open data set, both trainers, the metrics. Needs the extra `train`."""
