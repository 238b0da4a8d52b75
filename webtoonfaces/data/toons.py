"""The open data set: cartoon faces drawn from free art, one drawing style for each webtoon title.

The webtoon pictures may not be distributed, so the demo models learn from drawings that may. `draw_toons` makes any
number of them from a seed; the same seed, style and index give the same picture on every machine. DiceBear assembles
the drawings from parts that its artists published; `STYLES` names artist, source and licence of each, and so does the
`manifest.json` of every data set.
"""

from __future__ import annotations

import copy
import hashlib
import importlib.metadata
import io
import json
import math
import multiprocessing
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from tqdm.auto import tqdm

from webtoonfaces.data import manifest
from webtoonfaces.errors import BadInputError, MissingExtraError, UnknownNameError
from webtoonfaces.files import replacing

if TYPE_CHECKING:
    from dicebear import Style

KIND = "webtoonfaces toons"
PACKAGES = ("dicebear-core", "dicebear-styles", "resvg_py")  # other versions of these draw other faces
SIZES = range(16, 2049)
CHUNK = 32  # pictures a worker draws before it reports; small enough for a lively progress bar

BACKGROUNDS = ("f6f1e7", "dfe9f5", "e4f3e4", "fbe6e6", "ece4f7", "fff4cc", "d7eef0", "ffffff")
SKIN = ("ffe0cc", "ffd3b5", "f7c9a3", "e8b08a", "d1946b", "a9704a", "7a4a2e")
HAIR = (
    *("1b1b1f", "3a2418", "6b4226", "a5662f", "d9a441", "f0d58c"),
    *("b33a2b", "e58fb0", "5a6fd6", "3fa796", "8e5cc2", "c9ccd6"),
)
CLOTHES = ("ffffff", "f2b8a0", "a7c7e7", "b5d6a7", "f3d98b", "c9b6e4", "6f7f95", "d77a7a")


@dataclass(frozen=True)
class ToonStyle:
    """One drawing style: its artist, and how its faces are framed and coloured."""

    licence: str
    licence_url: str
    artist: str
    artist_url: str
    work: str
    source: str
    """Where the artist published the drawings."""
    crop: tuple[float, float, float]
    """Centre x, centre y and side of the square that is shown, in fractions of the canvas width."""
    options: Mapping[str, Any]
    """DiceBear options: the colours, the parts to draw from, the chance in percent of those that are optional."""
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Part -> {variant: how often it is drawn}; 1 for those not named, and 0 leaves one out."""
    recolour: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Part -> {colour name: colour name}: lets two parts that share a colour have one each."""
    at_most: int | None = None
    """The number of different pictures that the style can give; None for any number."""

    @property
    def attribution(self) -> str:
        """Artist, work, source, licence and changes, as the CC BY licences want them named."""
        return f"{self.work} by {self.artist} ({self.source}), {self.licence} ({self.licence_url}); recoloured, cropped"


CC0 = ("CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/")
CC_BY = ("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/")

