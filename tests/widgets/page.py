"""An explorer as a page shows it: its controls are found by what is written on them, and send what a browser sends."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import ipywidgets as w
from PIL import Image


def walk(widget: w.Widget) -> Iterator[w.Widget]:
    """The widget and everything below it, in the order of the page."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def find(root: w.Widget, text: str, *, nth: int = 0, by: str = "") -> Any:
    """The control that is labelled so: by its description, tooltip or placeholder, or by the trait that is named."""
    names = (by,) if by else ("description", "tooltip", "placeholder")
    found = [one for one in walk(root) if text in (getattr(one, name, None) for name in names)]
    assert len(found) > nth, f"nothing is labelled {text!r}"
    return found[nth]


def part(root: w.Widget, kind: type, *, nth: int = 0) -> Any:
    """The widget of this class."""
    return [one for one in walk(root) if isinstance(one, kind)][nth]


def styled(root: w.Widget, name: str) -> Any:
    """The first widget with this CSS class."""
    return next(one for one in walk(root) if name in classes(one))


def classes(widget: w.Widget) -> list[str]:
    """Its CSS classes."""
    return list(widget.get_state("_dom_classes")["_dom_classes"]) if isinstance(widget, w.DOMWidget) else []


def view(explorer: w.Widget) -> Image.Image:
    """The picture that is on the screen."""
    return Image.open(io.BytesIO(part(styled(explorer, "wf-view"), w.Image).value))


def seen(explorer: w.Widget) -> bytes:
    """Its bytes."""
    return bytes(part(styled(explorer, "wf-view"), w.Image).value)


def hidden(widget: w.Widget) -> bool:
    return widget.layout.display == "none"


def send(widget: w.Widget, content: Any, *buffers: bytes) -> None:
    """A message from the widget's script."""
    data = {"method": "custom", "content": content}
    widget.comm.handle_msg({"content": {"data": data}, "buffers": [memoryview(one) for one in buffers]})


def move(widget: w.Widget, **state: Any) -> None:
    """What a drag or a key on the page sends: several traits at once."""
    data = {"method": "update", "state": state, "buffer_paths": []}
    widget.comm.handle_msg({"content": {"data": data}, "buffers": []})
