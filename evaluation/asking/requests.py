"""How questions are put to a model: as they are, with their options rotated, after examples, or option by option."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from core.errors import InputError
from core.files import sha256_text
from core.tasks import task_of
from core.tasks.choice import LETTERS, Options, parse_options
from core.text.prompt_tokens import target_delimiter
from core.text.prompts import Prompt, render, render_after
from core.text.records import Record
from core.text.rendered import Part, Rendered

__all__ = ["MODES", "FewShot", "RequestSettings", "letter_answers", "option_texts", "rotated", "target_delimiter"]

Mode = Literal["generate", "loglikelihood", "circular"]
ScoreOptions = Literal["letter", "text"]
MODES: tuple[Mode, ...] = ("generate", "loglikelihood", "circular")
_LETTER = re.compile(rf"(?<![A-Za-z])[{LETTERS}](?![A-Za-z])")


def rotated(records: Sequence[Record]) -> list[Record]:
    """Return each multiple-choice question once for each rotation of its options.

    Rotation k moves every option k places up, the first k to the end (ABCD, BCDA, CDAB, DABC), and the reference's
    letter goes with its option. The ids are `ID@rot0` to `ID@rot3`, `meta.of` is ID and `meta.rotation` is k.

    Raises:
        InputError: a record without options A to D, or whose reference does not name one letter alone.
    """
    return [_rotated(record, turn) for record in records for turn in range(len(LETTERS))]


def _rotated(record: Record, turn: int) -> Record:
    options, letter = _options(record), _letter(record)
    texts = options.texts[turn:] + options.texts[:turn]
    new = LETTERS[(LETTERS.index(letter[0]) - turn) % len(LETTERS)]
    return replace(
        record,
        id=f"{record.id}@rot{turn}",
        question=replace(options, texts=texts).joined(),
        answer=record.answer[: letter.start()] + new + record.answer[letter.end() :],
        meta={**record.meta, "of": record.id, "rotation": turn},
    )


def letter_answers(record: Record) -> list[str]:
    """Return the reference once with each letter in its place: the answers that a trained model chooses between.

    Raises:
        InputError: as `rotated`.
    """
    letter = _letter(record)
    return [record.answer[: letter.start()] + option + record.answer[letter.end() :] for option in LETTERS]


def option_texts(record: Record) -> list[str]:
    """Return the texts of the options; InputError as `rotated`."""
    return [text.strip() for text in _options(record).texts]


def _options(record: Record) -> Options:
    options = parse_options(record.question) if task_of(record.task).has_options else None
    if options is None:
        raise InputError(f"{record.source or record.id}: has no options A to D to choose from, one on each line")
    return options


def _letter(record: Record) -> re.Match[str]:
    found = list(_LETTER.finditer(record.answer))
    if not task_of(record.task).has_options or len(found) != 1:
        raise InputError(f"{record.source or record.id}: the reference must name one letter of A to D alone")
    return found[0]


class FewShot:
    """Examples that are shown before a question: the first so many of its subject.

    Args:
        records: questions with their answers, such as a benchmark's dev split.
        count: how many are shown.
        source: where they are from, for messages.
    """

    def __init__(self, records: Sequence[Record], count: int, source: str) -> None:
        if count < 1:
            raise InputError(f"--shots {count}: at least 1 example is needed, or no --shots at all")
        self.count, self._source = count, source
        self._subjects: dict[str, list[Record]] = {}
        for record in records:
            self._subjects.setdefault(_subject(record), []).append(record)

    def of(self, record: Record) -> list[Record]:
        """Return the examples for a question; the question itself is none of them.

        Raises:
            InputError: there are too few of its subject.
        """
        subject = _subject(record)
        known = self._subjects.get(subject, [])
        shown = [shot for shot in known if shot.question != record.question][: self.count]
        if len(shown) < self.count:
            raise InputError(
                f"{self._source}: {len(shown)} examples for {record.id!r} of {subject or record.task!r}, --shots asks "
                f"for {self.count}"
            )
        return shown

    @property
    def sha256(self) -> str:
        """Hash of all examples."""
        rows = [
            f"{subject}\n{shot.question}\n{shot.answer}" for subject, shots in self._subjects.items() for shot in shots
        ]
        return sha256_text("\n\n".join(rows))


def _subject(record: Record) -> str:
    return str(record.meta.get("subject") or "")


@dataclass(frozen=True)
class RequestSettings:
    """How an evaluation asks.

    Attributes:
        mode: "generate": the model writes the answer; "loglikelihood": the options are scored (see `score_options`);
            "circular": it writes the answer to each rotation of the options (the records are `rotated`).
        score_options: what is scored, "letter": the reference with each letter in its place; "text": the options' own
            texts.
        few_shot: examples before each question.
    """

    mode: Mode = "generate"
    score_options: ScoreOptions = "letter"
    few_shot: FewShot | None = None

    def settings(self) -> dict[str, Any]:
        """Return what a prediction log notes of it; nothing for the plain question."""
        said: dict[str, Any] = {}
        if self.mode != "generate":
            said["mode"] = self.mode
        if self.mode == "loglikelihood":
            said["score_options"] = self.score_options
        if self.few_shot:
            said.update(shots=self.few_shot.count, shots_sha256=self.few_shot.sha256)
        return said

    def options(self, record: Record) -> tuple[list[str], list[str]]:
        """Return the continuations that are scored, and the answer that each of them stands for."""
        answers = letter_answers(record)
        return (answers if self.score_options == "letter" else option_texts(record)), answers

    def render(self, prompt: Prompt, record: Record, delimiter: str = "") -> Rendered:
        """Return the text that precedes the answer: the examples with their answers, then the question.

        In a conversation that a chat template writes, the examples are its first rounds.

        Args:
            prompt: the template of each of them.
            record: the question.
            delimiter: see `target_delimiter`.
        """
        shown = self.few_shot.of(record) if self.few_shot else []
        if prompt.chat_template:
            return render_after(prompt, shown, record)
        end = prompt.answer_end if prompt.answer_end.endswith("\n") else f"{prompt.answer_end}\n\n"
        parts: list[Part] = []
        for shot in shown:
            parts += [*render(prompt, shot).parts, Part(delimiter + shot.answer), Part(end, own=True)]
        return Rendered([*parts, *render(prompt, record).parts])
