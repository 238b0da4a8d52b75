"""`make attack`: hostile inputs for every reader, many more than the tests try, within a bounded time.

Each class of inputs runs in processes of its own, one at a time, so that a crash or a hang is counted and not suffered.
The table says how each input ended; its last five columns have to be zero.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HUNG_S = 20
BATCH = 2500  # inputs a process
WORST = ("foreign", "hung", "code run", "memory", "work lost")
COLUMNS = ("tried", "refused", "loaded", *WORST)
# class -> inputs, bytes that a process may grow by
CLASSES = {
    "hostile .pt and safetensors": (0, 400 * 2**20),
    "pickles that call something": (0, 400 * 2**20),
    "mutated .pt": (20_000, 400 * 2**20),
    "mutated pickles in a whole .pt": (20_000, 400 * 2**20),
    "mutated older .pt": (15_000, 400 * 2**20),
    "mutated safetensors": (20_000, 400 * 2**20),
    "mutated recipes": (40_000, 400 * 2**20),
    "mutated persons": (20_000, 400 * 2**20),
    "mutated persons.jsonl and manifests": (2_500, 400 * 2**20),
    "mutated pictures": (20_000, int(1.1 * 2**30)),
}
# What the tests read: how much more they try here than in `make test`.
MANY = {"ATTACK_EXAMPLES": "2000", "ATTACK_EXPLORERS": "200", "ATTACK_EVENTS": "20000", "ATTACK_PERSONS": "2000"}
SHARES = {name: 1 + count / 10_000 for name, (count, _) in CLASSES.items()}
PYTESTS = {
    "recipes that are drawn": ("test_recipes.py", "any_recipe"),
    "kills in training": ("test_training.py", "kill"),
    "kills in downloads": ("test_downloads.py", "killed"),
    "explorers": ("test_explorers.py", ""),
    "servers, disks, shelf, faces, runs": ("", "not kill and not any_recipe and not mutated and not test_explorers"),
}


class HungError(BaseException):
    """An input took longer than `HUNG_S`."""


def inputs(name: str, first: int, count: int, folder: Path, mark: Path) -> Iterator[Callable[[], Any]]:
    """Calls that read one input each."""
    import numpy as np

    from tests.attack import corpus
    from webtoonfaces import drawing
    from webtoonfaces.images import header_size, load_image
    from webtoonfaces.rendering.recipe import Recipe
    from webtoonfaces.rendering.saved import read_recipe
    from webtoonfaces.weights import convert

    def weights(data: bytes, suffix: str) -> Callable[[], Any]:
        path = folder / f"input{suffix}"
        path.write_bytes(data)
        return lambda: convert.read(path, "stylegan2").build("g_ema")

    def picture(data: bytes) -> Callable[[], Any]:
        path = folder / "input.png"
        path.write_bytes(data)

        def read() -> None:
            for door in (header_size, read_recipe, load_image):
                try:
                    door(path)
                except convert_errors():
                    if door is load_image:
                        raise

        return read

    seeds = range(first, first + count)
    match name:
        case "hostile .pt and safetensors":
            for _, data in corpus.pt_cases(folder):
                yield weights(data, ".pt")
            for _, data in corpus.safetensors_cases(folder):
                yield weights(data, ".safetensors")
        case "pickles that call something":
            for _, _, data in corpus.hostile_pickles(mark):
                yield weights(data, ".pt")
        case "mutated .pt":
            whole = corpus.as_bytes(corpus.original())
            for seed in seeds:
                yield weights(corpus.mutated(whole, seed), ".pt")
        case "mutated pickles in a whole .pt":
            whole = corpus.as_bytes(corpus.original())
            with zipfile.ZipFile(io.BytesIO(whole)) as archive:
                pickled = archive.read("archive/data.pkl")
            for seed in seeds:
                changed = corpus.mutated(pickled, seed)
                yield weights(corpus.rezipped(whole, compressed=False, data_pkl=changed), ".pt")
        case "mutated older .pt":
            whole = corpus.as_bytes(corpus.original(), legacy=True)
            for seed in seeds:
                head = corpus.mutated(whole[:6000], seed)
                yield weights(head + whole[6000:], ".pt")
        case "mutated safetensors":
            path = folder / "honest.pt"
            path.write_bytes(corpus.as_bytes(corpus.original()))
            whole = convert.convert_file(path, folder / "honest.safetensors", "stylegan2").read_bytes()
            length = 8 + int.from_bytes(whole[:8], "little")
            for seed in seeds:
                header = corpus.mutated(whole[8:length], seed)
                size = len(header) if seed % 2 else length - 8
                yield weights(size.to_bytes(8, "little") + header + whole[length:], ".safetensors")
        case "mutated recipes":
            text = recipe_text()
            for seed in seeds:
                changed = corpus.mutated(text, seed).decode("utf-8", "replace")
                yield lambda changed=changed: Recipe.from_json(changed)
        case "mutated persons":
            text = drawing.person_of(np.zeros(drawing.Z_DIM), 1).person.to_json().encode()
            for seed in seeds:
                changed = corpus.mutated(text, seed).decode("utf-8", "replace")
                yield lambda changed=changed: drawing.Person.from_json(changed)
        case "mutated persons.jsonl and manifests":
            yield from data_sets(seeds, folder / "drawn")
        case "mutated pictures":
            whole_ones = pictures()
            for seed in seeds:
                yield picture(corpus.mutated(whole_ones[seed % len(whole_ones)], seed))


def data_sets(seeds: range, out: Path) -> Iterator[Callable[[], Any]]:
    """A small drawn data set, of which the list of persons and the manifest are changed in turn."""
    from tests.attack import corpus
    from webtoonfaces import drawing
    from webtoonfaces.data import manifest, pairs
    from webtoonfaces.data.drawn import KIND, PERSONS, draw_data
    from webtoonfaces.training import export

    titles = list(drawing.TITLES)[:2]

    def draw() -> None:
        draw_data(out, persons=4, size=16, titles=titles, photos=False, workers=1, progress=False)

    def read_persons() -> None:
        pairs._persons(out, {f"{number:06d}" for number in range(4)})

    def read_manifest() -> None:
        export._data("Data", out)
        manifest.open_folder(out, kind=KIND, settings={})

    draw()
    for seed in seeds:
        name, read = ((PERSONS, read_persons), (manifest.MANIFEST, read_manifest))[seed % 2]
        whole = (out / name).read_bytes()
        (out / name).write_bytes(corpus.mutated(whole, seed))
        yield read
        (out / name).write_bytes(whole)


def convert_errors() -> type[Exception]:
    from webtoonfaces.errors import WebtoonFacesError

    return WebtoonFacesError


def recipe_text() -> bytes:
    import numpy as np

    from webtoonfaces.rendering import recipe as r

    code = r.Layers(r.Seed(1), r.Blend(r.Seed(2), r.Stored.of(np.ones((1, 2, 3), np.float32)), 0.5), (0, 1), (1.0, 0.5))
    scene = r.Sheet((r.Face(code), None, r.Decoded(r.StructureOf(code), r.SwapAt(code, r.StyleOf(code), 1.5))), 3, 64)
    return r.Recipe(scene, (r.Model("stylegan2", "demo", "0" * 64),)).to_json().encode()


def pictures() -> list[bytes]:
    """A small whole picture of each format that is read."""
    from PIL import Image

    from webtoonfaces.images import encode
    from webtoonfaces.rendering.recipe import KEY

    chance = random.Random(0)
    noise = Image.frombytes("RGB", (48, 40), bytes(chance.randrange(256) for _ in range(48 * 40 * 3)))
    found = [encode(noise, "PNG", metadata={KEY: recipe_text().decode()})]
    for kind in ("JPEG", "WEBP", "GIF", "TIFF", "BMP", "PPM", "TGA", "JPEG2000", "AVIF"):
        file = io.BytesIO()
        try:
            noise.save(file, kind)
        except (OSError, KeyError):
            continue  # this Pillow cannot write it
        found.append(file.getvalue())
    return found


def work(name: str, first: int, count: int) -> None:
    """One process's part: prints a line of counts behind every input, for the process above to read the last."""
    import warnings

    warnings.simplefilter("ignore")
    import torch

    from webtoonfaces.errors import WebtoonFacesError

    torch.set_num_threads(1)
    counts: Counter[str] = Counter()

    def ring(*_: object) -> None:
        raise HungError

    signal.signal(signal.SIGALRM, ring)
    with tempfile.TemporaryDirectory() as text:
        folder, mark = Path(text), Path(text) / "mark"
        made = inputs(name, first, count, folder, mark)
        while (read := next(made, None)) is not None:
            counts["tried"] += 1
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            signal.alarm(HUNG_S)
            try:
                read()
                counts["loaded"] += 1
            except WebtoonFacesError:
                counts["refused"] += 1
            except HungError:
                counts["hung"] += 1
            except Exception as error:
                counts["foreign"] += 1
                print(f"{name} {first + counts['tried'] - 1}: {type(error).__name__}: {error}", file=sys.stderr)
            signal.alarm(0)
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) * 1024
            counts["memory"] += grown > CLASSES[name][1]
            counts["code run"] += mark.exists()
            print(json.dumps(counts), flush=True)


