"""What a file of weights promises, checked before anything is built from it.

A small file may ask for a lot: tensors that repeat one number, compressed records, a header of many layers. Here the
structure is read within bounds, and every size in it is held against the size of the file. No object of the file is
made, and nothing but the standard library is needed.

The pickle in a `.pt` is followed by a machine of its own, which knows the operations that torch's reader of weights
knows and makes none of the objects: only their names, and the sizes of the tensors.
"""

from __future__ import annotations

import io
import json
import math
import pickletools
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import UnsafeFileError, WeightsError

MOST_PICKLE = 8 * 2**20  # bytes of a pickle, or of the header of a safetensors file
MOST_STEPS = 500_000  # of a pickle
MOST_ENTRIES = 50_000  # tensors or records in a file
MOST_TIMES = 4  # bytes of all tensors against those of the file: several names may share one tensor
MOST_DIRECTORY = 16 * 2**20  # bytes of a zip's directory
CHUNK = 2**20

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # the first pickle of a `.pt` that is no zip

# Bytes of one number, by the storage that torch keeps it in.
STORAGES = {
    **dict.fromkeys(("BoolStorage", "ByteStorage", "CharStorage"), 1),
    **dict.fromkeys(("HalfStorage", "BFloat16Storage", "ShortStorage"), 2),
    **dict.fromkeys(("FloatStorage", "IntStorage"), 4),
    **dict.fromkeys(("DoubleStorage", "LongStorage"), 8),
}
_SAFETENSORS_TYPES = {
    **{"BOOL": 1, "U8": 1, "I8": 1, "I16": 2, "F16": 2, "BF16": 2},
    **{"I32": 4, "F32": 4, "I64": 8, "F64": 8},
}
_PLAIN = {
    *(f"torch.{name}" for name in STORAGES),
    *(f"torch.{name}" for name in ("float16", "bfloat16", "float32", "float64", "uint8", "int32", "int64", "bool")),
    *("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter", "torch.Size", "torch.device"),
    *("collections.OrderedDict", "argparse.Namespace", "_codecs.encode"),
}


def check(path: Path, *, safetensors: bool) -> None:
    """Check a file of weights by its content: a safetensors file, or else a `.pt` of either format.

    Raises UnsafeFileError: the file asks for an object that is on no list; the message names it.
    WeightsError: it is damaged, cut short, or asks for more memory than its size explains.
    """
    if safetensors:
        safetensors_header(path)
    else:
        check_pickle(path)


def unsafe(path: Path, named: str) -> UnsafeFileError:
    return UnsafeFileError(
        f"{path.name} was not opened, because it would run code on this machine: it asks for {named}. "
        "A checkpoint needs only tensors, numbers and text. Get it elsewhere, or ask its author for safetensors."
    )


def damaged(path: Path, why: str = "") -> WeightsError:
    told = f" ({why})" if why else ""
    return WeightsError(
        f"{path.name} cannot be read as a checkpoint{told}. It may be damaged, truncated, or a web page saved under "
        "that name. Check its size, and download it again."
    )


# --------------------------------------------------------------------------------------------------- safetensors


def safetensors_header(path: Path) -> dict[str, Any]:
    """The header of a safetensors file, whose tensors fill the file to its last byte. Raises WeightsError."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(0)
            length = int.from_bytes(file.read(8), "little")
            if length > min(MOST_PICKLE, size - 8):
                raise damaged(path)
            header = json.loads(file.read(length))
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        if len(entries) > MOST_ENTRIES:
            raise damaged(path, f"it names {len(entries):,} tensors; at most {MOST_ENTRIES:,} are read")
        for name, entry in entries.items():
            start, end = entry["data_offsets"]
            if len(entry["shape"]) > 16 or any(type(side) is not int or side >> 62 for side in entry["shape"]):
                raise damaged(path, f"{name[:100]} has no size")
            if entry["dtype"] not in _SAFETENSORS_TYPES:
                raise damaged(path, f"{name[:100]} holds numbers of the kind {str(entry['dtype'])[:20]}")
            if end - start != _SAFETENSORS_TYPES[entry["dtype"]] * math.prod(entry["shape"]):
                raise damaged(path, f"{name[:100]} has another size than it says")
        end = max((entry["data_offsets"][1] for entry in entries.values()), default=0)
    except WeightsError:
        raise
    except Exception as error:  # what a header of any other shape leads to
        raise damaged(path) from error
    if 8 + length + end != size:
        raise damaged(path, f"it has {size:,} bytes where its header promises {8 + length + end:,}")
    return header


# ------------------------------------------------------------------------------------------------------- pickles


def check_pickle(path: Path) -> None:
    """Check a `.pt`, either a zip or torch's older series of pickles; raises as `check` does."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(0)
            start = file.read(4)
            file.seek(0)
            if start.startswith(b"PK"):
                _check_zip(path, file, size)
            else:
                _check_series(path, file, size)
    except WeightsError:
        raise
    except Exception as error:  # zipfile and a pickle of any shape: whatever it is, the file is none of ours
        raise damaged(path) from error


