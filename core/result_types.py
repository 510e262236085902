"""What each result file says, key by key: `results/NAME.json` of a run folder. `core.results` lists the files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from core.result_parts import Answered, ByCheckpoint, Cell, Count, EvaluationResult, Interval, Part, Result
from core.step_names import BASE

# --- results/squad.json: retention ---


class F1Em(Part):
    """F1 and EM in percent, each with its 95 % interval."""

    f1: float
    f1_interval: Interval
    em: float
    em_interval: Interval


class SomeQuestions(Part):
    """F1 and EM (percent) of some of the questions."""

    count: Count
    f1: float
    em: float


class OfficialF1Em(F1Em):
    """SQuAD's own F1 and EM; also of the questions with and without an answer, where there are such without."""

    has_answer: SomeQuestions | None = None
    no_answer: SomeQuestions | None = None


class Resampling(Part):
    """How intervals were computed."""

    confidence: float
    method: str
    draws: Count
    seed: int


class GateDecision(Part):
    """The retention gate, what the checkpoint has beyond it, and how sure the decision is.

    Attributes:
        required_f1, required_em: the contest's F1 and EM (percent) must reach these.
        reference: "base": a share of the base model's figures; "contest": the contest's thresholds.
        share: the share of the base model's figures that these are.
        margin_f1, margin_em: points above the threshold.
        kept_f1, kept_em: share of the base's figure; None where that is 0. Then their 95 % intervals.
        passed: whether both are reached.
        pass_probability: share of the resampled question sets that pass.
        within_interval: those of "f1" and "em" whose threshold lies inside the 95 % interval.
        paired: whether the base model was resampled on the same questions.
    """

    required_f1: float
    required_em: float
    reference: Literal["base", "contest"]
    share: float
    margin_f1: float
    margin_em: float
    kept_f1: float | None
    kept_em: float | None
    passed: bool
    kept_f1_interval: Interval | None
    kept_em_interval: Interval | None
    pass_probability: float
    within_interval: Annotated[tuple[str, ...], Field(strict=False)]
    paired: bool


class RetentionEntry(Answered):
    """A checkpoint's retention.

    Attributes:
        count: questions; missing: those without a prediction; unknown: predictions of no question; duplicates:
            repeated ids; truncated: questions whose prompt was cut to fit the model; empty: predictions without text;
            unanswerable: questions without an answer.
        contest: F1 and EM as the contest computes them, which decide; official: as SQuAD does.
        intervals: how the intervals were computed.
        gate: None where nothing is known to hold the figures against.
    """

    count: Count
    missing: Count
    unknown: Count
    duplicates: Count
    truncated: Count
    empty: Count
    unanswerable: Count
    contest: F1Em
    official: OfficialF1Em
    intervals: Resampling
    gate: GateDecision | None


class RetentionResult(EvaluationResult):
    """results/squad.json."""

    figures = tuple(
        f"checkpoints/*/{name}" for name in ("contest/f1", "contest/em", "official/f1", "official/em", "gate/passed")
    )
    checkpoints: Mapping[str, RetentionEntry]

    def cells(self, name: str) -> list[Cell]:
        """Return F1, EM (the contest's, percent) and whether the gate is passed."""
        row = self.checkpoints.get(name)
        passed = row.gate.passed if row and row.gate and name != BASE else None
        return [
            Cell("F1", 7, f"{row.contest.f1:.2f}" if row else "-"),
            Cell("EM", 7, f"{row.contest.em:.2f}" if row else "-"),
            Cell("gate", 6, "-" if passed is None else "pass" if passed else "FAIL"),
        ]


# --- results/accuracy.json ---


class Share(Part):
    """Accuracy (0 to 1) of some of the questions, with its 95 % interval."""

    count: Count
    accuracy: float
    interval: Interval


class TypeShare(Share):
    """Accuracy of one type of question (math) or subject (choice).

    Attributes:
        correct: questions answered right; None where scores are not just right or wrong.
        empty: answers without text; unparsable: answers in which no result was found.
    """

    correct: Count | None
    empty: Count
    unparsable: Count


class Category(Share):
    """Accuracy of several subjects: all questions together, and `naive_average`, the mean of the subjects'."""

    subjects: Count
    naive_average: float


class BenchmarkAccuracy(Part):
    """Accuracy on a benchmark by category and subject; `subjects_known` is how many subjects it has."""

    name: str
    subjects_known: Count
    count: Count
    accuracy: float
    interval: Interval
    subjects: Count
    naive_average: float
    categories: Mapping[str, Category]
    by_subject: Mapping[str, Share]


class WrongAnswer(Part):
    """A wrong answer: the question's id and type, what was taken for the answer, the reference, the answer's end."""

    id: str
    type: str
    span: str
    reference: str
    text: str


class WrongAnswers(Part):
    """Wrong answers of one kind: how many, and a few of them."""

    count: Count
    examples: Annotated[tuple[WrongAnswer, ...], Field(strict=False)]


