"""The errors of this package.

Every message says what happened and what to do about it. Every error that this package raises on purpose is a
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
    """Something that is not a picture, is too large, or cannot be read or written."""


class UnknownNameError(WebtoonFacesError, KeyError):
    """A name that is not known; the message suggests the most similar ones."""

    def __init__(self, kind: str, name: object, known: Iterable[str]):
        known = sorted(known)
        near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.4)
        advice = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
        super().__init__(f"There is no {kind} called {name!r}. {advice}")

    def __str__(self) -> str:  # KeyError would show the message in quotes
        return str(self.args[0])


class MissingExtraError(WebtoonFacesError, ImportError):
    """A feature needs a package that is not installed; the message contains the command that installs it."""

    def __init__(self, feature: str, extra: str, package: str):
        super().__init__(
            f"{feature} needs the package {package}, which is not installed. Type: pip install 'webtoonfaces[{extra}]'"
        )


class FaceNotFoundError(WebtoonFacesError):
    """No face was found in a photo."""


class WeightsError(WebtoonFacesError):
    """Base of the errors in finding, downloading and reading weights."""


class WeightsNotFoundError(WeightsError, FileNotFoundError):
    """A weight file that is not on this machine and cannot be downloaded."""

    __str__ = Exception.__str__  # OSError would format its two arguments


class DownloadError(WeightsError):
    """A download that failed; the message says how to fetch the file by hand."""


class QuotaError(DownloadError):
    """Google Drive answered with its quota page instead of the file."""


class OfflineError(DownloadError):
    """The server could not be reached."""


class HashMismatchError(WeightsError):
    """A file whose sha256 is not the recorded one."""


class LayoutError(WeightsError):
    """A state dict that does not fit its network: every missing, unexpected or misshapen key is named."""


class UnsafeFileError(WeightsError):
    """A checkpoint that would run code when opened."""
