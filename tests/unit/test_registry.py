"""The registry of weights: its records, and the errors of bad records."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from webtoonfaces.errors import BadInputError, UnknownNameError
from webtoonfaces.weights import registry

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"

GOOD = """
[[weight]]
kind = "animegan2"
name = "one"
title = "One"
filename = "one.pt"
licence = "MIT"
origin = "nobody"
format = "state-dict-pt"
"""


def test_every_published_weight_is_listed():
    assert {(record.kind, record.name) for record in registry.records()} == {
        ("stylegan2", "demo"),
        ("stylegan2", "webtoon"),
        ("stylegan2", "ffhq"),
        ("swapae", "demo"),
        ("swapae", "webtoon"),
        ("swapae", "webtoon_finetuned"),
        ("cartoonizer", "facial-cartoonizer"),
        ("animegan2", "animegan2-celeba_distill"),
        ("animegan2", "animegan2-face_paint_512_v1"),
        ("animegan2", "animegan2-face_paint_512_v2"),
        ("animegan2", "animegan2-paprika"),
        ("animegan2", "animegan2-webtoon_face"),
        ("dexined", "dexined"),
        ("upscaler", "demo"),
        ("upscaler", "realesr-animevideov3"),
    }


def test_where_the_published_weights_are():
    assert registry.find("stylegan2", "webtoon").sources[0].drive == "14JLmYRtUFDbTC4IVzt14Os-tf23BXMLd"
    assert registry.find("stylegan2", "ffhq").sources[0].drive == "1PQutd-JboOCOZqmd95XWxWrO8gGEvRcO"
    assert registry.find("animegan2", "animegan2-webtoon_face").sources[0].drive == "10T6F3-_RFOCJn6lMb-6mRmcISuYWJXGc"
    for record in registry.records():
        for source in record.sources:
            assert source.address.startswith("https://")
            assert source.drive in source.address


def test_weights_never_published_say_so():
    for name in ("webtoon", "webtoon_finetuned"):
        record = registry.find("swapae", name)
        assert record.sources == ()
        assert "never published" in record.note


def test_embedded_weights_travel_with_the_package():
    embedded = [record for record in registry.records() if record.embedded]
    assert [(record.kind, record.filename) for record in embedded] == [
        ("stylegan2", "demo_stylegan2.safetensors"),
        ("swapae", "demo_swapae.safetensors"),
        ("upscaler", "demo_upscaler.safetensors"),
    ]
    for record in embedded:
        file = CHECKPOINTS / record.filename
        if file.is_file():
            assert record.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
            assert record.bytes == file.stat().st_size


def test_records_are_read_once_and_cannot_be_changed():
    record = registry.records()[0]
    assert registry.records() is registry.records()
    assert len({*registry.records()}) == len(registry.records())
    with pytest.raises(AttributeError):
        record.name = "other"


def test_find_offers_the_nearest_name():
    with pytest.raises(UnknownNameError, match=r"stylegan2 weight called 'webton'\. Did you mean webtoon"):
        registry.find("stylegan2", "webton")
    with pytest.raises(UnknownNameError, match="Did you mean swapae"):
        registry.find("swape", "demo")
    with pytest.raises(UnknownNameError):
        registry.find("stylegan2", "dexined")


def test_defaults_of_a_short_record():
    (record,) = registry.parse(GOOD)
    assert record.filenames == ("one.pt",)
    assert (record.sources, record.sha256, record.bytes, record.embedded, record.note) == ((), "", 0, False, "")
    assert str(record) == "animegan2 weight 'one'"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('colour = "red"', "unknown fields: colour"),
        ('sha256 = "abc"', "sha256 must be 64"),
        (f'sha256 = "{"A" * 64}"', "sha256 must be 64"),
        ("bytes = -1", "bytes must be"),
        ("bytes = true", "bytes must be"),
        ('aliases = ["../one.pt"]', "aliases must be"),
        ('aliases = ["one.exe"]', "aliases must be"),
        ('aliases = ["ONE.pt"]', "ONE.pt twice"),
        ('sources = [{ url = "http://example.org/one.pt" }]', "sources must be"),
        ('sources = [{ url = "https:///one.pt" }]', "sources must be"),
        ('sources = [{ drive = "short" }]', "sources must be"),
        ('sources = [{ drive = "14JLmYRtUFDbTC4IVzt14Os", url = "https://example.org" }]', "sources must be"),
        ("architecture = { size = 0 }", "architecture must be"),
        ('embedded = "yes"', "embedded must be"),
        ("embedded = true", "embedded, so it must be safetensors"),
        ("note = 3", "note must be"),
    ],
)
def test_a_bad_field_is_refused_by_name(line: str, complaint: str):
    with pytest.raises(BadInputError, match=complaint) as caught:
        registry.parse(GOOD + line)
    assert "one" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('licence = "MIT"', "", "lacks the fields: licence"),
        ('licence = "MIT"', 'licence = " "', "licence must be"),
        ('kind = "animegan2"', 'kind = "vae"', "kind must be one of"),
        ('name = "one"', 'name = "One!"', "name must be"),
        ('filename = "one.pt"', 'filename = "a/one.pt"', "filename must be"),
        ('filename = "one.pt"', 'filename = ".pt"', "filename must be"),
        ('format = "state-dict-pt"', 'format = "pickle"', "format must be one of"),
        ("[[weight]]", "[[wait]]", "list of \\[\\[weight\\]\\]"),
        ("[[weight]]", "[[weight", "not valid TOML"),
    ],
)
def test_a_bad_record_is_refused(old: str, new: str, complaint: str):
    with pytest.raises(BadInputError, match=complaint):
        registry.parse(GOOD.replace(old, new))


def test_names_and_file_names_are_unique():
    with pytest.raises(BadInputError, match="twice"):
        registry.parse(GOOD + GOOD.replace("one.pt", "two.pt"))
    with pytest.raises(BadInputError, match=r"file name one\.pt twice"):
        registry.parse(GOOD + GOOD.replace('name = "one"', 'name = "two"'))
    assert len(registry.parse(GOOD + GOOD.replace('"one', '"two'))) == 2


def test_listing_the_weights_loads_nothing_heavy():
    code = (
        "import sys; from webtoonfaces.weights import registry, store; registry.records(); store.search_folders('x');"
        "print(sorted({'torch', 'gdown', 'requests', 'tqdm', 'filelock', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""
