"""An SVG picture as it is written: shapes in painting order, and the gradients and clips they refer to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .colors import Color, code
from .curves import SIDE, Points

Paint = Color | str  # a colour, or what `linear` and `radial` return
Stop = tuple[float, Color, float]  # position, colour, opacity


class Canvas:
    """Shapes are added in painting order; `svg` is the whole picture. Coordinates are those of `curves`."""

    def __init__(self) -> None:
        self._shapes: list[str] = []
        self._definitions: list[str] = []

    def svg(self, size: int) -> str:
        """The picture as SVG text, `size` pixels wide and high."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 256 256">'
            f"<defs>{''.join(self._definitions)}</defs>{''.join(self._shapes)}</svg>"
        )

    def fill(self, path: str, paint: Paint, opacity: float = 1.0) -> None:
        """A filled path."""
        if path and opacity > 0.01:
            self._shapes.append(f'<path d="{path}" fill="{_paint(paint)}"{_opacity("fill-opacity", opacity)}/>')

    def stroke(self, path: str, paint: Paint, width: float, opacity: float = 1.0, fill: Paint | None = None) -> None:
        """A path drawn with a round pen, filled first where `fill` is given."""
        if path and width > 0:
            self._shapes.append(
                f'<path d="{path}" fill="{_paint(fill) if fill is not None else "none"}" stroke="{_paint(paint)}"'
                f' stroke-width="{width:.2f}" stroke-linejoin="round" stroke-linecap="round"'
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
        x, y = center[0] * SIDE, center[1] * SIDE
        turn = f' transform="rotate({degrees:.1f} {x:.1f} {y:.1f})"' if abs(degrees) > 0.5 else ""
        edge = f' stroke="{_paint(outline[0])}" stroke-width="{outline[1]:.2f}"' if outline else ""
        self._shapes.append(
            f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{radius_x * SIDE:.2f}" ry="{radius_y * SIDE:.2f}"'
            f' fill="{_paint(paint)}"{_opacity("fill-opacity", opacity)}{edge}{turn}/>'
        )

    def cover(self, paint: Paint, opacity: float = 1.0) -> None:
        """The whole picture in one paint."""
        self._shapes.append(
            f'<rect width="256" height="256" fill="{_paint(paint)}"{_opacity("fill-opacity", opacity)}/>'
        )

    def clip(self, path: str) -> _Clip:
        """`with canvas.clip(path):` what is drawn inside the block is seen inside the path only."""
        name = self._define(lambda name: f'<clipPath id="{name}"><path d="{path}"/></clipPath>')
        return _Clip(self._shapes, f'<g clip-path="url(#{name})">')

    def raw(self, text: str) -> None:
        """SVG as it is: the opening and closing of a group."""
        self._shapes.append(text)

    def pattern(self, path: str, paint: Paint, width: float, height: float, transform: str = "") -> str:
        """A paint that repeats a path in tiles of `width` x `height` view box units; a raster needs a fraction of the
        time that the same shapes take one by one."""
        turned = f' patternTransform="{transform}"' if transform else ""
        name = self._define(
            lambda name: (
                f'<pattern id="{name}" patternUnits="userSpaceOnUse" width="{width:.3f}" height="{height:.3f}"{turned}>'
                f'<path d="{path}" fill="{_paint(paint)}"/></pattern>'
            )
        )
        return f"url(#{name})"

    def linear(self, stops: Sequence[Stop], start: Points | Sequence[float], end: Points | Sequence[float]) -> str:
        """A paint that runs from `start` to `end`."""
        x1, y1, x2, y2 = (value * SIDE for value in (*start, *end))
        return self._gradient(
            f'linearGradient id="{{}}" gradientUnits="userSpaceOnUse" x1="{x1:.1f}" y1="{y1:.1f}"'
            f' x2="{x2:.1f}" y2="{y2:.1f}"',
            "linearGradient",
            stops,
        )

    def radial(self, stops: Sequence[Stop], center: Points | Sequence[float], radius: float) -> str:
        """A paint that runs outwards from `center`."""
        return self._gradient(
            f'radialGradient id="{{}}" gradientUnits="userSpaceOnUse" cx="{center[0] * SIDE:.1f}"'
            f' cy="{center[1] * SIDE:.1f}" r="{radius * SIDE:.1f}"',
            "radialGradient",
            stops,
        )

    def glow(
        self, center: Points | Sequence[float], radius_x: float, radius_y: float, color: Color, opacity: float
    ) -> None:
        """A soft spot: full in its middle, nothing at its edge."""
        if opacity <= 0.01 or radius_x <= 0 or radius_y <= 0:
            return
        x, y = center[0] * SIDE, center[1] * SIDE
        paint = self.radial([(0, color, opacity), (0.55, color, opacity * 0.55), (1, color, 0.0)], (0, 0), 1 / SIDE)
        self._shapes.append(
            f'<circle r="1" fill="{paint}"'
            f' transform="translate({x:.1f} {y:.1f}) scale({radius_x * SIDE:.2f} {radius_y * SIDE:.2f})"/>'
        )

    def _gradient(self, opening: str, element: str, stops: Sequence[Stop]) -> str:
        inner = "".join(
            f'<stop offset="{at:g}" stop-color="{code(color)}"{_opacity("stop-opacity", alpha)}/>'
            for at, color, alpha in stops
        )
        name = self._define(lambda name: f"<{opening.format(name)}>{inner}</{element}>")
        return f"url(#{name})"

    def _define(self, write: Callable[[str], str]) -> str:
        name = f"d{len(self._definitions)}"
        self._definitions.append(write(name))
        return name


class _Clip:
    def __init__(self, shapes: list[str], opening: str):
        self._shapes, self._opening = shapes, opening

    def __enter__(self) -> None:
        self._shapes.append(self._opening)

    def __exit__(self, *_: object) -> None:
        self._shapes.append("</g>")


def _paint(paint: Paint) -> str:
    return paint if isinstance(paint, str) else code(paint)


def _opacity(name: str, value: float) -> str:
    return f' {name}="{max(0.0, value):.2f}"' if value < 0.995 else ""
