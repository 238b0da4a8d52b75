"""The table of a run: the metrics of its checkpoints, beginning with the weights that it started from.

A run keeps only its last checkpoints, so each measurement is written, when it is made, as a line of `metrics.jsonl` in
the run's folder. The table is built from these lines.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadInputError
from .distances import Score

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FILE = "metrics.jsonl"
WIDE = 20  # if a metric's values differ by more than this factor, its axis is logarithmic


@dataclass(frozen=True)
class Row:
    """One checkpoint's metrics: label -> score. Row 0 has step 0."""

    step: int
    kimg: float
    checkpoint: str
    scores: dict[str, Score]


@dataclass(frozen=True)
class MetricTable:
    """A run's rows, by step, and for each metric its reference values: label -> value."""

    run: str
    rows: tuple[Row, ...]
    references: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """The metrics, in the order of their first measurement."""
        return list(dict.fromkeys(label for row in self.rows for label in row.scores))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def markdown(self) -> str:
        """The table, and below it the reference values."""
        labels = self.labels
        lines = [
            f"# Metrics of {self.run}",
            "",
            "| iteration | kimg | " + " | ".join(labels) + " | checkpoint |",
            "|---:|---:|" + "---:|" * len(labels) + "---|",
        ]
        for row in self.rows:
            values = [str(row.scores[label]) if label in row.scores else "" for label in labels]
            lines.append(f"| {row.step:,} | {row.kimg:,.1f} | " + " | ".join(values) + f" | {row.checkpoint} |")
        if self.rows[0].step:
            lines += ["", "The weights that the training started from (row 0) were not measured; see --start-of."]
        for label, references in self.references.items():
            told = "; ".join(f"{words}: {value:.4f}" for words, value in references.items())
            lines += ["", f"For comparison, {label}: {told}."]
        return "\n".join(lines) + "\n"

    def figure(self) -> Figure:
        """Each metric over thousands of pictures, with spreads as bars and reference values as dotted lines."""
        from matplotlib.figure import Figure

        labels = self.labels
        columns = min(2, len(labels))
        count = math.ceil(len(labels) / columns)
        figure = Figure(figsize=(5.2 * columns, 3.3 * count), layout="constrained")
        panels = figure.subplots(count, columns, squeeze=False).flatten()
        for panel, label in zip(panels, labels, strict=False):
            self._draw(panel, label)
        for panel in panels[len(labels) :]:
            panel.remove()
        figure.suptitle(f"Metrics of {self.run}", fontsize=12)
        return figure

    def _draw(self, axes: Any, label: str) -> None:
        rows = [row for row in self.rows if label in row.scores]
        values = [row.scores[label].value for row in rows]
        spreads = [row.scores[label].spread for row in rows]
        axes.errorbar([row.kimg for row in rows], values, yerr=spreads, fmt="o-", color="#d1495b", capsize=2)
        for words, value in self.references.get(label, {}).items():
            axes.axhline(value, color="#666", linestyle=":", linewidth=1)
            axes.annotate(words, (0.99, value), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=7)
        if min(values) > 0 and max(values) > WIDE * min(values):
            axes.set_yscale("log")
        axes.set_xlim(left=0)
        axes.set_title(label, fontsize=9)
        axes.set_xlabel("thousands of pictures")
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)


def write_row(
    run: Path,
    *,
    step: int,
    kimg: float,
    checkpoint: str,
    scores: Mapping[str, Score],
    references: Mapping[str, Mapping[str, float]] | None = None,
) -> Path:
    """Add a measurement to the run's `metrics.jsonl`; returns that file."""
    row = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "step": step,
        "kimg": kimg,
        "checkpoint": checkpoint,
        "scores": {label: asdict(score) for label, score in scores.items()},
        "references": {label: dict(values) for label, values in (references or {}).items()},
    }
    path = run / FILE
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    return path


def read_table(run: str | Path) -> MetricTable:
    """The table of a run's folder; if a metric was measured twice at one step, the later value is used.

    Raises BadInputError if nothing was measured there yet, or if a line is not a measurement.
    """
    folder = Path(run)
    path = folder / FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    rows: dict[int, Row] = {}
    references: dict[str, dict[str, float]] = {}
    for number, line in enumerate(lines, start=1):
        try:
            value = json.loads(line)
            scores = {label: Score(**score) for label, score in value["scores"].items()}
            row = Row(value["step"], value["kimg"], value["checkpoint"], scores)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInputError(f"Line {number} of {path} is not a measurement. Remove that line.") from error
        earlier = rows.get(row.step)
        rows[row.step] = Row(row.step, row.kimg, row.checkpoint, (earlier.scores if earlier else {}) | row.scores)
        references |= value.get("references", {})
    if not rows:
        raise BadInputError(
            f"Nothing was measured in {folder} yet. Type: webtoonfaces evaluate kid {folder} DATA (or swap)."
        )
    return MetricTable(folder.resolve().name, tuple(rows[step] for step in sorted(rows)), references)


def save_table(table: MetricTable, folder: Path) -> list[Path]:
    """Write the table as `metrics.md`, `metrics.json` and `metrics.png`; returns the three."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"metrics.{suffix}" for suffix in ("md", "json", "png")]
    paths[0].write_text(table.markdown(), encoding="utf-8")
    paths[1].write_text(json.dumps(table.as_dict(), indent=1) + "\n", encoding="utf-8")
    table.figure().savefig(paths[2], dpi=120)
    return paths
