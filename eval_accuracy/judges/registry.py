"""The judges by name: what each of them is given and which rules it has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core.errors import InputError
from core.tasks.choice import subject_of
from core.text.records import Record
from eval_accuracy.extraction.final_answer import without_echo
from eval_accuracy.judges import choice as choice_judge
from eval_accuracy.judges import likelihood as likelihood_judge
from eval_accuracy.judges import math as math_judge
from eval_accuracy.judges import text as text_scorers
from eval_accuracy.judges.equality import RULES as MATH_RULES
from eval_accuracy.judges.verdict import Verdict, refused
from evaluation.answers.predictions import Predictions


@dataclass(frozen=True)
class Answer:
    """What a model answered.

    Attributes:
        text: its text.
        scores: the log-likelihood of each option, where it was asked for them.
        prompt: what it was given, where that is known: its text may repeat it.
    """

    text: str
    scores: Sequence[float] = ()
    prompt: str | None = None


@dataclass(frozen=True)
class Judge:
    """A judge.

    Attributes:
        name: as a contest file names it.
        rules: its rules; the first is the headline unless the contest names another.
        decides: judges the answer to a question.
        binary: every score is 0 or 1.
        by_likelihood: it looks at the log-likelihoods of options, not at a text.
        tasks: the tasks whose questions it can judge.
    """

    name: str
    rules: tuple[str, ...]
    decides: Callable[[Record, Answer], Verdict]
    binary: bool = True
    by_likelihood: bool = False
    tasks: tuple[str, ...] = ("math", "choice", "instruction")

    def verdict(self, record: Record, answer: Answer | None) -> Verdict:
        """Judge the answer to a question; one without an answer (None) is wrong."""
        if answer is not None:
            return self.decides(record, answer)
        empty = self.decides(record, Answer(""))
        return refused(empty.type, self.rules, empty.reference, "missing", empty.weight)


def judge_named(name: str | None, records: Sequence[Record], predictions: Predictions) -> Judge:
    """Return the judge of a set of questions.

    Args:
        name: a name of `NAMES`; None: by the questions' task.
        records: the questions.
        predictions: where they hold log-likelihoods of options, multiple choice is judged by these.

    Raises:
        InputError: questions of several tasks, or of one that the judge cannot judge.
    """
    tasks = {record.task for record in records}
    if len(tasks) != 1:
        raise InputError(f"questions of several tasks in one file ({', '.join(sorted(tasks))}); evaluate them apart")
    (task,) = tasks
    if name is None and task not in JUDGES:
        raise InputError(f"questions of task {task!r} have no judge of their own: name one of {', '.join(NAMES)}")
    judge = JUDGES[name or task]
    if task not in judge.tasks:
        raise InputError(f"judge {judge.name!r} cannot judge questions of task {task!r}")
    return _LIKELIHOOD if judge.name == "choice" and predictions.scores else judge


def subject(record: Record) -> str:
    """Return the type or subject that a question is counted under."""
    meta = record.meta
    return str(meta.get("subject") or meta.get("type") or subject_of(str(meta.get("instruction", ""))))


def _math(record: Record, answer: Answer) -> Verdict:
    return math_judge.judge(record.question, answer.text, record.answer, answer.prompt)


def _choice(record: Record, answer: Answer) -> Verdict:
    return choice_judge.judge(record.question, answer.text, record.answer, subject(record), answer.prompt)


def _likelihood(record: Record, answer: Answer) -> Verdict:
    return likelihood_judge.judge(record.question, answer.scores, record.answer, subject(record))


def _rouge_l(record: Record, answer: Answer) -> Verdict:
    text = _answered(record, answer)
    return _text_verdict(record, text, text_scorers.rouge_l(text, record.answer))


def _exact_match(record: Record, answer: Answer) -> Verdict:
    text = _answered(record, answer)
    return _text_verdict(record, text, text_scorers.exact_match(text, record.answer))


def _span_f1(record: Record, answer: Answer) -> Verdict:
    text = _answered(record, answer)
    scores, weight = text_scorers.span_f1(text, record.answer)
    return replace(_text_verdict(record, text, scores), weight=weight)


def _answered(record: Record, answer: Answer) -> str:
    return without_echo(answer.text, record.question, answer.prompt).strip()


def _text_verdict(record: Record, text: str, scores: dict[str, float]) -> Verdict:
    reason = "" if text else "empty"
    return Verdict(subject(record), scores, "whole text" if text else "", text[:_SHOWN], record.answer, reason)


_SHOWN = 400
JUDGES = {
    "math": Judge("math", tuple(MATH_RULES), _math, tasks=("math",)),
    "choice": Judge("choice", choice_judge.RULES, _choice, tasks=("choice",)),
    "exact_match": Judge("exact_match", text_scorers.EXACT_RULES, _exact_match),
    "rouge_l": Judge("rouge_l", text_scorers.ROUGE_RULES, _rouge_l, binary=False),
    "span_f1": Judge("span_f1", text_scorers.SPAN_RULES, _span_f1, binary=False),
}
NAMES = tuple(JUDGES)
_LIKELIHOOD = Judge("choice", likelihood_judge.RULES, _likelihood, by_likelihood=True, tasks=("choice",))
