"""The stage of an explorer: the picture, the status line under it, and the worker that draws.

A stage is made before the controls, which are handed it: a button's failure is shown in its status line. An explorer
asks it to `draw` a request and the small pictures of the same state. The latest request wins; a draft is replaced by
the full picture once the handle rests; the small pictures follow one by one; errors appear in the status line.
"""

from __future__ import annotations

import html
import threading
import time
import traceback
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import ipywidgets as w
from PIL import Image

from ...errors import WebtoonFacesError
from ...images import encode, scaled
from ...rendering.recipe import Picture, Sheet
from ...rendering.renderer import Rendered, Renderer, Request
from ...rendering.scheduler import Scheduler
from ..frontend import plain_only
from ..frontend.lens import Download, Lens, PlainLens
from ..pictures import QUALITY, THUMBNAIL, VIEW

Small = Mapping[Hashable, Picture | Image.Image]
STOPPED = "Drawing was stopped by {}. Move a control, and the next picture is drawn."


@dataclass(frozen=True)
class _Job:
    """What the worker draws: the picture, or the small picture called `thumbnail`, which is of `small`.

    settled : the picture that was drawn of the request; no other request has come for a moment.
    """

    request: Request
    thumbnail: Hashable = None
    small: Picture | None = None
    settled: Image.Image | None = None


