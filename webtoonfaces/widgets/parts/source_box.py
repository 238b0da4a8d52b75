"""Where a picture comes from: a seed, the shelf, or a file. One box with a small picture of what was chosen."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import ipywidgets as w
from PIL import Image

from ...errors import BadInputError
from ...images import ImageSource, encode
from ...rendering.saved import Shelf
from ..frontend import plain_only
from ..frontend.picker import Picker, PlainPicker
from ..traits import LAST_SEED
from .groups import named
from .sliders import FULL
from .stage import Stage

SIDE = 72  # px of the small picture
ORIGINS = {
    "sample": "A face that is made up: each seed is another one",
    "shelf": "A picture that Keep put on the shelf",
    "file": "A picture of your own",
}


@dataclass(frozen=True)
class Chosen:
    """What a box holds. Two are equal where they were chosen by one choice."""

    origin: str
    seed: int
    number: int  # of the choice, for what is no sample
    found: Any = field(compare=False)


NOTHING = ("choose ...", "")


class SourceBox(w.HBox):
    """A picture's source, and what was made of it: nothing of a seed, what `take` or `open_file` returned otherwise.

    stage : whose status line shows what goes wrong.     shelf : what is offered from the shelf.
    take : the name of something on the shelf -> what is made of it.
    open_file : a picture, whether to find the face in it, and the name of an upload or "" -> what is made of it; None
        leaves files out.
    changed : called when a control chose something else, and not for what code chooses.
    headed : whether the title is shown; not where the box is alone under a heading that says the same.
    """

    def __init__(
        self,
        stage: Stage,
        shelf: Shelf,
        title: str,
        seed: int,
        *,
        take: Callable[[str], Any],
        changed: Callable[[], None],
        open_file: Callable[[ImageSource, bool, str], Any] | None = None,
        extra: Sequence[w.Widget] = (),
        headed: bool = True,
    ):
        self._stage, self._shelf, self._title = stage, shelf, title
        self._take, self._open_file, self._changed = take, open_file, changed
        self._quiet = False
        self._origin = "sample"
        self._found: dict[str, tuple[Any, Any]] = {}  # origin -> what was given, and what was made of it
        self._file_name = ""  # of the upload
        self._choices = 0
        self._image = w.Image(
            value=encode(Image.new("RGB", (1, 1), "grey"), "JPEG"),
            format="jpeg",
            layout=w.Layout(flex="0 0 auto", width=f"{SIDE}px", height=f"{SIDE}px", margin="2px", object_fit="contain"),
        )
        self._image.add_class("wf-thumb")
        self._extra = tuple(extra)
        self._label = w.HTML(layout=w.Layout(margin="0 8px 0 6px", display="" if headed else "none"))
        self._panels = {"sample": self._sample_panel(seed), "shelf": self._shelf_panel()}
        if open_file is not None:
            self._panels["file"] = self._file_panel()
        self._kind = w.ToggleButtons(
            options=list(self._panels),
            tooltips=[ORIGINS[kind] for kind in self._panels],
            style={"button_width": "60px"},
            layout=w.Layout(width="auto"),
        )
        head = w.Box(
            [self._label, self._kind, *extra],
            layout=w.Layout(flex_flow="row wrap", align_items="center", width="100%"),
        )
        content = w.VBox([head, *self._panels.values()], layout=w.Layout(flex="1 1 auto", min_width="0"))
        super().__init__(
            [self._image, content], layout=w.Layout(width="100%", margin="2px 0 6px 0", align_items="flex-start")
        )
        self.add_class("wf-source")
        self.title = title
        self._show_panel()
        self._kind.observe(lambda _: self._kind_changed(), "value")
        self.list_shelf()

    @property
    def title(self) -> str:
        return self._title

    @title.setter
    def title(self, text: str) -> None:
        self._title = text
        self._label.value = f"<b>{text}</b>"
        self._reroll.tooltip = f"Another sample for {text}"

    @property
    def seed(self) -> int | None:
        """The sample's seed; None where something else was chosen."""
        return self._seed.value if self._origin == "sample" else None

    @property
    def value(self) -> Any:
        """What was made of the file or of what is on the shelf; None for a sample."""
        return self._found[self._origin][1] if self._origin != "sample" else None

    @property
    def source(self) -> Any:
        """As it was given: a seed, the name of something on the shelf, or a picture."""
        return self._found[self._origin][0] if self._origin != "sample" else self._seed.value

    def choose_seed(self, seed: int) -> None:
        """A sample."""
        self._set("sample", lambda: setattr(self._seed, "value", seed))

    def choose_kept(self, name: str) -> None:
        """Something on the shelf."""
        self._found["shelf"] = (name, self._take(name))
        self._choices += 1
        self._set("shelf", lambda: self._list(name))

    def choose_file(self, source: ImageSource, name: str = "") -> None:
        """A picture; `name` is that of an upload."""
        if self._open_file is None:
            raise BadInputError(f"{self.title} takes no files: give a seed, or something on the shelf.")
        self._found["file"] = (source, self._open_file(source, self._align.value, name))
        self._choices += 1
        self._file_name = name
        path = os.fspath(source) if isinstance(source, (str, os.PathLike)) else ""
        self._set("file", lambda: setattr(self._path, "value", path))

    def memory(self) -> Chosen:
        """What is chosen, for `recall`."""
        if self._origin == "sample":
            return Chosen("sample", self._seed.value, 0, None)
        return Chosen(self._origin, 0, self._choices, (self._found[self._origin], self._file_name))

    def recall(self, chosen: Chosen) -> None:
        """Choose what was chosen then."""
        if chosen == self.memory():
            return
        if chosen.origin == "sample":
            self.choose_seed(chosen.seed)
            return
        found, self._file_name = chosen.found
        self._found[chosen.origin], self._choices = found, chosen.number
        if chosen.origin == "shelf":
            self._set("shelf", lambda: self._list(found[0]))
        else:
            path = os.fspath(found[0]) if isinstance(found[0], (str, os.PathLike)) else ""
            self._set("file", lambda: setattr(self._path, "value", path))

    def offer_extra(self, there: bool) -> None:
        """Show or hide the `extra` widgets."""
        for one in self._extra:
            one.layout.display = None if there else "none"

    def list_shelf(self) -> None:
        """Offer what is on the shelf now."""
        self._set(self._origin, lambda: self._list(self._pick.value), show=False)

    def show(self, picture: Image.Image) -> None:
        """Put the small picture in."""
        self._image.value = encode(picture, "JPEG", quality=85)

    # the panels

    def _sample_panel(self, seed: int) -> w.Widget:
        self._seed = w.BoundedIntText(
            seed,
            min=0,
            max=LAST_SEED,
            description="seed",
            style={"description_width": "36px"},
            layout=w.Layout(width="160px"),
        )
        named(self._seed, "Any whole number: each is another face")
        self._seed.observe(lambda _: self._do(lambda: self.choose_seed(self._seed.value)), "value")
        self._reroll = self._stage.button(
            "", "random", "", lambda: setattr(self._seed, "value", random.randrange(100_000))
        )
        self._reroll.add_class("wf-reroll")
        return w.HBox([self._seed, self._reroll])

    def _shelf_panel(self) -> w.Widget:
        pick = w.Dropdown(options=[NOTHING], layout=w.Layout(width=FULL, max_width="300px"))
        self._pick = named(pick, "Picture of the shelf")
        self._pick.observe(lambda change: self._given(change.new, self.choose_kept), "value")
        return self._pick

    def _file_panel(self) -> w.Widget:
        self._path = w.Text(
            placeholder="or type its path",
            continuous_update=False,
            layout=w.Layout(width=FULL, max_width="300px"),
        )
        self._path.observe(lambda change: self._given(change.new.strip(), self.choose_file), "value")
        self._picker = (PlainPicker if plain_only() else Picker)("Upload", self._uploaded)
        self._align = w.Checkbox(
            value=False, description="cut out the face", indent=False, layout=w.Layout(width="auto")
        )
        named(self._align, "Find the face in the picture and take that alone")
        self._align.observe(lambda _: self._do(self._again), "value")
        return w.VBox([self._picker, self._path, self._align], layout=w.Layout(width="100%"))

    def _uploaded(self, name: str, content: bytes) -> None:
        """Say below the button what happens to an upload, and what came of it."""

        def read() -> None:
            self._picker.busy, self._picker.note = True, f"reading {name} ..."
            try:
                self.choose_file(content, name)
            except BaseException as error:
                self._picker.note = f"{name} cannot be used, so nothing was changed. {error}"
                raise
            else:
                self._picker.note = f"{name} is the {self.title} now"
            finally:
                self._picker.busy = False
            self._changed()

        self._stage.attempt(read)

    def _again(self) -> None:
        if "file" in self._found:
            self.choose_file(self._found["file"][0], self._file_name)

    def _show_panel(self) -> None:
        for kind, panel in self._panels.items():
            panel.layout.display = None if kind == self._kind.value else "none"

    def _kind_changed(self) -> None:
        kind = self._kind.value
        self._show_panel()
        if not self._quiet and (kind == "sample" or kind in self._found):
            self._origin = kind
            self._changed()

    def _given(self, what: Any, choose: Callable[[Any], None]) -> None:
        if what:
            self._do(lambda: choose(what))

    def _do(self, choose: Callable[[], None]) -> None:
        """What a control chooses; not what code puts there."""

        def run() -> None:
            choose()
            self._changed()

        if not self._quiet:
            self._stage.attempt(run)

    def _set(self, origin: str, put: Callable[[], None], *, show: bool = True) -> None:
        self._quiet, before = True, self._quiet
        try:
            self._origin = origin
            if show:
                self._kind.value = origin
            put()
        finally:
            self._quiet = before

    def _list(self, chosen: str) -> None:
        names = [item.name for item in self._shelf]
        options = (NOTHING, *((name, name) for name in names))
        if options != tuple(self._pick.options):
            self._pick.options = options
        self._pick.value = chosen if chosen in names else ""
