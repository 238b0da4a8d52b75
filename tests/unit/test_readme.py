"""Every Python block of the README runs, in its order, as one notebook."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from webtoonfaces.models.cartoonizers import FacialCartoonizer
from webtoonfaces.models.edges import DexiNedMaps
from webtoonfaces.pretrained.cartoonizers import Cartoonizer, EdgeDetector
from webtoonfaces.webtoonize import cartoonize
from webtoonfaces.weights import convert, registry, store

README = Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_every_python_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dlib")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEBTOONFACES_SHELF", str(tmp_path / "shelf"))
    # Replace published weights: by a file in the original format, and by untrained networks instead of downloads.
    convert.convert_file(store.fetch(registry.find("stylegan2", "demo")), tmp_path / "250000.pt", "stylegan2")
    monkeypatch.setattr(store, "fetch", _only_embedded(store.fetch))
    torch.manual_seed(0)
    networks = {
        "load_cartoonizer": Cartoonizer(FacialCartoonizer(4).eval(), kind="cartoonizer", device="cpu"),
        "load_edges": EdgeDetector(DexiNedMaps().eval(), kind="dexined", device="cpu"),
    }
    for name, network in networks.items():
        monkeypatch.setattr(cartoonize, name, lambda *_, network=network, **__: network)
    names: dict[str, object] = {}
    for number, block in enumerate(BLOCKS, start=1):
        exec(compile(block, f"README.md, Python block {number}", "exec"), names)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*") if path.is_file()}
    named = set(re.findall(r'(?:save|gif|snapshot|save_photo)\("([^"]+\.\w+)"\)', "".join(BLOCKS)))
    assert named and named <= written
    assert any(name.startswith("pictures/") for name in written)


def _only_embedded(fetch):
    def checked(record, **options):
        assert record.embedded, f"the README would download {record}"
        return fetch(record, **options)

    return checked
