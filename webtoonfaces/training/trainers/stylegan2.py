"""Training StyleGAN2 (Karras et al. 2020, arXiv:1912.04958) with adaptive augmentation (arXiv:2006.06676).

On a CPU, `Config.warmup_kimg` adds a warm-up without a discriminator: the generator learns as the decoder of a small
variational autoencoder, with an L1 loss, a feature loss and a weak prior. So it learns heads, hair and skin in a tenth
of the time that a discriminator needs. The encoder is discarded afterwards. With `Config.projected` the discriminator
works on frozen features, so that it is useful after a few thousand pictures.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from PIL import Image
from torch import Tensor, nn

from ...errors import BadInputError
from ...images import contact_sheet, to_pil
from ...models import ops
from ...models import stylegan2 as models
from ...models.mobilenet import MobileNetV2
from ...pretrained.mobilenet import load_mobilenet
from ..step import Scores, Share, StepRandom, average, half_life, minimise
from . import losses
from .augment import Strength, augment, mirrored
from .grow import start_from
from .projected import LAYERS, ProjectedDiscriminator

FEATURE_LAYERS = (1, 3, 6)
PREVIEW = 32


@dataclass(frozen=True)
class Config:
    """The configuration of a training; the defaults are the published ones.

    model : sizes of the networks.          ada_target : None switches the augmentation off.
    freeze_d : do not train the discriminator's layers at this many of the highest resolutions, whose features are the
    same for all pictures (Mo et al. 2020, arXiv:2002.10964).
    warmup_kimg : thousands of pictures of the warm-up.     prior_weight : of the warm-up's prior.
    projected : use a `ProjectedDiscriminator`; `r1` is then the weight of the gradient at its features.
    average_kimg : half-life of the moving average, in thousands of pictures.
    """

    model: models.StyleGAN2Config = field(default_factory=models.StyleGAN2Config)
    learning_rate: float = 0.002
    r1: float = 10.0
    r1_every: int = 16
    path_weight: float = 2.0
    path_every: int = 4
    path_shrink: int = 2
    path_decay: float = 0.01
    mixing: float = 0.9
    ada_target: float | None = 0.6
    ada_speed: float = 500_000
    freeze_d: int = 0
    warmup_kimg: float = 0.0
    feature_weight: float = 0.5
    prior_weight: float = 0.1
    projected: bool = False
    average_kimg: float = 10.0
    mirror: bool = True


class WarmupEncoder(nn.Module):
    """Pictures [N, 3, S, S] -> mean and log-variance of z, [N, D] each."""

    def __init__(self, config: models.StyleGAN2Config):
        super().__init__()
        widths = config.channels[::-1]
        blocks = [ops.ResBlock(a, b) for a, b in itertools.pairwise(widths)]
        self.blocks = nn.Sequential(ops.ConvLayer(3, widths[0], 1), *blocks, ops.ConvLayer(widths[-1], widths[-1], 3))
        self.head = ops.EqualLinear(widths[-1] * 16, 2 * config.w_dim)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean, spread = self.head(self.blocks(images).flatten(1)).chunk(2, dim=1)
        return mean, spread.clamp(-8, 4)


class StyleGAN2Trainer:
    """The networks, the optimisers and the training step; `run.train` contains the loop."""

    family = "stylegan2"

    def __init__(self, config: Config, accelerator: Accelerator):
        self._config, self.accelerator = config, accelerator
        device = accelerator.device
        g = models.Generator(config.model)
        self.networks: dict[str, nn.Module] = {"g": g, "g_ema": copy.deepcopy(g)}
        self._judge = "projected" if config.projected else "d"
        self.networks[self._judge] = (
            ProjectedDiscriminator(config.model.size) if config.projected else models.Discriminator(config.model)
        )
        if config.warmup_kimg > 0:
            self.networks["warmup"] = WarmupEncoder(config.model)
        for name, network in self.networks.items():
            network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            network.requires_grad_(name != "g_ema")
        self._freeze_lower_layers(config.freeze_d)
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "g": self._adam(["g"], config.path_every),
            "d": self._adam([self._judge], config.r1_every),
        }
        if config.warmup_kimg > 0:
            # By design the mapping network learns a hundred times slower, which is too slow behind an encoder.
            mapping = set(g.style.parameters())
            others = [p for p in g.parameters() if p not in mapping]
            groups: list[dict[str, Any]] = [
                {"params": [*others, *self.networks["warmup"].parameters()]},
                {"params": [*g.style.parameters()], "lr": 20 * config.learning_rate},
            ]
            self.optimizers["warmup"] = torch.optim.Adam(groups, config.learning_rate, (0.9, 0.99))
        self.strength = Strength(target=config.ada_target or 0.6, speed=config.ada_speed)
        self.path_mean = torch.zeros((), device=device)
        self.transferred = False
        z = np.random.RandomState(0).randn(PREVIEW, config.model.w_dim).astype(np.float32)
        self.preview_z = torch.from_numpy(z).to(device)
        uses_features = config.warmup_kimg > 0 or config.projected
        self.features: MobileNetV2 | None = load_mobilenet(device) if uses_features else None

    def _freeze_lower_layers(self, resolutions: int) -> None:
        if self._config.projected:
            if resolutions:
                raise BadInputError(
                    "A projected discriminator has no layers to freeze: its features are fixed. Leave out --freeze-d."
                )
            return
        layers = list(self.networks["d"].convs)  # type: ignore[arg-type]
        if not 0 <= resolutions < len(layers):
            raise BadInputError(
                f"A discriminator of {self._config.model.size} px has {len(layers) - 1} resolutions that can be "
                f"frozen, not {resolutions}."
            )
        for layer in layers[: resolutions + 1] if resolutions else []:  # the layer from RGB, then one block for each
            layer.requires_grad_(False)

    def _adam(self, names: Sequence[str], lazy_every: int) -> torch.optim.Optimizer:
        """Adam with rate and betas corrected for the extra steps of a penalty that is computed every `lazy_every`."""
        lazy = lazy_every / (lazy_every + 1)
        parameters = [p for name in names for p in self.networks[name].parameters() if p.requires_grad]
        return torch.optim.Adam(parameters, self._config.learning_rate * lazy, (0.0, 0.99**lazy))

    def config(self) -> Config:
        return self._config

    def scalars(self) -> dict[str, Any]:
        strength = self.strength.scalars()
        return {"path_mean": float(self.path_mean), "strength": strength, "transferred": self.transferred}

    def load_scalars(self, scalars: dict[str, Any]) -> None:
        self.path_mean.fill_(scalars["path_mean"])
        self.strength.load(scalars["strength"])
        self.transferred = scalars.get("transferred", False)

    def load_weights(self, networks: Mapping[str, nn.Module], *, grow: bool = False) -> list[str]:
        """Start from these networks, any of g, d, g_ema; returns the names of those that keep their initial weights."""
        self.transferred = True
        return start_from(self.networks, networks, grow=grow)

    def step(self, shares: Sequence[Share], *, step: int, shown: int, done: float = 0.0) -> dict[str, float]:
        """One training step on the whole batch, of which `shares` are this process's part; returns the losses."""
        config, scores = self._config, Scores()
        if config.mirror:
            shares = [replace(share, images=mirrored(share.images, share.random)) for share in shares]
        if shown < config.warmup_kimg * 1000:
            loss = self._minimise("warmup", shares, lambda share: self._warmup_loss(share, scores))
            scores.note(loss=loss)
        else:
            self._adversarial_step(shares, step, scores)
        batch = sum(len(share.images) for share in shares) * self.accelerator.num_processes
        window = config.average_kimg * 1000
        if not self.transferred:  # a longer average than the training so far would contain the random initial weights
            window = min(window, max(shown, batch) * 0.05)
        average(self.networks["g_ema"], self.networks["g"], decay=half_life(window, batch))
        return scores.means()

    def _adversarial_step(self, shares: Sequence[Share], step: int, scores: Scores) -> None:
        config = self._config
        signs: list[Tensor] = []
        scores.note(d=self._minimise("d", shares, lambda share: self._discriminator_loss(share, signs)))
        if step % config.r1_every == 0:
            scores.note(r1=self._minimise("d", shares, self._r1, exact=True))
        scores.note(g=self._minimise("g", shares, self._generator_loss))
        if config.path_weight > 0 and step % config.path_every == 0:
            means: list[Tensor] = []
            scores.note(path=self._minimise("g", shares, lambda share: self._path_penalty(share, means), exact=True))
            mean = self.accelerator.reduce(torch.stack(means).mean(), reduction="mean")
            self.path_mean.lerp_(mean, config.path_decay)
        self._drive_augmentation(torch.cat(signs), scores)

    def _drive_augmentation(self, signs: Tensor, scores: Scores) -> None:
        """Update the augmentation's strength with the signs of the logits of all real pictures of the step."""
        total, count = self.accelerator.reduce(
            torch.stack([signs.sum(), signs.new_tensor(signs.numel())]), reduction="sum"
        ).tolist()
        scores.note(ada_p=self.strength.p, real_sign=total / count)
        if self._config.ada_target is not None:
            self.strength.observe(total, round(count))

    def _minimise(
        self, name: str, shares: Sequence[Share], loss_of: Callable[[Share], Tensor], *, exact: bool = False
    ) -> float:
        """One optimiser step; second-order penalties need full precision (`exact`), other losses use autocast."""

        def loss(share: Share) -> Tensor:
            with nullcontext() if exact else self.accelerator.autocast():
                return loss_of(share)

        return minimise(self.accelerator, self.optimizers[name], shares, loss)

    def _ws(self, random: StepRandom, n: int) -> Tensor:
        """Codes [N, L, D] of fresh z, two mixed at a random layer with probability `mixing`."""
        model = self._config.model
        w = self.networks["g"].mapping(random.normal(2 * n, model.w_dim))  # type: ignore[operator]
        u = random.uniform(n, 2)
        crossover = torch.where(u[:, 0] < self._config.mixing, 1 + (u[:, 1] * (model.num_ws - 1)).floor(), model.num_ws)
        first = torch.arange(model.num_ws, device=w.device) < crossover[:, None]  # [N, L]
        return torch.where(first[..., None], w[:n, None], w[n:, None])

    def _fakes(self, random: StepRandom, ws: Tensor) -> Tensor:
        n = ws.shape[0]
        g = self.networks["g"]
        return g.synthesis(ws, noise=lambda _, side: random.normal(n, 1, side, side)).float()  # type: ignore[operator]

    def _discriminator_loss(self, share: Share, signs: list[Tensor]) -> Tensor:
        n, d = share.images.shape[0], self.networks[self._judge]
        with torch.no_grad():
            fakes = self._fakes(share.random, self._ws(share.random, n))
        real = d(*self._shown(share.images, share.random))
        fake = d(*self._shown(fakes, share.random))
        signs.append(real.detach().float().sign().mean(dim=1))  # one value for each picture, also with many logits
        return losses.discriminator_loss(real, fake)

    def _r1(self, share: Share) -> Tensor:
        """R1 at the discriminator's own inputs, because the resampling before it has no second derivative."""
        config = self._config
        inputs = [x.detach().requires_grad_() for x in self._shown(share.images, share.random)]
        logits = self.networks[self._judge](*inputs)
        return config.r1 / 2 * losses.r1_penalty(logits, inputs) * config.r1_every

    def _generator_loss(self, share: Share) -> Tensor:
        fakes = self._fakes(share.random, self._ws(share.random, share.images.shape[0]))
        return losses.generator_loss(self.networks[self._judge](*self._shown(fakes, share.random)))

    def _shown(self, images: Tensor, random: StepRandom) -> list[Tensor]:
        """The discriminator's inputs for pictures [N, 3, S, S]: augmented pictures, or maps of their features."""
        images = augment(images, self.strength.p, random)
        if self.features is None or not self._config.projected:
            return [images]
        return self.networks["projected"].mixed(self.features.maps(images, layers=LAYERS))  # type: ignore[operator]

    def _path_penalty(self, share: Share, means: list[Tensor]) -> Tensor:
        """Squared distance of the path lengths from their running mean of the steps before, equal for every share."""
        config = self._config
        n = max(1, share.images.shape[0] // config.path_shrink)
        ws = self._ws(share.random, n)
        fakes = self._fakes(share.random, ws)
        lengths = losses.path_lengths(fakes, ws, share.random.normal(*fakes.shape))
        means.append(lengths.detach().mean())
        return config.path_weight * config.path_every * (lengths - self.path_mean).square().mean()

    def _warmup_loss(self, share: Share, scores: Scores) -> Tensor:
        assert self.features is not None
        images, config = share.images, self._config
        mean, spread = self.networks["warmup"](images)
        z = mean + (spread / 2).exp() * share.random.normal(*mean.shape)
        w = self.networks["g"].mapping(z)  # type: ignore[operator]
        drawn = self._fakes(share.random, w[:, None].expand(-1, config.model.num_ws, -1))
        l1 = (drawn - images).abs().mean()
        with torch.no_grad():
            wanted = self.features.maps(images, layers=FEATURE_LAYERS)
        perceptual = losses.feature_loss(self.features.maps(drawn, layers=FEATURE_LAYERS), wanted)
        prior = 0.5 * (mean.square() + spread.exp() - 1 - spread).mean()
        scores.note(l1=l1, feature=perceptual, prior=prior)
        return l1 + config.feature_weight * perceptual + config.prior_weight * prior

    @torch.no_grad()
    def preview(self) -> Image.Image:
        """Samples of the averaged generator without truncation, always of the same z."""
        g = self.networks["g_ema"]
        ws = g.mapping(self.preview_z)[:, None].expand(-1, self._config.model.num_ws, -1)  # type: ignore[operator]
        return contact_sheet(to_pil(g.synthesis(ws, "const")), columns=8)  # type: ignore[operator]
