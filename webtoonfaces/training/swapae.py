"""Training the Swapping Autoencoder (Park et al. 2020, section 3; appendix B for the schedule).

A batch has two halves: the first gives structures, the second styles. The first half is reconstructed, and redrawn in
the style of the second; an image discriminator judges both, a co-occurrence discriminator compares patches of the
redrawn picture with patches of its style.

Where only a CPU is to be had, `Config.warmup_kimg` comes first: no adversary, but the features of a frozen MobileNetV2
for the reconstruction (`feature_weight`) and their statistics for the style (`statistics_weight`).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from accelerate import Accelerator
from PIL import Image
from torch import Tensor, nn

from ..images import contact_sheet, to_pil
from ..models import swapae as models
from . import losses
from .augment import photo_like
from .features import MobileNetV2, load_mobilenet
from .run import Share, average, half_life, minimise

FEATURE_LAYERS = (1, 3, 6)  # MobileNetV2's maps at 1/2, 1/4 and 1/8 of the picture's side


@dataclass(frozen=True)
class Config:
    """The recipe; the defaults are the published one.

    model : sizes of the networks.      warmup_kimg : thousands of pictures before the adversaries join.
    patches, references : patches a picture, and reference patches for each, of the co-occurrence discriminator.
    corrupt : chance that the encoder sees a photo-like corruption of a picture that is to be drawn clean.
    average_kimg : half-life of the moving average, in thousands of pictures.
    """

    model: models.SwapAEConfig = field(default_factory=models.SwapAEConfig)
    learning_rate: float = 0.002
    beta1: float = 0.0
    reconstruction_weight: float = 1.0
    adversarial_weight: float = 1.0
    cooccur_weight: float = 1.0
    r1: float = 10.0
    cooccur_r1: float = 1.0
    lazy_every: int = 16
    patches: int = 8
    references: int = 4
    warmup_kimg: float = 0.0
    feature_weight: float = 0.0
    statistics_weight: float = 0.0
    corrupt: float = 0.0
    average_kimg: float = 10 / 32 * 10  # 0.5 ** (32 / 10000) a step at batch 10
    mirror: bool = True


class SwapAETrainer:
    """Networks, optimisers and one step; `run.train` does the rest."""

    family = "swapae"

    def __init__(self, config: Config, accelerator: Accelerator, *, examples: Tensor):
        """`examples`, uint8 [N, 3, H, W], are the fixed pictures of the sample grids."""
        self._config, self.accelerator = config, accelerator
        device = accelerator.device
        e, g = models.Encoder(config.model), models.Generator(config.model)
        self.networks: dict[str, nn.Module] = {
            "e": e,
            "g": g,
            "d": models.Discriminator(config.model),
            "cooccur": models.CooccurrenceDiscriminator(config.model),
            "e_ema": copy.deepcopy(e),
            "g_ema": copy.deepcopy(g),
        }
        for name, network in self.networks.items():
            network.to(device, memory_format=torch.channels_last)
            network.requires_grad_(not name.endswith("_ema"))
        lazy = config.lazy_every / (config.lazy_every + 1)
        rate = config.learning_rate
        net = self.networks
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "g": torch.optim.Adam([*net["e"].parameters(), *net["g"].parameters()], rate, (config.beta1, 0.99)),
            "d": torch.optim.Adam(
                [*net["d"].parameters(), *net["cooccur"].parameters()], rate * lazy, (config.beta1, 0.99**lazy)
            ),
        }
        self.examples = examples[:12].to(device).float().div(127.5).sub(1)
        uses_features = config.feature_weight > 0 or config.statistics_weight > 0
        self.features: MobileNetV2 | None = load_mobilenet(device) if uses_features else None

    def config(self) -> Config:
        return self._config

    def scalars(self) -> dict[str, Any]:
        return {}

    def load_scalars(self, scalars: dict[str, Any]) -> None:
        """Nothing but weights to restore."""

    def load_weights(self, networks: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Start from these state dicts (ours), whichever of the six are given; averages seed what they average."""
        for name, network in self.networks.items():
            given = networks.get(name) or networks.get(f"{name}_ema") or networks.get(name.removesuffix("_ema"))
            if given:
                network.load_state_dict(given)

    def step(self, shares: Sequence[Share], *, step: int, shown: int) -> dict[str, float]:
        config = self._config
        adversarial = shown >= config.warmup_kimg * 1000
        shares = [Share(self._mirrored(share), share.random) for share in shares]
        scores: dict[str, float] = {}
        if adversarial:
            scores["d"] = self._minimise("d", shares, lambda s: self._discriminator_loss(s, scores))
            if step % config.lazy_every == 0:
                scores["r1"] = self._minimise("d", shares, self._penalty)
        scores["loss"] = self._minimise("g", shares, lambda s: self._generator_loss(s, scores, adversarial))
        batch = sum(s.images.shape[0] for s in shares) * self.accelerator.num_processes
        decay = half_life(config.average_kimg * 1000, batch)
        average(self.networks["e_ema"], self.networks["e"], decay=decay)
        average(self.networks["g_ema"], self.networks["g"], decay=decay)
        return scores

    def _minimise(self, name: str, shares: Sequence[Share], loss_of) -> float:
        with self.accelerator.autocast():
            return minimise(self.accelerator, self.optimizers[name], shares, loss_of)

    def _mirrored(self, share: Share) -> Tensor:
        flip = share.random.uniform(share.images.shape[0]) < 0.5
        if not self._config.mirror:
            return share.images
        return torch.where(flip.view(-1, 1, 1, 1), share.images.flip(3), share.images)

    def _draw(self, share: Share) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(structure half, style half, reconstruction, redrawn): the pictures that all losses look at."""
        images, random = share.images, share.random
        seen = photo_like(images, self._config.corrupt, random) if self._config.corrupt else images
        structure, style = self.networks["e"](seen)
        half = images.shape[0] // 2
        structures = torch.cat([structure[:half], structure[:half]])
        styles = torch.cat([style[:half], style[half : 2 * half]])
        drawn = self.networks["g"](structures, styles, noise=self._noise(structures, random))
        return images[:half], images[half : 2 * half], drawn[:half], drawn[half:]

    def _noise(self, structure: Tensor, random) -> list[Tensor]:
        n, _, h, w = structure.shape
        scales = [2 ** max(0, i - models.UP_FROM + 1) for i in range(self._config.model.num_ws)]
        return [random.normal(n, 1, h * k, w * k) for k in scales]

    def _discriminator_loss(self, share: Share, scores: dict[str, float]) -> Tensor:
        with torch.no_grad():
            _, style, rebuilt, redrawn = self._draw(share)
        d = self.networks["d"]
        loss = losses.discriminator_loss(d(share.images), d(torch.cat([rebuilt, redrawn])))
        real, fake = self._patch_logits(style, style, share), self._patch_logits(redrawn, style, share)
        patch_loss = losses.discriminator_loss(real, fake)
        scores["cooccur"] = float(patch_loss.detach())
        return self._config.adversarial_weight * loss + self._config.cooccur_weight * patch_loss

    def _patch_logits(self, pictures: Tensor, style: Tensor, share: Share) -> Tensor:
        """Logits of patches of `pictures`, each beside reference patches of its own style picture."""
        n, k, r = len(pictures), self._config.patches, self._config.references
        patches = losses.cut_patches(pictures, share.random.uniform(n, k, 3))
        references = losses.cut_patches(style, share.random.uniform(n, k * r, 3))
        return self.networks["cooccur"](patches, references)[0]

    def _penalty(self, share: Share) -> Tensor:
        """R1 of both discriminators at real pictures, weighted for being taken only every `lazy_every` steps."""
        config = self._config
        images = share.images.detach().requires_grad_()
        penalty = config.r1 / 2 * losses.r1_penalty(self.networks["d"](images), images)
        style = share.images[share.images.shape[0] // 2 :]
        n, k, r = len(style), config.patches, config.references
        patches = losses.cut_patches(style, share.random.uniform(n, k, 3)).requires_grad_()
        references = losses.cut_patches(style, share.random.uniform(n, k * r, 3))
        logits, _ = self.networks["cooccur"](patches, references)
        penalty = penalty + config.cooccur_r1 / 2 * losses.r1_penalty(logits, patches)
        return penalty * config.lazy_every

    def _generator_loss(self, share: Share, scores: dict[str, float], adversarial: bool) -> Tensor:
        config = self._config
        source, style, rebuilt, redrawn = self._draw(share)
        l1 = (rebuilt - source).abs().mean()
        scores["l1"] = float(l1.detach())
        loss = config.reconstruction_weight * l1
        if self.features is not None:
            loss = loss + self._feature_losses(source, style, rebuilt, redrawn, scores)
        if adversarial:
            self._frozen(True)
            logits = self.networks["d"](torch.cat([rebuilt, redrawn]))
            patch_logits = self._patch_logits(redrawn, style, share)
            self._frozen(False)
            fooled, patches = losses.generator_loss(logits), losses.generator_loss(patch_logits)
            scores["g"], scores["g_cooccur"] = float(fooled.detach()), float(patches.detach())
            loss = loss + config.adversarial_weight * fooled + config.cooccur_weight * patches
        return loss

    def _feature_losses(
        self, source: Tensor, style: Tensor, rebuilt: Tensor, redrawn: Tensor, scores: dict[str, float]
    ) -> Tensor:
        assert self.features is not None
        with torch.no_grad():
            wanted = self.features.maps(torch.cat([source, style]), layers=FEATURE_LAYERS)
        found = self.features.maps(torch.cat([rebuilt, redrawn]), layers=FEATURE_LAYERS)
        half = len(source)
        perceptual = losses.feature_loss([f[:half] for f in found], [w[:half] for w in wanted])
        statistics = losses.statistics_loss([f[half:] for f in found], [w[half:] for w in wanted])
        scores["feature"], scores["statistics"] = float(perceptual.detach()), float(statistics.detach())
        return self._config.feature_weight * perceptual + self._config.statistics_weight * statistics

    def _frozen(self, frozen: bool) -> None:
        self.networks["d"].requires_grad_(not frozen)
        self.networks["cooccur"].requires_grad_(not frozen)

    @torch.no_grad()
    def preview(self) -> Image.Image:
        """Rows: pictures; each rebuilt; each in the style of its neighbour, from the third layer on."""
        e, g = self.networks["e_ema"], self.networks["g_ema"]
        structure, style = e(self.examples)
        ws = style[:, None].expand(-1, self._config.model.num_ws, -1)
        swapped = torch.cat([ws[:, :2], ws.roll(1, dims=0)[:, 2:]], dim=1)
        rows = [self.examples, g(structure, ws, "none"), g(structure, swapped, "none")]
        return contact_sheet([picture for row in rows for picture in to_pil(row)], columns=len(self.examples))
