"""What is shown of a photo's redrawn face: itself, before and after, beside its drawn portrait, or in its photo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from ...images import shrunk, strip
from ...rendering import recipe as r
from ...rendering.renderer import Renderer, Request
from ...webtoonize.photo import Photo
from ...webtoonize.portrait import Portrait

BESIDE, WHOLE = 320, 640  # px, the side of each picture side by side, and of a whole photo


@dataclass(frozen=True)
class FaceRequest(Request):
    """A face to draw, and how it is then shown."""

    photo: Photo | None = None
    face: int = 0
    view: str = "face"
    every: bool = False
    cartoonizer: str = ""
    title: str = ""


class PhotoView:
    """Makes the picture that is shown.

    scene : of the face at an index of a photo.
    """

    def __init__(self, renderer: Renderer, scene: Callable[[Photo, int], r.Picture]):
        self._renderer, self._scene = renderer, scene
        self._last: tuple[Portrait, str, Image.Image] | None = None  # drawn; a drag changes only the face

    def dress(self, request: FaceRequest, drawn: Image.Image) -> Image.Image:
        """The drawn face, what it was drawn from or its portrait beside it, or the whole photo with it."""
        if request.photo is None or request.view == "face":
            return drawn
        if request.view == "both":
            portrait = request.photo.portrait(request.face, request.cartoonizer)
            encoded = [portrait.encoded] if request.cartoonizer else []
            return strip([portrait.picture, *encoded, drawn], cell=BESIDE)
        if request.view == "drawn":
            return strip([self._drawing(request.photo, request.face, request.title), drawn], cell=BESIDE)
        return shrunk(self.pasted(request, drawn), WHOLE)

    def _drawing(self, photo: Photo, index: int, title: str) -> Image.Image:
        """The face's portrait in a title; raises BadInputError where it has none."""
        portrait = photo.drawing(index)
        kept = self._last
        if kept is None or kept[0] is not portrait or kept[1] != title:
            kept = self._last = (portrait, title, portrait.draw(title, BESIDE))
        return kept[2]

    def pasted(
        self, request: FaceRequest, drawn: Image.Image, *, step: Callable[[int], None] = lambda done: None
    ) -> Image.Image:
        """The whole photo with the drawn face in its place, and with the others where the request asks for every face.

        step : called with how many faces are drawn, before each further one.
        """
        photo = request.photo
        assert photo is not None  # there is no scene without a photo
        pictures = {request.face: drawn}
        others = [index for index in range(len(photo.faces)) if request.every and index != request.face]
        for index in others:
            step(len(pictures))
            pictures[index] = self._renderer.draw(self._scene(photo, index), draft=request.draft)
        step(len(pictures))
        return photo.paste({index: pictures[index] for index in [*others, request.face]})
