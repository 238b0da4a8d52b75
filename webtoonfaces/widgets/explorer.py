"""What all explorers share: a widget with traits, made of a stage, controls, a toolbar and background tasks.

A subclass declares its traits, makes its controls, and says what is to be drawn (`scene`). A trait that changes, by
code, by a control or by a link, calls `refresh`; `bind` keeps a trait and a control alike.
"""

from __future__ import annotations

import base64
import difflib
import os
import time
import weakref
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import ipywidgets as w
import traitlets as t
from PIL import Image

from ..errors import BadInputError, WebtoonFacesError
from ..images import encode, scaled
from ..rendering.recipe import KEY, Decoded, Face, Picture, Sheet, Stored, enlarged
from ..rendering.renderer import Renderer, Request
from ..rendering.saved import Shelf, save_picture
from ..rendering.to_python import Snippet, python_cell
from .export import Page, write_page
from .frontend import HERE, plain_only
from .frontend.shell import Shell
from .frontend.strip import PlainStrip, Strip
from .lifetime import Registration, close_tree
from .parts.background_tasks import BackgroundTasks
from .parts.history import History
from .parts.stage import Small, Stage
from .parts.toolbar import Toolbar
from .pictures import STEP, VIEW, data_uri

BEFORE = "before"  # the name of the small picture that is the source
NO_CLIPBOARD = "This browser does not let pages write to the clipboard. Mark the text and copy it."

_open: weakref.WeakSet[Explorer] = weakref.WeakSet()  # they learn of what is put on a shelf


