"""How close each way of enlarging comes to the truth, 128 -> 512 px, and how long it takes.

python benchmarks/upscaling.py                          # PSNR by title, and times; persons are in no data set
python benchmarks/upscaling.py --size 256               # 256 -> 1024 px
python benchmarks/upscaling.py --degraded               # of small pictures as a network draws them
python benchmarks/upscaling.py --model demo             # of a StyleGAN2's own, against the drawn person of the same z
python benchmarks/upscaling.py --picture out/crops.png  # crops at 100 %, side by side
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from webtoonfaces.data.drawn import person
from webtoonfaces.data.factors import drawn_of, z_in_titles, z_of_seed
from webtoonfaces.drawing import TITLES, draw
from webtoonfaces.errors import WebtoonFacesError
from webtoonfaces.images import as_floats, contact_sheet, to_pil
from webtoonfaces.metrics.distances import Features, mobilenet_features
from webtoonfaces.metrics.drawn import FIRST_SEED
from webtoonfaces.pretrained.generators import load_stylegan2
from webtoonfaces.pretrained.upscaler import REALESR, load_upscaler
from webtoonfaces.training.step import StepRandom
from webtoonfaces.training.trainers.upscaler import Config, degraded

SMALL, FACTOR = 128, 4
SEED = 77  # of persons that no data set of this project has

Way = Callable[[Image.Image], Image.Image]


def ways(files: list[str]) -> dict[str, Way]:
    """Name -> what enlarges. A published network whose weights are not here is left out, and said."""
    found: dict[str, Way] = {
        "bicubic": lambda small: small.resize((FACTOR * small.width,) * 2, Image.Resampling.BICUBIC),
        "Lanczos": lambda small: small.resize((FACTOR * small.width,) * 2, Image.Resampling.LANCZOS),
    }
    for name in (REALESR, "demo", *files):
        try:
            found[Path(name).stem] = load_upscaler(name, device="cpu").enlarged
        except WebtoonFacesError as error:
            print(f"without {name}: {error}")
    return found


def pairs(count: int, size: int, *, changed: bool) -> dict[str, list[tuple[Image.Image, Image.Image]]]:
    """Title -> the small and the large picture of each of `count` persons."""
    people = [person(index, SEED).person for index in range(count)]
    drawn = {
        name: [(draw(one, title, size), draw(one, title, FACTOR * size)) for one in people]
        for name, title in TITLES.items()
    }
    if not changed:
        return drawn
    return {
        name: [(as_taught(small, index), large) for index, (small, large) in enumerate(listed)]
        for name, listed in drawn.items()
    }


def generated(count: int, model: str) -> dict[str, list[tuple[Image.Image, Image.Image]]]:
    """Title -> what the StyleGAN2 draws of each of `count` z in it, and the drawn person of that z, large."""
    generator = load_stylegan2(model, device="cpu")
    z = torch.stack([torch.from_numpy(z_of_seed(FIRST_SEED + i, generator.w_dim)).float() for i in range(count)])
    found = {}
    for index, name in enumerate(TITLES):
        own = z_in_titles(z, torch.full((count,), index))
        small = to_pil(generator.synthesis(generator.mapping(own), noise_mode="none").clamp(-1, 1).cpu())
        large = to_pil(as_floats(drawn_of(own, FACTOR * generator.size)))
        found[name] = list(zip(small, large, strict=True))
    return found


def as_taught(picture: Image.Image, seed: int) -> Image.Image:
    """As the trainer's inputs that are changed, every one of them."""
    images = as_floats(torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None])
    return to_pil(degraded(images, StepRandom(SEED, seed), Config(degraded=1.0)))[0]


def psnr(picture: Image.Image, truth: Image.Image) -> float:
    """Decibels, of all three channels together."""
    error = np.square(np.asarray(picture, np.float64) - np.asarray(truth, np.float64)).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def distance(features: Features, pictures: list[Image.Image], truths: list[Image.Image]) -> float:
    """Of MobileNetV2's features, as a share of the truth's size; a blur is far from ink here, wherever a line lies."""
    found, wanted = (
        features.of(as_floats(torch.stack([torch.from_numpy(np.array(one)).permute(2, 0, 1) for one in listed])))
        for listed in (pictures, truths)
    )
    return float(((found - wanted).abs().sum(dim=1) / wanted.abs().sum(dim=1)).mean())


def milliseconds(way: Way, picture: Image.Image, repeats: int = 7) -> float:
    """The least wall-clock time of a few runs: other processes make runs longer, never shorter."""
    way(picture)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        way(picture)
        times.append(time.perf_counter() - start)
    return min(times) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=4, help="a title (default: 4)")
    parser.add_argument("--size", type=int, default=SMALL, help=f"of the small pictures (default: {SMALL})")
    parser.add_argument("--model", help="take the pictures of this StyleGAN2, taught by drawn persons")
    parser.add_argument("--degraded", action="store_true", help="small pictures as a network draws them")
    parser.add_argument("--file", action="append", default=[], help="another upscaler too")
    parser.add_argument("--picture", help="write crops at 100 %%, a row a title: each way, and the truth")
    options = parser.parse_args()

    known = ways(options.file)
    if options.model:
        data = generated(options.persons, options.model)
    else:
        data = pairs(options.persons, options.size, changed=options.degraded)
    large = next(iter(data.values()))[0][1]
    print(f"PSNR in dB against the SVG at {large.width} px, {options.persons} persons a title")
    print(f"{'title':12}" + "".join(f"{name[:20]:>21}" for name in known))
    features = mobilenet_features()
    every: dict[str, list[float]] = {name: [] for name in known}
    apart: dict[str, list[float]] = {name: [] for name in known}
    for title, listed in data.items():
        line = f"{title:12}"
        for name, way in known.items():
            made = [way(small) for small, _ in listed]
            scores = [psnr(one, truth) for one, (_, truth) in zip(made, listed, strict=True)]
            every[name] += scores
            apart[name].append(distance(features, made, [truth for _, truth in listed]))
            line += f"{np.mean(scores):21.2f}"
        print(line, flush=True)
    print(f"{'mean':12}" + "".join(f"{np.mean(scores):21.2f}" for scores in every.values()))
    print(f"{'MobileNetV2':12}" + "".join(f"{np.mean(shares):21.3f}" for shares in apart.values()))
    one = next(iter(data.values()))[0][0]
    for threads in (1, 2):
        torch.set_num_threads(threads)
        line = "".join(f"{milliseconds(way, one):21.1f}" for way in known.values())
        print(f"{f'ms, {threads} thread' + 's' * (threads > 1):12}{line}")

    if options.picture:
        unit = large.width // 512
        box = (150 * unit, 190 * unit, 380 * unit, 370 * unit)
        cells = [
            made.crop(box)
            for listed in data.values()
            for small, truth in listed[:1]
            for made in (*(way(small) for way in known.values()), truth)
        ]
        sheet = contact_sheet(cells, columns=len(known) + 1, gap=4)
        Path(options.picture).parent.mkdir(parents=True, exist_ok=True)
        sheet.save(options.picture)
        print(f"wrote {options.picture}: a row a title; {', '.join([*known, 'truth'])}")


if __name__ == "__main__":
    main()
