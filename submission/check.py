"""Command: check a zip before it is handed in, with nothing but the zip.

python submission/check.py logs/latest/submission/team.zip
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.command import command_parser
from core.errors import GateError, run_command
from core.result_types import RatioResult, ScoreResult
from core.terminal import show, show_json
from submission.checks.figures import result_problems
from submission.checks.handed import read_handed
from submission.checks.origins import origin_problems
from submission.checks.parts import checkpoint_problems, image_problems, manifest_problems, part_problems
from submission.checks.report import report_problems
from submission.package.archive import dig, read_archive


@dataclass(frozen=True)
class Verdict:
    """The result of a check.

    Attributes:
        file: the zip; bytes: its size; files: how many it holds.
        ok: whether nothing is wrong.
        problems: one sentence each.
        not_looked_at: those of them that say what was too large, or too much, to be looked into.
        kit: the version of the kit that packed it (None before 0.2.0).
        team, contest, weights, best, score, ratio: as the zip states them (None where it does not).
        steps: the steps of its checkpoints.
        opened: how many weight files were looked into (0 where the zip names them only).
    """

    file: str
    bytes: int
    files: int
    ok: bool
    problems: tuple[str, ...]
    not_looked_at: tuple[str, ...]
    kit: Any
    team: Any
    contest: Any
    weights: Any
    steps: tuple[int, ...]
    opened: int
    best: str | None
    score: float | None
    ratio: float | None


def check_zip(path: Path) -> Verdict:
    """Check a zip; everything that is wrong is found in one go.

    Raises:
        InputError: the file is missing or no zip.
    """
    contents = read_archive(path)
    handed = read_handed(contents)
    manifest, score, ratio = handed.manifest, handed.results.of(ScoreResult), handed.results.of(RatioResult)
    problems = contents.problems
    problems.note_all(part_problems(handed))
    problems.note_all(manifest_problems(contents, manifest))
    problems.note_all(checkpoint_problems(handed))
    problems.note_all(origin_problems(handed))
    problems.note_all(report_problems(handed))
    problems.note_all(image_problems(contents))
    problems.note_all(result_problems(handed))
    best = score.best if score else None
    return Verdict(
        file=str(path),
        bytes=path.stat().st_size,
        files=len(contents.sizes),
        ok=not problems,
        problems=tuple(problems),
        not_looked_at=tuple(contents.not_looked_at),
        kit=dig(manifest, "kit"),
        team=dig(manifest, "team"),
        contest=dig(manifest, "contest"),
        weights=dig(manifest, "weights"),
        steps=tuple(row["step"] for row in handed.rows.values()),
        opened=len(contents.tensors),
        best=best,
        score=score.checkpoints[best].score if score and best is not None and best in score.checkpoints else None,
        ratio=ratio.ratio if ratio else None,
    )


def print_verdict(verdict: Verdict) -> None:
    """Print a verdict as a small table."""
    rows = [
        ("zip", f"{verdict.file} ({verdict.bytes} bytes, {verdict.files} files)"),
        ("kit", verdict.kit),
        ("team", verdict.team),
        ("contest", verdict.contest),
        ("checkpoints", f"{', '.join(map(str, verdict.steps))} ({verdict.weights}, {verdict.opened} looked into)"),
        ("best", verdict.best),
        ("score", verdict.score),
        ("ratio", verdict.ratio),
    ]
    for name, value in rows:
        show(f"{name:<12} {value if value is not None else '-'}")
    for problem in verdict.problems:
        show(f"  wrong: {problem}")
    if verdict.not_looked_at:
        show(f"{len(verdict.not_looked_at)} of these name what was not looked at (docs/security.md)")
    show("ok: the zip is complete and agrees with itself" if verdict.ok else f"{len(verdict.problems)} problems")


def main(argv: Sequence[str]) -> int:
    """Check the zip named on the command line; 0 where all is well (GateError, exit code 3, where it is not)."""
    parser = command_parser(
        "submission/check.py",
        "Check a zip before it is handed in: parts, hashes, five merged checkpoints, figures.",
        "example: python submission/check.py logs/latest/submission/team.zip",
        json="the verdict",
    )
    parser.add_argument("file", type=Path, help="the zip")
    arguments = parser.parse_args(argv)
    verdict = check_zip(arguments.file)
    if arguments.json:
        show_json(asdict(verdict), indent=2)
    else:
        print_verdict(verdict)
    if not verdict.ok:
        raise GateError(f"{arguments.file}: not fit to be handed in, {len(verdict.problems)} problems")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