STYLES: Mapping[str, ToonStyle] = {
    "lorelei": ToonStyle(
        *CC0,
        "Lisa Wischofsky",
        "https://www.instagram.com/lischi_art/",
        "Lorelei",
        "https://www.figma.com/community/file/1198749693280469639",
        crop=(0.48, 0.50, 0.72),
        options={
            "skinColor": SKIN,
            "hairColor": HAIR,
            "hairAccessoriesColor": ("ff6f91", "ffd166", "ffffff", "6fc3ff"),
            "earringsColor": ("ffd166", "ffffff", "8ecae6"),
            "beardProbability": 4,
            "glassesProbability": 12,
            "hairAccessoriesProbability": 8,
            "frecklesProbability": 8,
            "earringsProbability": 10,
        },
    ),
    "adventurer": ToonStyle(
        *CC_BY,
        "Lisa Wischofsky",
        "https://www.instagram.com/lischi_art/",
        "Adventurer",
        "https://www.figma.com/community/file/1184595184137881796",
        crop=(0.52, 0.53, 0.74),
        options={
            "skinColor": SKIN,
            "hairColor": HAIR,
            "hairProbability": 97,
            "glassesProbability": 10,
            "detailsProbability": 10,
        },
    ),
    "micah": ToonStyle(
        *CC_BY,
        "Micah Lanier",
        "https://dribbble.com/micahlanier",
        "Avatar Illustration System",
        "https://www.figma.com/community/file/829741575478342595",
        crop=(0.51, 0.41, 0.70),
        options={
            "baseColor": SKIN,
            "hairColor": HAIR,
            "hairProbability": 98,
            "facialHairProbability": 12,
            "glassesProbability": 15,
        },
        weights={"hair": {"mrClean": 0.4, "dougFunny": 0.4}},  # both bald, two of only eight
    ),
    "open-peeps": ToonStyle(
        *CC0,
        "Pablo Stanley",
        "https://twitter.com/pablostanley",
        "Open Peeps",
        "https://www.openpeeps.com/",
        crop=(0.56, 0.43, 0.74),
        options={
            "skinColor": SKIN,
            "headContrastColor": HAIR,
            "maskProbability": 0,
            "accessoriesProbability": 15,
            "facialHairProbability": 12,
        },
        weights={
            "head": {
                **{"bear": 0, "longAfro": 0},  # no face in the one, little else than black in the other
                # Most of this style's hair is black: twice as much of what takes a colour.
                **{"bangs": 2, "cornrows": 2, "grayBun": 2, "grayMedium": 2},
                **{"grayShort": 2, "mediumBangs2": 2, "short4": 2},
            },
            "expression": {"cyclops": 0, "monster": 0},
        },
    ),
    "notionists": ToonStyle(
        *CC0,
        "Zoish",
        "https://bio.link/heyzoish",
        "Notionists",
        "https://heyzoish.gumroad.com/l/notionists",
        crop=(0.50, 0.385, 0.50),
        options={
            "paperColor": SKIN,
            "clothColor": CLOTHES,
            "teethColor": ("ffffff",),
            "gestureProbability": 0,
            "clothesGraphicProbability": 0,
            "beardProbability": 8,
            "glassesProbability": 15,
        },
        recolour={"clothes": {"paper": "cloth"}, "mouth": {"paper": "teeth"}},
    ),
    "toon-head": ToonStyle(
        *CC_BY,
        "Johan Melin",
        "https://www.johanmelin.com",
        "ToonHead",
        "https://www.figma.com/community/file/1589627891082866389",
        crop=(0.50, 0.475, 0.66),
        options={"skinColor": SKIN, "hairColor": HAIR, "beardProbability": 8},
        at_most=2000,
    ),
    "big-ears": ToonStyle(
        *CC_BY,
        "The Visual Team",
        "https://thevisual.team/",
        "Face Generator",
        "https://www.figma.com/community/file/986078800058673824",
        crop=(0.50, 0.585, 0.78),
        options={"skinColor": SKIN, "hairColor": HAIR},
    ),
}


def draw_toon(style: str, index: int, *, seed: int = 0, size: int = 256) -> Image.Image:
    """One face, `size` x `size`, RGB; the same one for the same (seed, style, index) and package versions.

    Half of the faces are mirrored. Raises `UnknownNameError` for a style that is not in `STYLES`, `BadInputError` for a
    size outside 16 to 2048, and `MissingExtraError` without the drawing packages.
    """
    if style not in STYLES:
        raise UnknownNameError("toon style", style, STYLES)
    _check_size(size)
    try:
        from dicebear import Avatar
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise MissingExtraError("Drawing toons", "train", error.name or "dicebear-core") from error

    spec = STYLES[style]
    # Neighbouring seeds such as "1", "2", "3" give DiceBear runs of the same mouth and hair; a hash gives none.
    digest = hashlib.sha256(f"{seed}/{style}/{index}".encode()).digest()
    background = "#" + BACKGROUNDS[digest[0] % len(BACKGROUNDS)]
    mirrored = digest[1] % 2 == 1
    mirror = "horizontal" if mirrored else "none"
    avatar = Avatar(_dicebear_style(style), {**_dicebear_options(style), "seed": digest.hex(), "flip": mirror})
    svg = _crop(avatar.to_string(), spec.crop, mirrored)
    # The crop may leave the canvas, so the rasteriser paints the background, not DiceBear. No style writes text,
    # and without a look through the system's fonts the start is faster.
    png = svg_to_bytes(svg_string=svg, background=background, width=size, height=size, skip_system_fonts=True)
    return Image.open(io.BytesIO(png)).convert("RGB")


