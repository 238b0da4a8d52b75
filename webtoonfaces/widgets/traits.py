"""The explorers' traits: what code may set on them is checked before anything changes, and refused in plain words.

An explorer's attribute is a traitlet, so it can be observed and linked. These subclasses differ from the ones of
`traitlets` in their error messages, and in bounds that may depend on the explorer (how many layers its model has).
Nothing here is sent to the browser: the controls of an explorer are widgets of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import traitlets as t

from ..errors import BadInputError

if TYPE_CHECKING:  # Colab's traitlets is not generic at run time
    FloatTrait = t.TraitType[float, float]
    IntTrait = t.TraitType[int, int]
    BoolTrait = t.TraitType[bool, bool]
    StrTrait = t.TraitType[str, str]
    NumbersTrait = t.TraitType[tuple[float, ...], Iterable[float]]
    IntegersTrait = t.TraitType[tuple[int, ...], Iterable[int]]
    SeedTrait = t.TraitType[int | None, int | None]
    SeedsTrait = t.TraitType[tuple[int | None, ...], Iterable[int | None]]
    AnyTrait = t.TraitType[Any, Any]
else:
    FloatTrait = IntTrait = BoolTrait = StrTrait = t.TraitType
    NumbersTrait = IntegersTrait = SeedTrait = SeedsTrait = AnyTrait = t.TraitType

LAST_SEED = 2**32 - 1
MAX_PSI = 1.2

Bound = float | Callable[[Any], float]


class RefusedError(BadInputError, t.TraitError):
    """A value that an explorer's attribute cannot have; the attribute keeps its former value."""


class Float(FloatTrait):
    """A number from `low` to `high`, rounded to six digits: a slider in the browser sends 2.4500000000000002."""

    def __init__(self, default: float, *, low: Bound, high: Bound, help: str):
        super().__init__(float(default), help=help)
        self._low, self._high = low, high

    def validate(self, obj: Any, value: Any) -> float:
        return round(number(str(self.name), value, _of(obj, self._low), _of(obj, self._high)), 6)


class Int(IntTrait):
    """A whole number from `low` to `high`."""

    def __init__(self, default: int, *, low: Bound, high: Bound, help: str):
        super().__init__(default, help=help)
        self._low, self._high = low, high

    def validate(self, obj: Any, value: Any) -> int:
        return whole(str(self.name), value, _of(obj, self._low), _of(obj, self._high))


class Bool(BoolTrait):
    """True or False, and nothing that only counts as one of them."""

    def __init__(self, default: bool, *, help: str):
        super().__init__(default, help=help)

    def validate(self, obj: Any, value: Any) -> bool:
        if not isinstance(value, bool):
            raise RefusedError(f"{self.name} is True or False, not {value!r}.")
        return value


class Choice(StrTrait):
    """One of a few words."""

    def __init__(self, *options: str, help: str):
        super().__init__(options[0], help=help)
        self.options = options

    def validate(self, obj: Any, value: Any) -> str:
        return one_of(str(self.name), value, self.options)


class Numbers(NumbersTrait):
    """A tuple of numbers from 0 to 1, of a length that the explorer decides (`count`)."""

    def __init__(self, *, count: Callable[[Any], int], each: str, help: str):
        super().__init__((), help=help)
        self._count, self._each = count, each

    def validate(self, obj: Any, value: Any) -> tuple[float, ...]:
        values = listed(str(self.name), value, count=self._count(obj), each=self._each)
        return tuple(round(number(f"Each of {self.name}", one, 0, 1), 6) for one in values)


class Integers(IntegersTrait):
    """A tuple of whole numbers; `check(explorer, values)` raises where the explorer cannot take them."""

    def __init__(self, *, check: Callable[[Any, tuple[Any, ...]], tuple[int, ...]], help: str):
        super().__init__((), help=help)
        self._check = check

    def validate(self, obj: Any, value: Any) -> tuple[int, ...]:
        return _refusing(lambda: self._check(obj, listed(str(self.name), value)))


