"""A JupyterLab of the tests' own, and a notebook open in it: what a person does there, and what they would see.

All explorers are shown in one notebook, one after the other: opening a page and importing torch takes longer than all
that is done with an explorer.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from PIL import Image
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Playwright, sync_playwright

from webtoonfaces import replay
from webtoonfaces.cli.jupyter import command

ROOT = Path(__file__).parents[2]
START_S, STOP_S = 120, 20
PATIENCE_MS = 120_000  # a machine that is shared may be slow; what is broken fails in another way
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
SCRIPT = Path(__file__).with_name("page.js")
NAME = "page.ipynb"
LISTEN = """() => {
  if (!wf.heard) document.addEventListener("keydown", (event) => wf.heard.push(event.key));
  wf.heard = [];
}"""
HARMLESS = ("ResizeObserver loop",)  # of JupyterLab's own

# Prints the bytes that the view should have: the full picture of the present state, encoded as live pictures are. It is
# asked again and again, and drawn once for each state.
EXPECTED = """
import base64
from webtoonfaces.images import encode, scaled
from webtoonfaces.widgets.pictures import QUALITY, VIEW
explorer.wait(60)
drawn, scene = globals().setdefault("_expected", {}), explorer._final_scene()
if (id(explorer), scene) not in drawn:
    picture = explorer.stage.renderer.draw(scene)  # as it rests: enlarged, unless Crisp is off
    if max(picture.size) < VIEW:
        picture = scaled(picture, VIEW)
    drawn.clear()
    drawn[id(explorer), scene] = base64.b64encode(encode(picture, "JPEG", quality=QUALITY)).decode()
print(drawn[id(explorer), scene])
"""


def find_browser() -> str | None:
    """The path of an installed Chromium; None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@dataclass
class Lab:
    """A running server. `folder` is what it shows; `log` is what it and its kernels print."""

    address: str
    token: str
    folder: Path
    log: Path
    page: Page
    complaints: list[str] = field(default_factory=list)
    _read: int = 0

    def open(self) -> None:
        """Open an empty notebook, and wait for its kernel."""
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        empty = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell()], metadata={"kernelspec": kernel})
        nbformat.write(empty, self.folder / NAME)
        self.page.set_default_timeout(PATIENCE_MS / 2)
        self.page.on("pageerror", lambda error: self.complaints.append(f"page: {error}"))
        self.page.on("console", self._listen)
        self.page.add_init_script(path=SCRIPT)
        self.page.goto(f"{self.address}/lab/tree/{NAME}?reset&token={self.token}")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")
        self.until("wf.ready()", "the kernel is idle")
        self.page.evaluate("wf.listen()")

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(known in message.text for known in HARMLESS):
            self.complaints.append(f"console: {message.text} ({message.location.get('url')})")

    @contextlib.contextmanager
    def showing(self, code: str, root: str) -> Iterator[Notebook]:
        """Run code that ends with an explorer, called `explorer`; `root` is the explorer's class."""
        self.page.evaluate("code => wf.show(code)", code)
        notebook = Notebook(self, self.page, root)
        self.until("document.querySelector(`.${root} .wf-status`)", "the explorer is there", root=root)
        yield notebook
        notebook.run("explorer.close()")

    def until(self, question: str, what: str, **values: str) -> Any:
        """Wait until JavaScript over `values` is true; its answer, where that is plain."""
        ask = f"async () => {{ const answer = await ({question}); return answer instanceof Element || answer; }}"
        waiting = f"({{ {', '.join(values)} }}) => wf.until({ask}, {PATIENCE_MS}, {json.dumps(what)})"
        return self.page.evaluate(waiting, values)

    def trouble(self) -> list[str]:
        """What the browser's console, the kernel and the server complained of since this was last asked."""
        found, self.complaints = self.complaints, []
        found += self.page.evaluate("wf.complaints.splice(0)")
        text = self.log.read_text(errors="replace")
        lines, self._read = text[self._read :].splitlines(), len(text)
        return found + [line for line in lines if "Traceback" in line or line.startswith("[E ")]


