"""How long the hand takes, whether its people can be told apart, and how smoothly `person_of` follows z.

python benchmarks/drawing.py                 # times by title, against a fixed SVG in the same run
python benchmarks/drawing.py --identity      # the same person found again in another title
python benchmarks/drawing.py --jumps         # the largest change between neighbours on lines in z
python benchmarks/drawing.py --hair          # overlap of the hair mask with the truth, on pseudo-photos and a photo
python benchmarks/drawing.py --hair FOLDER   # and on each FOLDER/NAME.png with FOLDER/NAME.json

NAME.json has, in the unit square of an aligned crop, its 68 `landmarks`, and `hair`, polygons drawn by hand. Those of
the photo that comes with webtoonfaces are in hair.json.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from webtoonfaces.drawing import TITLES, Z_DIM, Person, draw, person_of, pseudo_photo, random_person, raster, svg
from webtoonfaces.drawing.curves import closed
from webtoonfaces.faces import align_face, masks
from webtoonfaces.faces.align import to_unit
from webtoonfaces.images import load_image
from webtoonfaces.pretrained.generators import example_photo

HERE = Path(__file__).parent
SIZE = 128


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """The least CPU time of a few runs: other processes make runs longer, never shorter."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def reference() -> str:
    """An SVG of a hundred filled curves, each with twelve points: what the times are compared with."""
    rng = np.random.default_rng(0)
    angle = np.linspace(0, 2 * np.pi, 13)[:-1]
    paths = []
    for _ in range(100):
        middle, radius = rng.random(2), 0.03 + 0.1 * rng.random()
        outline = middle + radius * np.stack([np.cos(angle), np.sin(angle)], 1) * (0.8 + 0.4 * rng.random((12, 1)))
        paths.append(f'<path d="{closed(outline)}" fill="#{rng.integers(1 << 24):06x}"/>')
    start = f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE}" height="{SIZE}" viewBox="0 0 256 256">'
    return start + "".join(paths) + "</svg>"


def times(count: int) -> None:
    rng = np.random.default_rng(0)
    people = [random_person(rng) for _ in range(count)]
    fixed = reference()
    unit = seconds(lambda: [raster.rendered(fixed, SIZE) for _ in range(count)]) / count
    print(f"reference, a hundred filled curves at {SIZE} px: {unit * 1e3:.1f} ms")
    print(f"{'title':12} {'SVG ms':>7} {'raster ms':>9} {'of reference':>12} {'kB':>5}")
    totals = []
    for name, title in TITLES.items():
        texts = [svg(person, title, SIZE) for person in people]
        write = seconds(lambda title=title: [svg(person, title, SIZE) for person in people]) / count  # type: ignore[misc]
        whole = seconds(lambda title=title: [draw(person, title, SIZE) for person in people]) / count  # type: ignore[misc]
        paint = whole - write
        totals.append((write, paint))
        size = np.mean([len(text) for text in texts]) / 1e3
        print(f"{name:12} {write * 1e3:7.1f} {paint * 1e3:9.1f} {(write + paint) / unit:12.1f} {size:5.0f}")
    write, paint = np.mean(totals, axis=0)
    print(f"{'mean':12} {write * 1e3:7.1f} {paint * 1e3:9.1f} {(write + paint) / unit:12.1f}")


def identity(count: int) -> None:
    """Whether the nearest neighbour of a person, among `count` people in another title, is that person.

    MobileNetV2's features, less each title's mean, seen in the directions in which other people differ most for the
    titles' differences (linear discriminants of `count` people that are not in the test).
    """
    import torch

    from webtoonfaces.images import to_tensor
    from webtoonfaces.metrics.distances import mobilenet_features

    rng = np.random.default_rng(1)
    features = mobilenet_features()

    def described(people: list[Person]) -> np.ndarray:  # type: ignore[type-arg]
        rows = []
        for title in TITLES.values():
            with torch.no_grad():
                batches = [people[at : at + 32] for at in range(0, len(people), 32)]
                parts = [features.of(to_tensor([draw(person, title, SIZE) for person in batch])) for batch in batches]
            of_title = torch.cat(parts).numpy()
            rows.append(of_title - of_title.mean(0))
        return np.stack(rows)  # [titles, people, features]

    known = described([random_person(rng) for _ in range(count)])
    within = (known - known.mean(0)).reshape(-1, known.shape[-1])
    scatter = within.T @ within / len(within)
    scatter += 0.02 * np.trace(scatter) / len(scatter) * np.eye(len(scatter))
    values, vectors = np.linalg.eigh(scatter)
    whiten = vectors / np.sqrt(values)
    _, _, directions = np.linalg.svd(known.mean(0) @ whiten, full_matrices=False)
    tested = described([random_person(rng) for _ in range(count)]) @ whiten @ directions[:100].T
    tested /= np.linalg.norm(tested, axis=-1, keepdims=True)
    found = {
        (a, b): float(((tested[a] @ tested[b].T).argmax(1) == np.arange(count)).mean())
        for a, b in itertools.permutations(range(len(TITLES)), 2)
    }
    for index, name in enumerate(TITLES):
        print(f"{name:12} {np.mean([value for pair, value in found.items() if index in pair]):6.1%}")
    print(f"{'all pairs':12} {np.mean(list(found.values())):6.1%} of {count} people found again in another title")


