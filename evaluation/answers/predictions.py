"""Predictions of a model, made here or elsewhere: one text for each question id."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.files import first_line_json, read_jsonl, read_text
from core.progress import say
from core.untrusted import encodable, load_json
from evaluation.answers.forms import Found, found_in, is_by_number, is_prediction


class Predictions(dict[str, str]):
    """Texts by question id, in the file's order.

    Attributes:
        duplicates: how many lines or keys repeated an id; the last text of an id counts.
        scores: by question id, where the file has them (`"scores": [float, …]` on a line): the log-likelihoods that
            were asked for, one for each option of a multiple choice in the order of the options.
        truncated: how many questions' prompts were cut to fit the model (`"truncated": true` on a line).
        by_place: the ids are places among the questions asked, from 0, until `check_answers` puts the ids there.
        prompts: by question id, the text that the model was given, where whoever evaluates knows it: an answer may
            repeat it.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__()
        self.duplicates = self.truncated = 0
        self.by_place = False
        self.scores: dict[str, list[float]] = {}
        self.prompts: dict[str, str] = {}
        for name, text in pairs:
            self.duplicates += name in self
            self[name] = text


@dataclass(frozen=True)
class Coverage:
    """How predictions and questions meet; every list of ids is in its source's order."""

    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    duplicates: int

    def counts(self) -> dict[str, int]:
        """Return the numbers as they stand in a result."""
        return {"missing": len(self.missing), "unknown": len(self.unknown), "duplicates": self.duplicates}


def coverage(ids: Collection[str], predictions: dict[str, str]) -> Coverage:
    """Compare the ids of the questions with those of the predictions."""
    known = set(ids)
    return Coverage(
        missing=tuple(name for name in ids if name not in predictions),
        unknown=tuple(name for name in predictions if name not in known),
        duplicates=getattr(predictions, "duplicates", 0),
    )


def check_answers(ids: Collection[str], predictions: dict[str, str], path: Path) -> Coverage:
    """Return how predictions and questions meet; predictions by place get the ids of the questions at these places.

    Raises:
        InputError: the file at `path` answers none of the questions.
    """
    if isinstance(predictions, Predictions) and predictions.by_place:
        _give_ids(list(ids), predictions, path)
    found = coverage(ids, predictions)
    if len(found.missing) == len(ids):
        raise InputError(
            f"{path}: answers none of the questions; are these the right --data? It has predictions for "
            f"{', '.join(found.unknown[:3])}…, asked is {found.missing[0]}"
        )
    return found


def _give_ids(ids: Sequence[str], predictions: Predictions, path: Path) -> None:
    """Put the ids of the questions asked in the place of numbers; a number beyond them is an unknown question."""
    say(f"{path}: has no ids of questions; its predictions are taken in the order of the questions")
    named = {
        ids[int(name)] if int(name) < len(ids) else f"question {name} from 0": text
        for name, text in predictions.items()
    }
    predictions.clear()
    predictions.update(named)
    predictions.by_place = False


def read_predictions(path: Path) -> Predictions:
    """Read `{question id: text}` as one JSON object, or predictions as JSON Lines or one array (see `answers.forms`).

    Lone surrogates, which JSON can spell and UTF-8 cannot hold, become U+FFFD.

    Raises:
        InputError: missing file, malformed JSON, a prediction that is not text, no prediction at all.
    """
    if path.suffix == ".jsonl" or is_prediction(first_line_json(path)):
        predictions = _from_rows(
            (f"{path}:{number}", row) for number, row in read_jsonl(path, any_number=True, surrogates=True)
        )
    elif isinstance(value := _document(path), list):
        predictions = _from_rows((f"{path}: [{number}]", row) for number, row in enumerate(value))
    elif is_by_number(value):
        predictions = _from_rows([(str(path), value)])
    else:
        predictions = Predictions(_from_object(path))
    if not predictions:
        raise InputError(f"{path}: no predictions in it; expected {{question id: text}} or lines with id and text")
    return predictions


def _from_rows(rows: Iterable[tuple[str, Any]]) -> Predictions:
    """Take predictions out of lines or elements, each with its place in the file."""
    found: list[Found] = []
    scores: dict[str, list[float]] = {}
    truncated = 0
    for where, row in rows:
        found += (one := list(found_in(row, where, len(found))))
        truncated += row.get("truncated") is True
        if (given := row.get("scores")) is not None:
            if not (isinstance(given, list) and given and all(map(_is_finite, given))):
                raise InputError(f"{where}: field 'scores' must be a list of numbers")
            scores[encodable(one[0].name)] = [float(value) for value in given]
        if one[0].by_place != found[0].by_place:
            raise InputError(f"{where}: some predictions name their question, others only their place")
    predictions = Predictions((encodable(one.name), encodable(one.text)) for one in found)
    predictions.scores, predictions.truncated = scores, truncated
    predictions.by_place = bool(found) and found[0].by_place
    return predictions


def _document(path: Path) -> Any:
    return load_json(read_text(path), str(path), any_number=True, surrogates=True)


def _is_finite(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _from_object(path: Path) -> list[tuple[str, str]]:
    # The pairs of the outermost object, which comes last, with repeated keys still in them.
    pairs: list[tuple[str, Any]] = []

    def keep(found: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal pairs
        pairs = found
        return dict(found)

    value = load_json(read_text(path), str(path), pairs=keep, any_number=True, surrogates=True)
    if not isinstance(value, dict):
        raise InputError(f"{path}: expected one object {{question id: text}}, found {type(value).__name__}")
    for name, text in pairs:
        if not isinstance(text, str):
            raise InputError(f"{path}: the prediction of {name!r} is not text")
    return [(encodable(name), encodable(text)) for name, text in pairs]
