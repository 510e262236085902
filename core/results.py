"""The result files of a run: which there are, which step makes each, reading and writing them.

`RESULTS` is the only list of them. One more is one more entry, and a type beside those of `core.result_types`: its
evaluator writes it with `update_results`, and report, check, summary and zip show it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from core.errors import InputError
from core.files import read_json, write_json
from core.progress import say
from core.result_parts import SCHEMA, Answered, Asked, ByCheckpoint, EvaluationResult, Result
from core.result_types import (
    AccuracyResult,
    FloorsResult,
    HandInResult,
    RatioResult,
    RetentionResult,
    ScoreResult,
    ValidationResult,
)
from core.step_names import BASE, step_order

R = TypeVar("R", bound=Result)
_MOST_FAULTS = 5
_MOST_LISTED = 10_000
_MOST_CHECKPOINTS = 1010  # a contest may ask for a thousand
LONGEST_LABEL = 200  # characters of "step_20", or of the name of a model


@dataclass(frozen=True)
class ResultKind:
    """A result file `results/NAME.json`.

    Attributes:
        step: the step of the main job that makes it.
        title, title_zh: its heading in a report that has no section of its own for it.
        type: what it says.
        validates: it is made only where the loss on validation records is computed.
    """

    step: str
    title: str
    title_zh: str
    type: type[Result]
    validates: bool = False


RESULTS: dict[str, ResultKind] = {
    "squad": ResultKind("retention", "Retention of the original ability", "原有能力评估得分", RetentionResult),
    "accuracy": ResultKind("accuracy", "Task accuracy", "任务准确率", AccuracyResult),
    "ratio": ResultKind("train", "Low-parameter ratio", "低参比例", RatioResult),
    "validation": ResultKind("train", "Loss on validation records", "验证集损失", ValidationResult, validates=True),
    "floors": ResultKind("floors", "Floors without a language model", "无语言模型的基线", FloorsResult),
    "score": ResultKind("score", "Score", "得分", ScoreResult),
    "hand_in": ResultKind("mark", "The marked text that is handed in", "提交的标注文本", HandInResult),
}


def results_of(steps: Sequence[str], validates: bool = False) -> list[str]:
    """Return the names of the results that a contest has.

    Args:
        steps: of the contest.
        validates: whether the loss on validation records is computed while it trains.
    """
    return [name for name, kind in RESULTS.items() if kind.step in steps and (validates or not kind.validates)]


@dataclass
class Made:
    """The results that a run's steps made.

    Attributes:
        values: name -> what stands in the file.
        typed: those of them that are whole.
        problems: a sentence for each thing that is wrong with the others.
    """

    values: dict[str, Any] = field(default_factory=dict)
    typed: dict[str, Result] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def of(self, kind: type[R]) -> R | None:
        """Return the result of a type; None where there is no (whole) one."""
        return next((result for result in self.typed.values() if isinstance(result, kind)), None)


def gather(names: Iterable[str], read: Callable[[str], Any]) -> Made:
    """Read results and gather what is wrong with them.

    Args:
        names: of the results.
        read: returns the value of the file "results/NAME.json"; InputError where it is missing or malformed.
    """
    made = Made()
    for name in names:
        file = file_name(name)
        try:
            made.values[name] = read(file)
            made.typed[name] = parsed(made.values[name], RESULTS[name].type, file)
        except InputError as error:
            made.problems.append(str(error))
    return made


def file_name(name: str) -> str:
    """Return where a result lies in a run folder, and in a zip."""
    return f"results/{name}.json"


def parsed(value: Any, kind: type[R], where: str) -> R:
    """Return a JSON value as a result of a type.

    Raises:
        InputError: of another schema, or a key is missing or of another type; begins with `where`.
    """
    if not isinstance(value, Mapping):
        raise InputError(f"{where} is not an object of named values")
    if value.get("schema") != SCHEMA:
        raise InputError(f"{where} has schema {value.get('schema')!r}, this version reads {SCHEMA}")
    rows = value.get("checkpoints")
    if isinstance(rows, Mapping) and len(rows) > _MOST_CHECKPOINTS:
        raise InputError(f"{where} has {len(rows)} checkpoints, at most {_MOST_CHECKPOINTS} are read")
    if isinstance(rows, Mapping) and any(len(str(label)) > LONGEST_LABEL for label in rows):
        raise InputError(f"{where} has a checkpoint whose name is longer than {LONGEST_LABEL} characters")
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        if error.error_count() > _MOST_LISTED:  # each takes a kilobyte to be said
            raise InputError(f"{where} has {error.error_count()} faults, so it is another kind of file") from error
        faults = [_sentence(item["type"], item["loc"]) for item in error.errors(include_url=False, include_input=False)]
    more = f" and {len(faults) - _MOST_FAULTS} more faults" if len(faults) > _MOST_FAULTS else ""
    raise InputError(f"{where} " + ", ".join(faults[:_MOST_FAULTS]) + more)


_NOUNS = {"int": "number", "float": "number", "finite": "number", "string": "text", "bool": "boolean"}


def _sentence(fault: str, place: Sequence[str | int]) -> str:
    """Say what is wrong at a place of a file, such as ("checkpoints", "step_20", "gate")."""
    key = ".".join(str(part) for part in place)
    key = key if key.isprintable() else ascii(key)
    noun = _NOUNS.get(fault.partition("_")[0])
    if noun:
        return f"'{key}' is missing or not a {noun}"
    if fault in ("missing", "dict_type", "mapping_type", "model_type", "model_attributes_type", "tuple_type"):
        return f"has no '{key}'"
    return f"has a '{key}' that is not valid"


def read_result(path: Path, kind: type[R]) -> R:
    """Read a result file.

    Raises:
        InputError: missing (the step that makes it has not run), malformed, or not of this type.
    """
    if not path.is_file():
        raise InputError(f"{path} is missing: the step that measures it has not run")
    try:
        return parsed(read_json(path), kind, str(path))
    except InputError as error:
        raise InputError(f"{error}; move it away and evaluate again") from error


def update_results(path: Path, name: str, entry: Answered, data: Asked) -> None:
    """Write the figures of one checkpoint into a result file, atomically; those of others stay.

    Results on other data are not comparable: where the file's `data` has another hash, selection or count, its
    checkpoints are dropped, with a word on standard error. One process at a time may update a file.

    Args:
        path: the file, made where it is absent.
        name: "base" or "step_N".
        entry: what the evaluator returned for it.
        data: what was evaluated.

    Raises:
        InputError: the file is there and is not such a result file.
    """
    checkpoints: dict[str, Any] = {}
    if path.exists():
        held = read_result(path, EvaluationResult)
        if same_data(held.data, data):
            checkpoints = {key: row.as_json() for key, row in held.checkpoints.items()}
        elif held.checkpoints:
            say(f"{path}: results on other data dropped ({', '.join(held.checkpoints)})")
    checkpoints[name] = entry.as_json()
    ordered = {key: checkpoints[key] for key in sorted(checkpoints, key=step_order)}
    write_json(path, {"schema": SCHEMA, "data": data.as_json(), "checkpoints": ordered})


def same_data(held: Asked, data: Asked) -> bool:
    """Tell whether two results were measured on the same questions."""
    return (held.sha256, held.selection, held.count) == (data.sha256, data.selection, data.count)


def summary(made: Made) -> Iterator[str]:
    """Yield the lines of a table of a run's figures by checkpoint, then what each result says below it."""
    tables = [result for result in made.typed.values() if isinstance(result, ByCheckpoint)]
    names = sorted({name for result in tables for name in result.checkpoints}, key=step_order)
    score = made.of(ScoreResult)
    if names:
        cells = [cell for result in tables for cell in result.cells(BASE)]
        yield " ".join([f"{'checkpoint':<12}", *(f"{cell.head:>{cell.width}}" for cell in cells)])
    for name in names:
        cells = [cell for result in tables for cell in result.cells(name)]
        mark = " *" if score and name == score.best else ""
        yield " ".join([f"{name:<12}", *(f"{cell.text:>{cell.width}}" for cell in cells)]) + mark
    for result in made.typed.values():
        yield from result.lines()
