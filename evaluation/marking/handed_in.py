"""From answers to the marked text that is handed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.files import sha256_file, sha256_text, write_json
from core.result_parts import SCHEMA
from core.result_types import AccuracyResult, HandInResult, ScoreResult
from core.results import file_name, read_result
from core.run_folder import RunFolder
from core.step_names import BASE
from core.tasks.ner import TYPES
from core.text.alignment import aligned
from core.text.markup import Marked, write_whole, written_text
from core.text.markup_check import file_faults
from evaluation.answers.predictions import read_predictions


@dataclass(frozen=True)
class Answers:
    """What a checkpoint answered: its name, the file, and the text of each line by the line's number."""

    name: str
    file: Path
    texts: Mapping[str, str]

    @classmethod
    def read(cls, name: str, file: Path) -> Answers:
        """Read a predictions file; InputError as `read_predictions`."""
        return cls(name, file, read_predictions(file))


@dataclass(frozen=True)
class MarkedText:
    """A text with the marks of answers; the counts are those of `HandInResult`."""

    lines: list[Marked]
    verbatim: int
    lost: int

    @property
    def entities(self) -> dict[str, int]:
        """How many spans there are, by type."""
        found = Counter(span.type for line in self.lines for span in line.spans)
        return {kind: found[kind] for kind in TYPES}


def best_checkpoint(run: RunFolder) -> str:
    """Return the checkpoint that marks: the best by score, else by accuracy, else the base."""
    steps = run.config().steps
    if "score" in steps:
        best = read_result(run.path / file_name("score"), ScoreResult).best
        if best is None:
            raise InputError(f"{run.path}: no checkpoint passes the gate; name one with --ckpt")
        return best
    if "accuracy" in steps:
        rows = read_result(run.path / file_name("accuracy"), AccuracyResult).checkpoints
        return max(rows, key=lambda name: rows[name].accuracy)
    return BASE


def marked_from(texts: Sequence[Marked], answers: Answers) -> MarkedText:
    """Place the marks of answers in the texts; a text without an answer stays without marks.

    Raises:
        InputError: there is an answer to none of the texts, or one to a line that there is not.
    """
    known = {str(number) for number in range(len(texts))}
    if others := [name for name in answers.texts if name not in known]:
        raise InputError(
            f"{answers.file}: answers {others[0]!r}, which is no line of the text (lines are 0 to {len(texts) - 1})"
        )
    if not answers.texts:
        raise InputError(f"{answers.file}: holds no answer")
    placed = [aligned(line.text, answers.texts.get(str(number), "")) for number, line in enumerate(texts)]
    lines = [Marked(line.text, found.line.spans, line.end) for line, found in zip(texts, placed, strict=True)]
    copied = sum(found.verbatim or not line.text.strip() for line, found in zip(texts, placed, strict=True))
    return MarkedText(lines, copied, sum(found.lost for found in placed))


def write_hand_in(run: RunFolder, texts: Sequence[Marked], answers: Answers) -> HandInResult:
    """Write hand_in/TEAM.txt and results/hand_in.json of a run; the file is read again and checked."""
    found = marked_from(texts, answers)
    file = run.hand_in / f"{run.config().submission.team}.txt"
    write_whole(file, written_text(found.lines))
    faults = file_faults(file.read_bytes(), str(file), [line.text for line in texts])
    result = HandInResult(
        schema=SCHEMA,
        checkpoint=answers.name,
        predictions=answers.file.relative_to(run.path).as_posix(),
        predictions_sha256=sha256_file(answers.file),
        text_sha256=sha256_text("".join(line.text + line.end for line in texts)),
        file=file.relative_to(run.path).as_posix(),
        file_sha256=sha256_file(file),
        texts=len(texts),
        verbatim=found.verbatim,
        lost=found.lost,
        entities=found.entities,
        faults=len(faults),
    )
    write_json(run.path / file_name("hand_in"), result.as_json())
    return result
