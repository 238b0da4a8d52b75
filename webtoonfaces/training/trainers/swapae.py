"""Training the Swapping Autoencoder (Park et al. 2020, section 3; appendix B for the schedule).

A batch has two halves: the first gives structures, the second styles. The first half is reconstructed, and redrawn in
the styles of the second. An image discriminator judges both; a co-occurrence discriminator compares patches of the
redrawn picture with patches of the picture that gave its style. Finetuning also redraws photos in the styles of the
second half; both discriminators judge them like the other redrawn pictures, and photos are not reconstructed.

On a CPU, `Config.warmup_kimg` adds a warm-up without discriminators, with losses on the features of a frozen
MobileNetV2: their difference for the reconstruction (`feature_weight`), and that of their statistics for the style
(`statistics_weight`). With `Config.projected` one discriminator on the same features replaces the two published ones.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from accelerate import Accelerator
from PIL import Image
from torch import Tensor, nn

from ...errors import BadInputError
from ...images import as_floats, contact_sheet, to_pil
from ...models import swapae as models
from ...models.mobilenet import MobileNetV2
from ...pretrained.mobilenet import load_mobilenet
from ..step import Scores, Share, StepRandom, average, half_life, minimise
from . import losses
from .augment import mirrored, photo_like
from .grow import start_from
from .projected import LAYERS, ProjectedDiscriminator, judge_step

MIXED_LAYERS = 4  # a mixed picture keeps its own style in fewer than this many of its first layers


@dataclass(frozen=True)
class Config:
    """The configuration of a training; the defaults are the published ones.

    model : sizes of the networks.      warmup_kimg : thousands of pictures of the warm-up.
    patches, references : patches a picture, and reference patches for each, of the co-occurrence discriminator.
    projected : use a `ProjectedDiscriminator`; `r1` is then the weight of the gradient at its features.
    mixing : probability that a redrawn picture keeps its own style in its first layers, as after a swap at 1 to 3.
    corrupt : probability that the encoder sees a photo-like corruption of a picture, whose clean version is the target.
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
    projected: bool = False
    mixing: float = 0.0
    corrupt: float = 0.0
    average_kimg: float = 10 / 32 * 10  # 0.5 ** (32 / 10000) a step at batch 10
    mirror: bool = True


@dataclass
class Drawn:
    """The pictures of the losses, [n, 3, S, S] each: `rebuilt` from `source`, and `redrawn` in a style.

    Row i of `redrawn` has the style of row `i % len(style)` of `style`; with photos it is longer than `style`.
    """

    source: Tensor
    style: Tensor
    rebuilt: Tensor
    redrawn: Tensor

    @property
    def style_rows(self) -> Tensor:
        """The row of the style of each redrawn picture, int64."""
        return torch.arange(len(self.redrawn), device=self.style.device) % len(self.style)


