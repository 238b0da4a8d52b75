"""Pictures to train on: folders and zips of them, their manifests, and a set that is drawn here."""
