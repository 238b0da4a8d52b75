"""What code may set on an explorer, checked before anything changes, and refused in the user's words."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any, Generic, TypeVar, overload

import ipywidgets as w

from ..errors import BadInputError

Value = TypeVar("Value")

LAST_SEED = 2**32 - 1
MOST_PSI = 1.2


class Control(Generic[Value]):
    """An attribute that is the value of one of a box's controls, so that code and screen agree.

    Setting what the control cannot show raises BadInputError, and the former value stays.
    """

    def __init__(self, control: str, doc: str):
        self._control = control
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, box: None, owner: type) -> Control[Value]: ...
    @overload
    def __get__(self, box: w.Widget, owner: type) -> Value: ...
    def __get__(self, box: w.Widget | None, owner: type) -> Control[Value] | Value:
        return self if box is None else getattr(box, self._control).value

    def __set__(self, box: w.Widget, value: Value) -> None:
        control = getattr(box, self._control)
        control.value = allowed(self._name, control, value)


class Strengths:
    """Like `Control`, of the explorer's sliders `_strengths`, one for each layer: all are set, or none is."""

    def __init__(self, doc: str):
        self.__doc__ = doc

    @overload
    def __get__(self, explorer: None, owner: type) -> Strengths: ...
    @overload
    def __get__(self, explorer: w.Widget, owner: type) -> tuple[float, ...]: ...
    def __get__(self, explorer: Any, owner: type) -> Strengths | tuple[float, ...]:
        return self if explorer is None else tuple(slider.value for slider in explorer._strengths)

    def __set__(self, explorer: Any, values: Iterable[float]) -> None:
        sliders = explorer._strengths
        found = listed("strengths", values, count=len(sliders), each="layer")
        chosen = [allowed("Each of strengths", slider, v) for slider, v in zip(sliders, found, strict=True)]
        with explorer.quietly():
            for slider, value in zip(sliders, chosen, strict=True):
                slider.value = value
        explorer.refresh()


def allowed(name: str, control: Any, value: Any) -> Any:
    """The value, if the control can show it; BadInputError, which calls it `name`, if not."""
    if isinstance(control, w.Checkbox):
        if not isinstance(value, bool):
            raise BadInputError(f"{name} is True or False, not {value!r}.")
        return value
    if hasattr(control, "options"):
        known = [option[1] if isinstance(option, tuple) else option for option in control.options]
        if value not in known:
            raise BadInputError(f"{name} is one of {', '.join(map(repr, known))}, not {value!r}.")
        return value
    return number(name, value, control.min, control.max, whole=isinstance(control, (w.IntSlider, w.BoundedIntText)))


def number(name: str, value: Any, low: float, high: float, *, whole: bool = False) -> Any:
    """The value as int (`whole`) or float; BadInputError for what is none, or outside `low` to `high`."""
    right = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
    if not right or not low <= value <= high:
        span = f"from {low:,} to {high:,}" if whole else f"from {low:g} to {high:g}"
        raise BadInputError(f"{name} is {'a whole number' if whole else 'a number'} {span}, not {value!r}.")
    return int(value) if whole else float(value)


def listed(name: str, values: Any, *, count: int | None = None, each: str = "") -> tuple[Any, ...]:
    """The values of a list, of `count` if that is said; BadInputError for a text, and for what is no list."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise BadInputError(f"{name} is a list, such as (0, 1), not {values!r}.")
    found = tuple(values)
    if count is not None and len(found) != count:
        raise BadInputError(f"{name} has {count} values, one for each {each}; {len(found)} were given.")
    return found


def checked_seeds(name: str, values: Any, *, count: int | None = None, each: str = "") -> tuple[int, ...]:
    """Like `listed`, of whole numbers that are seeds."""
    return tuple(number("A seed", v, 0, LAST_SEED, whole=True) for v in listed(name, values, count=count, each=each))
