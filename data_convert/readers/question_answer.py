"""A question and its answer as a corpus has them, and the Record they become: of which task, and with which fields."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from core.tasks.choice import has_options, subject_of
from core.tasks.math import FREE_TYPES, recognise
from core.text.records import Record
from core.text.rounds import HISTORY
from data_convert.readers.bad import Fault
from data_convert.readers.fields import refuse_nothing


@dataclass(frozen=True)
class QuestionAnswer:
    """A question and its answer before they are a Record.

    Attributes:
        instruction: what is asked, or what is to be done with `input`; input: "" where there is none.
        meta: what the record's meta takes over as it is.
    """

    instruction: str
    input: str
    answer: str
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def whole(self) -> str:
        """Instruction and input as one question."""
        return f"{self.instruction}\n{self.input}" if self.input else self.instruction


def record_of(given: QuestionAnswer, task: str | None, identity: str, where: str) -> Record:
    """Make the Record of a question and its answer.

    Args:
        given: question and answer.
        task: the record's task, or None: "choice" where the input lists options A. to D., "math" where
            the question is one of the contest's templates or the answer boxes its result, else "instruction".
        identity: the record's id.
        where: the record's source.

    Raises:
        Fault: it cannot be of this task, or question or answer is a word that stands for nothing.
    """
    refuse_nothing(given.whole, given.answer)
    for earlier in given.meta.get(HISTORY, ()):
        refuse_nothing(earlier["question"], earlier["answer"])
    if task is None and given.instruction and has_options(given.input) and HISTORY not in given.meta:
        task = "choice"
    question = given.whole
    if task is None or task == "math":
        kind = recognise(question).type
        if task is None and (kind not in FREE_TYPES or "\\boxed" in given.answer):
            task = "math"
        if task == "math":
            return Record(identity, "math", question, given.answer, where, {"type": kind, **given.meta})
    if task == "choice":
        if not (given.instruction and has_options(given.input)):
            raise Fault("not multiple choice: expected an instruction and an input with lines A. to D.")
        if HISTORY in given.meta:
            raise Fault("a multiple choice within a conversation of several rounds; it must be one question")
        meta = {"instruction": given.instruction, "subject": subject_of(given.instruction), **given.meta}
        return Record(identity, "choice", given.input, given.answer, where, meta)
    if task == "squad":
        raise Fault("no passage: records of task 'squad' come from a SQuAD file")
    return Record(identity, task or "instruction", question, given.answer, where, dict(given.meta))


def as_instruction(record: Record) -> Record:
    """Return a record as a general instruction: what is asked in it, with what is to be done before it."""
    asked = [str(record.meta[name]) for name in ("instruction", "passage") if record.meta.get(name)]
    return replace(record, task="instruction", question="\n".join([*asked, record.question]))
