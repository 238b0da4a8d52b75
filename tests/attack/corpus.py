"""Hostile files of weights and recipes, made anew by each run: what attackers and damaged disks come up with."""

from __future__ import annotations

import argparse
import io
import json
import pickle
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file

from tests.conftest import TINY_STYLEGAN2
from webtoonfaces.models import stylegan2
from webtoonfaces.weights import convert

MARK = "WEBTOONFACES_ATTACK_MARK"  # names the file that appears if code of a hostile file ever runs


class Calls:
    """Pickles as a call of any function; what it is given makes the mark appear."""

    def __init__(self, function: object, *arguments: object):
        self._reduced = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self._reduced


def original(**extra: object) -> dict[str, object]:
    """The content of a small honest StyleGAN2 checkpoint."""
    torch.manual_seed(3)
    network = convert.export("stylegan2_generator", stylegan2.Generator(TINY_STYLEGAN2))
    return {"g_ema": network, "args": argparse.Namespace(size=32, latent=24), **extra}


def as_bytes(content: object, *, legacy: bool = False) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


def rezipped(data: bytes, *, compressed: bool, **records: bytes) -> bytes:
    """The zip `data` with some of its records replaced, by the ends of their names."""
    out = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", kind) as new:
        for record in old.infolist():
            name = record.filename.rsplit("/", 1)[-1].replace(".", "_")
            new.writestr(record.filename, records.get(name, old.read(record)))
    return out.getvalue()


def _wide(shape: tuple[int, ...], stride: tuple[int, ...]) -> torch.Tensor:
    return torch.as_strided(torch.ones(1), shape, stride)


def _nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value, value]
    return value