class SwapAETrainer:
    """The networks, the optimisers and the training step; `run.train` contains the loop."""

    family = "swapae"

    def __init__(self, config: Config, accelerator: Accelerator, *, examples: Tensor):
        """`examples`, uint8 [N, 3, H, W], are the fixed pictures of the sample grids."""
        self._config, self.accelerator = config, accelerator
        device = accelerator.device
        e, g = models.Encoder(config.model), models.Generator(config.model)
        judges: dict[str, nn.Module] = (
            {"projected": ProjectedDiscriminator(config.model.size)}
            if config.projected
            else {"d": models.Discriminator(config.model), "cooccur": models.CooccurrenceDiscriminator(config.model)}
        )
        self.networks: dict[str, nn.Module] = {
            "e": e,
            "g": g,
            **judges,
            "e_ema": copy.deepcopy(e),
            "g_ema": copy.deepcopy(g),
        }
        for name, network in self.networks.items():
            network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            network.requires_grad_(not name.endswith("_ema"))
        lazy = config.lazy_every / (config.lazy_every + 1)
        rate = config.learning_rate
        net = self.networks
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "g": torch.optim.Adam([*net["e"].parameters(), *net["g"].parameters()], rate, (config.beta1, 0.99)),
            "d": torch.optim.Adam(
                [p for name in judges for p in net[name].parameters()], rate * lazy, (config.beta1, 0.99**lazy)
            ),
        }
        self.examples = as_floats(examples[:12].to(device))
        uses_features = config.feature_weight > 0 or config.statistics_weight > 0 or config.projected
        self.features: MobileNetV2 | None = load_mobilenet(device) if uses_features else None

    def config(self) -> Config:
        return self._config

    def scalars(self) -> dict[str, Any]:
        return {}

    def load_scalars(self, scalars: dict[str, Any]) -> None:
        """There is nothing to restore besides the weights."""

    def load_weights(self, networks: Mapping[str, nn.Module], *, grow: bool = False) -> list[str]:
        """Start from these networks, any of the run's; returns the names of those that keep their initial weights."""
        return start_from(self.networks, networks, grow=grow)

    def step(self, shares: Sequence[Share], *, step: int, shown: int, done: float = 0.0) -> dict[str, float]:
        """One step of every network on the whole batch, of which `shares` are this process's part.

        Raises `BadInputError` for a share of an odd number of pictures: half of them are structures, half styles.
        """
        config, scores = self._config, Scores()
        adversarial = shown >= config.warmup_kimg * 1000
        if len(shares[0].images) % 2:
            raise BadInputError(
                f"A SwapAE learns from pairs, so each part of the batch must be even; {len(shares[0].images)} is odd. "
                "Choose another --batch, or fewer parts with --accumulate."
            )
        if config.mirror:
            shares = [_mirrored(share) for share in shares]
        if adversarial and not config.projected:
            scores.note(d=self._minimise("d", shares, lambda share: self._discriminator_loss(share, scores)))
            if step % config.lazy_every == 0:
                scores.note(r1=minimise(self.accelerator, self.optimizers["d"], shares, self._penalty))
        maps: list[tuple[list[Tensor], list[Tensor]]] = []
        scores.note(
            loss=self._minimise("g", shares, lambda share: self._generator_loss(share, scores, adversarial, maps))
        )
        if adversarial and config.projected:
            r1 = config.r1 * config.lazy_every if step % config.lazy_every == 0 else None
            judge, optimizer = self.networks["projected"], self.optimizers["d"]
            judge_step(self.accelerator, judge, optimizer, shares, maps, scores, r1=r1)
        batch = sum(len(share.images) for share in shares) * self.accelerator.num_processes
        window = config.average_kimg * 1000
        if config.warmup_kimg > 0:  # a longer average than the training so far would contain the initial weights
            window = min(window, max(shown, batch) * 0.05)
        decay = half_life(window, batch)
        average(self.networks["e_ema"], self.networks["e"], decay=decay)
        average(self.networks["g_ema"], self.networks["g"], decay=decay)
        return scores.means()

    def _minimise(self, name: str, shares: Sequence[Share], loss_of: Callable[[Share], Tensor]) -> float:
        """One optimiser step under autocast; only R1 is computed without it."""

        def loss(share: Share) -> Tensor:
            with self.accelerator.autocast():
                return loss_of(share)

        return minimise(self.accelerator, self.optimizers[name], shares, loss)

    def _draw(self, share: Share) -> Drawn:
        images, random, half = share.images, share.random, len(share.images) // 2
        seen = photo_like(images, self._config.corrupt, random) if self._config.corrupt else images
        if share.photos is not None:
            seen = torch.cat([seen, share.photos])
        structure, style = self.networks["e"](seen)
        own, others = torch.arange(half), half + torch.arange(half)
        photos = 2 * half + torch.arange(len(seen) - 2 * half)
        rows = torch.cat([own, own, photos])
        style_rows = torch.cat([own, others, half + torch.arange(len(photos)) % half])
        structures = structure[rows.to(structure.device)]
        ws = style[style_rows.to(style.device)]
        if self._config.mixing > 0:
            own_style = torch.cat([style[own.to(style.device)], style[rows[half:].to(style.device)]])
            ws = self._mixed(own_style, ws, half, random)
        drawn = self.networks["g"](structures, ws, noise=self._noise(structures, random)).float()
        return Drawn(images[:half], images[half:], drawn[:half], drawn[half:])

    def _mixed(self, own: Tensor, other: Tensor, half: int, random: StepRandom) -> Tensor:
        """Codes [N, L, D]: `other` [N, D], but `own` in the first layers of some pictures from row `half` on."""
        n, layers = len(other), self._config.model.num_ws
        u = random.uniform(half, 2)
        u = torch.cat([u.new_ones(half, 2), u.repeat(math.ceil((n - half) / half), 1)[: n - half]])
        kept = torch.where(u[:, 0] < self._config.mixing, 1 + (u[:, 1] * (MIXED_LAYERS - 1)).floor(), 0)
        first = torch.arange(layers, device=other.device) < kept[:, None]  # [N, L]
        return torch.where(first[..., None], own[:, None], other[:, None])

    def _noise(self, structure: Tensor, random: StepRandom) -> list[Tensor]:
        n, _, h, w = structure.shape
        return [random.normal(n, 1, h * k, w * k) for k in self._config.model.enlargements]

    def _discriminator_loss(self, share: Share, scores: Scores) -> Tensor:
        config, d = self._config, self.networks["d"]
        with torch.no_grad():
            drawn = self._draw(share)
        loss = losses.discriminator_loss(d(share.images), d(torch.cat([drawn.rebuilt, drawn.redrawn])))
        reference = self._reference(drawn.style, share.random)
        real = self._patch_logits(drawn.style, reference, share.random)
        fake = self._patch_logits(drawn.redrawn, reference[drawn.style_rows], share.random)
        patch_loss = losses.discriminator_loss(real, fake)
        scores.note(cooccur=patch_loss)
        return config.adversarial_weight * loss + config.cooccur_weight * patch_loss

    def _reference(self, style: Tensor, random: StepRandom) -> Tensor:
        """The reference codes with which each patch is compared, [N, patches, C, 1, 1]."""
        n, k, r = len(style), self._config.patches, self._config.references
        patches = losses.cut_patches(style, random.uniform(n, k * r, 3))
        codes = self.networks["cooccur"].encoder(patches)  # type: ignore[operator]
        return codes.unflatten(0, (n, k, r)).mean(dim=2)

    def _patch_logits(self, pictures: Tensor, reference: Tensor, random: StepRandom) -> Tensor:
        """Logits of patches of `pictures`, each compared with its own picture's reference."""
        patches = losses.cut_patches(pictures, random.uniform(len(pictures), self._config.patches, 3))
        return self.networks["cooccur"](patches, reference_code=reference.flatten(0, 1))[0]

    def _penalty(self, share: Share) -> Tensor:
        """R1 of both discriminators at real pictures, times `lazy_every`, since it is computed every so many steps."""
        config = self._config
        images = share.images.detach().requires_grad_()
        penalty = config.r1 / 2 * losses.r1_penalty(self.networks["d"](images), images)
        style = share.images[len(share.images) // 2 :]
        reference = self._reference(style, share.random)
        patches = losses.cut_patches(style, share.random.uniform(len(style), config.patches, 3)).requires_grad_()
        logits, _ = self.networks["cooccur"](patches, reference_code=reference.flatten(0, 1))
        penalty = penalty + config.cooccur_r1 / 2 * losses.r1_penalty(logits, patches)
        return penalty * config.lazy_every

    def _generator_loss(
        self, share: Share, scores: Scores, adversarial: bool, maps: list[tuple[list[Tensor], list[Tensor]]]
    ) -> Tensor:
        """The generator's loss of one share; real and drawn maps for a projected discriminator are added to `maps`."""
        config, drawn = self._config, self._draw(share)
        l1 = (drawn.rebuilt - drawn.source).abs().mean()
        scores.note(l1=l1)
        loss = config.reconstruction_weight * l1
        if self.features is not None:
            with torch.no_grad():
                wanted = self.features.maps(torch.cat([drawn.source, drawn.style]), layers=LAYERS)
            found = self.features.maps(torch.cat([drawn.rebuilt, drawn.redrawn]), layers=LAYERS)
            loss = loss + self._feature_losses(drawn, found, wanted, scores)
            if adversarial and config.projected:
                judge = self.networks["projected"]
                real, seen = judge.mixed(wanted), judge.mixed(found)  # type: ignore[operator]
                maps.append((real, [x.detach() for x in seen]))
                fooled = losses.generator_loss(judge(*seen))
                scores.note(g=fooled)
                loss = loss + config.adversarial_weight * fooled
        if adversarial and not config.projected:
            logits = self.networks["d"](torch.cat([drawn.rebuilt, drawn.redrawn]))
            reference = self._reference(drawn.style, share.random)[drawn.style_rows]
            patch_logits = self._patch_logits(drawn.redrawn, reference, share.random)
            fooled, patches = losses.generator_loss(logits), losses.generator_loss(patch_logits)
            scores.note(g=fooled, g_cooccur=patches)
            loss = loss + config.adversarial_weight * fooled + config.cooccur_weight * patches
        return loss

    def _feature_losses(
        self, drawn: Drawn, found: Sequence[Tensor], wanted: Sequence[Tensor], scores: Scores
    ) -> Tensor:
        half = len(drawn.source)
        perceptual = losses.feature_loss([f[:half] for f in found], [w[:half] for w in wanted])
        statistics = losses.statistics_loss([f[half:] for f in found], [w[half:][drawn.style_rows] for w in wanted])
        scores.note(feature=perceptual, statistics=statistics)
        return self._config.feature_weight * perceptual + self._config.statistics_weight * statistics

    @torch.no_grad()
    def preview(self) -> Image.Image:
        """Rows: pictures; their reconstructions; each in the style of its neighbour from the third layer on."""
        e, g = self.networks["e_ema"], self.networks["g_ema"]
        structure, style = e(self.examples)
        ws = style[:, None].expand(-1, self._config.model.num_ws, -1)
        swapped = torch.cat([ws[:, :2], ws.roll(1, dims=0)[:, 2:]], dim=1)
        rows = [self.examples, g(structure, ws, "none"), g(structure, swapped, "none")]
        return contact_sheet([picture for row in rows for picture in to_pil(row)], columns=len(self.examples))


def _mirrored(share: Share) -> Share:
    photos = None if share.photos is None else mirrored(share.photos, share.random)
    return replace(share, images=mirrored(share.images, share.random), photos=photos)