def jumps(lines: int, steps: int) -> None:
    rng = np.random.default_rng(2)
    title = TITLES["romance"]
    largest = []
    for _ in range(lines):
        a, b = rng.normal(size=(2, Z_DIM))
        before, before_person, worst = None, None, (0.0, "")
        for t in np.linspace(0, 1, steps):
            person = person_of(a + t * (b - a), len(TITLES)).person
            now = np.asarray(draw(person, title, 64), dtype=np.float32) / 255
            if before is not None and before_person is not None:
                change = float(np.abs(now - before).mean())
                if change > worst[0]:
                    words = [
                        field
                        for field in ("glasses", "earring", "collar", "accessory", "mole")
                        if getattr(person, field) != getattr(before_person, field)
                    ]
                    if person.hair.tie != before_person.hair.tie:  # type: ignore[union-attr]
                        words.append("tie")
                    worst = (change, ", ".join(words) or "continuous")
            before, before_person = now, person
        largest.append(worst)
    largest.sort(reverse=True)
    print(f"largest mean change of a pixel between two of {steps} steps, {lines} lines (of the range):")
    print(f"median {np.median([change for change, _ in largest]):.3f}, most {largest[0][0]:.3f}")
    for change, where in largest[:10]:
        print(f"  {change:.3f}  {where}")


def overlap(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Intersection over union; 1 where both are empty."""
    union = int((found | truth).sum())
    return int((found & truth).sum()) / union if union else 1.0


def hair(count: int, folder: Path | None) -> None:
    """In colour and in grey. Pseudo-photos are of people and lights that no parameter was chosen on."""
    rng = np.random.default_rng(7)
    shown: dict[str, list[float]] = {"in colour": [], "in grey": []}
    for index in range(count):
        person = random_person(rng)
        photo = pseudo_photo.pseudo_photo(person, np.random.default_rng([7, index]), masks.SIDE)
        truth = np.asarray(pseudo_photo.hair_mask(person, masks.SIDE)) > 127
        for name, picture in (("in colour", photo), ("in grey", photo.convert("L").convert("RGB"))):
            shown[name].append(overlap(masks.hair_mask(picture, person.points) > 0.5, truth))
    for name, values in shown.items():
        low, middle = np.quantile(values, [0.1, 0.5])
        print(f"{count} pseudo-photos {name}: mean {np.mean(values):.3f}, median {middle:.3f}, a tenth below {low:.3f}")

    face = align_face(example_photo(), size=256)
    assert face.landmarks is not None
    points = to_unit(face.landmarks, face.quad)
    pictures = {"astronaut": (face.image, points, json.loads((HERE / "hair.json").read_text())["hair"])}
    for path in sorted(folder.glob("*.json")) if folder else []:
        about = json.loads(path.read_text())
        pictures[path.stem] = (load_image(path.with_suffix(".png")), np.array(about["landmarks"]), about["hair"])
    values = []
    for name, (picture, points, outlines) in pictures.items():
        truth = np.any([masks.polygon_mask(np.array(outline), masks.SIDE) for outline in outlines], axis=0)
        values.append(overlap(masks.hair_mask(picture, points) > 0.5, truth))
        print(f"  {name:32} {values[-1]:.2f}")
    print(f"{len(values)} real: mean {np.mean(values):.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identity", action="store_true")
    parser.add_argument("--jumps", action="store_true")
    parser.add_argument("--hair", nargs="?", const="", metavar="FOLDER")
    parser.add_argument("--persons", type=int, default=None)
    options = parser.parse_args()
    if options.identity:
        identity(options.persons or 200)
    elif options.hair is not None:
        hair(options.persons or 300, Path(options.hair) if options.hair else None)
    elif options.jumps:
        jumps(options.persons or 50, 200)
    else:
        times(options.persons or 30)
