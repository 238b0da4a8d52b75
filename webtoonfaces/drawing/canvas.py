"""A picture as it is written: layers in painting order, and the gradients and clips that shapes refer to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .colors import Color, code
from .curves import FINE, SIDE, VIEW_BOX, Points

Paint = Color | str  # a colour, or what `linear` and `radial` return
Stop = tuple[float, Color, float]  # position, colour, opacity

_UNITS = SIDE * FINE  # of the view box in the side of the unit square


@dataclass(frozen=True)
class Wash:
    """Colours that change slowly over the whole picture. As SVG it is `text`; pixels are painted by `raster`.

    `x` and `y` are each a factor and a shift for a coordinate of the unit square. The stops, from 0 to 1, lie along
    the sum of the two results where the wash is `linear`, otherwise along the length of the vector of both.
    """

    text: str
    stops: tuple[Stop, ...]
    x: tuple[float, float]
    y: tuple[float, float]
    linear: bool


@dataclass(frozen=True)
class Still:
    """Opaque SVG over the whole picture that is the same on many pictures: `raster` renders it once for each size."""

    text: str


Layer = str | Wash | Still


class Canvas:
    """Layers are added in painting order; `svg` is the whole picture. Places are points of the unit square, widths
    are in 256ths of its side.
    """

    def __init__(self) -> None:
        self._layers: list[Layer] = []
        self._definitions: list[str] = []
        self._washes = 0

    def svg(self, size: int) -> str:
        """The picture as SVG text, `size` pixels wide and high."""
        return self._svg(size, self._layers)

    def parts(self, size: int) -> tuple[list[Wash | Still], str, list[Wash]]:
        """The picture in three parts: smooth or still layers at the bottom, SVG text, washes at the top.

        Where the first part is empty, the SVG is as opaque as the picture.
        """
        start, end = 0, len(self._layers)
        while start < end and not isinstance(self._layers[start], str):
            start += 1
        while end > start and isinstance(self._layers[end - 1], Wash):
            end -= 1
        under = [layer for layer in self._layers[:start] if not isinstance(layer, str)]
        over = [layer for layer in self._layers[end:] if isinstance(layer, Wash)]
        return under, self._svg(size, self._layers[start:end]), over

    def _svg(self, size: int, layers: Sequence[Layer]) -> str:
        shapes = "".join([layer if isinstance(layer, str) else layer.text for layer in layers])
        return document(f"<defs>{''.join(self._definitions)}</defs>{shapes}", size)

    def fill(self, path: str, paint: Paint, opacity: float = 1.0) -> None:
        """A filled path."""
        if path and opacity > 0.01:
            self._layers.append(f'<path d="{path}" fill="{_paint(paint)}"{_opacity("fill-opacity", opacity)}/>')

    def stroke(self, path: str, paint: Paint, width: float, opacity: float = 1.0, fill: Paint | None = None) -> None:
        """A path drawn with a round pen, filled first where `fill` is given."""
        if path and width > 0:
            self._layers.append(
                f'<path d="{path}" fill="{_paint(fill) if fill is not None else "none"}" stroke="{_paint(paint)}"'
                f' stroke-width="{width * FINE:.1f}" stroke-linejoin="round" stroke-linecap="round"'
                f"{_opacity('stroke-opacity', opacity)}/>"
            )

    def ellipse(
        self,
        center: Points | Sequence[float],
        radius_x: float,
        radius_y: float,
        paint: Paint,
        opacity: float = 1.0,
        degrees: float = 0.0,
        outline: tuple[Paint, float] | None = None,
    ) -> None:
        """A filled ellipse; `outline` is a paint and a width."""
        if radius_x <= 0 or radius_y <= 0:
            return
        x, y = center[0] * _UNITS, center[1] * _UNITS
        turn = f' transform="rotate({degrees:.1f} {x:.0f} {y:.0f})"' if abs(degrees) > 0.5 else ""
        edge = f' stroke="{_paint(outline[0])}" stroke-width="{outline[1] * FINE:.1f}"' if outline else ""
        self._layers.append(
            f'<ellipse cx="{x:.0f}" cy="{y:.0f}" rx="{radius_x * _UNITS:.1f}" ry="{radius_y * _UNITS:.1f}"'
            f' fill="{_paint(paint)}"{_opacity("fill-opacity", opacity)}{edge}{turn}/>'
        )

    def cover(self, color: Color) -> None:
        """The whole picture in one colour."""
        self._layers.append(_covered(code(color)))

    def still(self, ground: Color, path: str, color: Color) -> None:
        """A ground with a pattern that is the same on every picture; see `Still`."""
        self._layers.append(Still(f'{_covered(code(ground))}<path d="{path}" fill="{code(color)}"/>'))

    def wash(self, stops: Sequence[Stop], start: tuple[float, float], end: tuple[float, float]) -> None:
        """The whole picture in colours that run from `start` to `end`; see `Wash`."""
        (x1, y1), dx, dy = start, end[0] - start[0], end[1] - start[1]
        length = dx * dx + dy * dy
        name = self._next_wash()
        text = _linear(name, stops, start, end) + _covered(f"url(#{name})")
        shift = -(x1 * dx + y1 * dy) / length
        self._layers.append(Wash(text, tuple(stops), (dx / length, shift), (dy / length, 0.0), linear=True))

    def soft_spot(
        self, center: Sequence[float], radius_x: float, radius_y: float, color: Color, opacity: float
    ) -> None:
        """A `glow` that is large: see `Wash`."""
        x, y = (1 / radius_x, -center[0] / radius_x), (1 / radius_y, -center[1] / radius_y)
        stops, name = _glow(color, opacity), self._next_wash()
        text = _radial(name, stops, (0, 0), 1 / _UNITS) + _spot(name, center, radius_x, radius_y)
        self._layers.append(Wash(text, stops, x, y, linear=False))

    def clip(self, path: str) -> _Group:
        """`with canvas.clip(path):` what is drawn inside the block is seen inside the path only.

        Its cost is that of the rectangle which holds everything drawn inside, seen or not.
        """
        name = self._define(lambda name: f'<clipPath id="{name}"><path d="{path}"/></clipPath>')
        return _Group(self._layers, f'<g clip-path="url(#{name})">')

    def moved(self, x: float, y: float) -> _Group:
        """`with canvas.moved(x, y):` what is drawn inside the block is moved by that much."""
        return _Group(self._layers, f'<g transform="translate({x * _UNITS:.0f} {y * _UNITS:.0f})">')

    def pattern(self, path: str, paint: Paint, width: float, height: float) -> str:
        """A paint that repeats a path in tiles of `width` x `height` 256ths; a raster needs a fraction of the time that
        the same shapes take one by one."""
        name = self._define(
            lambda name: (
                f'<pattern id="{name}" patternUnits="userSpaceOnUse" width="{width * FINE:.2f}"'
                f' height="{height * FINE:.2f}"><path d="{path}" fill="{_paint(paint)}"/></pattern>'
            )
        )
        return f"url(#{name})"

    def linear(self, stops: Sequence[Stop], start: Points | Sequence[float], end: Points | Sequence[float]) -> str:
        """A paint that runs from `start` to `end`."""
        return f"url(#{self._define(lambda name: _linear(name, stops, start, end))})"

    def radial(self, stops: Sequence[Stop], center: Points | Sequence[float], radius: float) -> str:
        """A paint that runs outwards from `center`."""
        return f"url(#{self._define(lambda name: _radial(name, stops, center, radius))})"

    def glow(
        self, center: Points | Sequence[float], radius_x: float, radius_y: float, color: Color, opacity: float
    ) -> None:
        """A soft spot: full in its middle, nothing at its edge."""
        if opacity > 0.01 and radius_x > 0 and radius_y > 0:
            name = self._define(lambda name: _radial(name, _glow(color, opacity), (0, 0), 1 / _UNITS))
            self._layers.append(_spot(name, center, radius_x, radius_y))

    def _next_wash(self) -> str:
        self._washes += 1
        return f"w{self._washes}"

    def _define(self, write: Callable[[str], str]) -> str:
        name = f"d{len(self._definitions)}"
        self._definitions.append(write(name))
        return name


def document(shapes: str, size: int) -> str:
    """SVG elements as a whole SVG text, `size` pixels wide and high."""
    box = f'width="{size}" height="{size}" viewBox="0 0 {VIEW_BOX} {VIEW_BOX}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box}>{shapes}</svg>'


class _Group:
    def __init__(self, layers: list[Layer], opening: str):
        self._layers, self._opening = layers, opening

    def __enter__(self) -> None:
        self._layers.append(self._opening)

    def __exit__(self, *_: object) -> None:
        self._layers.append("</g>")


def _covered(paint: str) -> str:
    return f'<rect width="{VIEW_BOX}" height="{VIEW_BOX}" fill="{paint}"/>'


def _spot(name: str, center: Points | Sequence[float], radius_x: float, radius_y: float) -> str:
    """A unit circle in a paint, stretched to an ellipse."""
    place = f"translate({center[0] * _UNITS:.0f} {center[1] * _UNITS:.0f})"
    return (
        f'<circle r="1" fill="url(#{name})"'
        f' transform="{place} scale({radius_x * _UNITS:.1f} {radius_y * _UNITS:.1f})"/>'
    )


def _glow(color: Color, opacity: float) -> tuple[Stop, ...]:
    return ((0.0, color, opacity), (0.55, color, opacity * 0.55), (1.0, color, 0.0))


def _linear(name: str, stops: Sequence[Stop], start: Points | Sequence[float], end: Points | Sequence[float]) -> str:
    x1, y1, x2, y2 = (value * _UNITS for value in (*start, *end))
    return (
        f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse" x1="{x1:.0f}" y1="{y1:.0f}"'
        f' x2="{x2:.0f}" y2="{y2:.0f}">{_stops(stops)}</linearGradient>'
    )


def _radial(name: str, stops: Sequence[Stop], center: Points | Sequence[float], radius: float) -> str:
    x, y, r = (value * _UNITS for value in (*center, radius))
    return (
        f'<radialGradient id="{name}" gradientUnits="userSpaceOnUse" cx="{x:.0f}" cy="{y:.0f}" r="{r:.0f}">'
        f"{_stops(stops)}</radialGradient>"
    )


def _stops(stops: Sequence[Stop]) -> str:
    return "".join(
        [
            f'<stop offset="{at:g}" stop-color="{code(color)}"{_opacity("stop-opacity", alpha)}/>'
            for at, color, alpha in stops
        ]
    )


def _paint(paint: Paint) -> str:
    return paint if isinstance(paint, str) else code(paint)


def _opacity(name: str, value: float) -> str:
    return f' {name}="{max(0.0, value):.2f}"' if value < 0.995 else ""