class AccuracyEntry(Answered):
    """A checkpoint's accuracy.

    Attributes:
        count, missing, unknown, duplicates, truncated: as in `RetentionEntry`.
        judge: who judged; mode: "gen", or "ppl" where options were compared by likelihood.
        rule: the rule of equality whose accuracy (0 to 1) is `accuracy`; interval: at `confidence`.
        correct: questions answered right; None where scores are not just right or wrong.
        by_type: by the question's type or subject.
        rules, rule_intervals: accuracy under each rule.
        empty: answers without text; unparsable: answers in which no result was found.
        markers: how often each marker (a phrase, a box) showed where the answer is.
        by_stage: by how surely the answers state what was read: "announced", "boxed", "last number", "unread" …
        rules_differ: answers whose verdict is not the same under every rule.
        seems_prompt: answers before which something stands that looks like a prompt, unrecognised.
        formulas_equal: answers that are right only because sympy shows their formula to be the reference's.
        formulas_asked, formula_seconds: answers whose formulas sympy was asked about, and what that took.
        formulas_given_up: ids of those for which it took too long; they count as wrong.
        errors: wrong answers by kind, the commonest first.
        categories: by benchmark, where the subjects are a benchmark's.
    """

    count: Count
    missing: Count
    unknown: Count
    duplicates: Count
    truncated: Count
    judge: str
    mode: str
    rule: str
    accuracy: float
    interval: Interval
    correct: Count | None
    confidence: float
    by_type: Mapping[str, TypeShare]
    rules: Mapping[str, float]
    rule_intervals: Mapping[str, Interval]
    empty: Count
    unparsable: Count
    markers: Mapping[str, Count]
    errors: Mapping[str, WrongAnswers]
    categories: Mapping[str, BenchmarkAccuracy]
    by_stage: Mapping[str, Share] = Field(default_factory=dict)
    rules_differ: Count = 0
    seems_prompt: Count = 0
    formulas_equal: Count = 0
    formulas_asked: Count = 0
    formula_seconds: float = 0.0
    formulas_given_up: Annotated[tuple[str, ...], Field(strict=False)] = ()


class AccuracyResult(EvaluationResult):
    """results/accuracy.json."""

    figures = tuple(f"checkpoints/*/{name}" for name in ("accuracy", "count", "correct"))
    checkpoints: Mapping[str, AccuracyEntry]

    def cells(self, name: str) -> list[Cell]:
        """Return the accuracy in percent."""
        row = self.checkpoints.get(name)
        return [Cell("accuracy", 9, f"{row.accuracy:.2%}" if row else "-")]


# --- results/ratio.json ---


class RatioResult(Result):
    """The low-parameter ratio.

    Attributes:
        trainable, total: parameters trained, and all of the model; ratio: their quotient.
        published_total, published_ratio: the same by the published count; None where there is none.
        log_sha256: hash of the training log that states the trained parameters too.
    """

    figures = ("trainable", "total", "ratio", "published_total", "published_ratio")
    trainable: Count
    total: Annotated[Count, Field(gt=0)]
    ratio: float
    published_total: Annotated[Count, Field(gt=0)] | None = None
    published_ratio: float | None = None
    log_sha256: str | None = None

    def lines(self) -> list[str]:
        """Return the ratio in words."""
        return [f"trained {self.trainable:,} of {self.total:,} parameters: ratio {self.ratio:.9f}"]


# --- results/validation.json ---


class ValidationEntry(Part):
    """A checkpoint's mean loss over the learned tokens of the validation records; None where it was no number."""

    loss: float | None


class ValidationResult(ByCheckpoint):
    """The loss on validation records while training went on.

    Attributes:
        rows, tokens: of the validation records, padding and what is not learned not counted in tokens.
        evaluations: how often it was computed.
        checkpoints: of each checkpoint.
        best: the checkpoint with the lowest loss; None where none was a number.
        lowest_step, lowest_loss: the lowest of all; train/between/ holds its adapter where it is no checkpoint's.
        stopped_at: the step at which training stopped early; None: it did not.
        losses_sha256: hash of train/validation.jsonl.
    """

    figures = ("best", "lowest_step", "lowest_loss", "stopped_at", "rows", "tokens", "checkpoints/*/loss")
    rows: Count
    tokens: Count
    evaluations: Count
    checkpoints: Mapping[str, ValidationEntry]
    best: str | None = None
    lowest_step: Count | None = None
    lowest_loss: float | None = None
    stopped_at: Count | None = None
    losses_sha256: str | None = None

    def cells(self, name: str) -> list[Cell]:
        """Return the loss."""
        row = self.checkpoints.get(name)
        return [Cell("val. loss", 10, "-" if row is None or row.loss is None else f"{row.loss:.4f}")]

    def lines(self) -> list[str]:
        """Return which checkpoint has the lowest loss on validation records, and whether training stopped early."""
        entry = self.checkpoints.get(self.best) if self.best else None
        if entry is None or entry.loss is None:
            return ["no loss on validation records is a number"]
        line = f"lowest validation loss of the checkpoints: {self.best} ({entry.loss:.4f})"
        if self.lowest_loss is not None and self.lowest_loss < entry.loss:
            line += f"; of all: step {self.lowest_step} ({self.lowest_loss:.4f}, its adapter is in train/between/)"
        stopped = f"training stopped early, at step {self.stopped_at}" if self.stopped_at else ""
        return [line, *([stopped] if stopped else [])]


