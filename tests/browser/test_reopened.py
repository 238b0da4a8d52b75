"""A notebook with an explorer, saved and opened again without its kernel."""

from __future__ import annotations

import json

from .lab import NAME, Lab

CODE = """\
import webtoonfaces as wf

explorer = wf.InterpolationPad(wf.load_stylegan2("demo"))
explorer"""


def test_it_shows_a_still_picture(lab: Lab) -> None:
    page = lab.page
    with lab.showing(CODE, "wf-interpolation-pad") as notebook:
        notebook.settled()
        page.evaluate("jupyterapp.commands.execute('docmanager:save')")
        ask = "!wf.panel().context.model.dirty"
        lab.until(ask, "the notebook is saved")
        saved = json.loads((lab.folder / NAME).read_text())
        outputs = saved["cells"][0]["outputs"]
        bundle = next(output["data"] for output in outputs if "data" in output)
        assert bundle["image/png"] and "application/vnd.jupyter.widget-view+json" in bundle
    page.evaluate("wf.panel().sessionContext.shutdown()")
    page.goto(f"{lab.address}/lab/tree/{NAME}?reset&token={lab.token}")
    page.wait_for_selector("#jupyterlab-splash", state="detached")
    still = page.locator('.jp-OutputArea img[alt="the explorer\'s picture"]')
    still.wait_for()
    assert still.evaluate("image => image.decode().then(() => image.naturalWidth)") == 512
    assert page.get_by_text("model not found").count() == 0
    lab.until("wf.ready()", "the kernel is idle")
    page.evaluate("wf.listen()")
    lab.trouble()
