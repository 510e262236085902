"""The checks of a zip's figures against each other: ratio, accuracy, gate, score, best checkpoint."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from core.errors import InputError
from submission.checks.parts import checkpoint_rows, step_order
from submission.package import layout
from submission.package.archive import Contents, dig
from submission.package.run_facts import is_number

_ROUNDED = 5e-10  # published ratios are rounded to nine decimals


def result_problems(contents: Contents, manifest: Any, sources: Mapping[str, Any]) -> Iterator[str]:
    """The four result files agree with each other, with the rules in run.yaml and with the predictions."""
    labels = sorted(checkpoint_rows(manifest), key=step_order)
    for name in ("squad", "accuracy", "score"):
        rows = dig(sources.get(name), "checkpoints")
        if not isinstance(rows, Mapping):
            yield f"results/{name}.json: no 'checkpoints'"
            continue
        if odd := sorted(set(rows) ^ {*labels, *(() if name == "score" and "base" not in rows else ("base",))}):
            yield f"results/{name}.json: has other checkpoints than {layout.MANIFEST} ({', '.join(map(str, odd))})"
    yield from ratio_problems(sources.get("ratio"), sources.get("score"))
    log = dig(sources.get("ratio"), "log_sha256")
    if log is not None and log not in contents.sha256.values():
        yield "results/ratio.json: was computed from a training log that is not in the zip (log_sha256)"
    yield from gate_problems(sources)
    for label in ("base", *labels):
        yield from _squad_problems(contents, label, dig(sources.get("squad"), "checkpoints", label))
        yield from _accuracy_problems(contents, label, dig(sources.get("accuracy"), "checkpoints", label))
    for label in labels:
        yield from _score_problems(label, sources)
    yield from best_problems(sources.get("score"))


def ratio_problems(ratio: Any, score: Any) -> Iterator[str]:
    """The ratio is trainable / total for both denominators, and the score uses one of the two."""
    known: list[float] = []
    for total, share in (("total", "ratio"), ("published_total", "published_ratio")):
        trainable, whole, stated = dig(ratio, "trainable"), dig(ratio, total), dig(ratio, share)
        if total == "published_total" and whole is None:
            continue
        if not (is_number(trainable) and is_number(whole) and is_number(stated)) or whole <= 0:
            yield f"results/ratio.json: trainable, {total} and {share} must be numbers"
        elif not _close(stated, trainable / whole, _ROUNDED if total == "published_total" else 0.0):
            yield f"results/ratio.json: {share} is {stated!r}, trainable / {total} is {trainable / whole!r}"
        else:
            known.append(stated)
    used = dig(score, "ratio")
    if known and not (is_number(used) and any(_close(used, value) for value in known)):
        yield f"results/score.json: ratio {used!r} is none of those in results/ratio.json"


def gate_problems(sources: Mapping[str, Any]) -> Iterator[str]:
    """What each gate requires is what the rules say: the contest's thresholds, or a share of the base's figures."""
    rules, rows = dig(sources.get("run"), "rules"), dig(sources.get("squad"), "checkpoints")
    base = [dig(rows, "base", "contest", name) for name in ("f1", "em")]
    for label in rows if isinstance(rows, Mapping) else ():
        gate = dig(rows, label, "gate")
        if not isinstance(gate, Mapping):
            continue
        if gate.get("reference") == "contest":
            wanted = [dig(rules, name) for name in ("f1_threshold", "em_threshold")]
        else:
            share = dig(rules, "retention_share")
            wanted = [share * value if is_number(share) and is_number(value) else None for value in base]
        stated = [gate.get(name) for name in ("required_f1", "required_em")]
        if not all(_equal(want, state) for want, state in zip(wanted, stated, strict=True)):
            yield f"results/squad.json: {label}: the gate requires {stated[0]!r} / {stated[1]!r}, by the rules {wanted}"


def _squad_problems(contents: Contents, label: str, row: Any) -> Iterator[str]:
    if not isinstance(row, Mapping):
        return  # said already
    where = f"results/squad.json: {label}"
    f1, em = dig(row, "contest", "f1"), dig(row, "contest", "em")
    if not (_within(f1, 100) and _within(em, 100)):
        yield f"{where}: contest F1 and EM must be percentages"
    else:
        required = dig(row, "gate", "required_f1"), dig(row, "gate", "required_em")
        passed = dig(row, "gate", "passed")
        if all(is_number(value) for value in required):
            met = f1 >= required[0] and em >= required[1]
            if passed is not met:
                figures = f"F1 {f1!r} / EM {em!r} against {required[0]!r} / {required[1]!r}"
                yield f"{where}: gate passed is {passed!r}, {figures}"
    yield from _prediction_problems(contents, where, row)


def _accuracy_problems(contents: Contents, label: str, row: Any) -> Iterator[str]:
    if not isinstance(row, Mapping):
        return
    where = f"results/accuracy.json: {label}"
    accuracy, correct, count = row.get("accuracy"), row.get("correct"), row.get("count")
    if not _within(accuracy, 1):
        yield f"{where}: accuracy must be a fraction"
    elif is_number(correct) and is_number(count) and count > 0 and not _close(accuracy, correct / count):
        yield f"{where}: accuracy is {accuracy!r}, {correct} of {count} is {correct / count!r}"
    yield from _prediction_problems(contents, where, row)


def _prediction_problems(contents: Contents, where: str, row: Mapping[str, Any]) -> Iterator[str]:
    path, sha256 = row.get("predictions"), row.get("predictions_sha256")
    if not isinstance(path, str) or not isinstance(sha256, str):
        return
    name = layout.archive_name(path)
    if name not in contents.sha256:
        yield f"{where}: its predictions {ascii(name)} are not in the zip"
    elif contents.sha256[name] != sha256:
        yield f"{where}: was computed from other predictions than {ascii(name)}"


def _score_problems(label: str, sources: Mapping[str, Any]) -> Iterator[str]:
    row = dig(sources.get("score"), "checkpoints", label)
    if not isinstance(row, Mapping):
        return
    where = f"results/score.json: {label}"
    accuracy = dig(sources.get("accuracy"), "checkpoints", label, "accuracy")
    if row.get("accuracy") != accuracy:
        yield f"{where}: accuracy is {row.get('accuracy')!r}, measured was {accuracy!r}"
    passed = dig(sources.get("squad"), "checkpoints", label, "gate", "passed")
    if row.get("gate_passed") is not passed:
        yield f"{where}: gate_passed is {row.get('gate_passed')!r}, measured was {passed!r}"
    if row.get("eligible") is True and passed is not True:
        yield f"{where}: eligible without having passed the gate"
    rules = dig(sources.get("run"), "rules")
    weights = [dig(rules, name) for name in ("ratio_weight", "accuracy_weight", "ratio_factor")]
    ratio = dig(sources.get("score"), "ratio")
    if not all(is_number(value) for value in (*weights, ratio, accuracy)):
        yield f"{where}: the score cannot be computed again (accuracy, ratio and the three weights of rules are needed)"
        return
    from core.score import low_parameter_score

    try:
        again = low_parameter_score(accuracy, ratio, *weights)
    except InputError as error:
        yield f"{where}: the score cannot be computed again ({error})"
        return
    if not is_number(row.get("score")) or not _close(row["score"], again):
        yield f"{where}: score is {row.get('score')!r}, computed again it is {again!r}"


def best_problems(score: Any) -> Iterator[str]:
    """The best checkpoint is the eligible one with the highest score; none is best where none is eligible."""
    rows = dig(score, "checkpoints")
    if not isinstance(rows, Mapping):
        return
    eligible = {
        label: dig(row, "score")
        for label, row in rows.items()
        if label != "base" and dig(row, "eligible") is True and is_number(dig(row, "score"))
    }
    best = dig(score, "best")
    if not eligible:
        if best is not None:
            yield f"results/score.json: best is {best!r}, but no checkpoint is eligible"
    elif best not in eligible or eligible[best] < max(eligible.values()):
        highest = max(eligible, key=lambda label: float(eligible[label]))
        yield f"results/score.json: best is {best!r}, the highest score of the eligible has {highest}"


def _equal(left: Any, right: Any) -> bool:
    return is_number(left) and is_number(right) and _close(left, right)


def _within(value: Any, most: float) -> TypeGuard[int | float]:
    return is_number(value) and 0 <= value <= most


def _close(left: float, right: float, slack: float = 0.0) -> bool:
    return math.isclose(left, right, rel_tol=1e-12, abs_tol=max(slack, 1e-15))
