"""The table at the end of the main job: what its steps measured of each checkpoint."""

from __future__ import annotations

from typing import Any

from core.files import read_json
from core.run_folder import RunFolder
from core.schema import RunConfig
from submission.package.layout import team_file_name

Json = dict[str, Any]


def summary(run: RunFolder, config: RunConfig) -> str:
    """Return the table of a finished run: checkpoint, F1, EM, gate, accuracy, score; columns of its steps only."""
    squad, accuracy, score, ratio = (
        _result(run, config, step, name)
        for step, name in (("retention", "squad"), ("accuracy", "accuracy"), ("score", "score"), ("train", "ratio"))
    )
    lines = []
    names = list(dict.fromkeys([*squad.get("checkpoints", {}), *accuracy.get("checkpoints", {})]))
    if names:
        head = [f"{'checkpoint':<12}"]
        head += [f"{'F1':>7} {'EM':>7} {'gate':>6}"] if squad else []
        head += [f"{'accuracy':>9}"] if accuracy else []
        head += [f"{'score':>8}"] if score else []
        lines.append(" ".join(head))
        lines += [_row(name, squad, accuracy, score) for name in names]
    if ratio:
        lines.append(f"trained {ratio['trainable']:,} of {ratio['total']:,} parameters: ratio {ratio['ratio']:.9f}")
    if score:
        lines.append(_best(score))
    if "submission" in config.steps:
        lines.append(f"zip: {run.submission / team_file_name(config.submission.team)}")
    return "\n".join(lines or [f"run: {run.path}"])


def _result(run: RunFolder, config: RunConfig, step: str, name: str) -> Json:
    """Return what a step of the contest wrote; nothing where the contest has no such step."""
    if step not in config.steps:
        return {}
    result: Json = read_json(run.results / f"{name}.json")
    return result


def _row(name: str, squad: Json, accuracy: Json, score: Json) -> str:
    cells = [f"{name:<12}"]
    if squad:
        cells.append(_retention(name, squad["checkpoints"].get(name)))
    if accuracy:
        measured = accuracy["checkpoints"].get(name)
        cells.append(f"{measured['accuracy']:>9.2%}" if measured else f"{'-':>9}")
    if score:
        scored = score["checkpoints"].get(name)
        cells.append(f"{scored['score']:>8.4f}" if scored else f"{'-':>8}")
    return " ".join(cells) + (" *" if score and name == score["best"] else "")


def _retention(name: str, measured: Json | None) -> str:
    if measured is None:
        return f"{'-':>7} {'-':>7} {'-':>6}"
    gate = measured.get("gate")
    word = "-" if name == "base" or gate is None else "pass" if gate["passed"] else "FAIL"
    return f"{measured['contest']['f1']:>7.2f} {measured['contest']['em']:>7.2f} {word:>6}"


def _best(score: Json) -> str:
    """Return the line about the best checkpoint: how sure its accuracy is, and what choosing it out of five adds."""
    if not score["best"]:
        return "best: none, no checkpoint passes the gate"
    line = f"best (*): {score['best']}"
    interval = score["checkpoints"][score["best"]]["interval"]
    if interval is not None:
        low, high = interval
        line += f"; 95 % interval of its accuracy {low:.2%} to {high:.2%}"
    expected = (score["best_of"] or {}).get("expected")
    return line if expected is None else f"{line}; {expected:.2%} to be expected on other questions"