def _check_zip(path: Path, file: BinaryIO, size: int) -> None:
    """Records as torch writes them, uncompressed and whole, and a pickle that asks for no more than is in them."""
    if _directory_size(file, size) > MOST_DIRECTORY:
        raise damaged(path, "its directory is larger than any checkpoint's")
    with zipfile.ZipFile(file) as archive:
        records = archive.infolist()
        names = {record.filename for record in records}
        if len(records) > MOST_ENTRIES or len(names) != len(records):
            raise damaged(path, f"it has {len(records):,} records, or two of one name")
        if any(record.compress_type != zipfile.ZIP_STORED or record.flag_bits & 1 for record in records):
            raise damaged(path, "its records are compressed or encrypted, which torch never does")
        if sum(record.file_size for record in records) > size:
            raise damaged(path, "its records are larger than the file")
        for record in records:
            if record.CRC == 0:  # torch can be told to leave the sums out
                del record.CRC
        pickles = [record for record in records if record.filename.split("/")[1:] == ["data.pkl"]]
        if len(pickles) != 1:
            raise damaged(path)
        if pickles[0].file_size > MOST_PICKLE:
            raise damaged(path, f"its pickle has {pickles[0].file_size:,} bytes; at most {MOST_PICKLE:,} are read")
        machine = _Machine()
        machine.run(io.BytesIO(archive.read(pickles[0])))
        machine.judge(path, size)
        top = pickles[0].filename.removesuffix("data.pkl")
        for key, storage in machine.storages.items():
            found = archive.NameToInfo.get(f"{top}data/{key}")
            if found is None or found.file_size != storage.nbytes:
                raise damaged(path, f"the record data/{key[:40]} has not the size that its tensor needs")
        for record in records:
            _check_sum(path, archive, record)


def _directory_size(file: BinaryIO, size: int) -> int:
    """Bytes of the zip's directory; its last record stands at the very end of a file of torch's, without a comment."""
    file.seek(max(0, size - 98))
    tail = file.read(98)
    file.seek(0)
    if len(tail) < 22 or tail[-22:-18] != b"PK\x05\x06":
        raise ValueError("no directory at the end")
    wide = len(tail) == 98 and tail[:4] == b"PK\x06\x06"  # the record of a zip64
    return int.from_bytes(tail[40:48] if wide else tail[-10:-6], "little")


def _check_sum(path: Path, archive: zipfile.ZipFile, record: zipfile.ZipInfo) -> None:
    try:
        with archive.open(record) as content:
            while content.read(CHUNK):
                pass
    except zipfile.BadZipFile as error:
        raise damaged(path, f"the checksum of {record.filename[:60]} is wrong") from error


def _check_series(path: Path, file: BinaryIO, size: int) -> None:
    """torch's format before 1.6: five pickles, then the numbers of each storage behind their count."""
    start = io.BytesIO(file.read(MOST_PICKLE))
    machine = _Machine()
    magic = machine.run(start)
    if magic != LEGACY_MAGIC:  # some other pickle: what it asks for is told all the same
        machine.judge(path, size)
        raise damaged(path)
    for _ in range(3):  # the protocol, the system, and the content
        machine.run(start)
        machine.judge(path, size)
    keys = machine.run(start)
    machine.judge(path, size)
    words = isinstance(keys, list) and all(isinstance(key, str) for key in keys)
    if not words or sorted(keys) != sorted(machine.storages):
        raise damaged(path)
    position = start.tell()
    for key in keys:
        storage = machine.storages[key]
        file.seek(position)
        if int.from_bytes(file.read(8), "little") != storage.count:
            raise damaged(path, "a tensor has another size than it says")
        position += 8 + storage.nbytes
    if position != size:
        raise damaged(path, f"it has {size:,} bytes where its tensors need {position:,}")


@dataclass(frozen=True)
class _Name:
    """A global that the pickle asks for; never looked up."""

    text: str


