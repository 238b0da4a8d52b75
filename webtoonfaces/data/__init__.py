"""Training pictures: folders and zips of them, their manifests, and a data set that is drawn on the spot."""