def pt_cases(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Named `.pt` files, each of which has to be refused."""
    big = {key: _wide(tuple(t.shape), (0,) * t.ndim) for key, t in original()["g_ema"].items()}
    yield "stride 0", as_bytes(original(g_ema=big))
    yield "stride 0, legacy", as_bytes(original(g_ema=big), legacy=True)
    yield "stride 0, huge", as_bytes({"g_ema": {"style.1.weight": _wide((2**20, 2**12), (0, 0))}})
    yield "negative depth", as_bytes(original(g_ema={"style.100000000.weight": torch.ones(1), **big}))
    honest = original()
    layers = {**honest["g_ema"], "style.100000000.weight": torch.ones(24, 24), "style.1.weight": torch.ones(24, 24)}
    yield "style index", as_bytes(original(g_ema=layers))
    yield "style index of 5000 digits", as_bytes(original(g_ema={**honest["g_ema"], f"style.{'9' * 5000}.weight": 1}))
    data = as_bytes(honest)
    yield "deflated version", rezipped(data, compressed=True, version=bytes(64 * 2**20))
    yield "deflated pickle", rezipped(data, compressed=True, data_pkl=b"\x80\x02" + b"N0" * (32 * 2**20) + b"N.")
    yield "long pickle", rezipped(data, compressed=False, data_pkl=b"\x80\x02" + b"N0" * 2**20 + b"N.")
    yield "bytearray", pickle.dumps(bytearray(8), 2).replace(b"\x8a", b"\x8a")
    yield "bytearray 2**31", b"\x80\x02c__builtin__\nbytearray\n\x8a\x05\x00\x00\x00\x80\x00\x85R."
    body = b"\x80\x02}(X\x05\x00\x00\x00g_emac__builtin__\nbytearray\n\x8a\x05\x00\x00\x00\x80\x00\x85Ru."
    yield "bytearray in a zip", rezipped(data, compressed=False, data_pkl=body)
    text = b"X" + struct.pack("<I", 2**20) + b"x" * 2**20 + b"q\x000"
    encode = b"\x80\x02" + text + b"]" + b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86Ra" * 5000 + b"."
    yield "encode, over and over", rezipped(data, compressed=False, data_pkl=encode)
    table = b"}(" + b"".join(b"M" + struct.pack("<H", n) + b"N" for n in range(40_000)) + b"uq\x000]"
    build = b"\x80\x02" + table + b"ccollections\nOrderedDict\n)Rh\x00ba" * 20_000 + b"."
    yield "one table, many objects", rezipped(data, compressed=False, data_pkl=build)
    for kind, value in (
        ("sparse", torch.eye(3).to_sparse()),
        ("csr", torch.eye(3).to_sparse_csr()),
        ("complex", torch.ones(3, dtype=torch.complex64)),
        ("meta", torch.ones(3, device="meta")),
        ("quantized", torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8)),
        ("nested", torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])),
        ("text", "words"),
        ("number", 3),
        ("float8", torch.ones(3).to(torch.float8_e4m3fn)),
    ):
        yield kind, as_bytes(original(g_ema={**honest["g_ema"], "style.1.bias": value}))
    for kind, number in (("nan", float("nan")), ("infinite", float("inf"))):
        yield kind, as_bytes(original(g_ema={**honest["g_ema"], "style.1.bias": torch.full((24,), number)}))
    for kind, key in (("number as name", 7), ("nothing as name", None), ("pair as name", (1, 2))):
        yield kind, as_bytes({"g_ema": {key: torch.ones(1)}, key: 1})
    for kind, content in (("list", [1]), ("tensor", torch.ones(3)), ("empty", {}), ("nested", _nested(40))):
        yield f"{kind} instead", as_bytes(content)
    yield "empty file", b""
    yield "half", data[: len(data) // 2]
    flipped = bytearray(data)
    flipped[data.index(b"data/0") + 2000] ^= 1
    yield "one bit", bytes(flipped)
    yield "trailing bytes", data + bytes(100)
    yield "memo index", b"\x80\x02Nr\xff\xff\xff\xff."
    yield "deep", b"\x80\x02" + b"]" * 400_000 + b"a" * 399_999 + b"."


def hostile_pickles(mark: Path) -> Iterator[tuple[str, str, bytes]]:
    """Pickles that would make the file `mark` appear, each with the object that a refusal has to name."""
    import builtins
    import os
    import runpy
    import shutil
    import subprocess

    code = f"open({str(mark)!r}, 'w').close()"
    calls: list[tuple[str, Calls]] = [
        ("system", Calls(os.system, f"touch {mark}")),
        ("popen", Calls(os.popen, f"touch {mark}")),
        ("builtins.eval", Calls(builtins.eval, code)),
        ("builtins.exec", Calls(builtins.exec, code)),
        ("Popen", Calls(subprocess.Popen, ["touch", str(mark)])),
        ("runpy", Calls(runpy.run_path, str(mark))),
        ("shutil", Calls(shutil.copyfile, "/etc/hosts", str(mark))),
        ("builtins.getattr", Calls(builtins.getattr, os, "system")),
    ]
    for name, call in calls[:-1]:
        for protocol in range(6):
            yield f"{name}, protocol {protocol}", name, pickle.dumps({"g_ema": call}, protocol)
        for legacy in (False, True):
            yield f"{name}, legacy={legacy}", name, as_bytes(original(hook=call), legacy=legacy)
        yield f"{name}, key", name, as_bytes(original(args=argparse.Namespace(x=call)))
    yield "INST", "os.system", f"\x80\x02(S'touch {mark}'\nios\nsystem\n.".encode("latin1")
    yield "cut after the name", "os.system", b"\x80\x02cos\nsystem\nX\xff\xff\xff\x7f"
    stacked = b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x8c\x01x\x85R."
    yield "STACK_GLOBAL", "os.system", stacked


def safetensors_cases(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Named safetensors files, each of which has to be refused."""
    torch.manual_seed(3)
    module = stylegan2.Generator(TINY_STYLEGAN2)
    honest = convert.write(folder / "honest.safetensors", "stylegan2", {"g_ema": module})
    data = honest.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]

    def changed(change: Callable[[dict], object]) -> bytes:
        copy = json.loads(json.dumps(header))
        change(copy)
        text = json.dumps(copy).encode()
        return len(text).to_bytes(8, "little") + text + body

    def config(**values: object) -> bytes:
        def change(copy: dict) -> None:
            known = json.loads(copy["__metadata__"]["config"])
            known["g_ema"].update(values)
            copy["__metadata__"]["config"] = json.dumps(known)

        return changed(change)

    def words(**values: object) -> bytes:
        return changed(lambda copy: copy["__metadata__"].update(values))

    numbers: list[object] = [10**6, 0, -1, 2**63, 1.5, "big", None, True, [], {}, float("nan"), 10**400]
    for name in ("size", "mapping_layers", "w_dim", "channels"):
        for value in numbers:
            if (name, value) != ("channels", None):
                yield f"{name} {str(value)[:20]}", config(**{name: value})
    yield "channels of a million", config(channels=[10**6] * 4)
    for text in ("", "{", "[]", "null", "[" * 10_000, '{"g_ema": 3}', '{"g_ema": [1]}', '{"g_ema": null}', "1" * 5000):
        yield f"config {text[:12]}", words(config=text)
    yield "family", words(family="x" * 10_000)
    yield "length of the header", (2**40).to_bytes(8, "little") + data[8:]
    yield "header of zeros", (2**22).to_bytes(8, "little") + bytes(2**22)
    yield "deep header", (10**6).to_bytes(8, "little") + b"[" * 10**6
    yield "cut", data[:-1]
    yield "longer", data + b"x"
    yield "no tensors", changed(lambda copy: [copy.pop(key) for key in list(copy) if key != "__metadata__"])
    yield "no shape", changed(lambda copy: copy["g_ema.style.1.bias"].pop("shape"))
    yield "huge shape", changed(lambda copy: copy["g_ema.style.1.bias"].update(shape=[2**60, 2**60]))
    yield "many sides", changed(lambda copy: copy["g_ema.style.1.bias"].update(shape=[2**60] * 10**5))
    yield "unknown numbers", changed(lambda copy: copy["g_ema.style.1.bias"].update(dtype="F4"))
    yield "empty file", b""
    yield "page", b"<html>quota</html>"
    save_file({"g_ema.x": torch.full((3,), float("nan"))}, folder / "nan.safetensors", metadata={})
    yield "not ours", (folder / "nan.safetensors").read_bytes()


