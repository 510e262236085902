"""What makes two records the same, or two questions: texts and 16-byte fingerprints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.tasks import task_of
from core.tasks.math import recognise
from core.text.records import Record
from core.text.rounds import history_of, said_before
from data_convert.selection.normalise import as_pairs, fingerprint, normalise

# normalise() takes it for white space, so that no normalised text holds it.
_BETWEEN = "\x1f"


def canonical(question: str) -> str:
    """Return the text that all writings of one question share.

    A problem of the corpus' templates is its type and operands as they are written (5 and 5.0 are two questions);
    any other is its normalised text.
    """
    parsed = recognise(question)
    return _BETWEEN.join((parsed.type, *parsed.operands)) if parsed.operands else normalise(question)


def is_template(canonical_text: str) -> bool:
    """Tell whether a canonical text is that of a template: a type and operands."""
    return _BETWEEN in canonical_text


def question_text(record: Record) -> str:
    """Return the canonical text of a record's question, what it is asked about included.

    That is the passage in reading comprehension, and the instruction where it says more than a subject.
    """
    context = context_of(record)
    text = canonical(record.question) if task_of(record.task).has_templates else normalise(record.question)
    return f"{normalise(context)}\n{text}" if context else text


def context_of(record: Record) -> str:
    """Return what a question is asked about: a passage, or an instruction that is not only a subject's; else ""."""
    meta = record.meta
    return str(meta.get("passage") or ("" if meta.get("subject") else meta.get("instruction", "")))


def record_key(record: Record) -> bytes:
    """Return the fingerprint of a record as it stands: context, what was said before, question and answer."""
    context, question = context_of(record) + said_before(record), record.question
    # The lengths keep "ab" + "c" and "a" + "bc" apart.
    return fingerprint(f"{len(context)} {len(question)} {context}{question}{record.answer}")


def question_key(record: Record) -> bytes:
    """Return the fingerprint of a record's question: equal for all writings of it, whatever was said before it."""
    return fingerprint(question_text(record))


def earlier_keys(record: Record) -> NDArray[np.uint64]:
    """Return the fingerprints of the questions that a record's earlier rounds ask: uint64 (rounds, 2)."""
    return question_keys(replace(record, question=one.question, meta={}) for one in history_of(record))


def before_key(record: Record) -> bytes:
    """Return the fingerprint of what was said before a question: its system text and its earlier rounds."""
    return fingerprint(normalise(said_before(record)))


def question_keys(records: Iterable[Record]) -> NDArray[np.uint64]:
    """Return the fingerprints of records' questions as a column: uint64 (records, 2)."""
    return as_pairs(b"".join(map(question_key, records)))


def context_key(record: Record) -> bytes:
    """Return the fingerprint of what a record's question is asked about, and of what was said before it."""
    return fingerprint(normalise("\n".join(filter(None, (context_of(record), said_before(record))))))


def answer_key(record: Record) -> bytes:
    """Return the fingerprint of a record's normalised answer, blanks left out ("1 + 2 = 3" is "1+2=3")."""
    return fingerprint(normalise(record.answer).replace(" ", ""))


NO_ANSWER = as_pairs(fingerprint(""))  # the key of an answer without any text, uint64 (1, 2)
NOTHING_BEFORE = NO_ANSWER  # the key of a question before which nothing was said


def label_of(record: Record) -> str:
    """Return what quotas and tables count a record as: its type (math), its subject (choice), or its task."""
    return str(record.meta.get("type") or record.meta.get("subject") or record.task)