# --- results/floors.json: taggers without a language model ---


class Floor(Part):
    """A tagger's figures on the held-out questions.

    Attributes:
        f1: micro F1 of the entities in percent, with its 95 % `interval`; recall, precision: likewise in percent.
        common, expected, found: entities.
        answers: the file of its answers, relative to the run folder.
    """

    f1: float
    interval: Interval
    recall: float
    precision: float
    common: Count
    expected: Count
    found: Count
    answers: str


class FloorsResult(Result):
    """results/floors.json: figures of each kind of tagger (dictionary, frequent, hmm, crf)."""

    figures = ("dictionary/f1", "frequent/f1", "hmm/f1", "crf/f1")
    lines_trained: Count
    lines_tested: Count

    def lines(self) -> list[str]:
        """Return the F1 of each floor, in one line."""
        rows = {name: Floor.model_validate(row) for name, row in (self.model_extra or {}).items()}
        return [f"floors, F1 in percent: {', '.join(f'{name} {row.f1:.2f}' for name, row in rows.items())}"]


# --- results/hand_in.json: a marked text ---


class HandInResult(Result):
    """results/hand_in.json: the text that is handed in, marked.

    Attributes:
        checkpoint: whose answers it holds; predictions: their file, relative to the run folder, with its hash.
        text_sha256: of the text that was to be marked; file, file_sha256: what is handed in.
        texts: lines of it; verbatim: those whose answer was the text itself with well-formed marks.
        lost: marks of the answers that have no place in the text.
        entities: how many, by type.
        faults: what the check of the file found; 0, or it is not fit to be handed in.
    """

    figures = ("checkpoint", "texts", "verbatim", "lost", "file_sha256")
    checkpoint: str
    predictions: str
    predictions_sha256: str
    text_sha256: str
    file: str
    file_sha256: str
    texts: Count
    verbatim: Count
    lost: Count
    entities: Mapping[str, Count]
    faults: Count

    def lines(self) -> list[str]:
        """Return what is handed in, in one line."""
        kinds = ", ".join(f"{name} {count}" for name, count in self.entities.items())
        copied = f"{self.verbatim} of {self.texts} texts copied to the letter"
        return [f"hand-in {self.file}: {kinds}; {copied}, marks without a place {self.lost}, faults {self.faults}"]


# --- results/score.json ---


class ScoreEntry(Part):
    """A checkpoint's score.

    Attributes:
        accuracy: as measured (0 to 1), with its interval.
        gate_passed: None where the contest measures no retention.
        eligible: whether it may be the best: every checkpoint that no gate keeps out.
        rank: among the contest's published results; None where there are none.
    """

    accuracy: float
    interval: Interval | None
    score: float
    gate_passed: bool | None
    eligible: bool
    rank: Count | None


class BestOf(Part):
    """How optimistic it is to choose the best checkpoint by the questions that state its accuracy.

    Attributes:
        of: how many there were to choose from; accuracy: the best one's.
        optimism: how much of it is owed to the choice; optimism_of_equals: the most that it can be.
        expected: accuracy less optimism; chosen: share of resampled question sets in which each is the best.
    """

    of: Count
    accuracy: float
    optimism: float
    optimism_of_equals: float
    expected: float
    chosen: Mapping[str, float]


class ScoreResult(ByCheckpoint):
    """results/score.json.

    Attributes:
        formula: the score in words; ratio: the one used in it.
        best: the eligible checkpoint with the highest score; None where none is eligible.
        best_of: None where there was nothing to choose between.
        inputs: sha256 of each result file that the scores were computed from, by its name.
    """

    figures = ("best", "ratio", "formula", "checkpoints/*/accuracy", "checkpoints/*/score")
    formula: str
    ratio: float
    checkpoints: Mapping[str, ScoreEntry]
    best: str | None
    best_of: BestOf | None = None
    inputs: Mapping[str, str] = {}

    def cells(self, name: str) -> list[Cell]:
        """Return the score."""
        row = self.checkpoints.get(name)
        return [Cell("score", 8, f"{row.score:.4f}" if row else "-")]

    def lines(self) -> list[str]:
        """Return the best checkpoint: how sure its accuracy is, and what choosing it adds."""
        if self.best is None:
            return ["best: none, no checkpoint passes the gate"]
        line = f"best (*): {self.best}"
        row = self.checkpoints.get(self.best)
        if row and (interval := row.interval):
            line += f"; 95 % interval of its accuracy {interval[0]:.2%} to {interval[1]:.2%}"
        expected = [f"on other questions {self.best_of.expected:.2%} is to be expected of it"] if self.best_of else []
        return [line, *expected]