@dataclass(frozen=True)
class _Storage:
    count: int
    width: int

    @property
    def nbytes(self) -> int:
        return self.count * self.width


class _Thing:
    """Whatever else a pickle makes: only the number of its entries matters."""

    entries = 0


class _UnknownStepError(Exception):
    """An operation that torch's reader of weights does not know, or an operand that makes no sense."""


@dataclass
class _Machine:
    """Follows a pickle; what it learns is in `storages`, `tensor_bytes`, `unsafe` and `unusual`."""

    storages: dict[str, _Storage] = field(default_factory=dict)
    tensor_bytes: int = 0
    unsafe: dict[str, None] = field(default_factory=dict)  # names, in the order of their appearance
    unusual: dict[str, None] = field(default_factory=dict)  # torch's, but of other things than plain tensors
    copied: int = 0  # entries of tables
    broken: str = ""  # why it could not be followed to its end

    def run(self, stream: BinaryIO) -> Any:
        """Follow one pickle up to its end, and give what it made; errors are noted, for `judge` to tell."""
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        words: list[Any] = []  # texts as they came, for the operations that name an object by the last two
        for number, (name, argument) in enumerate(_steps(stream)):
            if number >= MOST_STEPS:
                self.broken = self.broken or f"its pickle has more than {MOST_STEPS:,} steps"
                return None
            if name in ("GLOBAL", "INST"):
                self._ask(str(argument).replace(" ", ".", 1))
            elif name == "STACK_GLOBAL":
                self._ask(".".join(str(word)[:200] for word in words[-2:]))
            elif isinstance(argument, str):
                words.append(argument)
            if self.broken:
                continue  # only to learn the names that are still to come
            if name == "STOP":
                return self._stack[-1] if self._stack else None
            try:
                self._do(name, argument)
            except (_UnknownStepError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
                self.broken = f"step {number:,} of its pickle, {name}, makes no sense: {str(error)[:80]}"
        self.broken = self.broken or "its pickle has no end"
        return None

    def judge(self, path: Path, size: int) -> None:
        """Raise what is wrong with the pickles so far, the worst first, for a file of `size` bytes."""
        if self.unsafe:
            raise unsafe(path, ", ".join(list(self.unsafe)[:6]))
        if self.unusual:
            raise WeightsError(
                f"{path.name} holds other things than plain tensors ({', '.join(list(self.unusual)[:6])}), which no "
                "weights of these networks are. Save its state dict with ordinary tensors, and give that file."
            )
        if self.broken:
            raise damaged(path, self.broken)
        asked = sum(storage.nbytes for storage in self.storages.values())
        if asked > size or self.tensor_bytes > MOST_TIMES * size + CHUNK:
            raise damaged(path, f"its tensors would take {max(asked, self.tensor_bytes):,} bytes, and it has {size:,}")

    def _ask(self, name: str) -> None:
        name = name.replace("__builtin__", "builtins")[:200]
        if name in _PLAIN:
            return
        of_torch = name.startswith(("torch._utils._rebuild_", "torch.storage.", "torch._tensor._rebuild_"))
        if of_torch or (name.startswith("torch.") and name.count(".") == 1 and name.endswith("Storage")):
            self.unusual[name] = None
        else:
            self.unsafe[name] = None

    def _do(self, name: str, argument: Any) -> None:
        step = _STEPS.get(name)
        if step is None:
            raise _UnknownStepError("torch's reader of weights does not know it")
        step(self, argument)

    # operations

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _mark(self, _: Any) -> None:
        self._marks.append(self._stack)
        self._stack = []

    def _since_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._marks.pop()
        return items

    def _tuple(self, count: int) -> None:
        items = self._stack[len(self._stack) - count :]
        if len(items) != count:
            raise IndexError("too few values")
        del self._stack[len(self._stack) - count :]
        self._stack.append(tuple(items))

    def _put(self, place: Any) -> None:
        if not 0 <= int(place) <= MOST_STEPS:
            raise ValueError("there are not so many values to remember")
        self._memo[int(place)] = self._stack[-1]

    def _add(self, items: list[Any]) -> None:
        if isinstance(self._stack[-1], list):
            self._stack[-1].extend(items)

    def _call(self, _: Any) -> None:
        given, called = self._stack.pop(), self._stack.pop()
        if not isinstance(called, _Name) or not isinstance(given, tuple):
            raise _UnknownStepError("it calls what is no name")
        if called.text == "torch._utils._rebuild_tensor_v2":
            self._tensor(*given[:4])
        elif called.text == "_codecs.encode":  # bytes, written as a text that may be used over and over
            self.tensor_bytes += len(given[0])
        elif called.text == "torch.Size":
            _small(given[0])
        elif called.text == "torch._utils._rebuild_parameter" or called.text == "torch.device":
            _small(given)
        elif given or called.text not in ("collections.OrderedDict", "argparse.Namespace"):
            raise _UnknownStepError("no checkpoint calls that")
        self._stack.append(_Thing())

    def _tensor(self, storage: Any, offset: Any, shape: Any, strides: Any) -> None:
        if not isinstance(storage, _Storage) or len(shape) != len(strides) or len(shape) > 16:
            raise _UnknownStepError("it is no tensor")
        for number in (offset, *shape, *strides):
            if type(number) is not int or not 0 <= number < 2**62:
                raise _UnknownStepError("a tensor's size is no number")
        count = math.prod(shape)
        last = sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True))
        if count and max(count, last + 1) > storage.count - offset:
            raise _UnknownStepError("a tensor is larger than what it is made of")
        self.tensor_bytes += count * storage.width

    def _storage(self, _: Any) -> None:
        kind, name, key, _place, count, *_more = self._stack.pop()
        if kind != "storage" or not isinstance(name, _Name) or not isinstance(key, str) or type(count) is not int:
            raise _UnknownStepError("it is no storage")
        width = STORAGES.get(name.text.removeprefix("torch."), 0)
        storage = _Storage(count, width)
        if not width or count < 0 or self.storages.setdefault(key, storage) != storage:
            raise _UnknownStepError("a storage has no size, or two")
        self._stack.append(storage)

    def _enter(self, items: list[Any]) -> None:
        self._stack[-1].entries += len(items) // 2

    def _last(self, count: int) -> list[Any]:
        return [self._stack.pop() for _ in range(count)]

    def _build(self, _: Any) -> None:
        state = self._stack.pop()
        if not isinstance(state, _Thing) or not isinstance(self._stack[-1], _Thing):
            raise _UnknownStepError("an object has no attributes")
        self.copied += state.entries
        if self.copied > MOST_STEPS:  # one table may be given to many objects, each of which copies it
            raise _UnknownStepError("its objects have too many attributes")