def parts_cases(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Safetensors files whose header calls them a part of something impossible."""
    for part in ("1/1000000000", "0/2", "3/2", "-1/2", "1/", "/2", "1/2/3", "one/two", "1" * 5000 + "/2", "²/3"):
        path = folder / "part.safetensors"
        module = stylegan2.Generator(TINY_STYLEGAN2)
        convert.write(path, "stylegan2", {"g_ema": module}, metadata={"part": part})
        # `write` drops nothing: the word is in the header as given
        yield part[:20], path.read_bytes()


def mutated(data: bytes, seed: int) -> bytes:
    """`data` with a few bytes changed, cut, doubled or moved, and sometimes cut short."""
    chance = random.Random(seed)
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        place = chance.randrange(len(changed) or 1)
        match chance.randrange(6):
            case 0:
                changed[place : place + 1] = bytes((chance.randrange(256),))
            case 1:
                changed[place : place + 1] = bytes((changed[place] ^ 1 << chance.randrange(8),)) if changed else b""
            case 2:
                del changed[place : place + chance.choice((1, 2, 8, 100))]
            case 3:
                changed[place:place] = changed[place : place + chance.choice((1, 4, 64))]
            case 4:
                changed[place : place + 4] = struct.pack("<I", chance.choice((0, 1, 2**31 - 1, 2**31, 2**32 - 1)))
            case 5:
                other = chance.randrange(len(changed) or 1)
                changed[place : place + 8] = changed[other : other + 8]
    return bytes(changed[: chance.randrange(len(changed) or 1)] if chance.random() < 0.05 else changed)
