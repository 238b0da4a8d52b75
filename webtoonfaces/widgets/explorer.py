"""What all explorers share: the picture, the buttons under it, the status line, and the worker that draws.

An explorer says what to draw as an expression (`expression`), and calls `refresh(draft=True)` while a handle moves and
`refresh()` when it rests. Everything else is here: the latest request wins, a draft is replaced by the full picture
once the hand is still, the small pictures (`thumbnails`) are drawn after it one by one, errors appear under the picture
with the traceback folded away.
"""

from __future__ import annotations

import difflib
import html
import os
import threading
import traceback
import weakref
from abc import abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ipywidgets as w
from PIL import Image

from ..errors import WebtoonFacesError
from ..images import encode
from ..rendering.recipe import Picture, Sheet, Stored
from ..rendering.renderer import Rendered, Renderer, Request, scaled
from ..rendering.saved import Shelf, save_picture
from ..rendering.scheduler import Scheduler
from ..rendering.to_python import Spelling, python_cell

VIEW = 384  # px, the side that a picture is shown at
THUMBNAIL = 96  # px, the side of a small one
QUALITY = 90

_open: weakref.WeakSet[Explorer] = weakref.WeakSet()  # they learn of what is put on a shelf


@dataclass(frozen=True)
class _Job:
    """What the worker draws: the picture, or the small picture called `thumbnail`, which is of `small`."""

    request: Request
    thumbnail: Hashable = None
    small: Picture | None = None


def plain_only() -> bool:
    """True where custom widgets cannot load (Kaggle), or where the user says so with WEBTOONFACES_PLAIN=1."""
    return "KAGGLE_KERNEL_RUN_TYPE" in os.environ or os.environ.get("WEBTOONFACES_PLAIN") == "1"


