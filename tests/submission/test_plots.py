"""The two plots: whole PNG files, the same for the same run, and tolerant of figures that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from core.result_types import RetentionResult
from submission.package.run_facts import read_run
from submission.report.plots import plot_scores, write_plots


@pytest.mark.slow
def test_plots_are_reproducible_pictures(run: Path, tmp_path: Path) -> None:
    facts = read_run(run)
    once, again = (write_plots(facts, tmp_path / name) for name in ("a", "b"))
    for kind in ("loss", "scores"):
        with Image.open(once[kind]) as image:
            image.load()
            assert image.width > 600
            assert len(image.convert("RGB").getcolors(1 << 20) or []) > 20
        assert once[kind].read_bytes() == again[kind].read_bytes()


def test_a_missing_figure_leaves_a_gap(run: Path, tmp_path: Path) -> None:
    facts = read_run(run)
    retention = facts.results.of(RetentionResult)
    assert retention is not None
    rows = {name: row for name, row in retention.checkpoints.items() if name != "base"}
    facts.results.typed["squad"] = retention.model_copy(update={"checkpoints": rows})
    plot_scores(facts, tmp_path / "scores.png")
    assert (tmp_path / "scores.png").stat().st_size > 1000
