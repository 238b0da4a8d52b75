"""What a step of training does, for each kind of model."""
