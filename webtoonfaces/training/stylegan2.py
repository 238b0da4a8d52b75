"""Training StyleGAN2 (Karras et al. 2020, arXiv:1912.04958) with adaptive augmentation (arXiv:2006.06676).

Where only a CPU is to be had, `Config.warmup_kimg` comes first: the generator learns as the decoder of a small
variational autoencoder, with an L1 and a feature loss and a light prior, which gives it heads, hair and skin for a
tenth of what an adversary needs. The encoder is thrown away afterwards.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from PIL import Image
from torch import Tensor, nn

from ..images import contact_sheet, to_pil
from ..models import ops
from ..models import stylegan2 as models
from . import losses
from .augment import Strength, augment
from .features import MobileNetV2, load_mobilenet
from .run import Share, StepRandom, average, half_life, minimise

FEATURE_LAYERS = (1, 3, 6)
PREVIEW = 32


@dataclass(frozen=True)
class Config:
    """The recipe; the defaults are the published one.

    model : sizes of the networks.          freeze_d : leave so many of the discriminator's highest resolutions as
    they are (Mo et al. 2020).              ada_target : None switches the augmentation off.
    warmup_kimg : thousands of pictures before the adversary joins.     prior_weight : of the warm-up's light prior.
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
    average_kimg: float = 10.0
    mirror: bool = True


class WarmupEncoder(nn.Module):
    """Pictures [N, 3, S, S] -> mean and log-variance of z, [N, D] each."""

    def __init__(self, config: models.StyleGAN2Config):
        super().__init__()
        widths = config.channels[::-1]
        blocks = [ops.ResBlock(a, b) for a, b in zip(widths[:-1], widths[1:], strict=True)]
        self.blocks = nn.Sequential(ops.ConvLayer(3, widths[0], 1), *blocks, ops.ConvLayer(widths[-1], widths[-1], 3))
        self.head = ops.EqualLinear(widths[-1] * 16, 2 * config.w_dim)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean, spread = self.head(self.blocks(images).flatten(1)).chunk(2, dim=1)
        return mean, spread.clamp(-8, 4)