@cache
def _dicebear_style(name: str) -> Style:
    """The style's definition, checked and parsed once, with the colours of `recolour` given to their parts."""
    from importlib.resources import files

    from dicebear import Style

    definition = json.loads(files("dicebear_styles").joinpath(f"{name}.json").read_text("utf-8"))
    for part, names in STYLES[name].recolour.items():
        _rename_colours(definition["components"][part]["variants"], names)
        for old, new in names.items():
            definition["colors"].setdefault(new, copy.deepcopy(definition["colors"][old]))
    return Style(definition)


@cache
def _dicebear_options(name: str) -> dict[str, Any]:
    """The style's options as DiceBear takes them: lists for tuples, and every variant that is drawn with its weight."""
    spec = STYLES[name]
    options = {option: list(value) if isinstance(value, tuple) else value for option, value in spec.options.items()}
    for part, weights in spec.weights.items():
        variants = _dicebear_style(name).components()[part].variants()
        weighted = {variant: weights.get(variant, 1) for variant in variants}
        options[f"{part}Variant"] = {variant: weight for variant, weight in weighted.items() if weight}
    return options


def _rename_colours(node: Any, names: Mapping[str, str]) -> None:
    if isinstance(node, list):
        for child in node:
            _rename_colours(child, names)
    elif isinstance(node, dict):
        if node.get("type") == "color" and node.get("name") in names:
            node["name"] = names[node["name"]]
        for child in node.values():
            _rename_colours(child, names)


def _crop(svg: str, crop: tuple[float, float, float], mirrored: bool) -> str:
    """Show the square `crop` of a drawing; in a mirrored one the square lies on the other side."""
    left, top, width, _ = (float(number) for number in re.search(r'viewBox="([^"]+)"', svg)[1].split())  # type: ignore[index]
    x, y, side = crop
    x = 1 - x if mirrored else x
    square = [left + (x - side / 2) * width, top + (y - side / 2) * width, side * width, side * width]
    view = " ".join(f"{number:.3f}" for number in square)
    return re.sub(r'viewBox="[^"]+"', f'viewBox="{view}"', svg, count=1)


