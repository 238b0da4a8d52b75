"""Two explorers whose traits are linked, in JupyterLab."""

from __future__ import annotations

from .lab import Lab, Notebook

CODE = """\
import ipywidgets

import webtoonfaces as wf

G = wf.load_stylegan2("demo")
explorer, other = wf.InterpolationPad(G), wf.InterpolationPad(G, seeds=(4, 5, 6, 7))
explorer.add_class("wf-first")
other.add_class("wf-second")
links = [ipywidgets.link((explorer, name), (other, name)) for name in ("x", "y", "psi")]
ipywidgets.VBox([explorer, other])"""


def test_linked_pads_follow_one_drag(lab: Lab) -> None:
    with lab.showing(CODE, "wf-first") as first:
        lab.until("document.querySelector('.wf-second .wf-view img')?.naturalWidth", "both pads are there")
        second = Notebook(lab, first.page, "wf-second")
        second.settled("other")
        before, before_second = first.picture(), second.picture()
        first.drag(first.find(".wf-pad-handle"), [(40, -30), (70, 50)])
        first.changed(before)
        second.changed(before_second)  # while the pointer is still down
        first.release()
        first.settled()
        second.settled("other")
        assert first.value("[explorer.x, explorer.y] == [other.x, other.y]")
        places = "[...document.querySelectorAll('.wf-first .wf-pad-handle, .wf-second .wf-pad-handle')]"
        lab.until(f"{places}.map((one) => one.style.left).every((left, _, all) => left === all[0])", "both moved")
        assert first.value("explorer.x") > 0.6
        first.run("other.close()")
    assert not lab.trouble()
