"""The explorers. None of them knows a network: they describe scenes, and `rendering` draws them."""
