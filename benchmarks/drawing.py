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
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from webtoonfaces.drawing import (
    FACTORS,
    TITLES,
    Z_DIM,
    Person,
    draw,
    person_of,
    pseudo_photo,
    random_person,
    raster,
    svg,
)
from webtoonfaces.drawing.curves import Points, closed
from webtoonfaces.drawing.person import Hair
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


# What changes between two pictures of one person: not who it is.
PASSING = (
    *("yaw", "pitch", "roll", "zoom", "shift x", "shift y", "smile", "mouth open", "surprise", "worry", "anger"),
    *("tears", "eyelids", "wink", "gaze x", "gaze y", "blush", "cloth tone", "cloth hue x", "cloth hue y"),
    *("ground hue x", "ground hue y", "ground tone", "collar", "accessory"),
)


def pictures_of(count: int, rng: np.random.Generator, passing: bool) -> NDArray[np.uint8]:
    """`[titles, count, 64, 64, 3]`: people in each title; with `passing`, at another moment in each."""
    places = [FACTORS.index(name) for name in PASSING]
    shown = np.empty((len(TITLES), count, SIZE // 2, SIZE // 2, 3), np.uint8)
    for index in range(count):
        z = rng.normal(size=Z_DIM)
        for number, title in enumerate(TITLES.values()):
            if passing:
                z[places] = rng.normal(size=len(places))
            shown[number, index] = np.asarray(draw(person_of(z, len(TITLES)).person, title, SIZE).reduce(2))
    return shown


def described(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Colours and the directions of edges on a grid of 16 x 16: `[N, D]`."""
    count, cell = len(pictures), SIZE // 2 // 16
    colors = pictures.astype(np.float32) / 255
    grey = colors.mean(-1)
    right, down = np.gradient(grey, axis=2), np.gradient(grey, axis=1)
    strength, bins = np.hypot(right, down), (np.arctan2(down, right) % np.pi / np.pi * 6).astype(int) % 6
    layers = [colors[..., channel] for channel in range(3)] + [np.where(bins == each, strength, 0) for each in range(6)]
    cells = np.stack([layer.reshape(count, 16, cell, 16, cell).mean((2, 4)) for layer in layers], -1)
    cells[..., 3:] = np.sqrt(cells[..., 3:])
    return cells.reshape(count, -1)


def shared(known: NDArray[np.uint8], tested: NDArray[np.uint8], ridge: float = 1.0, size: int = 100) -> Points:
    """Tested pictures in the directions in which the titles agree about other people, a linear map for each title.

    Generalised canonical correlation: the directions are the largest eigenvectors of the mean of the titles'
    (regularised) projections.
    """
    grams, count = [], known.shape[1]
    for mine, theirs in zip(known, tested, strict=True):
        rows = described(np.concatenate([mine, theirs]))
        rows -= rows[:count].mean(0)
        spread = rows[:count].std(0).reshape(-1, 9).mean(0)  # colours and edges count alike
        rows /= np.tile(spread, rows.shape[1] // 9) * np.sqrt(rows.shape[1])
        grams.append((rows @ rows[:count].T).astype(float))
    parts = [np.linalg.eigh(gram[:count]) for gram in grams]
    agreed = sum((vectors * (values / (values + ridge))) @ vectors.T for values, vectors in parts)
    directions = np.linalg.eigh(agreed)[1][:, -size:]
    return np.stack(
        [
            gram[count:] @ ((vectors / (values + ridge)) @ (vectors.T @ directions))
            for gram, (values, vectors) in zip(grams, parts, strict=True)
        ]
    )


def identity(count: int) -> None:
    """Whether the nearest neighbour of a person, among 200 people in another title, is that person.

    A person who keeps pose, place and expression is found by these alone: grey pixels, which were taught nothing, show
    how far that goes. What tells whether a title keeps who somebody is, is the person at another moment. `count` other
    people teach what to look at; those who are tested are never seen.
    """
    for passing, words in ((False, "same pose and expression"), (True, "another pose, expression, clothes, ground")):
        rng = np.random.default_rng(1)
        known, tested = pictures_of(count, rng, passing), pictures_of(200, rng, passing)
        grey = tested.mean(-1).reshape(*tested.shape[:2], -1)
        rows = {
            "grey pixels": found_again(grey - grey.mean(1, keepdims=True)),
            "learnt": found_again(shared(known, tested)),
        }
        # With the people of every title in another order there is nothing to learn: one in 200 is chance.
        mixed = np.stack([title[rng.permutation(count)] for title in known])
        rows["learnt from strangers"] = found_again(shared(mixed, tested))
        print(f"{words}: found again among 200 people in another title")
        for name, found in rows.items():
            by_title = [(found[i].sum() + found[:, i].sum()) / (2 * len(TITLES) - 2) for i in range(len(TITLES))]
            print(f"  {name:22} {np.mean(by_title):6.1%}   ", end="")
            print(" ".join(f"{title} {value:.0%}" for title, value in zip(TITLES, by_title, strict=True)))


def found_again(rows: Points) -> Points:
    """The share of people `[titles, titles]` whose nearest neighbour in another title they are; 0 on the diagonal."""
    rows = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    result = np.zeros((len(rows), len(rows)))
    for a, b in itertools.permutations(range(len(rows)), 2):
        result[a, b] = ((rows[a] @ rows[b].T).argmax(1) == np.arange(rows.shape[1])).mean()
    return result


def jumps(lines: int, steps: int) -> None:
    """The largest change between neighbours on each line, and the part of the person that makes most of it."""
    rng = np.random.default_rng(2)
    largest = []
    for _ in range(lines):
        a, b = rng.normal(size=(2, Z_DIM))
        people = [person_of(a + t * (b - a), len(TITLES)).person for t in np.linspace(0, 1, steps)]
        shown = [picture(person) for person in people]
        changes = [float(np.abs(after - before).mean()) for before, after in itertools.pairwise(shown)]
        worst = int(np.argmax(changes))
        largest.append((changes[worst], cause(people[worst], people[worst + 1])))
    largest.sort(reverse=True)
    print(f"largest mean change of a pixel between two of {steps} steps, {lines} lines (of the range):")
    print(f"median {np.median([change for change, _ in largest]):.4f}, most {largest[0][0]:.4f}")
    for change, where in largest[:10]:
        print(f"  {change:.4f}  {where}")
    for name, number in Counter(where.split(" ")[0] for _, where in largest).most_common():
        print(f"  {number:3} lines: {name}")


def picture(person: Person) -> NDArray[np.float32]:
    return np.asarray(draw(person, TITLES["romance"], 64), dtype=np.float32) / 255


def cause(before: Person, after: Person) -> str:
    """The field of a person that alone changes the picture most, and how much of the range it changes."""
    start, found = picture(before), []
    for field in fields(Person):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old == new:
            continue
        parts: dict[str, object] = {field.name: new}
        if isinstance(old, Hair) and isinstance(new, Hair):
            changed = [part.name for part in fields(Hair) if getattr(old, part.name) != getattr(new, part.name)]
            parts = {f"hair.{name}": replace(old, **{name: getattr(new, name)}) for name in changed}
        for name, value in parts.items():
            other = replace(before, **{field.name: value})
            words = f" {old!r} -> {new!r}" if isinstance(new, str) else ""
            if name == "hair.tie" and isinstance(value, Hair) and isinstance(old, Hair):
                words = f" {old.tie!r} -> {value.tie!r}"
            found.append((float(np.abs(picture(other) - start).mean()), name + words))
    change, name = max(found)
    return f"{name} ({change:.4f} alone)"


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
        identity(options.persons or 600)
    elif options.hair is not None:
        hair(options.persons or 300, Path(options.hair) if options.hair else None)
    elif options.jumps:
        jumps(options.persons or 50, 200)
    else:
        times(options.persons or 30)
