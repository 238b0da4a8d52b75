"""The weights that have a name: reads and checks `registry.toml`.

A record gives a weight's download addresses, training, licence and sha256. `store` finds, downloads and verifies the
file. This module needs only the standard library, so listing the models is fast.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from webtoonfaces.errors import BadInputError, UnknownNameError

KINDS = ("stylegan2", "swapae", "cartoonizer", "animegan2", "dexined", "upscaler")
FORMATS = ("safetensors", "rosinality-pt", "state-dict-pt")

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.(safetensors|pt|pth)")
_DRIVE_ID = re.compile(r"[A-Za-z0-9_-]{20,}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A place to download a file from: an https address or the id of a file on Google Drive; exactly one is given."""

    url: str = ""
    drive: str = ""

    @property
    def address(self) -> str:
        """The address to open in a browser."""
        return self.url or f"https://drive.google.com/file/d/{self.drive}/view"


@dataclass(frozen=True, kw_only=True)
class Record:
    """One published weight, identified by `(kind, name)`.

    kind : the family of networks it belongs to, one of `KINDS`.      name : what a user types; unique within its kind.
    title : one line that describes it.      filename : the name under which it is stored.
    aliases : other names under which users may have it, such as the one its author gave it.
    sources : where it can be downloaded, tried in order; empty for embedded weights and for those never published.
    sha256 : 64 lower-case hexadecimal digits; "" if unknown, then it is pinned on first use.
    bytes : size of the file, 0 if unknown.      licence : its terms, in words.      origin : who trained it on what.
    architecture : sizes that build its network; empty if the file or the layout gives them.
    format : of the file, one of `FORMATS`.      embedded : whether it is part of the package.
    note : what else a user must know, or "".
    """

    kind: str
    name: str
    title: str
    filename: str
    licence: str
    origin: str
    format: str
    aliases: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    sha256: str = ""
    bytes: int = 0
    architecture: Mapping[str, int] = field(default_factory=dict, hash=False)
    embedded: bool = False
    note: str = ""

    @property
    def filenames(self) -> tuple[str, ...]:
        """Every name that the file may have, the preferred one first."""
        return (self.filename, *self.aliases)

    def __str__(self) -> str:
        return f"{self.kind} weight {self.name!r}"


@cache
def records() -> tuple[Record, ...]:
    """All records, in the order of `registry.toml`; the file is read once."""
    return parse(resources.files(__package__).joinpath("registry.toml").read_text(encoding="utf-8"))


def find(kind: str, name: str) -> Record:
    """The record called `name` among those of `kind`.

    Raises UnknownNameError, which suggests similar names, if there is no such kind or no such name in it.
    """
    if kind not in KINDS:
        raise UnknownNameError("kind of weight", kind, KINDS)
    of_kind = {record.name: record for record in records() if record.kind == kind}
    if name not in of_kind:
        raise UnknownNameError(f"{kind} weight", name, of_kind)
    return of_kind[name]


def named(name: str) -> Record:
    """The record called `name`, of whatever kind.

    Raises:
        UnknownNameError: there is none; the message offers the nearest.
        BadInputError: kinds share the name, such as "demo"; the message lists them.
    """
    found = [record for record in records() if record.name == name]
    if not found:
        raise UnknownNameError("weight", name, {record.name for record in records()})
    if len(found) > 1:
        choices = " or ".join(f"{record.kind} {record.name}" for record in found)
        raise BadInputError(f"Several weights are called {name!r}. Say which one: {choices}.")
    return found[0]


def parse(text: str) -> tuple[Record, ...]:
    """A registry from TOML text: a list of tables `[[weight]]` whose fields are those of `Record`.

    Raises BadInputError if the text is not TOML, or if a record has a missing, unknown or wrong field, which is named.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInputError(f"The registry of weights is not valid TOML: {error}.") from error
    if set(document) != {"weight"} or not isinstance(document["weight"], list):
        raise BadInputError("The registry of weights must be a list of [[weight]] tables and nothing else.")
    found = tuple(_read_record(table) for table in document["weight"])
    _check_unique(found)
    return found


def _read_record(table: Mapping[str, Any]) -> Record:
    label = f"{table.get('kind', '?')}/{table.get('name', '?')}"
    fields = {spec.name: spec for spec in dataclasses.fields(Record)}
    _refuse(label, "has unknown fields", set(table) - set(fields))
    required = {name for name, spec in fields.items() if _is_required(spec)}
    _refuse(label, "lacks the fields", required - set(table))
    for name, value in table.items():
        usable, expected = _RULES[name]
        if not usable(value):
            raise BadInputError(f"Weight {label} in the registry: {name} must be {expected}, not {value!r}.")
    values = dict(table)
    values["aliases"] = tuple(table.get("aliases", ()))
    values["sources"] = tuple(Source(**source) for source in table.get("sources", ()))
    record = Record(**values)
    if record.embedded and (record.sources or record.format != "safetensors"):
        raise BadInputError(f"Weight {label} in the registry is embedded, so it must be safetensors without sources.")
    return record


def _is_required(spec: dataclasses.Field[Any]) -> bool:
    return spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING


def _refuse(label: str, complaint: str, names: set[str]) -> None:
    if names:
        raise BadInputError(f"Weight {label} in the registry {complaint}: {', '.join(sorted(names))}.")


def _check_unique(found: tuple[Record, ...]) -> None:
    keys: set[tuple[str, str]] = set()
    files: dict[str, Record] = {}
    for record in found:
        if (record.kind, record.name) in keys:
            raise BadInputError(f"The registry lists the {record} twice.")
        keys.add((record.kind, record.name))
        for filename in record.filenames:
            key = filename.lower()  # on Windows and macOS, names that differ only in case are the same file
            if key in files:
                raise BadInputError(f"The registry uses the file name {filename} twice: {files[key]} and {record}.")
            files[key] = record


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_source(value: object) -> bool:
    if not isinstance(value, dict) or len(value) != 1:
        return False
    if "drive" in value:
        return _matches(_DRIVE_ID)(value["drive"])
    url = value.get("url")
    return isinstance(url, str) and urlsplit(url).scheme == "https" and bool(urlsplit(url).hostname)


def _is_architecture(value: object) -> bool:
    return isinstance(value, dict) and all(_is_count(size) and size > 0 for size in value.values())


def _is_list_of(usable: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(usable(item) for item in value)


_RULES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "kind": (lambda value: value in KINDS, f"one of {', '.join(KINDS)}"),
    "name": (_matches(_NAME), "lower-case letters, digits, - and _"),
    "title": (_is_text, "a line of text"),
    "filename": (_matches(_FILENAME), "a plain file name ending in .safetensors, .pt or .pth"),
    "licence": (_is_text, "a line of text"),
    "origin": (_is_text, "a line of text"),
    "format": (lambda value: value in FORMATS, f"one of {', '.join(FORMATS)}"),
    "aliases": (_is_list_of(_matches(_FILENAME)), "a list of plain file names ending in .safetensors, .pt or .pth"),
    "sources": (_is_list_of(_is_source), "a list of {url = an https address} or {drive = an id}"),
    "sha256": (lambda value: value == "" or _matches(_SHA256)(value), "64 lower-case hexadecimal digits, or empty"),
    "bytes": (_is_count, "a whole number, 0 if unknown"),
    "architecture": (_is_architecture, "a table of whole numbers"),
    "embedded": (lambda value: isinstance(value, bool), "true or false"),
    "note": (lambda value: isinstance(value, str), "text"),
}