@dataclass(frozen=True)
class Notebook:
    """The notebook, with an explorer on the screen."""

    lab: Lab
    page: Page
    root: str

    # looking

    def find(self, selector: str) -> Locator:
        """Something inside the explorer."""
        return self.page.locator(f".{self.root} {selector}")

    def slider(self, label: str) -> Locator:
        """The handle of the slider with this label; the first, where it has two."""
        named = self.page.get_by_text(label, exact=True)
        return self.find(".widget-slider").filter(has=named).locator(".noUi-handle").first

    def picture(self) -> bytes:
        """The bytes of the picture that is on the screen, once there is one."""
        return base64.b64decode(self.lab.until("wf.picture(root)", "a picture is shown", root=self.root))

    def changed(self, before: bytes) -> bytes:
        """The bytes of the next picture that differs from one seen before."""
        ask = "wf.picture(root).then((found) => found !== known && found)"
        known = base64.b64encode(before).decode()
        return base64.b64decode(self.lab.until(ask, "the picture changes", root=self.root, known=known))

    def settled(self, name: str = "explorer") -> None:
        """Wait until what is on the screen is, byte for byte, what the kernel draws of the present state.

        name : the explorer's, in the kernel.
        """
        ask = "wf.run(code).then(async (full) => full === (await wf.picture(root)))"
        code = EXPECTED.replace("explorer", name)
        self.lab.until(ask, "the full picture of the present state is shown", root=self.root, code=code)

    def told(self, text: str) -> None:
        """Wait until the status line says something."""
        self.find(".wf-status").get_by_text(text).wait_for()

    # asking the kernel

    def run(self, code: str) -> str:
        """Run code in the notebook's kernel; returns what it prints."""
        printed: str = self.page.evaluate("code => wf.run(code)", code)
        return printed

    def value(self, expression: str) -> Any:
        """A plain value from the kernel."""
        return json.loads(self.run(f"import json; print(json.dumps({expression}))"))

    def until(self, expression: str) -> None:
        """Wait until an expression is true in the kernel."""
        self.lab.until(
            "wf.run(code).then((answer) => answer === 'True')", expression, code=f"print(bool({expression}))"
        )

    # acting

    def unfold(self, title: str) -> None:
        """Open a part of the controls, if it is not open."""
        button = self.find(".wf-accordion > .wf-row > button").filter(has_text=title)
        if "mod-active" not in (button.get_attribute("class") or ""):
            button.press("Enter")
        button.locator(".fa-caret-down").wait_for()  # the kernel shows what is folded away, and then turns the caret

    def type(self, label: str, text: str) -> None:
        """Write into the field with this label."""
        field = self.find("").get_by_label(label, exact=True)
        field.fill(text)
        field.press("Enter")

    def drag(self, handle: Locator, to: Sequence[tuple[float, float]]) -> None:
        """Press in the middle of a handle, and move through places (px from there); the button stays down."""
        handle.scroll_into_view_if_needed()
        box = handle.bounding_box()
        assert box is not None, "it cannot be seen"
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for across, down in to:
            self.page.mouse.move(x + across, y + down, steps=4)

    def release(self) -> None:
        self.page.mouse.up()

    def keys_stay(self, target: Locator) -> None:
        """Press, with the focus inside the explorer, what are commands of a notebook; it must not hear of them.

        Nor must a page that listens to all keys at its document, as Colab's does: it has no marks to look for.
        """
        ask = "[wf.panel().content.widgets.map((cell) => cell.model.sharedModel.source), wf.panel().content.mode]"
        before = self.page.evaluate(ask)
        self.page.evaluate(LISTEN)
        target.focus()
        for key in ("a", "b", "Control+z", "d", "d", "0", "0"):
            target.press(key)
        assert self.page.evaluate(ask) == before
        assert self.page.locator(".jp-Dialog").count() == 0
        assert self.page.evaluate("wf.heard") == []

    def save_and_replay(self, name: str) -> None:
        """Save what is shown under a name, and draw it again in another process, this one, from its recipe."""
        self.settled()
        self.find("input[placeholder='file.png']").fill(name)
        self.find(".wf-save").click()
        self.told(f"saved {name}")
        with Image.open(self.lab.folder / name) as saved:
            assert replay(self.lab.folder / name).tobytes() == saved.tobytes()
            drawn = "explorer.stage.renderer.draw(explorer._final_scene())"  # as it is shown, enlarged
            assert self.run(f"print({drawn}.tobytes().hex())") == saved.tobytes().hex()


@contextlib.contextmanager
def running_lab(folder: Path, context: BrowserContext) -> Iterator[Lab]:
    """JupyterLab as `make lab` starts it, with folders of its own below `folder`, and a notebook open in it."""
    root, log, token = folder / "notebooks", folder / "server.log", secrets.token_hex(16)
    root.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--no-browser", f"--port={port}", "--ServerApp.port_retries=0"]
    options += [f"--IdentityProvider.token={token}", "--LabApp.expose_app_in_browser=True"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(root, *options),
            env=os.environ | _own_folders(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(process, f"{address}/api/status?token={token}", log)
        lab = Lab(address, token, root, log, context.new_page())
        lab.open()
        yield lab
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def starting_lab() -> Iterator[Lab]:
    """Browser, JupyterLab and notebook for a script, in a temporary folder; everything is stopped in the end."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        context = start_browser(playwright, Path(folder, "profile"))
        with running_lab(Path(folder), context) as lab:
            yield lab
        context.close()


def start_browser(playwright: Playwright, profile: Path) -> BrowserContext:
    """The system's Chromium, with its profile in an empty folder."""
    return playwright.chromium.launch_persistent_context(
        profile, executable_path=find_browser(), args=[*OPTIONS], viewport={"width": 1280, "height": 1000}
    )


def _own_folders(folder: Path) -> dict[str, str]:
    names = [f"JUPYTER_{what}_DIR" for what in ("CONFIG", "DATA", "RUNTIME")]
    names += [f"JUPYTERLAB_{what}_DIR" for what in ("SETTINGS", "WORKSPACES")]
    names += ["IPYTHONDIR", "WEBTOONFACES_CACHE"]
    settings = folder / "jupyterlab_settings_dir" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    # A new user is asked, in a popup, whether news may be fetched.
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    return {"PYTHONPATH": str(ROOT)} | {name: str(folder / name.lower()) for name in names}


def _wait_until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=10).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)  # nobody listens yet, and there is no event to wait for
        else:
            return
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-3000:]}")
