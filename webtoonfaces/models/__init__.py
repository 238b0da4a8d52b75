"""The networks: `nn.Module`s in plain PyTorch and nothing else. One file for each architecture; layers are in `ops`."""
