"""The checks of a zip's figures against each other: ratio, accuracy, gate, score, best checkpoint."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from core.errors import InputError
from core.result_parts import Answered, ByCheckpoint, EvaluationResult
from core.result_types import (
    AccuracyEntry,
    AccuracyResult,
    RatioResult,
    RetentionEntry,
    RetentionResult,
    ScoreEntry,
    ScoreResult,
    ValidationResult,
)
from core.results import RESULTS, Made, file_name
from core.score import low_parameter_score
from core.step_names import BASE
from submission.checks.handed import Handed, Rules
from submission.package import layout
from submission.package.archive import Contents, shown

_ROUNDED = 5e-10  # published ratios are rounded to nine decimals


def result_problems(handed: Handed) -> Iterator[str]:
    """The results agree with each other, with the rules in run.yaml and with the predictions.

    One that is broken is passed over here: what is wrong with it has been said.
    """
    contents, results, rules = handed.contents, handed.results, handed.settings.rules
    for name, result in results.typed.items():
        if isinstance(result, ByCheckpoint):
            yield from _label_problems(handed, name, result)
        if isinstance(result, EvaluationResult):
            for label, row in result.checkpoints.items():
                yield from _prediction_problems(contents, f"{file_name(name)}: {shown(label)}", row)
    yield from ratio_problems(results)
    yield from _origin_problems(contents, results)
    if retention := results.of(RetentionResult):
        yield from gate_problems(retention, rules)
        for label, entry in retention.checkpoints.items():
            yield from _retention_problems(f"results/squad.json: {shown(label)}", entry)
    if accuracy := results.of(AccuracyResult):
        for label, measured in accuracy.checkpoints.items():
            yield from _accuracy_problems(f"results/accuracy.json: {shown(label)}", measured)
    if score := results.of(ScoreResult):
        for label, scored in score.checkpoints.items():
            yield from _score_problems(label, scored, score.ratio, handed)
        yield from best_problems(score)
    if validation := results.of(ValidationResult):
        yield from validation_problems(validation, [row["step"] for row in handed.rows.values()])


def _label_problems(handed: Handed, name: str, result: ByCheckpoint) -> Iterator[str]:
    """A result is of just the checkpoints that are handed in, an evaluation of the base model too."""
    if "merge" not in handed.steps:
        return
    rows = set(result.checkpoints)
    wanted = {*handed.rows, *({BASE} if isinstance(result, EvaluationResult) else rows & {BASE})}
    if odd := sorted(rows ^ wanted):
        listed = ", ".join(shown(label) for label in odd)
        yield f"{file_name(name)}: has other checkpoints than {layout.MANIFEST} ({listed})"


def _prediction_problems(contents: Contents, where: str, row: Answered) -> Iterator[str]:
    if row.predictions is None or row.predictions_sha256 is None:
        return
    name = layout.archive_name(row.predictions)
    if name not in contents.sha256:
        yield f"{where}: its predictions {ascii(name)} are not in the zip"
    elif contents.sha256[name] != row.predictions_sha256:
        yield f"{where}: was computed from other predictions than {ascii(name)}"


def _origin_problems(contents: Contents, results: Made) -> Iterator[str]:
    """The ratio was computed from a log of the zip, the score from the results of the zip."""
    ratio, score = results.of(RatioResult), results.of(ScoreResult)
    if ratio and ratio.log_sha256 is not None and ratio.log_sha256 not in contents.sha256.values():
        yield "results/ratio.json: was computed from a training log that is not in the zip (log_sha256)"
    validation = results.of(ValidationResult)
    if validation and validation.losses_sha256 not in (None, *contents.sha256.values()):
        yield "results/validation.json: was computed from losses that are not in the zip (losses_sha256)"
    for name, sha256 in score.inputs.items() if score else ():
        if name in RESULTS and contents.sha256.get(file_name(name)) != sha256:
            yield f"results/score.json: was computed from another {file_name(name)} than the one in the zip"


def ratio_problems(results: Made) -> Iterator[str]:
    """The ratio is trainable / total for both denominators, and the score uses one of the two."""
    ratio, score = results.of(RatioResult), results.of(ScoreResult)
    if ratio is None:
        return
    known: list[float] = []
    whole = ratio.trainable / ratio.total
    if _close(ratio.ratio, whole):
        known.append(ratio.ratio)
    else:
        yield f"results/ratio.json: ratio is {ratio.ratio!r}, trainable / total is {whole!r}"
    if ratio.published_total is not None:
        published = ratio.trainable / ratio.published_total
        if ratio.published_ratio is not None and _close(ratio.published_ratio, published, _ROUNDED):
            known.append(ratio.published_ratio)
        else:
            stated = f"published_ratio is {ratio.published_ratio!r}"
            yield f"results/ratio.json: {stated}, trainable / published_total is {published!r}"
    if score and known and not any(_close(score.ratio, value) for value in known):
        yield f"results/score.json: ratio {score.ratio!r} is none of those in results/ratio.json"


def gate_problems(retention: RetentionResult, rules: Rules) -> Iterator[str]:
    """What each gate requires is what the rules say: the contest's thresholds, or a share of the base's figures."""
    base = retention.checkpoints.get(BASE)
    for label, row in retention.checkpoints.items():
        if row.gate is None:
            continue
        wanted: tuple[float | None, float | None] = (rules.f1_threshold, rules.em_threshold)
        if row.gate.reference == "base":
            share = rules.retention_share
            wanted = (share * base.contest.f1, share * base.contest.em) if base else (None, None)
        stated = (row.gate.required_f1, row.gate.required_em)
        if not all(want is not None and _close(want, state) for want, state in zip(wanted, stated, strict=True)):
            figures = f"{stated[0]!r} / {stated[1]!r}, by the rules {list(wanted)}"
            yield f"results/squad.json: {shown(label)}: the gate requires {figures}"


def _retention_problems(where: str, row: RetentionEntry) -> Iterator[str]:
    f1, em = row.contest.f1, row.contest.em
    if not (0 <= f1 <= 100 and 0 <= em <= 100):
        yield f"{where}: contest F1 and EM must be percentages"
    elif row.gate and row.gate.passed is not (f1 >= row.gate.required_f1 and em >= row.gate.required_em):
        figures = f"F1 {f1!r} / EM {em!r} against {row.gate.required_f1!r} / {row.gate.required_em!r}"
        yield f"{where}: gate passed is {row.gate.passed!r}, {figures}"


def _accuracy_problems(where: str, row: AccuracyEntry) -> Iterator[str]:
    if not 0 <= row.accuracy <= 1:
        yield f"{where}: accuracy must be a fraction"
    elif row.correct is not None and row.count and not _close(row.accuracy, row.correct / row.count):
        yield f"{where}: accuracy is {row.accuracy!r}, {row.correct} of {row.count} is {row.correct / row.count!r}"


def _score_problems(label: str, row: ScoreEntry, ratio: float, handed: Handed) -> Iterator[str]:
    where = f"results/score.json: {shown(label)}"
    accuracy, rules = handed.results.of(AccuracyResult), handed.settings.rules
    if accuracy:
        entry = accuracy.checkpoints.get(label)
        if entry is None or row.accuracy != entry.accuracy:
            yield f"{where}: accuracy is {row.accuracy!r}, measured was {entry.accuracy if entry else None!r}"
    yield from _gate_passed_problems(where, label, row, handed)
    if rules.ratio_factor is None:
        yield f"{where}: the score cannot be computed again (rules.ratio_factor is missing in {layout.RUN_CONFIG})"
        return
    weights = (rules.ratio_weight, rules.accuracy_weight, rules.ratio_factor)
    try:
        again = low_parameter_score(row.accuracy, ratio, *weights)
    except InputError as error:
        yield f"{where}: the score cannot be computed again ({error})"
        return
    if not _close(row.score, again):
        yield f"{where}: score is {row.score!r}, computed again it is {again!r}"


def _gate_passed_problems(where: str, label: str, row: ScoreEntry, handed: Handed) -> Iterator[str]:
    retention = handed.results.of(RetentionResult)
    if RESULTS["squad"].step not in handed.steps:
        if row.gate_passed is not None:
            yield f"{where}: gate_passed is {row.gate_passed!r}, but the contest measures no retention"
        return
    if row.eligible and row.gate_passed is not True:
        yield f"{where}: eligible without having passed the gate"
    if retention:
        entry = retention.checkpoints.get(label)
        passed = bool(entry and entry.gate and entry.gate.passed)
        if row.gate_passed is not passed:
            yield f"{where}: gate_passed is {row.gate_passed!r}, measured was {passed!r}"


def best_problems(score: ScoreResult) -> Iterator[str]:
    """The best checkpoint is the eligible one with the highest score; none is best where none is eligible."""
    eligible = {label: row.score for label, row in score.checkpoints.items() if label != BASE and row.eligible}
    best = score.best
    if not eligible:
        if best is not None:
            yield f"results/score.json: best is {best!r}, but no checkpoint is eligible"
    elif best not in eligible or eligible[best] < max(eligible.values()):
        highest = shown(max(eligible, key=lambda label: eligible[label]))
        yield f"results/score.json: best is {best!r}, the highest score of the eligible has {highest}"


def validation_problems(validation: ValidationResult, steps: Sequence[int]) -> Iterator[str]:
    """The checkpoint called the best one has the lowest loss, and the last one is where training stopped early.

    Args:
        validation: results/validation.json.
        steps: of the checkpoints that are handed in, in order.
    """
    where = file_name("validation")
    losses = {label: row.loss for label, row in validation.checkpoints.items() if row.loss is not None}
    least = min(losses.values(), default=None)
    if validation.best is None or validation.best not in losses:
        if losses or validation.best is not None:
            yield f"{where}: best is {_said(validation.best)}, which has no loss"
    elif losses[validation.best] != least:
        yield f"{where}: best is {_said(validation.best)}, but the lowest loss is {least!r}"
    if least is not None and (validation.lowest_loss is None or validation.lowest_loss > least):
        yield f"{where}: lowest_loss is {validation.lowest_loss!r}, a checkpoint has {least!r}"
    if validation.stopped_at is not None and steps and steps[-1] != validation.stopped_at:
        yield f"{where}: training stopped at step {validation.stopped_at}, the last checkpoint is of step {steps[-1]}"


def _said(label: str | None) -> str:
    return "None" if label is None else shown(label)


def _close(left: float, right: float, slack: float = 0.0) -> bool:
    return math.isclose(left, right, rel_tol=1e-12, abs_tol=max(slack, 1e-15))
