"""Downloading a file from the web or from Google Drive; `store` chooses the file and verifies it.

This is the only module that imports gdown. An interrupted download from the web is resumed if the server confirms that
it still has the same file.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import re
import shutil
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from webtoonfaces._version import __version__
from webtoonfaces.errors import DownloadError, OfflineError, QuotaError
from webtoonfaces.weights.registry import Source

_DRIVE_DOWNLOAD = "https://drive.google.com/uc?id={id}"
_TIMEOUT_S = 30.0
_RETRIES = 2
_FIRST_PAUSE_S = 1.0  # doubled before each further retry
_CHUNK = 1 << 20
_LONGEST_PAUSE_S = 60.0  # that a server may ask for with Retry-After
_SLOWEST, _WINDOW_S = 1024, 60.0  # bytes a second, as a mean over so many seconds
LONGEST_S = 6 * 3600.0  # for one file
MOST_BYTES = 8 * 2**30  # of a file whose size is not recorded


class _TransientError(Exception):
    """A failure that may not occur again; `error` is raised if all further attempts fail too."""

    def __init__(self, error: DownloadError, *, pause: float = 0.0):
        super().__init__(error)
        self.error, self.pause = error, pause


def download(source: Source, part: Path, *, label: str, progress: bool, most: int = MOST_BYTES) -> None:
    """Download at most `most` bytes to `part`.

    Raises DownloadError or a subclass for network errors, OSError for disk errors.
    """
    if source.drive:
        _get_from_drive(source.drive, part, label=label, progress=progress, most=most)
        return
    for attempt in range(_RETRIES + 1):
        try:
            _get_from_web(source.url, part, label=label, progress=progress, most=most)
            return
        except _TransientError as failure:
            if attempt == _RETRIES:
                raise failure.error from failure.__cause__
            time.sleep(max(failure.pause, _FIRST_PAUSE_S * 2**attempt))


def discard(part: Path) -> None:
    """Remove the files of an interrupted download."""
    part.unlink(missing_ok=True)
    _resume_note(part).unlink(missing_ok=True)
    shutil.rmtree(_drive_folder(part), ignore_errors=True)


def can_resume(part: Path) -> bool:
    """Whether an interrupted download can be resumed."""
    return _resume_note(part).is_file() or _drive_folder(part).is_dir()


def _get_from_web(url: str, part: Path, *, label: str, progress: bool, most: int) -> None:
    """Download to `part`; resume an earlier attempt if the server still has the same file."""
    offset, validator = _resume_point(part, url)
    headers = {"User-Agent": f"webtoonfaces/{__version__}", "Accept-Encoding": "identity"}
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": validator}
    with _open(urllib.request.Request(url, headers=headers), part) as response:
        offset, total = _announced(response, offset, part)
        if not offset:
            discard(part)
            _write_resume_note(part, url, response)
        if (total or 0) > most:
            discard(part)
            raise _too_large(total or 0, most)
        pace = _Pace()
        with part.open("ab") as file, _bar(label, shown=progress, total=total, done=offset) as bar:
            while chunk := _read_chunk(response):
                offset += len(chunk)
                if offset > most:
                    file.truncate(0)
                    raise _too_large(offset, most)
                file.write(chunk)
                pace.check(len(chunk))
                bar.update(len(chunk))
    size = part.stat().st_size
    if total is not None and size != total:
        raise _TransientError(DownloadError(f"The connection was lost after {size:,} of {total:,} bytes."))


def _too_large(size: int, most: int) -> DownloadError:
    return DownloadError(f"The server sends {size:,} bytes or more where at most {most:,} are expected.")


class _Pace:
    """Ends a transfer that is so slow that it would never end."""

    def __init__(self) -> None:
        self._started = self._since = time.monotonic()
        self._bytes = 0

    def check(self, count: int) -> None:
        now = time.monotonic()
        self._bytes += count
        if now - self._started > LONGEST_S:
            raise DownloadError(f"The download took more than {LONGEST_S / 3600:.0f} hours and was stopped.")
        if now - self._since > _WINDOW_S:
            if self._bytes < _SLOWEST * _WINDOW_S:
                raise _TransientError(
                    DownloadError(f"The server sends less than {_SLOWEST} bytes a second, so it was given up.")
                )
            self._since, self._bytes = now, 0


def _open(request: urllib.request.Request, part: Path) -> Any:
    _refuse_unencrypted(request.full_url)
    handlers: list[urllib.request.BaseHandler] = [_CheckedRedirects()]
    if _is_loopback(request.full_url):
        handlers.append(urllib.request.ProxyHandler({}))
    try:
        return urllib.request.build_opener(*handlers).open(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        refusal = DownloadError(f"The server answered {error.code} {error.reason}.")
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            discard(part)
            raise _TransientError(refusal) from error
        if error.code == http.HTTPStatus.TOO_MANY_REQUESTS or error.code >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            pause = _asked_pause(error.headers.get("Retry-After"))
            if pause > _LONGEST_PAUSE_S:
                raise DownloadError(
                    f"The server answered {error.code} {error.reason} and asks to be left alone for "
                    f"{pause / 60:.0f} minutes. Try again then."
                ) from error
            raise _TransientError(refusal, pause=pause) from error
        raise refusal from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLError):
            raise DownloadError(f"There is no secure connection to the server: {error.reason}.") from error
        raise OfflineError(f"The server could not be reached: {error.reason}.") from error
    except (OSError, http.client.HTTPException) as error:
        raise _TransientError(DownloadError(f"The server's answer could not be read: {error}.")) from error
    except ValueError as error:  # a redirect to what is no address
        raise DownloadError(f"The server redirects to an address that cannot be read: {error}.") from error


def _asked_pause(header: str | None) -> float:
    """Seconds that a Retry-After header asks for; 0 without one, and for one that cannot be read."""
    from urllib3.exceptions import InvalidHeader
    from urllib3.util import Retry

    try:
        return max(0.0, Retry().parse_retry_after(header)) if header else 0.0
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0


def _read_chunk(response: Any) -> bytes:
    try:
        return response.read1(_CHUNK)  # what has arrived: a slow server is noticed
    except (OSError, http.client.HTTPException) as error:
        raise _TransientError(DownloadError(f"The connection was lost: {error}.")) from error


def _announced(response: Any, offset: int, part: Path) -> tuple[int, int | None]:
    """The offset at which the answer starts, and the length of the whole file, None if the server does not say."""
    if response.status == http.HTTPStatus.PARTIAL_CONTENT:
        span = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        if span is None or int(span[1]) != offset:
            discard(part)
            raise _TransientError(DownloadError("The server did not send the part of the file that was requested."))
        return offset, int(span[2])
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def _resume_note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _resume_point(part: Path, url: str) -> tuple[int, str]:
    try:
        note = json.loads(_resume_note(part).read_text(encoding="utf-8"))
        if note["url"] == url:
            return part.stat().st_size, str(note["validator"])
    except (OSError, ValueError, LookupError, TypeError):
        pass  # there is nothing to resume, or the note is damaged
    return 0, ""


def _write_resume_note(part: Path, url: str, response: Any) -> None:
    """Note the validator of this version of the file (RFC 9110, 13.1.5); without one, nothing can be resumed."""
    tag = response.headers.get("ETag", "")
    validator = tag if tag.startswith('"') else response.headers.get("Last-Modified", "")
    if validator:
        _resume_note(part).write_text(json.dumps({"url": url, "validator": validator}), encoding="utf-8")


class _CheckedRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from an encrypted address to one that is not."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        _refuse_unencrypted(newurl, loopback_allowed=_is_loopback(req.full_url))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _refuse_unencrypted(url: str, *, loopback_allowed: bool = True) -> None:
    try:
        encrypted = urlsplit(url).scheme == "https"
    except ValueError as error:
        raise DownloadError(f"{url[:200]!r} is not an address: {error}.") from error
    if not encrypted and not (loopback_allowed and _is_loopback(url)):
        raise DownloadError(f"The address {url} is not encrypted (https), so nothing is downloaded from it.")


def _is_loopback(url: str) -> bool:
    parts = urlsplit(url)
    try:
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _drive_folder(part: Path) -> Path:
    """Where gdown keeps what it has received, and resumes from."""
    return part.with_name(f".drive-{part.name}")


def _get_from_drive(file_id: str, part: Path, *, label: str, progress: bool, most: int) -> None:
    import gdown

    part.unlink(missing_ok=True)
    folder = _drive_folder(part)
    folder.mkdir(exist_ok=True)
    received = folder / part.name
    cancel = threading.Event()
    deadline = threading.Timer(LONGEST_S, cancel.set)
    deadline.daemon = True
    deadline.start()
    try:
        with _bar(label, shown=progress) as bar:

            def show(done: int, total: int | None) -> None:
                if max(done, total or 0) > most:
                    raise _too_large(max(done, total or 0), most)
                bar.total = total
                bar.update(done - bar.n)

            gdown.download(
                url=_DRIVE_DOWNLOAD.format(id=file_id),
                output=str(received),
                quiet=True,
                use_cookies=False,
                progress=show,
                timeout=_TIMEOUT_S,
                retries=_RETRIES,
                resume=True,
                cancel=cancel,
            )
        # Only its owner can read gdown's file; a copy gets the usual permissions.
        shutil.copyfile(received, part)
    except DownloadError:
        discard(part)
        raise
    except OSError as error:
        if not isinstance(error, _network_errors()):
            raise  # the disk
        raise _drive_error(error) from error
    except Exception as error:  # gdown reads web pages that may change: any exception is possible
        raise _drive_error(error) from error
    finally:
        deadline.cancel()
        if not any(folder.iterdir()):
            folder.rmdir()
    shutil.rmtree(folder, ignore_errors=True)


def _network_errors() -> tuple[type[Exception], ...]:
    import requests

    return (requests.RequestException, ConnectionError, TimeoutError)


def _drive_error(error: Exception) -> DownloadError:
    import gdown
    import requests

    cause = error.__cause__ if isinstance(error.__cause__, requests.RequestException) else error
    response = cause.response if isinstance(cause, requests.HTTPError) else None
    refused = response is not None and response.status_code in (403, 429)
    if refused or isinstance(cause, gdown.exceptions.FileURLRetrievalError):
        return QuotaError(
            "Google Drive did not send the file: too many people have downloaded it, or its owner has withdrawn it. "
            "The limit lasts about a day; in a browser where you are signed in to Google it often works sooner."
        )
    if isinstance(cause, requests.ConnectionError | requests.Timeout) and not isinstance(
        cause, requests.exceptions.SSLError
    ):
        return OfflineError(f"Google Drive could not be reached: {cause}.")
    return DownloadError(f"Google Drive: {cause}.")


@contextlib.contextmanager
def _bar(label: str, *, shown: bool, total: int | None = None, done: int = 0) -> Iterator[Any]:
    from tqdm.auto import tqdm

    with tqdm(
        desc=label, total=total, initial=done, disable=not shown, unit="B", unit_scale=True, unit_divisor=1024
    ) as bar:
        yield bar
