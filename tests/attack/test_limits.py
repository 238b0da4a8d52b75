"""The numbers in SECURITY.md are those of the code, and `doctor` prints the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from webtoonfaces.cli.doctor import findings
from webtoonfaces.data import manifest, pairs
from webtoonfaces.drawing import person
from webtoonfaces.images import MOST_OF_FORMAT, MOST_PIXELS
from webtoonfaces.models import stylegan2
from webtoonfaces.pretrained.generators import LONGEST
from webtoonfaces.rendering import recipe
from webtoonfaces.weights import convert, download, ncnn, scan

MIB, GIB = 2**20, 2**30
PROMISED = {
    "picture that is opened": f"{MOST_PIXELS // 10**6} megapixels.*JPEG 2000: {MOST_OF_FORMAT['JPEG2000'] // 10**6}",
    "picture that is encoded": f"at most {LONGEST} times",
    "weights, tensors": f"at most {scan.MOST_TIMES} times .*{scan.MOST_ENTRIES:,} in a file",
    "weights, pickle or header": f"{scan.MOST_PICKLE // MIB} MiB, {scan.MOST_STEPS:,} steps.* {convert.MOST_PARTS:,}$",
    "weights, ncnn (`.param`, `.bin`)": f"{ncnn.MOST_TEXT // MIB} MiB of text, {ncnn.MOST_LAYERS} layers, "
    f"{ncnn.MOST_CHANNELS} channels",
    "picture that is enlarged": f"^{MOST_PIXELS // 10**6} megapixels",
    "networks": "32 to 1024 px, 4096 channels, 64 mapping layers",
    "recipe": f"{recipe.MOST_BYTES // MIB} MiB, {recipe.MOST_DEPTH} levels, {recipe.MOST_NODES:,} parts; sheets of "
    f"{recipe.MOST_PIXELS // 10**6} megapixels, cells of {recipe.MOST_CELL} px",
    "person of the drawing engine": f"{person.MAX_JSON:,} characters of JSON, {person.MAX_POINTS} points",
    "manifest of a data set, line of `persons.jsonl`": f"{manifest.MOST_BYTES // MIB} MiB, {pairs.MOST_LINE:,} char",
    "download": f"{download.MOST_BYTES // GIB} GiB; {download.LONGEST_S / 3600:.0f} hours; at least 1 KiB a second; "
    "a pause of a minute",
}


def rows() -> dict[str, str]:
    text = (Path(__file__).parents[2] / "SECURITY.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    return {name: words for name, words in found if name.strip()}


def test_every_promised_number_is_that_of_the_code():
    told = rows()
    assert told.keys() == PROMISED.keys()
    for name, pattern in PROMISED.items():
        assert re.search(pattern, told[name]), (name, told[name])
    assert download._SLOWEST == 1024 and download._LONGEST_PAUSE_S == 60


@pytest.mark.parametrize("values", [{"size": 2048}, {"size": 16}, {"w_dim": 4097}, {"mapping_layers": 65}])
def test_networks_end_where_it_is_promised(values: dict[str, int]):
    with pytest.raises(ValueError):
        stylegan2.StyleGAN2Config(**values)


def test_doctor_prints_every_limit():
    shown = {found.what: found.state for found in findings() if found.what.startswith("limit")}
    assert shown.keys() == {f"limit, {what}" for what in ("pictures", "weights", "recipes", "persons", "downloads")}
    for what, number in (
        ("pictures", MOST_PIXELS // 10**6),
        ("pictures", MOST_OF_FORMAT["JPEG2000"] // 10**6),
        ("pictures", LONGEST),
        ("weights", scan.MOST_TIMES),
        ("weights", scan.MOST_ENTRIES),
        ("weights", scan.MOST_STEPS),
        ("weights", convert.MOST_PARTS),
        ("recipes", recipe.MOST_NODES),
        ("recipes", recipe.MOST_BYTES // MIB),
        ("persons", person.MAX_JSON),
        ("downloads", download.MOST_BYTES // GIB),
        ("downloads", round(download.LONGEST_S / 3600)),
    ):
        assert f"{number:,}" in shown[f"limit, {what}"]
