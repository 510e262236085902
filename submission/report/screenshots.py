"""The screenshots that the contest asks for, drawn from the real lines of the run's logs and results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from submission.package.run_facts import RunFacts
from submission.report.excerpts import Excerpt, find_excerpt
from submission.report.fonts import FontStack, load_fonts
from submission.report.terminal import render, save


@dataclass(frozen=True)
class Shot:
    """What one screenshot shows.

    Attributes:
        kind: its file name without `.png`.
        step: the step of the main job that it shows; a contest without it has none.
        title: text of its bar.
        folder: logs below this folder of the run are looked into; "" for those outside `train/`.
        pattern: regular expression of the log lines to show.
        first, last: how many matching lines from the beginning and the end.
        result: file of the run that shows the same where no log does.
        always: whether its lines stand below those of the log in any case.
        result_pattern: regular expression of its lines.
    """

    kind: str
    step: str
    title: str
    folder: str
    pattern: str
    first: int
    last: int
    result: str
    result_pattern: str
    always: bool = False


SHOTS = (
    Shot(
        "ratio", "train", "Low-parameter ratio", "train", r"Network Parameters\s*:", 1, 2,
        "results/ratio.json", r'"', always=True,
    ),
    Shot(
        "training", "train", "Training log", "train", r"\bloss\s*[:=]\s*\[?[-\d.]", 8, 16,
        "train/loss.jsonl", r'"loss"',
    ),
    Shot(
        "squad", "retention", "Retention: SQuAD F1 and EM", "", r"\bF1\b.{0,80}\bEM\b.{0,80}\d", 4, 12,
        "results/squad.json", r'"(base|step_\d+|contest|official|f1|em|count|passed|required_\w+)"',
    ),
    Shot(
        "accuracy", "accuracy", "Task accuracy", "", r"\baccuracy\b.{0,40}\d", 4, 12,
        "results/accuracy.json", r'^.{0,6}"(base|step_\d+|accuracy|correct|count)"',
    ),
)  # fmt: skip
_RESULT_LINES = 80


def shots_of(steps: Sequence[str]) -> list[Shot]:
    """Return the screenshots of a contest with these steps."""
    return [shot for shot in SHOTS if shot.step in steps]


def excerpts_of(facts: RunFacts, shot: Shot) -> list[Excerpt]:
    """Return the lines that a screenshot shows.

    Those of a log where one has them, as they are: a picture rounds nothing. MindFormers' own line of the ratio is cut
    to millions (`Network Parameters: 3 M.`), so the lines of the result file stand below it.

    Raises:
        InputError: neither a log nor the result file has such a line.
    """
    folder = facts.run.path
    logs = [path for path in facts.logs if path.is_relative_to(facts.run.train) == (shot.folder == "train")]
    from_log = find_excerpt(folder, logs, shot.pattern, shot.first, shot.last)
    found = [from_log] if from_log else []
    if not found or shot.always:
        result = find_excerpt(
            folder, [folder / shot.result], shot.result_pattern, _RESULT_LINES // 2, _RESULT_LINES // 2
        )
        found += [result] if result else []
    if not found:
        raise InputError(f"{folder / shot.result}: no line for the screenshot '{shot.kind}' here or in a log")
    return found


def write_screenshots(facts: RunFacts, folder: Path, fonts: FontStack | None = None) -> dict[str, Path]:
    """Write the screenshots into `folder`; return kind -> path of the PNG.

    Args:
        facts: the run.
        folder: where the PNG files go.
        fonts: the system's where None.
    """
    fonts = fonts or load_fonts()
    written: dict[str, Path] = {}
    for shot in shots_of(facts.config.steps):
        excerpts: Sequence[Excerpt] = excerpts_of(facts, shot)
        path = folder / f"{shot.kind}.png"
        save(render(shot.title, excerpts, fonts), excerpts, path)
        written[shot.kind] = path
    return written
