"""What surrounds the code: links of the README, citation, workflows, forms and hooks."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from webtoonfaces import __version__

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY = PROJECT["urls"]["Repository"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NAME = REPOSITORY.removeprefix("https://github.com/")
OURS = (f"{REPOSITORY}/blob/main/", f"https://raw.githubusercontent.com/{NAME}/main/")
COLAB = f"https://colab.research.google.com/github/{NAME}/blob/main/"
LINKS = re.findall(r"\]\(([^)\s]+)\)", README)


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_links_of_the_readme_work_on_pypi_too() -> None:
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)", README, re.M)
    }
    for link in LINKS:
        if link.startswith("#"):
            assert link[1:] in anchors, link
            continue
        assert link.startswith("https://"), f"{link} is relative"
        for prefix in (*OURS, COLAB):
            if link.startswith(prefix):
                assert (ROOT / link.removeprefix(prefix)).is_file(), link


def test_every_picture_of_the_readme_is_shown() -> None:
    shown = {link.rpartition("/docs/")[2] for link in LINKS if "/docs/" in link}
    assert shown >= {path.name for path in (ROOT / "docs").iterdir() if path.is_file()}
    assert all((ROOT / "docs" / name).is_file() for name in shown)  # the contact sheets of titles are linked, not shown


def test_colab_is_one_click_away_from_the_first_lines() -> None:
    assert COLAB + "notebooks/04_face2webtoon.ipynb" in "".join(README.splitlines()[:4])


def test_the_citation_is_of_this_version() -> None:
    citation = read("CITATION.cff")
    assert citation["version"] == __version__
    assert (citation["license"], citation["repository-code"]) == (PROJECT["license"], REPOSITORY)
    for reference in (citation, *citation["references"]):
        assert {"title", "authors", "type"} <= reference.keys()


def test_classifiers_name_the_versions_that_are_tested() -> None:
    named = {line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", line)}
    tested = set(read(".github/workflows/ci.yml")["jobs"]["check"]["strategy"]["matrix"]["python"])
    assert tested <= named
    assert f">={min(named)}" == PROJECT["requires-python"]
    assert {"Typing :: Typed", "Framework :: Jupyter"} <= set(PROJECT["classifiers"])


def test_only_the_publishing_job_may_publish_and_no_secret_is_kept() -> None:
    jobs = read(".github/workflows/release.yml")["jobs"]
    assert {name for name, job in jobs.items() if "id-token" in job.get("permissions", {})} == {"publish"}
    assert jobs["publish"]["environment"]["name"] == "pypi"
    assert not any("run" in step for step in jobs["publish"]["steps"]), "what is built is not run where it may publish"
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")


def test_the_hooks_check_with_the_ruff_that_make_installs() -> None:
    (ruff,) = (hook for hook in read(".pre-commit-config.yaml")["repos"] if "ruff" in hook["repo"])
    pinned = re.search(r"^ruff==(.*)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.M)
    assert pinned is not None and ruff["rev"] == f"v{pinned[1]}"


@pytest.mark.parametrize("form", ["bug", "idea"])
def test_issue_forms_ask_something(form: str) -> None:
    asked = read(f".github/ISSUE_TEMPLATE/{form}.yml")
    assert {"name", "description", "body"} <= asked.keys()
    identities = [field["id"] for field in asked["body"]]
    assert len(set(identities)) == len(identities) >= 2
    assert all(field["attributes"]["label"] for field in asked["body"])


def test_dependabot_watches_actions_and_packages() -> None:
    assert {entry["package-ecosystem"] for entry in read(".github/dependabot.yml")["updates"]} == {
        "github-actions",
        "pip",
    }
