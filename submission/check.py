"""Command: check a zip before it is handed in, with nothing but the zip.

python submission/check.py logs/latest/submission/team.zip
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import GateError, InputError, run_command
from submission.checks.figures import result_problems
from submission.checks.parts import (
    checkpoint_problems,
    checkpoint_rows,
    figure_sources,
    image_problems,
    manifest_problems,
    part_problems,
    report_problems,
    step_order,
)
from submission.package import layout
from submission.package.archive import Contents, dig, read_archive
from submission.package.run_facts import parse_yaml


@dataclass(frozen=True)
class Verdict:
    """The result of a check.

    Attributes:
        file: the zip; bytes: its size; files: how many it holds.
        ok: whether nothing is wrong.
        problems: one sentence each.
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
    kit: Any
    team: Any
    contest: Any
    weights: Any
    steps: tuple[int, ...]
    opened: int
    best: Any
    score: Any
    ratio: Any


def check_zip(path: Path) -> Verdict:
    """Check a zip; everything that is wrong is found in one go.

    Raises:
        InputError: the file is missing or no zip.
    """
    contents = read_archive(path)
    manifest = contents.json(layout.MANIFEST) if layout.MANIFEST in contents.sizes else None
    config = _config(contents)
    sources = figure_sources(contents, manifest, config)
    found = [
        *part_problems(contents),
        *manifest_problems(contents, manifest),
        *checkpoint_problems(contents, manifest, config),
        *report_problems(contents, sources),
        *image_problems(contents),
        *result_problems(contents, manifest, sources),
    ]
    problems = tuple(dict.fromkeys([*contents.problems, *found]))
    rows = checkpoint_rows(manifest)
    best = dig(sources.get("score"), "best")
    return Verdict(
        file=str(path),
        bytes=path.stat().st_size,
        files=len(contents.sizes),
        ok=not problems,
        problems=problems,
        kit=dig(manifest, "kit"),
        team=dig(manifest, "team"),
        contest=dig(manifest, "contest"),
        weights=dig(manifest, "weights"),
        steps=tuple(step_order(label) for label in sorted(rows, key=step_order)),
        opened=len(contents.tensors),
        best=best,
        score=dig(sources.get("score"), "checkpoints", best, "score") if isinstance(best, str) else None,
        ratio=dig(sources.get("ratio"), "ratio"),
    )


def _config(contents: Contents) -> dict[str, Any]:
    try:
        value = parse_yaml(contents.text(layout.RUN_CONFIG), layout.RUN_CONFIG)
    except (InputError, ValueError) as error:
        if layout.RUN_CONFIG in contents.sizes:
            contents.problems.append(f"{layout.RUN_CONFIG}: {str(error).removeprefix(layout.RUN_CONFIG + ': ')}")
        return {}
    if not isinstance(value, dict):
        contents.problems.append(f"{layout.RUN_CONFIG}: no settings in it")
        return {}
    return value


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
        print(f"{name:<12} {value if value is not None else '-'}")
    for problem in verdict.problems:
        print(f"  wrong: {problem}")
    print("ok: the zip is complete and agrees with itself" if verdict.ok else f"{len(verdict.problems)} problems")


def main(argv: Sequence[str]) -> int:
    """Check the zip named on the command line; 0 where all is well (GateError, exit code 3, where it is not)."""
    parser = argparse.ArgumentParser(
        prog="python submission/check.py",
        description="Check a zip before it is handed in: parts, hashes, five merged checkpoints, figures.",
        epilog="example: python submission/check.py logs/latest/submission/team.zip",
    )
    parser.add_argument("file", type=Path, help="the zip")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON and nothing else")
    options = parser.parse_args(argv)
    verdict = check_zip(options.file)
    if options.json:
        print(json.dumps(asdict(verdict), ensure_ascii=False, indent=2))
    else:
        print_verdict(verdict)
    if not verdict.ok:
        raise GateError(f"{options.file}: not fit to be handed in, {len(verdict.problems)} problems")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
