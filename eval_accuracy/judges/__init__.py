"""Judges: whether an answer is right, by every rule that a contest may count by.

An entry is a module here, or in a plug-in's eval_accuracy/judges/, that assigns `JUDGE`. Where the whole text is
compared with the reference, it needs no more than this (`judges/mine.py`, named by `--judge mine`, and by
`rules.judge: mine` in a contest):

    class Mine(TextJudge):
        rules = ("same_length",)

        def scores(self, text: str, reference: str) -> dict[str, float]:
            return {"same_length": float(len(text) == len(reference))}

    JUDGE = Mine()

Its first lines import `TextJudge` from `eval_accuracy.judges.text`. A judge that looks for the answer within the text
derives from `Judge` and returns a `Verdict`, as `choice.py` does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import InputError
from core.registry import JUDGES
from core.tasks import task_of
from core.tasks.choice import subject_of
from core.text.records import Record
from eval_accuracy.judges.verdict import Verdict, refused

if TYPE_CHECKING:
    from evaluation.answers.predictions import Predictions


# Before a rule's name it means: right under every rotation of the options (`scoring/circular.py`).
CIRCULAR = "circular_"


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


class Judge(ABC):
    """A judge.

    Attributes:
        name: that of its module, which `judge_of` gives it.
        binary: every score is 0 or 1.
        by_likelihood: it looks at the log-likelihoods of options, not at a text.
        tasks: the tasks whose questions it can judge, besides those that name it as theirs; empty: any.
    """

    name: str = ""
    binary: bool = True
    by_likelihood: bool = False
    tasks: tuple[str, ...] = ()

    @property
    @abstractmethod
    def rules(self) -> tuple[str, ...]:
        """Its rules; the first is the headline unless the contest names another."""

    @abstractmethod
    def decide(self, record: Record, answer: Answer) -> Verdict:
        """Judge the answer to a question: a score for each of `rules`, whatever the answer's text is.

        Raises:
            InputError: the reference cannot be judged by.
        """

    def verdict(self, record: Record, answer: Answer | None) -> Verdict:
        """Judge the answer to a question; one without an answer (None) is wrong."""
        if answer is not None:
            return self.decide(record, answer)
        empty = self.decide(record, Answer(""))
        return refused(empty.type, self.rules, empty.reference, "missing", empty.weight)

    def explain(self, record: Record, answer: Answer) -> list[tuple[str, list[str]]]:
        """Return the stages by which an answer is read and judged, each with its name and its lines of text."""
        verdict = self.decide(record, answer)
        return [
            ("text", answer.text.splitlines()),
            ("answer", [verdict.span or verdict.reason]),
            ("reference", [verdict.reference]),
            ("verdict", [f"{name}: {score:.4g}" for name, score in verdict.rules.items()]),
        ]

    def check_reference(self, record: Record) -> None:
        """Refuse a question whose reference no answer can be judged by (InputError), before any answer is."""
        return

    def with_likelihoods(self) -> Judge:
        """Return who judges answers that come with the log-likelihoods of options; itself where it needs no others."""
        return self

    def headlines(self) -> tuple[str, ...]:
        """Return all that `rules.equality` of a contest with this judge may name."""
        return self.rules

    def judges(self, task: str) -> bool:
        """Tell whether it can judge answers to questions of a task."""
        return not self.tasks or task in self.tasks or task_of(task).judge == self.name

    def __reduce__(self) -> tuple[Callable[..., Judge], tuple[str, bool]]:
        # Sent to another process it is its name, for a plug-in's module is found there by the registry alone.
        return _again, (self.name, self.by_likelihood)


def judge_of(name: str) -> Judge:
    """Return a judge by its name; InputError where there is none of this name."""
    judge: Judge = JUDGES.get(name, Judge)
    judge.name = JUDGES.checked(name)
    return judge


def _again(name: str, by_likelihood: bool) -> Judge:
    judge = judge_of(name)
    return judge.with_likelihoods() if by_likelihood else judge


def judge_named(name: str | None, records: Sequence[Record], predictions: Predictions) -> Judge:
    """Return the judge of a set of questions.

    Args:
        name: an entry; None: the judge of the questions' task.
        records: the questions.
        predictions: where they hold log-likelihoods of options, a judge may look at these instead of the texts.

    Raises:
        InputError: no such judge, questions of several tasks, or of one that the judge cannot judge.
    """
    tasks = {record.task for record in records}
    if len(tasks) != 1:
        raise InputError(f"questions of several tasks in one file ({', '.join(sorted(tasks))}); evaluate them apart")
    (task,) = tasks
    name = name or task_of(task).judge
    if not name:
        known = ", ".join(JUDGES.names())
        raise InputError(f"questions of task {task!r} have no judge of their own: name one of {known}")
    judge = judge_of(name)
    if not judge.judges(task):
        raise InputError(f"judge {judge.name!r} cannot judge questions of task {task!r}")
    return judge.with_likelihoods() if predictions.scores else judge


def subject(record: Record) -> str:
    """Return the type or subject that a question is counted under."""
    meta = record.meta
    return str(meta.get("subject") or meta.get("type") or subject_of(str(meta.get("instruction", ""))))
