"""What can go wrong, in the user's words.

Every message says what happened and what to do about it. Everything raised on purpose by this package is a
`WebtoonFacesError`, so a notebook, a widget or the command line can show the message without a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class WebtoonFacesError(Exception):
    """Base of every error that this package raises on purpose."""


class BadInputError(WebtoonFacesError, ValueError):
    """An argument that cannot be used: wrong shape, out of range, contradictory."""


class ImageError(BadInputError):
    """What was given as a picture is none, is too large, or cannot be read or written."""


class UnknownNameError(WebtoonFacesError, KeyError):
    """A name that is not in a list of known ones; the message offers the nearest."""

    def __init__(self, kind: str, name: object, known: Iterable[str]):
        known = sorted(known)
        near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.4)
        advice = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
        super().__init__(f"There is no {kind} called {name!r}. {advice}")

    def __str__(self) -> str:  # KeyError would show the message in quotes
        return str(self.args[0])


class MissingExtraError(WebtoonFacesError, ImportError):
    """A feature needs a package that is not installed; the message is the line to type."""

    def __init__(self, feature: str, extra: str, package: str):
        super().__init__(
            f"{feature} needs the package {package}, which is not installed. Type: pip install 'webtoonfaces[{extra}]'"
        )


class FaceNotFoundError(WebtoonFacesError):
    """No face where one was needed."""


class WeightsError(WebtoonFacesError):
    """Base of what can go wrong between a name and a loaded network."""


class WeightsNotFoundError(WeightsError, FileNotFoundError):
    """A weight that is on no disk and can be had from no source."""

    __str__ = Exception.__str__  # OSError would format its two arguments


class DownloadError(WeightsError):
    """A download that failed; the message says how to fetch the file by hand."""


class QuotaError(DownloadError):
    """Google Drive answered with its quota page instead of the file."""


class OfflineError(DownloadError):
    """The network could not be reached at all."""


class HashMismatchError(WeightsError):
    """A file whose sha256 is not the recorded one."""


class LayoutError(WeightsError):
    """A state dict that does not fit its network: every missing, unexpected or misshapen key is named."""


class UnsafeFileError(WeightsError):
    """A checkpoint that would run code when opened."""
