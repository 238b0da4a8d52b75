"""Starting a run from trained networks, of the same sizes or smaller ones that are grown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import BadInputError
from ...models import ops, stylegan2

Networks = Mapping[str, nn.Module]


def start_from(networks: Networks, given: Networks, *, grow: bool = False) -> list[str]:
    """Copy trained weights into a run's networks; returns the names of the networks for which none were given.

    If only the average of a network is given, the network starts from it too, and the other way round: "g" starts from
    "g_ema". With `grow` a network may be larger than the one it starts from; see `grown`.

    Raises `BadInputError`, which names both sizes, for networks of other sizes.
    """
    fresh = []
    for name, network in networks.items():
        names = (name, f"{name}_ema", name.removesuffix("_ema"))
        source = next((given[n] for n in names if n in given), None)
        if source is None:
            fresh.append(name)
        elif _shapes(source) == _shapes(network):
            network.load_state_dict(source.state_dict())
        else:
            network.load_state_dict(grown(name, network, source, grow=grow))
    return fresh


def grown(name: str, network: nn.Module, source: nn.Module, *, grow: bool = True) -> dict[str, Tensor]:
    """The state dict of `network`, initialized from the smaller `source`.

    A StyleGAN2 may grow in size and in width, a Swapping Autoencoder in size (only its image discriminator has one)
    and in the channels of its structure code (only its encoder and generator have those).
    Layers of resolutions that both have are copied. In a wider layer, the old channels keep their weights and get no
    input from the new ones, which start with random weights; so a generator draws the same picture as before. One that
    grew in size draws it enlarged, because the RGB outputs of the new resolutions start with zeros.

    Raises `BadInputError`, which names both sizes, if `source` is not the smaller, or without `grow`.
    """
    if not grow or not _may_grow(network, source):
        advice = (
            "Choose the preset it was trained with."
            if grow
            else "Choose the preset it was trained with, or start a larger size or width from it with --grow."
        )
        raise BadInputError(
            f"The network {name!r} to start from has {_sizes(source)}, the one to train {_sizes(network)}. {advice}"
        )
    old, new = source.state_dict(), {key: value.clone() for key, value in network.state_dict().items()}
    blocks = _added_blocks(network, source)
    for key, fresh in new.items():
        value = old.get(_old_key(key, blocks))
        if value is not None:
            new[key] = _widened(key, fresh, value.to(fresh.device))
        elif key.startswith("to_rgbs."):
            fresh.zero_()
    return new


def _widened(key: str, fresh: Tensor, old: Tensor) -> Tensor:
    if fresh.shape == old.shape:
        return old
    wide = fresh.clone()
    if not key.endswith("weight") or fresh.ndim < 2:
        wide[tuple(slice(n) for n in old.shape)] = old
        return wide
    # Weights are scaled by 1 / sqrt(inputs) when they are used.
    old = old * math.sqrt(fresh.shape[1] / old.shape[1])
    outputs, inputs = old.shape[:2]
    wide[:outputs] = 0
    if key == "final_conv.0.weight":  # for every width, its last input is the minibatch standard deviation
        wide[:outputs, : inputs - 1], wide[:outputs, -1] = old[:, :-1], old[:, -1]
    else:
        wide[:outputs, :inputs] = old
    return wide


def _added_blocks(network: nn.Module, source: nn.Module) -> int:
    """The number of resolutions that a discriminator has before those of `source`; a generator adds them at the end."""
    if not isinstance(network, ops.ResidualDiscriminator) or not isinstance(source, ops.ResidualDiscriminator):
        return 0
    return len(network.convs) - len(source.convs)


def _old_key(key: str, added: int) -> str:
    """The name in a smaller network of the tensor `key` of a network with `added` more blocks; "" if it is new."""
    if not added or not key.startswith("convs."):
        return key
    _, block, rest = key.split(".", 2)
    return f"convs.{int(block) - added}.{rest}" if int(block) > added else ""


def _may_grow(network: nn.Module, source: nn.Module) -> bool:
    small: Any = getattr(source, "config", None)
    large: Any = getattr(network, "config", None)
    if type(small) is not type(large) or small.size > large.size:
        return False
    if isinstance(large, stylegan2.StyleGAN2Config):
        same = not isinstance(network, stylegan2.Generator) or (
            (small.w_dim, small.mapping_layers, small.choices) == (large.w_dim, large.mapping_layers, large.choices)
        )
        return same and all(a <= b for a, b in zip(small.channels, large.channels, strict=False))
    if isinstance(network, ops.ResidualDiscriminator):
        shared = len(small.discriminator_channels)
        return small.discriminator_channels == large.discriminator_channels[:shared]
    return small.channel == large.channel and small.structure_channels <= large.structure_channels


def _sizes(network: nn.Module) -> str:
    """The sizes of a network, in words."""
    config: Any = getattr(network, "config", None)
    if isinstance(config, stylegan2.StyleGAN2Config):
        own = f"{config.size} px and {' '.join(map(str, config.channels))} channels"
        if isinstance(network, stylegan2.Generator):
            own += f", w of {config.w_dim}, {config.mapping_layers} mapping layers"
            own += ", choices in z" if config.choices else ""
        return own
    if isinstance(network, ops.ResidualDiscriminator):
        return f"{config.size} px and {' '.join(map(str, config.discriminator_channels))} channels"
    return f"a channel unit of {config.channel} and {config.structure_channels} structure channels"


def _shapes(network: nn.Module) -> dict[str, torch.Size]:
    return {key: value.shape for key, value in network.state_dict().items()}