def _small(values: Any) -> None:
    if not isinstance(values, tuple) or len(values) > 16:
        raise _UnknownStepError("too many values")


def _steps(stream: BinaryIO) -> Iterator[tuple[str, Any]]:
    """Name and argument of each step of a pickle, as far as it can be read."""
    try:
        for operation, argument, _ in pickletools.genops(stream):
            yield operation.name, argument
    except Exception:  # a damaged pickle makes the reader raise of every kind
        return


def _pushes(make: Callable[[Any], Any]) -> Callable[[_Machine, Any], None]:
    return lambda machine, argument: machine._push(make(argument))


_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda machine, argument: None,
    "GLOBAL": _pushes(lambda argument: _Name(str(argument).replace(" ", ".", 1))),
    "NONE": _pushes(lambda _: None),
    "NEWTRUE": _pushes(lambda _: True),
    "NEWFALSE": _pushes(lambda _: False),
    **dict.fromkeys(
        ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINSTRING"),
        _pushes(lambda argument: argument),
    ),
    "EMPTY_TUPLE": _pushes(lambda _: ()),
    "EMPTY_LIST": _pushes(lambda _: []),
    **dict.fromkeys(("EMPTY_DICT", "EMPTY_SET"), _pushes(lambda _: _Thing())),
    "MARK": _Machine._mark,
    "TUPLE": lambda machine, _: machine._push(tuple(machine._since_mark())),
    "TUPLE1": lambda machine, _: machine._tuple(1),
    "TUPLE2": lambda machine, _: machine._tuple(2),
    "TUPLE3": lambda machine, _: machine._tuple(3),
    "APPEND": lambda machine, _: machine._add([machine._stack.pop()]),
    "APPENDS": lambda machine, _: machine._add(machine._since_mark()),
    "SETITEM": lambda machine, _: machine._enter(machine._last(2)),
    "SETITEMS": lambda machine, _: machine._enter(machine._since_mark()),
    "BUILD": _Machine._build,
    "REDUCE": _Machine._call,
    "NEWOBJ": _Machine._call,
    "BINPERSID": _Machine._storage,
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _Machine._put),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda machine, argument: machine._push(machine._memo[int(argument)])),
}
