"""The networks: `nn.Module`s in plain PyTorch and nothing else. One architecture a file, its layers in `ops`."""
