"""Loading a StyleGAN2 or a SwappingAutoencoder by a name or a path, and the two handles that a user works with.

A handle is a frozen network on a device, with the calls that notebooks need. Everything here runs without gradients.
Each handle has a lock, because notebooks run widget callbacks at the same time as the user's cells.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from tqdm.auto import tqdm

from .. import codes
from ..errors import BadInputError, WeightsError, WeightsNotFoundError
from ..images import ImageSource, load_image, to_pil, to_tensor
from ..models import stylegan2 as stylegan2_networks
from ..models import swapae as swapae_networks
from ..models.ops import Prefix
from ..weights import registry, store
from . import engines, onnx_files
from .networks import Handle, Weights, load_networks, place
from .upscaler import Upscale, enlarged

NOISE_MODES = stylegan2_networks.NOISE_MODES
MOST_PSI = 2  # in both directions; beyond it the picture is not a face
LONGEST = 16  # times the shorter side of a picture that is encoded: more takes gigabytes
LONG = 24  # the least number of pictures for which a progress bar is shown
EXAMPLE = "astronaut.png"


def available_models() -> list[registry.Record]:
    """The record of every weight that has a name; those with `embedded` are part of the package."""
    return list(registry.records())


def example_photo() -> Image.Image:
    """The photo that travels with the package: Eileen Collins, astronaut; 512 x 512, NASA, public domain."""
    for folder in store.search_folders():
        if (folder / EXAMPLE).is_file():
            return load_image(folder / EXAMPLE)
    raise WeightsNotFoundError(f"{EXAMPLE} is missing from this installation. Install webtoonfaces again.")


def load_stylegan2(
    source: str | os.PathLike[str] = "demo",
    *,
    device: str | torch.device | None = None,
    checkpoints: str | os.PathLike[str] | None = None,
    precision: str = "float32",
    engine: str = "torch",
) -> StyleGAN2:
    """A StyleGAN2 by its name in `available_models()`, or from a `.safetensors` or original `.pt` file.

    device : "cpu", "cuda" or "mps"; None takes CUDA if available, else the CPU.
    checkpoints : a folder that is searched first, and to which is downloaded.
    precision : "float32", or "bfloat16", which a CPU with matrix units (AMX) computes several times faster, or on CUDA
        "float16"; pictures differ from those in float32 by less than what is visible.
    engine : "torch"; "openvino" or "onnx" (onnxruntime), which need their extras and compile the network when it is
        first used; or "auto", the fastest of those installed that draws torch's picture. "openvino-int8" (the extra
        `int8`) computes large maps in 8-bit integers; it is made from pictures of the model when it is first
        asked for, and refused where their PSNR against float32 is below 30 dB. Engines compute the default noise mode;
        torch computes the others.

    Raises WeightsError or a subclass: not found, download failed, wrong sha256, unsafe file, another network.
    """
    networks, origin = load_networks("stylegan2", source, checkpoints)
    return StyleGAN2(networks["g_ema"], device=device, weights=origin, precision=precision, engine=engine)  # type: ignore[arg-type]


def load_swapae(
    source: str | os.PathLike[str] = "demo",
    *,
    device: str | torch.device | None = None,
    checkpoints: str | os.PathLike[str] | None = None,
    precision: str = "float32",
    engine: str = "torch",
) -> SwappingAutoencoder:
    """A Swapping Autoencoder by its name in `available_models()`, or from a file; see `load_stylegan2`.

    It has no engine "openvino-int8", because it has no seeds whose pictures could calibrate it.
    """
    networks, origin = load_networks("swapae", source, checkpoints)
    return SwappingAutoencoder(
        networks["e_ema"],  # type: ignore[arg-type]
        networks["g_ema"],  # type: ignore[arg-type]
        device=device,
        weights=origin,
        precision=precision,
        engine=engine,
    )


def load_recorded(family: str, name: str, sha256: str, *, device: str | torch.device | None = None) -> Any:
    """The model that a recipe names, if the same file is on this machine; nothing is downloaded."""
    record = registry.find(family, name)
    path = store.locate(record)
    if path is None:
        raise WeightsNotFoundError(
            f"This picture was made with the {family} model {name!r}, which is not on this machine. "
            f"Type: webtoonfaces fetch {family} {name}"
        )
    if store.verify(path, record) != sha256:
        raise WeightsError(
            f"This picture was made with another version of the {family} model {name!r} than the one on this machine, "
            "so it would look different. Pass the model that made it."
        )
    load = {"stylegan2": load_stylegan2, "swapae": load_swapae}[family]
    return load(name, device=device)


def _batches(total: int, size: int, label: str) -> Iterator[slice]:
    """Slices of at most `size`, with a progress bar for many pictures."""
    starts = range(0, total, size)
    for start in tqdm(starts, desc=label, disable=total < LONG, leave=False):
        yield slice(start, start + size)


class StyleGAN2(Handle):
    """A StyleGAN2 generator: z -> w -> pictures. Made by `load_stylegan2`.

    Attributes: `num_ws` (L), `w_dim` (D), `size` (px), `w_avg` ([D]), `device`, `weights`, `network`, `lock`.
    """

    def __init__(
        self,
        network: stylegan2_networks.Generator,
        *,
        device: str | torch.device | None = None,
        weights: Weights | None = None,
        precision: str = "float32",
        engine: str = "torch",
    ):
        self.network: stylegan2_networks.Generator = place(network, device)
        super().__init__(weights, precision, networks=[self.network])
        if engine != "torch":  # engines are compared with torch at its fastest
            self.arrange()
        ws = self.network.w_avg.repeat(1, self.num_ws, 1)
        self._run = engines.choose(
            engine,
            device=self.device,
            precision=precision,
            sha256=weights.sha256 if weights and engine != "torch" else None,
            network=self.network,
            parts=lambda: onnx_files.stylegan2_parts(self.network),
            sample=torch.no_grad()(lambda run: self.network.synthesis(ws, run=run)),
            draw=torch.no_grad()(lambda seed, run: self.network.synthesis(self.sample_ws(seed), run=run)),
        )

    @property
    def engine(self) -> str:
        """What computes the pictures: "torch", "openvino", "onnx" or "openvino-int8"."""
        return self._run.engine if self._run else "torch"

    def to_onnx(self, folder: str | os.PathLike[str], *, cut: int | None = None) -> list[Path]:
        """Write `mapping.onnx` (z [N, D] -> w [N, D]) and `synthesis.onnx` (ws [N, L, D] -> images) to a folder.

        cut : a layer from 2 to L - 1; also write `synthesis-head.onnx` (ws -> x, rgb), which uses only the layers
            before it, and `synthesis-tail.onnx` (x, rgb, ws -> images), so that a change from there on costs less.

        Returns the paths. Raises MissingExtraError, BadInputError.
        """
        with self.lock:
            return onnx_files.write_stylegan2(self.network, folder, cut)

    def __repr__(self) -> str:
        return f"<StyleGAN2 {self.label}: {self.size} px, L = {self.num_ws}, D = {self.w_dim}, on {self.device}>"

    @property
    def device(self) -> torch.device:
        return self.network.w_avg.device

    @property
    def size(self) -> int:
        return self.network.config.size

    @property
    def num_ws(self) -> int:
        return self.network.num_ws

    @property
    def w_dim(self) -> int:
        return self.network.config.w_dim

    @property
    def w_avg(self) -> Tensor:
        """Mean of w over 4096 z from RandomState(0); float32 [D]."""
        return self.network.w_avg

    @torch.no_grad()
    def mapping(
        self, z: Tensor | np.ndarray, *, truncation_psi: float = 1.0, truncation_cutoff: int | None = None
    ) -> Tensor:
        """z, float32 [N, D] -> codes ws [N, L, D], the same w at every layer, truncated if psi is not 1."""
        z = torch.as_tensor(z, dtype=torch.float32, device=self.device)
        if z.ndim != 2 or z.shape[1] != self.w_dim:
            raise BadInputError(f"z should be [N, {self.w_dim}], not {list(z.shape)}.")
        with self.lock:
            self.arrange()
            ws = self.network.mapping(z)[:, None].repeat(1, self.num_ws, 1)
        if truncation_psi == 1 and truncation_cutoff is None:
            return ws
        return codes.truncate(ws, self.w_avg, psi=truncation_psi, cutoff=truncation_cutoff)

    def sample_ws(
        self, seeds: int | Iterable[int], *, truncation_psi: float = 1.0, truncation_cutoff: int | None = None
    ) -> Tensor:
        """Codes of seeds, [N, L, D]; z is from numpy's RandomState(seed), so a seed gives the same picture everywhere.

        Each seed is mapped alone, so its code is the same, bit for bit, whatever the other seeds are.
        truncation_psi : -2 to 2; 0 gives the average face, 1 truncates nothing, more exaggerates.
        """
        if isinstance(truncation_psi, str) or not -MOST_PSI <= truncation_psi <= MOST_PSI:
            raise BadInputError(
                f"truncation_psi is a number from -{MOST_PSI} to {MOST_PSI} (0 the average face, 1 no truncation), "
                f"not {truncation_psi!r}."
            )
        chosen = list(seeds) if isinstance(seeds, Iterable) else [seeds]
        bad = [s for s in chosen if not isinstance(s, (int, np.integer)) or not 0 <= s < 2**32]
        if bad or not chosen:
            raise BadInputError(f"Seeds are whole numbers from 0 to 4294967295, not {bad or 'an empty list'}.")
        each = []
        for seed in chosen:
            z = np.random.RandomState(int(seed)).randn(1, self.w_dim).astype(np.float32)
            each.append(
                self.mapping(torch.from_numpy(z), truncation_psi=truncation_psi, truncation_cutoff=truncation_cutoff)
            )
        return torch.cat(each)

    @torch.no_grad()
    def synthesis(
        self, ws: Tensor, *, noise_mode: str = "const", max_size: int | None = None, prefix: Prefix | None = None
    ) -> Tensor:
        """Codes [N, L, D] -> pictures float32 [N, 3, size, size], nominally in [-1, 1], never clamped.

        noise_mode : "const" (the checkpoint's own planes), "random" (fresh ones), "none".
        max_size : stop at this resolution (4, 8, ... px) and return its own RGB picture, a fast draft.
        prefix : keeps the state between calls, so that each call starts at the first layer that changed.
        """
        codes.check_codes(ws, "ws")
        if ws.shape[1:] != (self.num_ws, self.w_dim):
            raise BadInputError(
                f"These codes are {list(ws.shape)}; this model takes [N, {self.num_ws}, {self.w_dim}]. "
                "Codes of one model do not fit another."
            )
        if noise_mode not in NOISE_MODES:
            raise BadInputError(f"noise_mode is one of {', '.join(NOISE_MODES)}, not {noise_mode!r}.")
        ws = ws.to(self.device, torch.float32)
        with self.computing():
            if self.device.type == "cuda" and noise_mode != "random":  # faster as a whole than from where it changed
                work = lambda ws: (self.network.synthesis(ws, noise_mode, stop_at=max_size),)  # noqa: E731
                return self._graphs((noise_mode, max_size), work, ws)[0].float()
            run = self._run if noise_mode == "const" else None
            return self.network.synthesis(ws, noise_mode, stop_at=max_size, prefix=prefix, run=run).float()

    def render(
        self, ws: Tensor, *, noise_mode: str = "const", batch: int = 8, upscale: Upscale = None
    ) -> list[Image.Image]:
        """Codes [N, L, D], or a grid [rows, cols, L, D] row by row -> PIL images; computed in batches.

        upscale : True enlarges them four times, so that ink stays crisp; or the name of an upscaler. None and False
            leave them as the model draws them.
        """
        if isinstance(ws, Tensor) and ws.ndim == 4:
            ws = ws.flatten(0, 1)
        codes.check_codes(ws, "ws")
        pictures: list[Image.Image] = []
        for part in _batches(len(ws), batch, "rendering"):
            pictures += to_pil(self.synthesis(ws[part], noise_mode=noise_mode))
        return enlarged(pictures, upscale)


class SwappingAutoencoder(Handle):
    """A Swapping Autoencoder: pictures <-> structure and style. Made by `load_swapae`.

    Attributes: `num_ws` (L), `style_dim` (D), `size` (px it was trained at), `cell` (px of a picture for each place of
    its structure code: 16 in published models), `device`, `weights`, `encoder`, `generator`, `lock`.
    """

    def __init__(
        self,
        encoder: swapae_networks.Encoder,
        generator: swapae_networks.Generator,
        *,
        device: str | torch.device | None = None,
        weights: Weights | None = None,
        precision: str = "float32",
        engine: str = "torch",
    ):
        self.encoder: swapae_networks.Encoder = place(encoder, device)
        self.generator: swapae_networks.Generator = place(generator, device)
        super().__init__(weights, precision, networks=[self.encoder, self.generator])
        if engine != "torch":
            self.arrange()
        side = max(4, 64 // self.cell)
        structure = torch.zeros(1, self.generator.config.structure_channels, side, side, device=self.device)
        style = torch.zeros(1, self.style_dim, device=self.device)
        self._run = engines.choose(
            engine,
            device=self.device,
            precision=precision,
            sha256=weights.sha256 if weights and engine != "torch" else None,
            network=nn.ModuleList([self.encoder, self.generator]),
            parts=lambda: onnx_files.swapae_parts(self.encoder, self.generator),
            sample=torch.no_grad()(lambda run: self.generator(structure, style, "none", run=run)),
        )

    @property
    def engine(self) -> str:
        """What computes the pictures: "torch", "openvino" or "onnx"."""
        return self._run.engine if self._run else "torch"

    def to_onnx(self, folder: str | os.PathLike[str], *, cut: int | None = None) -> list[Path]:
        """Write `encode.onnx` (images [N, 3, H, W] -> structure, style [N, D]) and `decode.onnx` (structure, ws
        [N, L, D] -> images, without noise) to a folder; the sides of encoded pictures are multiples of 16.

        cut : a block from 1 to L - 1; also write `decode-head.onnx` (structure, ws -> x), the blocks before it, and
            `decode-tail.onnx` (x, ws -> images), so that a change from there on costs less.

        Returns the paths. Raises MissingExtraError, BadInputError.
        """
        with self.lock:
            return onnx_files.write_swapae(self.encoder, self.generator, folder, cut)

    def __repr__(self) -> str:
        sizes = f"{self.size} px, L = {self.num_ws}, D = {self.style_dim}"
        return f"<SwappingAutoencoder {self.label}: {sizes}, on {self.device}>"

    @property
    def device(self) -> torch.device:
        return self.generator.to_rgb[0].weight.device  # type: ignore[return-value]

    @property
    def size(self) -> int:
        return self.generator.config.size

    @property
    def num_ws(self) -> int:
        return self.generator.num_ws

    @property
    def style_dim(self) -> int:
        return self.generator.config.style_dim

    @property
    def cell(self) -> int:
        return self.generator.config.cell

    @torch.no_grad()
    def encode(self, images: Tensor | ImageSource | Sequence[ImageSource]) -> tuple[Tensor, Tensor]:
        """Pictures -> structure [N, C, H/cell, W/cell] and style [N, L, D] (one vector, repeated for each layer).

        images : float [N, 3, H, W] in [-1, 1], or one or several of anything `wf.images.load_image` opens; any size.
            Each is resized as the model was trained: its shorter side to `size` px, its longer one in proportion, to
            the nearest multiple of 16. Of several pictures, all are resized to the first one's sides.
        """
        with self.computing():
            fitted = self._fit(images)
            encode = partial(self._run, "encode") if self._run else self.encoder
            structure, style = (code.float() for code in self._graphs("encode", encode, fitted))
        return structure, style[:, None].repeat(1, self.num_ws, 1)

    def _fit(self, images: Any) -> Tensor:
        """The pictures as the encoder takes them. This is the only place that decides the size of encoding."""
        if not isinstance(images, Tensor):
            pictures = [load_image(one) for one in (images if isinstance(images, (list, tuple)) else [images])]
            if not pictures:
                raise BadInputError("The list of pictures to encode is empty. Give at least one picture.")
            return to_tensor(pictures, size=self._sides(*pictures[0].size)).to(self.device)  # as training pictures are
        batch = images[None] if images.ndim == 3 else images
        if batch.ndim != 4 or batch.shape[1] != 3 or 0 in batch.shape or not batch.is_floating_point():
            raise BadInputError(f"Pictures are float [N, 3, H, W] in [-1, 1], not {batch.dtype} {list(batch.shape)}.")
        batch = batch.to(self.device, torch.float32).clamp(-1, 1)
        sides = self._sides(*batch.shape[2:])
        if tuple(batch.shape[2:]) == sides:
            return batch
        # Bicubic interpolation overshoots at ink lines, hence the clamp.
        return F.interpolate(batch, sides, mode="bicubic", align_corners=False, antialias=True).clamp(-1, 1)

    def _sides(self, first: int, second: int) -> tuple[int, int]:
        """The two sides, in px, at which a picture with these sides is encoded."""
        if max(first, second) > LONGEST * min(first, second):
            raise BadInputError(
                f"A picture of {first} x {second} px is too narrow to encode: its shorter side would become "
                f"{self.size} px, and its longer side more than {LONGEST} times that. Crop it to a face first."
            )
        scale = self.size / min(first, second)
        return max(self.size, round(first * scale / 16) * 16), max(self.size, round(second * scale / 16) * 16)

    @torch.no_grad()
    def decode(
        self, structure: Tensor, style: Tensor, *, noise_mode: str = "none", prefix: Prefix | None = None
    ) -> Tensor:
        """structure [N, C, h, w] and style [N, D] or [N, L, D] -> pictures [N, 3, cell h, cell w], never clamped.

        If one of the two contains a single picture, it is used with every picture of the other.
        prefix : keeps the state between calls, so that each call starts at the first block that changed.
        """
        if noise_mode not in NOISE_MODES:
            raise BadInputError(f"noise_mode is one of {', '.join(NOISE_MODES)}, not {noise_mode!r}.")
        channels = self.generator.config.structure_channels
        if structure.ndim != 4 or structure.shape[1] != channels:
            raise BadInputError(f"The structure code should be [N, {channels}, h, w], not {list(structure.shape)}.")
        wanted = (self.style_dim,) if style.ndim == 2 else (self.num_ws, self.style_dim)
        if style.ndim not in (2, 3) or tuple(style.shape[1:]) != wanted:
            raise BadInputError(
                f"The style should be [N, {self.style_dim}] or [N, {self.num_ws}, {self.style_dim}], "
                f"not {list(style.shape)}. Codes of one model do not fit another."
            )
        largest = LONGEST * max(self.size, 256) ** 2
        height, width = (self.cell * side for side in structure.shape[2:])
        if height * width > largest:
            raise BadInputError(
                f"This structure, {list(structure.shape[2:])}, is that of a picture of {width} x {height} px; "
                f"at most {largest:,} px are drawn. Crop the picture before encoding it."
            )
        n = max(len(structure), len(style))
        if {len(structure), len(style)} - {1, n}:
            raise BadInputError(
                f"{len(structure)} structures do not match {len(style)} styles. Give equally many, or one of one kind."
            )
        structure = structure.to(self.device, torch.float32).expand(n, -1, -1, -1)
        style = style.to(self.device, torch.float32).expand(n, *[-1] * (style.ndim - 1))
        with self.computing():
            if self.device.type == "cuda" and noise_mode != "random":
                work = lambda *codes: (self.generator(*codes, noise_mode),)  # noqa: E731
                return self._graphs(noise_mode, work, structure, style)[0].float()
            run = self._run if noise_mode == "none" else None
            return self.generator(structure, style, noise_mode, prefix=prefix, run=run).float()

    def render(
        self, structure: Tensor, style: Tensor, *, noise_mode: str = "none", batch: int = 8, upscale: Upscale = None
    ) -> list[Image.Image]:
        """The result of `decode` as PIL images; computed in batches. `upscale` as in `StyleGAN2.render`."""
        n = max(len(structure), len(style))
        pictures: list[Image.Image] = []
        for part in _batches(n, batch, "drawing"):
            s = structure if len(structure) == 1 else structure[part]
            t = style if len(style) == 1 else style[part]
            pictures += to_pil(self.decode(s, t, noise_mode=noise_mode))
        return enlarged(pictures, upscale)
