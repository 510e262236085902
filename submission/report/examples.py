"""Examples for the report: training records as the model read them, and answers that were right and wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from core.config import run_tokenizer
from core.errors import InputError
from core.files import read_jsonl
from core.packed import prompts_by_task
from core.result_types import AccuracyResult, ScoreResult
from core.step_names import BASE
from core.text.prompt_tokens import answer_ids, prompt_tokens
from core.text.prompts import render, render_answer
from core.text.records import Record, parse_record
from submission.package.run_facts import RunFacts

_LOOKED_AT = 2000  # records of a file that are looked at for a first one of each task
_AROUND = 16  # tokens that are shown at each end of a long stretch
_MOST_QUESTIONS = 200_000
_RIGHT, _WRONG = 3, 5
_LONGEST = 240


@dataclass(frozen=True)
class TrainedRow:
    """A training record in tokens.

    Attributes:
        task: of the record.
        length, learned: tokens in all, and those of them that are learned.
        tokens: (text, whether it is learned), long stretches shortened.
    """

    task: str
    length: int
    learned: int
    tokens: tuple[tuple[str, bool], ...]

    @property
    def text(self) -> str:
        """All that is shown of it."""
        return "".join(text for text, _ in self.tokens)


@dataclass(frozen=True)
class Answer:
    """An answer of the best checkpoint."""

    right: bool
    type: str
    question: str
    reference: str
    text: str


@dataclass(frozen=True)
class Examples:
    """What a report shows of data and answers; empty where a run does not have the files."""

    rows: tuple[TrainedRow, ...] = ()
    answers: tuple[Answer, ...] = ()

    def changed(self, change: Callable[[str], str]) -> Examples:
        """Return the examples with each text changed; a training row, which is tokens, is left out instead."""
        rows = tuple(row for row in self.rows if change(row.text) == row.text)
        answers = (
            Answer(one.right, *map(change, (one.type, one.question, one.reference, one.text))) for one in self.answers
        )
        return Examples(rows, tuple(answers))


def read_examples(facts: RunFacts) -> Examples:
    """Return a training record of each task and some answers; what cannot be read is left out: it decides nothing."""
    try:
        rows = tuple(_rows(facts)) if "train" in facts.config.steps else ()
    except InputError:
        rows = ()
    try:
        return Examples(rows, tuple(_answers(facts)))
    except InputError:
        return Examples(rows)


def _rows(facts: RunFacts) -> Iterator[TrainedRow]:
    path = facts.run.data / "train.jsonl"
    if not path.is_file():
        return
    first: dict[str, Record] = {}
    for number, row in islice(read_jsonl(path), _LOOKED_AT):
        record = parse_record(row, f"{path}:{number}")
        first.setdefault(record.task, record)
    tokenizer = run_tokenizer(facts.config)
    prompts = prompts_by_task(facts.config)
    for task, record in sorted(first.items(), key=lambda item: item[0] != facts.config.task):
        if task not in prompts:
            continue
        asked = prompt_tokens(prompts[task], render(prompts[task], record), tokenizer)
        answer = answer_ids(prompts[task], render_answer(prompts[task], record), tokenizer)
        learned = [False] * len(asked.ids) + [True] * len(answer)
        for begin, end in asked.learned:
            learned[begin:end] = [True] * (end - begin)
        pieces = [tokenizer.piece(number) for number in (*asked.ids, *answer)]
        yield TrainedRow(task, len(pieces), sum(learned), tuple(_shortened(list(zip(pieces, learned, strict=True)))))


def _shortened(tokens: list[tuple[str, bool]]) -> Iterator[tuple[str, bool]]:
    """Yield tokens; of a long stretch of one kind its two ends and, between them, how many are left out."""
    begin = 0
    while begin < len(tokens):
        end = begin
        while end < len(tokens) and tokens[end][1] == tokens[begin][1]:
            end += 1
        stretch = tokens[begin:end]
        if len(stretch) > 3 * _AROUND:
            left_out = len(stretch) - 2 * _AROUND
            stretch = [*stretch[:_AROUND], (f" … {left_out} … ", stretch[0][1]), *stretch[-_AROUND:]]
        yield from stretch
        begin = end


def _answers(facts: RunFacts) -> Iterator[Answer]:
    accuracy = facts.results.of(AccuracyResult)
    if accuracy is None:
        return
    score = facts.results.of(ScoreResult)
    best = score.best if score and score.best in accuracy.checkpoints else BASE
    entry = accuracy.checkpoints.get(best or BASE)
    questions = _questions(facts.run.data / "test.jsonl")
    if entry is None or not questions:
        return
    wrong = [example for errors in entry.errors.values() for example in errors.examples[:2]]
    yield from islice(_right(facts.run.path, entry.predictions, questions, {example.id for example in wrong}), _RIGHT)
    for example in wrong[:_WRONG]:
        asked = questions.get(example.id)
        question = str(asked.get("question", "")) if asked else example.id
        yield Answer(False, example.type, _line(question), _line(example.reference), _line(example.text))


def _questions(path: Path) -> dict[str, Mapping[str, Any]]:
    if not path.is_file():
        return {}
    rows = (row for _, row in islice(read_jsonl(path), _MOST_QUESTIONS))
    return {str(row.get("id")): row for row in rows if isinstance(row, dict)}


def _right(run: Path, predictions: str | None, questions: Mapping[str, Any], wrong: set[str]) -> Iterator[Answer]:
    """Yield answers that are the reference's own words: these are right by every rule. One of each type."""
    path = run / (predictions or "")
    if not predictions or not path.is_file():
        return
    types = set()
    for _, row in read_jsonl(path):
        asked = questions.get(str(row.get("id"))) if isinstance(row, dict) else None
        if not asked or str(row.get("id")) in wrong:
            continue
        text, reference = str(row.get("text", "")).strip(), str(asked.get("answer", "")).strip()
        meta = asked.get("meta")
        kind = str((meta.get("type") or meta.get("subject") or "") if isinstance(meta, dict) else "")
        if text and text == reference and kind not in types:
            types.add(kind)
            yield Answer(True, kind, _line(str(asked.get("question", ""))), _line(reference), _line(text))


def _line(text: str) -> str:
    line = " ⏎ ".join(part.strip() for part in text.strip().splitlines())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"