def batch(name: str, first: int, count: int) -> Counter[str]:
    """Counts of one process; what it died of is counted, too."""
    command = [sys.executable, "-m", "tests.attack", "--work", name, str(first), str(count)]
    try:
        run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=HUNG_S * 20)
        output, died = run.stdout, run.returncode != 0
    except subprocess.TimeoutExpired as error:
        output, died = (error.stdout or b"").decode(), True
    counts = Counter(json.loads(output.splitlines()[-1]) if output else {})
    counts["foreign"] += died
    return counts


def tests(file: str, chosen: str, minutes: float) -> Counter[str]:
    """The same for attacks that are tests: each passed one is an input that ended as documented."""
    kills = os.environ.get("ATTACK_KILLS", "50")
    environment = {**os.environ, **MANY, "ATTACK_KILLS": kills, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-m", "", "-p", "no:cacheprovider", f"tests/attack/{file}"]
    command += ["-k", chosen] if chosen else []
    try:
        timeout = f"--timeout={minutes * 60:.0f}"
        run = subprocess.run([*command, timeout], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    except OSError as error:
        print(error, file=sys.stderr)
        return Counter({"foreign": 1})
    last = run.stdout.splitlines()[-1] if run.stdout else ""
    passed = sum(int(words[0]) for part in last.split(",") if len(words := part.split()) > 1 and words[1] == "passed")
    if run.returncode:
        print(run.stdout[-4000:], file=sys.stderr)
    times = {"any_recipe": 2000, "kill": int(kills), "killed": int(kills)}.get(chosen, 1)
    return Counter({"tried": passed * times, "loaded": passed * times, "work lost": int(run.returncode != 0)})


def main() -> int:
    parser = argparse.ArgumentParser(prog="make attack", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30, help="of the whole; fewer inputs are tried in less time")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work[0], int(options.work[1]), int(options.work[2]))
        return 0
    results: dict[str, Counter[str]] = {}
    started, planned = time.monotonic(), 60 * options.minutes
    for name, (file, chosen) in PYTESTS.items():
        results[name] = tests(file, chosen, options.minutes / 2)
        print(f"{name}: {dict(results[name])}", flush=True)
    left = planned - (time.monotonic() - started)
    for name, (total, _) in CLASSES.items():
        ends = time.monotonic() + max(20.0, left * SHARES[name] / sum(SHARES.values()))
        counts: Counter[str] = Counter()
        for first in range(0, total or 1, BATCH):
            counts += batch(name, first, min(BATCH, total))
            if time.monotonic() > ends:
                break
        results[name] = counts
        print(f"{name}: {dict(counts)}", flush=True)
    width = max(map(len, results))
    print(f"\n{'':<{width}}" + "".join(f"{column:>11}" for column in COLUMNS))
    for name, counts in results.items():
        print(f"{name:<{width}}" + "".join(f"{counts[column]:>11,}" for column in COLUMNS))
    total = sum(results.values(), Counter())
    print(f"{'all':<{width}}" + "".join(f"{total[column]:>11,}" for column in COLUMNS))
    return int(any(total[column] for column in WORST))


if __name__ == "__main__":
    sys.exit(main())
