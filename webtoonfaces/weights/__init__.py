"""Weights: records of the known ones (`registry`), their files (`store`), downloads, and formats (`convert`)."""