class Seed(SeedTrait):
    """A seed; None only where `is_kept(explorer)` says that something else than a sample is chosen."""

    def __init__(self, default: int, *, is_kept: Callable[[Any], bool], help: str):
        super().__init__(default, help=help)
        self._is_kept = is_kept

    def validate(self, obj: Any, value: Any) -> int | None:
        if value is None and self._is_kept(obj):
            return None
        return whole(str(self.name), value, 0, LAST_SEED)


class Seeds(SeedsTrait):
    """A tuple of seeds; None only in the places that `is_kept(explorer, place)` gives to something from the shelf.

    `count(how_many)` raises where there are too few or too many.
    """

    def __init__(
        self,
        default: tuple[int, ...],
        *,
        count: Callable[[int], None],
        is_kept: Callable[[Any, int], bool] = lambda explorer, place: False,
        help: str,
    ):
        super().__init__(default, help=help)
        self._count, self._is_kept = count, is_kept

    def validate(self, obj: Any, value: Any) -> tuple[int | None, ...]:
        values = listed(str(self.name), value)
        _refusing(lambda: self._count(len(values)))
        return tuple(
            None if one is None and self._is_kept(obj, place) else whole("A seed", one, 0, LAST_SEED)
            for place, one in enumerate(values)
        )


class Checked(AnyTrait):
    """A value that `check(explorer, value)` returns; it raises a WebtoonFacesError where the value cannot be."""

    def __init__(self, default: Any, *, check: Callable[[Any, Any], Any], help: str):
        super().__init__(default, help=help)
        self._check = check

    def validate(self, obj: Any, value: Any) -> Any:
        return self._check(obj, value)


class Command(Checked):
    """Like `Checked`, but setting it is a change even where the value stays the same.

    For what follows from another attribute and may be behind it: the range of layers 1, 2 and 5 is 1 to 5, and setting
    that range takes the layers between them, too.
    """

    def set(self, obj: Any, value: Any) -> None:
        before = getattr(obj, str(self.name))
        super().set(obj, value)
        after = getattr(obj, str(self.name))
        if before == after:
            obj.notify_change(t.Bunch(name=self.name, old=before, new=after, owner=obj, type="change"))


def number(name: str, value: Any, low: float, high: float) -> float:
    """The value as a float; RefusedError, which calls it `name`, where it is no number from `low` to `high`."""
    right = isinstance(value, Real) and not isinstance(value, bool)
    if not right or not low <= value <= high:
        raise RefusedError(f"{name} is a number from {low:g} to {high:g}, not {value!r}.")
    return float(value)


def whole(name: str, value: Any, low: float, high: float) -> int:
    """The value as an int; RefusedError where it is no whole number from `low` to `high`."""
    right = isinstance(value, Integral) and not isinstance(value, bool)
    if not right or not low <= value <= high:
        raise RefusedError(f"{name} is a whole number from {low:,} to {high:,}, not {value!r}.")
    return int(value)


def one_of(name: str, value: Any, known: Iterable[Any]) -> Any:
    """The value; RefusedError where it is not among the known ones."""
    options = tuple(known)
    if isinstance(value, bool) or value not in options:
        raise RefusedError(f"{name} is one of {', '.join(map(repr, options))}, not {value!r}.")
    return value


def listed(name: str, values: Any, *, count: int | None = None, each: str = "") -> tuple[Any, ...]:
    """The values as a tuple; RefusedError for a text, for what cannot be iterated, and for another length than `count`.

    each : what there is one value for, as the message says it.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise RefusedError(f"{name} is a list, such as (0, 1), not {values!r}.")
    found = tuple(values)
    if count is not None and len(found) != count:
        raise RefusedError(f"{name} has {count} values, one for each {each}; {len(found)} were given.")
    return found


def seeds_for(name: str, each: str, count: int) -> Callable[[int], None]:
    """For `Seeds`: so many, one for each of something."""

    def check(found: int) -> None:
        if found != count:
            raise RefusedError(f"{name} has {count} values, one for each {each}; {found} were given.")

    return check


def _of(obj: Any, bound: Bound) -> float:
    return bound(obj) if callable(bound) else bound


def _refusing(check: Callable[[], Any]) -> Any:
    """What `check` returns; its BadInputError becomes a RefusedError, which `traitlets` knows how to roll back."""
    try:
        return check()
    except t.TraitError:
        raise
    except BadInputError as error:
        raise RefusedError(str(error)) from error