class Explorer(w.VBox):
    """Base of the explorers: a box with the controls, the picture and the toolbar. Works headless, too."""

    css_class = "wf-explorer"
    default_name = "picture"

    def __init__(
        self, renderer: Renderer, controls: Sequence[w.Widget], *, below: Sequence[w.Widget] = (),
        shelf: Shelf | None = None,
    ):  # fmt: skip
        self._renderer = renderer
        self.shelf = shelf or Shelf()
        self._mute = 0
        self._shown: Rendered | None = None
        self._front = threading.Lock()
        self._wrong = False  # whether the present state cannot be drawn, which the status line says
        self._wanted: Mapping[Hashable, Picture | Image.Image] = {}  # small pictures of the present state ...
        self._painted: dict[Hashable, Picture | Image.Image] = {}  # ... and those on the screen
        self._scheduler: Scheduler[_Job, Rendered] = Scheduler(
            lambda job: renderer.render(job.request), self._show, then=self._next
        )
        self._image = w.Image(format="jpeg", layout=w.Layout(max_width="100%", object_fit="contain"))
        self.view = w.Box([self._image], layout=w.Layout(flex="0 0 auto", max_width="100%"))
        self.view.add_class("wf-view")
        self.status = w.HTML(layout=w.Layout(min_height="1.6em", margin="2px 0"))
        self.status.add_class("wf-status")
        self._side = w.VBox(list(controls), layout=w.Layout(flex="1 1 280px", min_width="240px", max_width="528px"))
        # Reversed, so that where there is no room beside the controls, the picture is above them, not out of sight
        # below; what is then called the end is the top.
        body = w.Box(
            [self._side, self.view],
            layout=w.Layout(flex_flow="row wrap-reverse", align_items="flex-end", grid_gap="12px"),
        )
        super().__init__([body, *below, self._toolbar(), self.status], layout=w.Layout(max_width="1000px"))
        self.add_class("wf")
        self.add_class(self.css_class)
        _open.add(self)
        self._made = True

    def __setattr__(self, name: str, value: Any) -> None:
        """AttributeError for a name that an explorer does not have: a typing error would change nothing, unseen."""
        if getattr(self, "_made", False) and name[0] != "_" and not (hasattr(type(self), name) or name in vars(self)):
            own = [key for cls in type(self).__mro__[:2] for key in vars(cls) if key[0] != "_"]
            near = ["psi"] if "truncation" in name else difflib.get_close_matches(name, own, n=3)
            advice = f" Did you mean {' or '.join(near)}?" if near else ""
            raise AttributeError(f"{type(self).__name__} has nothing called {name!r}.{advice}")
        super().__setattr__(name, value)

    # what an explorer has to say

    @abstractmethod
    def expression(self) -> Picture:
        """What is on the screen, as an expression; raises WebtoonFacesError where it cannot be said."""

    @abstractmethod
    def reset(self) -> None:
        """Back to how it was made."""

    @abstractmethod
    def randomise(self) -> None:
        """Something new."""

    def request(self, *, draft: bool = False) -> Request:
        """What the worker is asked for: the expression, and in a subclass what `_show` has to know beside it."""
        return Request(self.expression(), draft=draft)

    def thumbnails(self) -> Mapping[Hashable, Picture | Image.Image]:
        """The small pictures of the present state, by name, in the order to draw them; or as they are to be shown."""
        return {}

    def show_thumbnail(self, name: Any, picture: Image.Image) -> None:
        """Put a small picture on the screen; called on the worker's thread."""

    def shelf_changed(self) -> None:
        """Something was put on the shelf, here or in another explorer."""

    def spellings(self) -> Mapping[Stored, Spelling]:
        """How a cell writes the codes that came from files."""
        return {}

    # headless use

    def to_python(self) -> str:
        """The cell that makes what is on the screen."""
        return python_cell(self.expression(), self._renderer, spellings=self.spellings(), saved=self.file_name)

    def render(self) -> Image.Image:
        """The full picture of the present state; raises what goes wrong."""
        return self._renderer.draw(self.expression())

    def snapshot(self, path: str | os.PathLike[str]) -> Path:
        """Save the full picture as PNG with its recipe; `wf.replay(path)` makes the same pixels again."""
        expression = self.expression()
        return save_picture(self._renderer.draw(expression), path, self._renderer.recipe(expression))

    def wait(self, timeout: float = 60) -> bool:
        """Until the last picture and all small ones are shown; False after `timeout` seconds."""
        return self._scheduler.wait(timeout)

    def close(self) -> None:
        """Stop the worker and take the widgets off the page."""
        if hasattr(self, "_scheduler"):  # not where making the explorer failed
            self._scheduler.close()
            _open.discard(self)
        super().close()

    # drawing

    def refresh(self, *, draft: bool = False) -> None:
        """Draw the present state; a draft is quick, and followed by the full picture once the handle rests."""
        if self._mute:
            return
        try:
            request = self.request(draft=draft)
            self._wanted = dict(self.thumbnails())
        except WebtoonFacesError as error:
            self._wrong = True
            self.tell(str(error), error=True)
            return
        self._wrong = False
        self._scheduler.submit(_Job(request))

    def refresh_thumbnails(self) -> None:
        """Draw the small pictures alone: for when there is no large one yet."""
        self._wanted = dict(self.thumbnails())
        job = self._outdated()
        if job is not None:
            self._scheduler.submit(job)

    def quietly(self) -> _Quiet:
        """While this is entered, `refresh` does nothing: for setting several controls at once."""
        return _Quiet(self)

    def _show(self, job: _Job, rendered: Rendered) -> None:
        with self._front:
            picture = rendered.picture
            if job.thumbnail is not None and job.small is not None:
                self._painted[job.thumbnail] = job.small  # even if it failed: the large picture says what is wrong
                if picture is not None:
                    self.show_thumbnail(job.thumbnail, picture)
                return
            if picture is None:
                self.tell(rendered.error, error=True, details=rendered.traceback)
                return
            self._shown = rendered
            side = max(VIEW, max(picture.size))
            shown = scaled(picture, side) if max(picture.size) < VIEW else picture
            self._image.value = encode(shown, "JPEG", quality=QUALITY)
            self._image.width = str(shown.width)
            if not self._wrong:
                what = "draft" if rendered.draft else f"{picture.width} × {picture.height} px"
                self.tell(f"{what}, {rendered.seconds * 1000:.0f} ms")

    def _next(self, job: _Job, rendered: Rendered) -> _Job | None:
        """The full picture behind a draft; then, one by one, the small pictures that are out of date."""
        if rendered.draft and rendered.picture is not None:
            return replace(job, request=replace(job.request, draft=False))
        return self._outdated()

    def _outdated(self) -> _Job | None:
        """The next small picture that is to be drawn."""
        for name, picture in self._wanted.items():
            if self._painted.get(name) != picture:
                if not isinstance(picture, Image.Image):
                    return _Job(Request(Sheet((picture,), 1, THUMBNAIL)), name, picture)
                self._painted[name] = picture
                self.show_thumbnail(name, picture)
        return None

    def tell(self, text: str, *, error: bool = False, details: str = "") -> None:
        """Write a line under the picture; a traceback goes behind a fold."""
        colour = "var(--jp-error-color1, #b00020)" if error else "var(--jp-ui-font-color2, #666)"
        fold = f"<details><summary>Details</summary><pre>{html.escape(details)}</pre></details>" if details else ""
        mark = " role='alert'" if error else " role='status'"
        self.status.value = f"<span{mark} style='color:{colour}'>{html.escape(text)}</span>{fold}"

    # the toolbar

    def _toolbar(self) -> w.Widget:
        self._name = w.Text(
            value=f"{self.default_name}.png", description="", layout=w.Layout(width="170px"), placeholder="file.png"
        )
        self._code = w.Textarea(layout=w.Layout(width="100%", height="120px", display="none"))
        self._code.add_class("wf-code")
        buttons = [
            self.button("Random", "random", "Something new", self.randomise),
            self.button("Reset", "undo", "Back to the start", self.reset),
            self.button("Keep", "bookmark", "Put it on the shelf", self.keep),
            self.button("Save", "download", "Save a PNG with its recipe under this name", self._save),
            self._name,
            self.button("Copy as Python", "code", "Show the cell that makes this picture", self._toggle_code),
        ]
        row = w.Box(buttons, layout=w.Layout(flex_flow="row wrap"))
        return w.VBox([row, self._code])

    def button(self, label: str, icon: str, tooltip: str, action: Callable[[], Any]) -> w.Button:
        """A button whose failures end in the status line."""
        made = w.Button(description=label, icon=icon, tooltip=tooltip, layout=w.Layout(width="auto"))
        if label:
            made.add_class(f"wf-{label.lower().replace(' ', '-')}")

        made.on_click(lambda _: self.attempt(action))
        return made

    def attempt(self, action: Callable[[], Any]) -> None:
        """Do what a control asks for; a failure ends in the status line, not in a log where nobody looks."""
        try:
            action()
        except WebtoonFacesError as error:
            self.tell(str(error), error=True)
        except Exception as error:  # whatever it is, the user must see it
            self.tell(f"{type(error).__name__}: {error}", error=True, details=traceback.format_exc())

    def keep(self) -> None:
        """Put the present picture and its code on the shelf."""
        expression = self.expression()
        picture = self._renderer.draw(expression)
        item = self.shelf.keep(picture, self._renderer.recipe(expression), name=self.default_name)
        for explorer in list(_open):
            if explorer.shelf.folder.absolute() == self.shelf.folder.absolute():
                explorer.shelf_changed()
        self.tell(f"kept as {item.name}")

    @property
    def file_name(self) -> str:
        """What Save calls the picture; it ends in .png."""
        name = self._name.value.strip() or f"{self.default_name}.png"
        return name if name.lower().endswith(".png") else f"{name}.png"

    def _save(self) -> None:
        self.tell(f"saved {self.snapshot(self.file_name)}")

    def _toggle_code(self) -> None:
        hidden = self._code.layout.display == "none"
        self._code.value = self.to_python() if hidden else ""
        self._code.layout.display = "" if hidden else "none"


class _Quiet:
    def __init__(self, explorer: Explorer):
        self._explorer = explorer

    def __enter__(self) -> None:
        self._explorer._mute += 1

    def __exit__(self, *_: object) -> None:
        self._explorer._mute -= 1
