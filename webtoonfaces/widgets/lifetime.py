"""How long an explorer and its widgets live.

ipywidgets keeps every widget in a registry until it is closed, because it may be on a page. An explorer is made of more
than a hundred widgets and holds caches of pictures, so one that no page shows is left out of the registry: it is
collected as soon as no variable refers to it. The first page that shows it puts it into the registry.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Iterator, MutableMapping
from typing import Any

import ipywidgets as w


def tree(*roots: w.Widget) -> Iterator[w.Widget]:
    """These widgets and all that they are made of, layouts and styles included; each one once."""
    seen: set[int] = set()
    waiting: list[Any] = list(roots)
    while waiting:
        found = waiting.pop()
        if isinstance(found, (list, tuple)):
            waiting.extend(found)
        elif isinstance(found, w.Widget) and id(found) not in seen:
            seen.add(id(found))
            yield found
            waiting.extend(getattr(found, key) for key in found.keys)


def close_tree(*roots: w.Widget) -> None:
    """Close these widgets and all that they are made of."""
    for widget in list(tree(*roots)):
        widget.close()


class Registration:
    """Whether ipywidgets keeps a widget and its parts; not at first."""

    def __init__(self, root: w.Widget):
        self._root = weakref.ref(root)
        self._held = False
        self.update()

    def hold(self) -> None:
        """From now on it lives until it is closed: a page shows it."""
        if not self._held:
            self._held = True
            self.update()

    def update(self) -> None:
        """Do the same with parts that were added since."""
        root, registry = self._root(), _registry()
        for widget in tree(root) if root is not None else ():
            if widget.comm is None:
                continue
            if self._held:
                registry[widget.model_id] = widget
            else:
                registry.pop(widget.model_id, None)
                widget.comm.on_msg(_WeakHandler(widget))


class _WeakHandler:
    """Hands messages from the page to a widget without keeping it alive."""

    def __init__(self, widget: w.Widget):
        self._handle = weakref.WeakMethod(widget._handle_msg)

    def __call__(self, message: Any) -> None:
        handle = self._handle()
        if handle is not None:
            handle(message)


def _registry() -> MutableMapping[str, w.Widget]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of ipywidgets 8; it names nothing to use instead
        return w.Widget.widgets
