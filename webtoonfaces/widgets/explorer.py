"""What all explorers share: a widget with traits, made of a stage, controls, a toolbar and background tasks.

A subclass declares its traits, makes its controls, and says what is to be drawn (`scene`). A trait that changes, by
code, by a control or by a link, calls `refresh`; `bind` keeps a trait and a control alike.
"""

from __future__ import annotations

import difflib
import os
import time
import weakref
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ipywidgets as w
import traitlets as t
from PIL import Image

from ..errors import WebtoonFacesError
from ..rendering.recipe import Picture, Stored
from ..rendering.renderer import Renderer, Request
from ..rendering.saved import Shelf, save_picture
from ..rendering.to_python import Snippet, python_cell
from .frontend import plain_only
from .frontend.keys import Keys
from .lifetime import Registration, close_tree
from .parts.background_tasks import BackgroundTasks
from .parts.stage import Small, Stage
from .parts.toolbar import Toolbar

_open: weakref.WeakSet[Explorer] = weakref.WeakSet()  # they learn of what is put on a shelf


class Explorer(w.VBox):
    """Base of the explorers: a box with the controls, the picture and the toolbar. Works headless, too.

    `image` is the last full picture (PIL) as `render` gives it, None before there is one; it can be observed, and the
    observer is called on the thread that draws. `code` is the text of the cell that makes what is on the screen.
    `shelf` is where Keep puts pictures; `tasks` are the background tasks.
    """

    css_class = "wf-explorer"
    default_name = "picture"

    image = t.Instance(Image.Image, allow_none=True, read_only=True, help="The last full picture; None before it.")

    def __init__(self, renderer: Renderer, *, shelf: Shelf | None = None, **traits: Any):
        self.shelf = shelf or Shelf()
        self.stage = Stage(
            renderer,
            dress=self.dress,
            finished=lambda picture: self.set_trait("image", picture),
            show_small=self.show_small,
        )
        self.tasks = BackgroundTasks(self.stage)
        self._held = 0  # blocks of `together` that are entered
        self._waiting: bool | None = None  # whether a picture is due when the last of them is left, and as a draft
        self._registration: Registration | None = None
        try:
            super().__init__(**traits)
        except BaseException:
            close_tree(self.stage.view, self.stage.status, self.tasks)
            raise
        self.layout.max_width = "1000px"
        self.add_class("wf")
        self.add_class(self.css_class)

    def arrange(self, controls: Sequence[w.Widget], *, below: Sequence[w.Widget] = ()) -> None:
        """Put the controls beside the picture, and all else below: the last step of making an explorer."""
        self._toolbar = Toolbar(
            self.stage,
            self.default_name,
            randomise=self.randomise,
            reset=self.reset,
            keep=self.keep,
            save=lambda name: self.stage.tell(f"saved {self.snapshot(name)}"),
            python=self.to_python,
        )
        side = w.VBox(list(controls), layout=w.Layout(flex="1 1 280px", min_width="240px", max_width="528px"))
        # Reversed, so that where there is no room beside the controls, the picture is above them, not out of sight
        # below; what is then called the end is the top.
        body = w.Box(
            [side, self.stage.view],
            layout=w.Layout(flex_flow="row wrap-reverse", align_items="flex-end", grid_gap="12px"),
        )
        keys = [] if plain_only() else [Keys(self._shown_on_a_page)]
        self.children = (body, *below, self._toolbar, self.tasks, self.status, *keys)
        self._registration = Registration(self)
        if plain_only():
            self._registration.hold()
        _open.add(self)
        self._made = True

    def __setattr__(self, name: str, value: Any) -> None:
        """AttributeError for a name that an explorer does not have: a misspelt one would change nothing, unnoticed."""
        if getattr(self, "_made", False) and name[0] != "_" and not (hasattr(type(self), name) or name in vars(self)):
            own = [key for cls in type(self).__mro__[:2] for key in vars(cls) if key[0] != "_"]
            near = [part for part in name.split("_") if part in own] or difflib.get_close_matches(name, own, n=3)
            advice = f" Did you mean {' or '.join(near)}?" if near else ""
            raise AttributeError(f"{type(self).__name__} has nothing called {name!r}.{advice}")
        super().__setattr__(name, value)

    # what a subclass says

    @abstractmethod
    def scene(self) -> Picture:
        """What is on the screen, as a scene; raises WebtoonFacesError where it cannot be said."""

    @abstractmethod
    def reset(self) -> None:
        """Back to how it was made."""

    @abstractmethod
    def randomise(self) -> None:
        """Something new."""

    def request(self, *, draft: bool = False) -> Request:
        """What the stage is asked to draw: the scene, and in a subclass what `dress` has to know beside it."""
        return Request(self.scene(), draft=draft)

    def dress(self, request: Request, picture: Image.Image) -> Image.Image:
        """What is shown of a drawn picture; called on the worker's thread."""
        return picture

    def small_pictures(self) -> Small:
        """The small pictures of the present state, by name, in the order to draw them; or as they are to be shown."""
        return {}

    def show_small(self, name: Any, picture: Image.Image) -> None:
        """Put a small picture on the screen; called on the worker's thread."""

    def shelf_changed(self) -> None:
        """Something was put on the shelf, here or in another explorer."""

    def snippets(self) -> Mapping[Stored, Snippet]:
        """How the codes that came from files were made."""
        return {}

    # headless use

    @property
    def code(self) -> str:
        """The cell that makes what is on the screen, as Copy as Python shows it. Read-only."""
        return self.to_python()

    def to_python(self) -> str:
        """The cell that makes what is on the screen."""
        return python_cell(self.scene(), self.stage.renderer, snippets=self.snippets(), saved=self.file_name)

    def render(self) -> Image.Image:
        """The full picture of the present state; raises what goes wrong."""
        return self.stage.renderer.draw(self.scene())

    def snapshot(self, path: str | os.PathLike[str]) -> Path:
        """Save the full picture as PNG with its recipe; `wf.replay(path)` makes the same pixels again."""
        scene = self.scene()
        return save_picture(self.stage.renderer.draw(scene), path, self.stage.renderer.recipe(scene))

    def keep(self) -> None:
        """Put the present picture and its code on the shelf."""
        scene = self.scene()
        picture = self.stage.renderer.draw(scene)
        item = self.shelf.keep(picture, self.stage.renderer.recipe(scene), name=self.default_name)
        for explorer in list(_open):
            if explorer.shelf.folder.absolute() == self.shelf.folder.absolute():
                explorer.shelf_changed()
        self.stage.tell(f"kept as {item.name}")

    def wait(self, timeout: float = 60) -> bool:
        """Until all tasks are done and all pictures are shown; False after `timeout` seconds."""
        end = time.monotonic() + timeout
        return self.tasks.wait(timeout) and self.stage.wait(max(0.0, end - time.monotonic()))

    def close(self) -> None:
        """Stop drawing, cancel background tasks, and take the widgets off the page."""
        if hasattr(self, "stage"):  # not where the constructor refused its arguments
            self.stage.close()
            _open.discard(self)
            if self.comm is not None:
                close_tree(*self.children, self.layout)
        super().close()

    @property
    def status(self) -> w.HTML:
        """The line under the picture."""
        return self.stage.status

    @property
    def file_name(self) -> str:
        """What Save calls the picture; it ends in .png."""
        return self._toolbar.name

    # changes

    def refresh(self, *, draft: bool = False) -> None:
        """Draw the present state; a draft is quick, and followed by the full picture once the handle rests."""
        if self._held:
            self._waiting = draft if self._waiting is None else self._waiting and draft
        else:
            self.draw_state(draft=draft)

    def draw_state(self, *, draft: bool) -> None:
        """Ask the stage for the present state."""
        try:
            request, small = self.request(draft=draft), self.small_pictures()
        except WebtoonFacesError as error:
            self.stage.refuse(error)
        else:
            self.stage.draw(request, small)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Several attributes as one change: observers are called at the end, and one picture is drawn."""
        self._held += 1
        try:
            with self.hold_trait_notifications():
                yield
        finally:
            self._held -= 1
            draft, self._waiting = self._waiting, (self._waiting if self._held else None)
            if draft is not None and not self._held:
                self.refresh(draft=draft)

    def bind(self, name: str, control: w.Widget, trait: str = "value") -> None:
        """Keep an attribute and a control's trait alike, whichever of them changes; the attribute comes first."""
        moving = False

        def take(change: Any) -> None:
            nonlocal moving
            moving = True
            try:
                if getattr(self, name) != change["new"]:
                    setattr(self, name, change["new"])
            finally:
                moving = False

        def give(_: Any) -> None:
            if not moving:  # what the control sent is not sent back to it
                setattr(control, trait, getattr(self, name))

        give(None)
        self.observe(give, name)
        control.observe(take, trait)

    def parts_changed(self) -> None:
        """Widgets were added below this one."""
        if self._registration is not None:
            self._registration.update()

    def redraw_on(self, *names: str, draft: bool = False) -> None:
        """Draw anew whenever one of these attributes changes."""
        self.observe(lambda _: self.refresh(draft=draft), list(names))

    # on the page

    if hasattr(w.Widget, "_ipython_display_"):  # ipywidgets 7

        def _ipython_display_(self, **options: Any) -> None:
            self._shown_on_a_page()
            super()._ipython_display_(**options)

    else:

        def _repr_mimebundle_(self, **options: Any) -> Any:
            self._shown_on_a_page()
            return super()._repr_mimebundle_(**options)

    def _shown_on_a_page(self) -> None:
        if self._registration is not None:
            self._registration.hold()
