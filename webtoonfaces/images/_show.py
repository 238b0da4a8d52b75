"""Pictures in a notebook, drawn by matplotlib without its global state."""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from webtoonfaces.errors import BadInputError, ImageError
from webtoonfaces.images._load import ImageSource, as_list, load_image
from webtoonfaces.images._options import whole_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 100
_TITLE = 0.3  # inches


def show(
    pictures: ImageSource | Iterable[ImageSource | None],
    *,
    columns: int | None = None,
    titles: Sequence[str | None] | None = None,
    height: float = 2.5,
) -> Figure:
    """Show `pictures` (one, or several; each anything `load_image` takes, `None` for a blank) and return the figure.

    In a notebook the figure is shown at once, also in the middle of a cell; elsewhere it is only returned, and its
    `savefig` writes it. `columns` defaults to at most 6; `height` is the height of a row of pictures in inches.
    `pyplot` is not used: no backend is chosen and no figure stays in memory.
    """
    from matplotlib.figure import Figure

    loaded = [None if picture is None else load_image(picture) for picture in as_list(pictures)]
    if not any(loaded):
        raise ImageError("The list of pictures is empty. Give at least one picture to show.")
    if titles is not None and len(titles) != len(loaded):
        raise BadInputError(
            f"There are {len(titles)} titles for {len(loaded)} pictures. Give one for each picture, None for no title."
        )
    if not 0 < height < math.inf:
        raise BadInputError(f"height must be a positive number of inches, not {height!r}.")
    columns = min(6, len(loaded)) if columns is None else whole_number(columns, "columns", least=1)
    rows = math.ceil(len(loaded) / columns)
    widest = max(picture.width / picture.height for picture in loaded if picture is not None)
    row_height = height + (_TITLE if titles else 0)
    figure = Figure(figsize=(columns * height * widest, rows * row_height), dpi=_DPI, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)  # type: ignore[union-attr, call-arg]
    cells = figure.subplots(rows, columns, squeeze=False).ravel()
    for index, axes in enumerate(cells):
        axes.set_axis_off()
        if index < len(loaded) and loaded[index] is not None:
            axes.imshow(loaded[index])
        if titles and index < len(loaded) and titles[index]:
            axes.set_title(titles[index], fontsize=9, parse_math=False)
    _display(figure)
    return figure


def _display(figure: Figure) -> None:
    """Show `figure` in a notebook now, and not a second time if it is also the value of the cell."""
    shell = _notebook()
    if shell is None:
        return
    from IPython.display import Image, display

    def show_png() -> None:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        display(Image(data=buffer.getvalue()))

    shown_in = shell.execution_count

    def display_again() -> None:
        if shell.execution_count != shown_in:
            show_png()

    figure._ipython_display_ = display_again  # type: ignore[attr-defined]
    show_png()


def _notebook() -> Any:
    """The IPython shell of a running kernel, or `None` in a script or a terminal."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    shell = get_ipython()
    return shell if getattr(shell, "kernel", None) is not None else None