class StyleGAN2Trainer:
    """Networks, optimisers and one step; `run.train` does the rest."""

    family = "stylegan2"

    def __init__(self, config: Config, accelerator: Accelerator):
        self._config, self.accelerator = config, accelerator
        device = accelerator.device
        g = models.Generator(config.model)
        self.networks: dict[str, nn.Module] = {
            "g": g,
            "d": models.Discriminator(config.model),
            "g_ema": copy.deepcopy(g),
        }
        if config.warmup_kimg > 0:
            self.networks["warmup"] = WarmupEncoder(config.model)
        for name, network in self.networks.items():
            network.to(device, memory_format=torch.channels_last)
            network.requires_grad_(name != "g_ema")
        for block in list(self.networks["d"].convs)[: config.freeze_d]:  # type: ignore[arg-type]
            block.requires_grad_(False)
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "g": self._adam(["g"], config.path_every),
            "d": self._adam(["d"], config.r1_every),
        }
        if config.warmup_kimg > 0:
            self.optimizers["warmup"] = torch.optim.Adam(
                [*g.parameters(), *self.networks["warmup"].parameters()], config.learning_rate, (0.0, 0.99)
            )
        self.strength = Strength(target=config.ada_target or 0.6, speed=config.ada_speed)
        self.path_mean = torch.zeros((), device=device)
        z = np.random.RandomState(0).randn(PREVIEW, config.model.w_dim).astype(np.float32)
        self.preview_z = torch.from_numpy(z).to(device)
        self.features: MobileNetV2 | None = load_mobilenet(device) if config.warmup_kimg > 0 else None

    def _adam(self, names: Sequence[str], lazy_every: int) -> torch.optim.Optimizer:
        """Adam whose rate and betas make up for the extra steps of a penalty that is taken only now and then."""
        lazy = lazy_every / (lazy_every + 1)
        parameters = [p for name in names for p in self.networks[name].parameters() if p.requires_grad]
        return torch.optim.Adam(parameters, self._config.learning_rate * lazy, (0.0, 0.99**lazy))

    def config(self) -> Config:
        return self._config

    def scalars(self) -> dict[str, Any]:
        return {"path_mean": float(self.path_mean), "strength": self.strength.scalars()}

    def load_scalars(self, scalars: dict[str, Any]) -> None:
        self.path_mean.fill_(scalars["path_mean"])
        self.strength.load(scalars["strength"])

    def load_weights(self, networks: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Start from these state dicts (ours), whichever of g, d, g_ema are given."""
        for name in ("g", "d", "g_ema"):
            given = networks.get(name) or networks.get(f"{name}_ema") or networks.get(name.removesuffix("_ema"))
            if given:
                self.networks[name].load_state_dict(given)

    def step(self, shares: Sequence[Share], *, step: int, shown: int) -> dict[str, float]:
        config = self._config
        shares = [Share(self._mirrored(share), share.random) for share in shares]
        scores: dict[str, float] = {}
        if shown < config.warmup_kimg * 1000:
            scores["loss"] = self._minimise("warmup", shares, lambda s: self._warmup_loss(s, scores))
        else:
            self._adversarial_step(shares, step, scores)
        batch = sum(s.images.shape[0] for s in shares) * self.accelerator.num_processes
        # An average over more than has been seen would keep the random start alive.
        window = min(config.average_kimg * 1000, max(shown, batch) * 0.05)
        average(self.networks["g_ema"], self.networks["g"], decay=half_life(window, batch))
        return scores

    def _adversarial_step(self, shares: Sequence[Share], step: int, scores: dict[str, float]) -> None:
        config = self._config
        scores["d"] = self._minimise("d", shares, lambda s: self._discriminator_loss(s, scores))
        if step % config.r1_every == 0:
            scores["r1"] = self._minimise("d", shares, self._r1)
        scores["g"] = self._minimise("g", shares, self._generator_loss)
        if step % config.path_every == 0:
            found: list[Tensor] = []
            scores["path"] = self._minimise("g", shares, lambda s: self._path_penalty(s, found))
            mean = self.accelerator.reduce(torch.stack(found).mean(), reduction="mean")
            self.path_mean.lerp_(mean, config.path_decay)
        scores["ada_p"] = self.strength.p

    def _minimise(self, name: str, shares: Sequence[Share], loss_of) -> float:
        with self.accelerator.autocast():
            return minimise(self.accelerator, self.optimizers[name], shares, loss_of)

    def _mirrored(self, share: Share) -> Tensor:
        flip = share.random.uniform(share.images.shape[0]) < 0.5
        if not self._config.mirror:
            return share.images
        return torch.where(flip.view(-1, 1, 1, 1), share.images.flip(3), share.images)

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
        return g.synthesis(ws, noise=lambda _, side: random.normal(n, 1, side, side))  # type: ignore[operator]

    def _discriminator_loss(self, share: Share, scores: dict[str, float]) -> Tensor:
        n, d = share.images.shape[0], self.networks["d"]
        with torch.no_grad():
            fakes = self._fakes(share.random, self._ws(share.random, n))
        real = d(augment(share.images, self.strength.p, share.random))
        fake = d(augment(fakes, self.strength.p, share.random))
        signs = real.detach().float().sign()
        scores["real_sign"] = float(signs.mean())
        if self._config.ada_target is not None:
            self.strength.observe(self.accelerator.gather(signs))
        return losses.discriminator_loss(real, fake)

    def _r1(self, share: Share) -> Tensor:
        config = self._config
        inputs = augment(share.images, self.strength.p, share.random).detach().requires_grad_()
        penalty = losses.r1_penalty(self.networks["d"](inputs), inputs)
        return config.r1 / 2 * penalty * config.r1_every

    def _generator_loss(self, share: Share) -> Tensor:
        d = self.networks["d"]
        fakes = self._fakes(share.random, self._ws(share.random, share.images.shape[0]))
        return losses.generator_loss(d(augment(fakes, self.strength.p, share.random)))

    def _path_penalty(self, share: Share, found: list[Tensor]) -> Tensor:
        config = self._config
        n = max(1, share.images.shape[0] // config.path_shrink)
        ws = self._ws(share.random, n)
        fakes = self._fakes(share.random, ws)
        lengths = losses.path_lengths(fakes, ws, share.random.normal(*fakes.shape))
        found.append(lengths.detach().mean())
        target = self.path_mean.lerp(lengths.detach().mean(), config.path_decay)
        return config.path_weight * config.path_every * (lengths - target).square().mean()

    def _warmup_loss(self, share: Share, scores: dict[str, float]) -> Tensor:
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
        scores |= {"l1": float(l1.detach()), "feature": float(perceptual.detach()), "prior": float(prior.detach())}
        return l1 + config.feature_weight * perceptual + config.prior_weight * prior

    @torch.no_grad()
    def preview(self) -> Image.Image:
        """Samples of the averaged generator at full truncation, always the same z."""
        g = self.networks["g_ema"]
        ws = g.mapping(self.preview_z)[:, None].expand(-1, self._config.model.num_ws, -1)  # type: ignore[operator]
        return contact_sheet(to_pil(g.synthesis(ws, "const")), columns=8)  # type: ignore[operator]