class Stage:
    """Draws on a thread of its own and shows what comes of it.

    dress : makes of a drawn picture the one that is shown; by default that is the same.
    finished : called with each full picture as it was drawn, before `dress`.
    enlarge : makes of a full picture, once no other request has come for a moment, the larger one that is shown in its
        place, before `dress`; None leaves it as it is.
    settled : called with a request and its full picture, as it was drawn, once no other request has come for a moment.
    show_small : called with the name of a small picture and the picture itself. One that is a Sheet is drawn as it is.

    All five are called on the worker's thread. `download` gives name and bytes of the file that the browser saves;
    `pressed` is called before what a button does. Public parts: `renderer`; the widgets `view`, with the picture, and
    `status`; `lens`, what can be done with the picture.
    """

    def __init__(
        self,
        renderer: Renderer,
        *,
        dress: Callable[[Request, Image.Image], Image.Image] = lambda request, picture: picture,
        finished: Callable[[Image.Image], None] = lambda picture: None,
        enlarge: Callable[[Request, Image.Image], Image.Image | None] = lambda request, picture: None,
        settled: Callable[[Request, Image.Image], None] = lambda request, picture: None,
        show_small: Callable[[Any, Image.Image], None] = lambda name, picture: None,
        download: Download = lambda: ("", b""),
        pressed: Callable[[], None] = lambda: None,
    ):
        self.renderer = renderer
        self._dress, self._finished, self._show_small = dress, finished, show_small
        self._enlarge, self._settled, self._pressed = enlarge, settled, pressed
        self._size_told = ""  # the status as the last drawn picture left it
        self._front = threading.Lock()
        self._refused = False  # the present state cannot be drawn, and the status line says so
        self._wanted: Small = {}  # small pictures of the present state ...
        self._painted: dict[Hashable, Picture | Image.Image] = {}  # ... and those on the screen
        self._scheduler: Scheduler[_Job, Rendered] = Scheduler(self._work, self._show, then=self._next)
        self._image = w.Image(format="jpeg")
        self._last: Image.Image | None = None  # the picture in the view, without its source
        self.lens = PlainLens() if plain_only() else Lens(lambda: self._downloaded(download))
        if isinstance(self.lens, PlainLens):
            self.lens.observe(lambda _: self._lay(), ["comparing", "before", "at"])
        self.view = w.Box([self._image, self.lens])
        self.view.add_class("wf-view")
        self.status = w.HTML()
        self.status.add_class("wf-status")

    # drawing

    def draw(self, request: Request, small: Small) -> None:
        """Draw this next, and then the small pictures of the same state that are out of date."""
        self._wanted, self._refused = dict(small), False
        self._scheduler.submit(_Job(request))

    def draw_small(self, small: Small) -> None:
        """Draw small pictures alone: for when there is no large one yet."""
        self._wanted = dict(small)
        job = self._outdated()
        if job is not None:
            self._scheduler.submit(job)

    def refuse(self, error: WebtoonFacesError) -> None:
        """Say why the present state cannot be drawn; the line stays until there is a state that can be."""
        self._refused = True
        self.tell(str(error), error=True)

    def show(self, picture: Image.Image) -> None:
        """Put a picture into the view that no model drew."""
        with self._front:
            self._put(picture)

    def wait(self, timeout: float) -> bool:
        """Until the last picture and all small ones are shown; False after `timeout` seconds."""
        return self._scheduler.wait(timeout)

    def close(self) -> None:
        """Drop what is waiting, and let the worker end."""
        self._scheduler.close()

    # the status line, and controls whose failures end in it

    def tell(self, text: str, *, error: bool = False, details: str = "") -> None:
        """Write a line under the picture; `details`, a traceback, can be unfolded."""
        colour = "var(--jp-error-color1, #b00020)" if error else "var(--jp-ui-font-color2, #666)"
        fold = f"<details><summary>Details</summary><pre>{html.escape(details)}</pre></details>" if details else ""
        mark = " role='alert'" if error else " role='status'"
        self.status.value = f"<span{mark} style='color:{colour}'>{html.escape(text)}</span>{fold}"

    def attempt(self, action: Callable[[], Any]) -> None:
        """Do what a control asks for; a failure is shown in the status line, not in a log where nobody looks."""
        try:
            action()
        except WebtoonFacesError as error:
            self.tell(str(error), error=True)
        except Exception as error:  # whatever it is, the user must see it
            self.tell(f"{type(error).__name__}: {error}", error=True, details=traceback.format_exc())

    def button(self, label: str, icon: str, tooltip: str, action: Callable[[], Any]) -> w.Button:
        """A button whose failures are shown in the status line."""
        made = w.Button(description=label, icon=icon, tooltip=tooltip, layout=w.Layout(width="auto"))
        if label:
            made.add_class(f"wf-{label.lower().replace(' ', '-')}")

        def press(_: Any) -> None:
            self._pressed()
            self.attempt(action)

        made.on_click(press)
        return made

    def _downloaded(self, download: Download) -> tuple[str, bytes] | None:
        files: list[tuple[str, bytes] | None] = []
        self.attempt(lambda: files.append(download()))
        return files[0] if files else None

    # on the worker's thread

    def _work(self, job: _Job) -> Rendered:
        if job.settled is not None:
            return Rendered(job.settled, 0.0)
        try:
            return self.renderer.render(job.request)
        except BaseException as error:  # KeyboardInterrupt, SystemExit: they stop this picture, not the worker
            told = STOPPED.format(type(error).__name__)
            return Rendered(None, 0.0, job.request.draft, told, traceback.format_exc())

    def _show(self, job: _Job, rendered: Rendered) -> None:
        if job.settled is not None:
            self._settled(job.request, job.settled)
            self._show_large(job.request, job.settled)
            return
        if job.thumbnail is not None and job.small is not None:
            self._painted[job.thumbnail] = job.small  # even if it failed: the large picture says what is wrong
            if rendered.picture is not None:
                self._show_small(job.thumbnail, rendered.picture)
            return
        picture, shown = rendered.picture, rendered.picture
        if picture is not None:
            try:
                shown = self._dress(job.request, picture)
            except WebtoonFacesError as error:
                rendered = replace(rendered, picture=None, error=str(error))
        with self._front:
            if rendered.picture is None or shown is None:
                self.tell(rendered.error, error=True, details=rendered.traceback)
                return
            self._put(scaled(shown, VIEW) if max(shown.size) < VIEW else shown)
            if not self._refused:
                what = "draft" if rendered.draft else f"{shown.width} × {shown.height} px"
                self.tell(f"{what}, {rendered.seconds * 1000:.0f} ms")
                self._size_told = self.status.value
        if not rendered.draft:
            self._finished(rendered.picture)

    def _show_large(self, request: Request, picture: Image.Image) -> None:
        started = time.perf_counter()
        try:
            large = self._enlarge(request, picture)
            shown = None if large is None else self._dress(request, large)
        except WebtoonFacesError as error:
            self.tell(str(error), error=True)
            return
        if shown is None:
            return
        with self._front:
            self._put(scaled(shown, VIEW) if max(shown.size) < VIEW else shown)
            if not self._refused and self.status.value == self._size_told:  # what was said since then stays
                milliseconds = (time.perf_counter() - started) * 1000
                self.tell(f"{shown.width} × {shown.height} px, enlarged in {milliseconds:.0f} ms")

    def _put(self, picture: Image.Image) -> None:
        self._last = picture
        if isinstance(self.lens, PlainLens):
            picture = self.lens.laid(picture)
        self._image.value = encode(picture, "JPEG", quality=QUALITY)

    def _lay(self) -> None:
        """Show the same picture with the line where it is now."""
        with self._front:
            if self._last is not None:
                self._put(self._last)

    def _next(self, job: _Job, rendered: Rendered) -> _Job | None:
        """The full picture behind a draft, or word that it is settled; then the small ones that are out of date."""
        if rendered.draft and rendered.picture is not None:
            return replace(job, request=replace(job.request, draft=False))
        if job.settled is None and job.thumbnail is None and rendered.picture is not None:
            return _Job(replace(job.request, draft=False), settled=rendered.picture)
        return self._outdated()

    def _outdated(self) -> _Job | None:
        """The next small picture that is to be drawn."""
        for name, picture in self._wanted.items():
            if self._painted.get(name) != picture:
                if not isinstance(picture, Image.Image):
                    sheet = picture if isinstance(picture, Sheet) else Sheet((picture,), 1, THUMBNAIL)
                    return _Job(Request(sheet), name, picture)
                self._painted[name] = picture
                self._show_small(name, picture)
        return None