def draw_toons(
    out: str | Path,
    *,
    count: int,
    size: int = 256,
    seed: int = 0,
    styles: Iterable[str] | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Path:
    """Draw `count` faces into `out`, one folder a style, and a `manifest.json`; returns `out`.

    Called again with the same settings it draws what is missing: an interrupted run is resumed, and a larger `count`
    adds pictures. `styles` is all of `STYLES` by default; `workers` is the number of processes, by default one for each
    core (a script must then call this under `if __name__ == "__main__":`, because the processes are spawned).

    Raises `BadInputError` for settings that are not possible, and for a folder with other content, so that two data
    sets are never mixed.
    """
    out = Path(out)
    names = tuple(dict.fromkeys(STYLES if styles is None else styles))
    for name in names:
        if name not in STYLES:
            raise UnknownNameError("toon style", name, STYLES)
    _check_size(size)
    if workers is not None and workers < 1:
        raise BadInputError(f"Drawing needs at least one process, not {workers}. Give `workers` 1 or more, or omit it.")
    counts = shares(count, names)
    settings = _settings(seed, size, names)
    titles = _titles(counts)
    content = {"kind": KIND, "settings": settings, "titles": titles}
    _keep_all(manifest.open_folder(out, kind=KIND, settings=settings), counts)
    manifest.write(out, {**content, "complete": False})

    for name in names:
        (out / name).mkdir(exist_ok=True)
    missing = [
        (name, index) for name in names for index in range(counts[name]) if not toon_path(out, name, index).exists()
    ]
    with tqdm(total=count, initial=count - len(missing), unit="toon", disable=not progress) as bar:
        for drawn in _draw_all(out, missing, seed, size, workers or os.cpu_count() or 1):
            bar.update(drawn)

    for name in names:
        titles[name]["sha256"] = _listing_hash(out / name, counts[name])
    manifest.write(out, {**content, "complete": True})
    return out


def toon_path(out: Path, style: str, index: int) -> Path:
    """The path at which `draw_toons` writes a picture."""
    return out / style / f"{index:06d}.png"


def shares(count: int, styles: Iterable[str]) -> dict[str, int]:
    """The number of pictures of each style: as even as possible; limited styles are made up for by the others."""
    styles = list(styles)
    if not styles:
        raise BadInputError("No drawing style was chosen. Choose at least one of: " + ", ".join(STYLES) + ".")
    if count < len(styles):
        raise BadInputError(f"{count} pictures cannot be shared among {len(styles)} styles. Ask for more pictures.")
    given: dict[str, int] = {}
    left = count
    # The most limited style first, so that the others can take over what it cannot give.
    by_supply = sorted(styles, key=lambda name: STYLES[name].at_most or math.inf)
    for position, name in enumerate(by_supply):
        most = STYLES[name].at_most
        share = -(-left // (len(styles) - position))
        given[name] = share if most is None else min(share, most)
        left -= given[name]
    if left:
        raise BadInputError(
            f"{', '.join(styles)} can give {count - left} different pictures, not {count}. "
            "Ask for fewer, or add a style."
        )
    return {name: given[name] for name in styles}


def _check_size(size: int) -> None:
    if size not in SIZES:
        raise BadInputError(f"A toon of {size} pixels cannot be drawn. Choose a size from {SIZES[0]} to {SIZES[-1]}.")


def _settings(seed: int, size: int, styles: tuple[str, ...]) -> dict[str, Any]:
    """Everything that a picture depends on; a data set can be continued only if these settings are the same."""
    try:
        packages = {name: importlib.metadata.version(name) for name in PACKAGES}
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingExtraError("Drawing toons", "train", str(error.name)) from error
    looks = [(spec.crop, spec.options, spec.weights, spec.recolour) for spec in (STYLES[name] for name in styles)]
    drawing = json.dumps([looks, BACKGROUNDS], sort_keys=True)
    return {
        "seed": seed,
        "size": size,
        "styles": list(styles),
        "packages": packages,
        "drawing": hashlib.sha256(drawing.encode()).hexdigest(),
    }


def _titles(counts: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "count": count,
            "artist": STYLES[name].artist,
            "licence": STYLES[name].licence,
            "source": STYLES[name].source,
            "attribution": STYLES[name].attribution,
        }
        for name, count in counts.items()
    }


def _keep_all(earlier: Mapping[str, Any], counts: Mapping[str, int]) -> None:
    """BadInputError if the folder would contain more pictures than its manifest lists."""
    more = [name for name, title in earlier.get("titles", {}).items() if title["count"] > counts[name]]
    if more:
        raise BadInputError(
            f"The folder already contains more toons of {', '.join(more)} than were asked for. "
            "Ask for at least as many, or choose an empty folder."
        )


def _draw_all(out: Path, toons: list[tuple[str, int]], seed: int, size: int, workers: int) -> Iterator[int]:
    """Draw every (style, index); yields the number of pictures in each finished chunk."""
    chunks = [toons[start : start + CHUNK] for start in range(0, len(toons), CHUNK)]
    if workers == 1 or len(chunks) < 2:
        for chunk in chunks:
            yield _draw_chunk(out, chunk, seed, size)
        return
    with _pool(min(workers, len(chunks))) as pool:
        futures: list[Future[int]] = [pool.submit(_draw_chunk, out, chunk, seed, size) for chunk in chunks]
        for future in as_completed(futures):
            yield future.result()


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Spawned processes (a fork of a process with torch's threads may hang) that stop early on Ctrl-C."""
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _draw_chunk(out: Path, chunk: list[tuple[str, int]], seed: int, size: int) -> int:
    for style, index in chunk:
        path = toon_path(out, style, index)
        with replacing(path) as draft:  # a file with its final name is complete: a resumed run trusts it
            draw_toon(style, index, seed=seed, size=size).save(draft, format="PNG")
    return len(chunk)


def _listing_hash(folder: Path, count: int) -> str:
    """SHA-256 over the lines "<sha256 of the file>  <name>" that `sha256sum *.png` writes for the first `count`."""
    listing = hashlib.sha256()
    for index in range(count):
        path = toon_path(folder.parent, folder.name, index)
        listing.update(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n".encode())
    return listing.hexdigest()
