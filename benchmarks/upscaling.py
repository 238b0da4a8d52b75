"""How close each way of enlarging comes to the truth, 128 -> 512 px, and how long it takes.

python benchmarks/upscaling.py                          # PSNR by title, and times; persons are in no data set
python benchmarks/upscaling.py --soft                   # of small pictures as a network draws them, a little soft
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
from webtoonfaces.drawing import TITLES, draw
from webtoonfaces.errors import WebtoonFacesError
from webtoonfaces.images import as_floats, contact_sheet, to_pil
from webtoonfaces.pretrained.upscaler import REALESR, load_upscaler
from webtoonfaces.training.step import StepRandom
from webtoonfaces.training.trainers.upscaler import degraded

SMALL, LARGE = 128, 512
SEED = 77  # of persons that no data set of this project has

Way = Callable[[Image.Image], Image.Image]


def ways(files: list[str]) -> dict[str, Way]:
    """Name -> what enlarges. A published network whose weights are not here is left out, and said."""
    found: dict[str, Way] = {
        "bicubic": lambda small: small.resize((LARGE, LARGE), Image.Resampling.BICUBIC),
        "Lanczos": lambda small: small.resize((LARGE, LARGE), Image.Resampling.LANCZOS),
    }
    for name in (REALESR, "demo", *files):
        try:
            found[Path(name).stem] = load_upscaler(name, device="cpu").enlarged
        except WebtoonFacesError as error:
            print(f"without {name}: {error}")
    return found


def pairs(count: int, *, soft: bool) -> dict[str, list[tuple[Image.Image, Image.Image]]]:
    """Title -> the small and the large picture of each of `count` persons."""
    people = [person(index, SEED).person for index in range(count)]
    drawn = {
        name: [(draw(one, title, SMALL), draw(one, title, LARGE)) for one in people] for name, title in TITLES.items()
    }
    if not soft:
        return drawn
    return {
        name: [(softened(small, index), large) for index, (small, large) in enumerate(listed)]
        for name, listed in drawn.items()
    }


def softened(picture: Image.Image, seed: int) -> Image.Image:
    """As the trainer's inputs that are changed, every one of them."""
    images = as_floats(torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None])
    return to_pil(degraded(images, StepRandom(SEED, seed), share_of=1.0, blur=0.8, noise=0.03))[0]


def psnr(picture: Image.Image, truth: Image.Image) -> float:
    """Decibels, of all three channels together."""
    error = np.square(np.asarray(picture, np.float64) - np.asarray(truth, np.float64)).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


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
    parser.add_argument("--soft", action="store_true", help="small pictures as a network draws them")
    parser.add_argument("--file", action="append", default=[], help="another upscaler too")
    parser.add_argument("--picture", help="write crops at 100 %%, a row a title: each way, and the truth")
    options = parser.parse_args()

    known = ways(options.file)
    data = pairs(options.persons, soft=options.soft)
    print(f"PSNR in dB against the SVG at {LARGE} px, {options.persons} persons a title")
    print(f"{'title':12}" + "".join(f"{name[:20]:>21}" for name in known))
    every: dict[str, list[float]] = {name: [] for name in known}
    for title, listed in data.items():
        line = f"{title:12}"
        for name, way in known.items():
            scores = [psnr(way(small), large) for small, large in listed]
            every[name] += scores
            line += f"{np.mean(scores):21.2f}"
        print(line, flush=True)
    print(f"{'mean':12}" + "".join(f"{np.mean(scores):21.2f}" for scores in every.values()))
    one = next(iter(data.values()))[0][0]
    for threads in (1, 2):
        torch.set_num_threads(threads)
        line = "".join(f"{milliseconds(way, one):21.1f}" for way in known.values())
        print(f"{f'ms, {threads} thread' + 's' * (threads > 1):12}{line}")

    if options.picture:
        box = (150, 190, 150 + 230, 190 + 180)
        cells = [
            made.crop(box)
            for listed in data.values()
            for small, large in listed[:1]
            for made in (*(way(small) for way in known.values()), large)
        ]
        sheet = contact_sheet(cells, columns=len(known) + 1, gap=4)
        Path(options.picture).parent.mkdir(parents=True, exist_ok=True)
        sheet.save(options.picture)
        print(f"wrote {options.picture}: a row a title; {', '.join([*known, 'truth'])}")


if __name__ == "__main__":
    main()
