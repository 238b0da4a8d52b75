"""The trainers: networks, losses and the training step of each kind of model."""