class Explorer(w.VBox):
    """Base of the explorers: a box with the controls, the picture and the toolbar. Works headless, too.

    `image` is the last full picture (PIL) as `render` gives it, None before there is one; it can be observed, and the
    observer is called on the thread that draws. `code` is the text of the cell that makes what is on the screen.
    `upscale` says whether what is shown and saved is enlarged four times by the upscaler, once it rests; `image` and
    `render` give what the model draws. `shelf` is where Keep puts pictures; `tasks` are the background tasks.
    """

    css_class = "wf-explorer"
    default_name = "picture"
    source_name = ""  # what the picture is compared with; "" where there is nothing
    result_name = ""  # and what it is itself, beside that
    derived: tuple[str, ...] = ()  # traits that follow from others, and so are not remembered

    image = t.Instance(Image.Image, allow_none=True, read_only=True, help="The last full picture; None before it.")
    upscale = t.Bool(True, help="Enlarge the picture that is shown and saved, once it rests; ink stays crisp.")

    def __init__(self, renderer: Renderer, *, shelf: Shelf | None = None, **traits: Any):
        self.shelf = shelf or Shelf()
        self.stage = Stage(
            renderer,
            dress=self.dress,
            finished=lambda picture: self.set_trait("image", picture),
            enlarge=self._enlarge,
            settled=self._settled,
            show_small=self._show_small,
            download=lambda: (Path(self.file_name).name, self.png()),
            pressed=lambda: self.history.separate(),
        )
        self.history = History(self._history_changed)
        self.tasks = BackgroundTasks(self.stage)
        self._held = 0  # blocks of `together` that are entered
        self._waiting: bool | None = None  # whether a picture is due when the last of them is left, and as a draft
        self._registration: Registration | None = None
        try:
            super().__init__(**traits)
        except BaseException:
            close_tree(self.stage.view, self.stage.status, self.tasks)
            raise
        self.add_class("wf")
        self.add_class(self.css_class)

    def arrange(self, controls: Sequence[w.Widget]) -> None:
        """Put the controls beside the picture, and all else below: the last step of making an explorer."""
        self._toolbar = Toolbar(
            self.stage,
            self.default_name,
            undo=self.undo,
            redo=self.redo,
            randomise=self.randomise,
            reset=self.reset,
            keep=self.keep,
            save=lambda name: self.stage.tell(f"saved {self.snapshot(name)}"),
            python=self.to_python,
            copy=self._copy,
            crisp=lambda control: self.bind("upscale", control),
        )
        self.redraw_on("upscale")
        picture, side = w.VBox([self.stage.view, self.status]), w.Box(list(controls))
        body = w.Box([picture, side])
        for part, name in ((picture, "stage"), (side, "controls"), (body, "body")):
            part.add_class(f"wf-{name}")
        self._shell: Shell | None = None
        plain = plain_only()
        self._strip_of_steps = (PlainStrip if plain else Strip)(title="history", labels=[])
        self._strip_of_steps.add_class("wf-history")
        self._strip_of_steps.observe(lambda change: self.back_to(round(change["new"])), "value")
        if plain:
            style = w.HTML(f"<style>{(HERE / 'explorer.css').read_text(encoding='utf-8')}</style>")
            parts: list[w.Widget] = [self._strip_of_steps, style]
        else:
            self._shell = Shell(self.model_id or "", self._page_actions())
            parts = [self._strip_of_steps, self._shell]
        self.children = (body, self._toolbar, *parts, self.tasks)
        self.stage.lens.source, self.stage.lens.result = self.source_name, self.result_name
        self.stage.lens.observe(lambda _: self.refresh(), "comparing")
        self._history_changed()
        self._registration = Registration(self)
        if plain:
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

    def before(self) -> Picture | Image.Image | None:
        """What the picture is compared with; None where there is nothing."""
        return None

    def page(self) -> Page:
        """What `export_html` draws: the neighbours of the present state, and how one walks among them."""
        raise BadInputError(f"{type(self).__name__} has no page to export.")

    def memory(self) -> dict[str, Any]:
        """The present state for the history: by name, what compares as equal where nothing changed."""
        own = type(self).class_own_traits()
        names = [name for name in vars(type(self)) if name in own and name not in self.derived]  # as they are declared
        return {name: getattr(self, name) for name in names if not own[name].read_only}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Back to a state that `memory` gave."""
        with self.together():
            for name, value in memory.items():
                if self.has_trait(name) and getattr(self, name) != value:
                    setattr(self, name, value)
            self.refresh()

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
        return python_cell(self._final_scene(), self.stage.renderer, snippets=self.snippets(), saved=self.file_name)

    def render(self) -> Image.Image:
        """The full picture of the present state as the model draws it; raises what goes wrong."""
        return self.stage.renderer.draw(self.scene())

    def snapshot(self, path: str | os.PathLike[str]) -> Path:
        """Save the full picture as PNG with its recipe, at least as large as it is shown.

        `wf.replay(path)` makes the same pixels again.
        """
        scene = self._saved_scene()
        return save_picture(self.stage.renderer.draw(scene), path, self.stage.renderer.recipe(scene))

    def png(self) -> bytes:
        """What `snapshot` writes, as bytes."""
        scene = self._saved_scene()
        recipe = self.stage.renderer.recipe(scene)
        return encode(self.stage.renderer.draw(scene), "PNG", metadata={KEY: recipe.to_json()})

    def export_html(self, path: str | os.PathLike[str], *, most_mb: float = 3) -> Path:
        """Write one page that needs neither Python nor a network: the neighbours of the present state, to walk among.

        most_mb : the size of the file at most, in MB of 10^6 bytes; the pictures are made as large as fits.
        """
        return write_page(self.page(), path, draw=self.stage.renderer.draw, most_mb=most_mb)

    def undo(self) -> None:
        """The state before the last change."""
        self.back_to(self.history.index - 1)

    def redo(self) -> None:
        """The state that `undo` left."""
        self.back_to(self.history.index + 1)

    def back_to(self, step: int) -> None:
        """A step of the history, counted from 0; nothing happens where there is none."""
        memory = self.history.go(step)
        if memory is not None:
            self.recall(memory)

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
            request, small = self.request(draft=draft), dict(self.small_pictures())
            if self.stage.lens.comparing:
                before = self.before()
                if before is None:
                    self.stage.lens.before = ""
                else:
                    small[BEFORE] = before if isinstance(before, Image.Image) else self.rested(before)
        except WebtoonFacesError as error:
            self.stage.refuse(error)
        else:
            self.history.note(self.memory(), replace(request, draft=False))
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

    if hasattr(w.Widget, "_ipython_display_"):  # ipywidgets 7, which shows itself and calls no `_repr_mimebundle_`

        def _ipython_display_(self, **options: Any) -> None:
            from IPython.display import display

            self._shown_on_a_page()
            view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
            bundle = {"text/plain": f"<{type(self).__name__}>", "application/vnd.jupyter.widget-view+json": view}
            display(bundle | self._still(), raw=True)
            self._handle_displayed(**options)

    else:

        def _repr_mimebundle_(self, **options: Any) -> Any:
            self._shown_on_a_page()
            bundle = super()._repr_mimebundle_(**options)
            return bundle | self._still() if isinstance(bundle, dict) else bundle

    def _still(self) -> dict[str, str]:
        """A picture for those who have no kernel: GitHub, and viewers of notebooks."""
        with suppress(WebtoonFacesError):
            request = self.request()
            picture = self.dress(request, self.stage.renderer.draw(request.picture))
            return {"image/png": base64.b64encode(encode(scaled(picture, VIEW))).decode()}
        return {}

    def _shown_on_a_page(self) -> None:
        if self._registration is not None:
            self._registration.hold()

    def _page_actions(self) -> dict[str, Any]:
        me = weakref.proxy(self)  # the shell must not keep the explorer alive
        return {
            "shown": lambda: me._shown_on_a_page(),
            "press": lambda: me.history.press(),
            "release": lambda: me.history.release(),
            "undo": lambda: me.stage.attempt(me.undo),
            "redo": lambda: me.stage.attempt(me.redo),
            "copied": lambda: me.stage.tell("copied: paste it into a cell"),
            "not copied": lambda: me.stage.tell(NO_CLIPBOARD),
        }

    def _final_scene(self) -> Picture:
        """The scene with the upscaler where it is to enlarge it: what is smaller than it is shown, and no sheet."""
        return self.rested(self.scene())

    def rested(self, scene: Picture) -> Picture:
        """The scene as it is shown once it rests."""
        if self.upscale and isinstance(scene, Face | Decoded) and self.stage.renderer.side(scene) < VIEW:
            return enlarged(scene)
        return scene

    def _saved_scene(self) -> Picture:
        scene = self._final_scene()
        return _large(scene, self.stage.renderer.draw(scene))

    def _enlarge(self, request: Request, picture: Image.Image) -> Image.Image | None:
        if not self.upscale or not isinstance(request.picture, Face | Decoded) or max(picture.size) >= VIEW:
            return None
        return self.stage.renderer.upscaler.enlarged(picture)

    def _copy(self, text: str) -> None:
        if self._shell is not None:
            self._shell.copy(text)

    def _settled(self, request: Request, picture: Image.Image) -> None:
        self.history.show(request, lambda: data_uri(scaled(self.dress(request, picture), STEP)))

    def _show_small(self, name: Any, picture: Image.Image) -> None:
        if name == BEFORE:
            self.stage.lens.before = data_uri(picture)
        else:
            self.show_small(name, picture)

    def _history_changed(self) -> None:
        if not hasattr(self, "_toolbar"):
            return
        self._toolbar.offer(undo=self.history.can_undo, redo=self.history.can_redo)
        pictures = self.history.pictures
        with self._strip_of_steps.hold_sync():
            self._strip_of_steps.labels = [f"step {number + 1}" for number in range(len(pictures))]
            self._strip_of_steps.thumbnails = pictures
            self._strip_of_steps.value = float(max(0, self.history.index))


def _large(scene: Picture, picture: Image.Image) -> Picture:
    """The scene, or a sheet of it that is as large as it is shown. What is no square stays as it is drawn."""
    if max(picture.size) >= VIEW or picture.width != picture.height:
        return scene
    if isinstance(scene, Sheet):
        return replace(scene, cell=-(-VIEW // scene.columns))
    return Sheet((scene,), 1, VIEW)
