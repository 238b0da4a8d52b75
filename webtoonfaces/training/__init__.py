"""Training StyleGAN2 and Swapping Autoencoders: runs, checkpoints, presets, export. Needs the extra `train`."""
