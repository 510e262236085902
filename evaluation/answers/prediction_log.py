"""The prediction log: an append-only JSON Lines file that a killed evaluation goes on with, and that never mixes.

Beside `NAME.jsonl` stands `NAME.settings.json`: what the predictions were made with. If it differs from what is
asked for now, or a question's prompt does, the old pair is renamed to `NAME.jsonl.old-N` and a new one begins.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from core.errors import InputError
from core.files import cut_unfinished_line, json_line, lines_of, make_folder, move, read_json, remove_file, write_json
from core.inside import open_to_append
from core.progress import say
from core.untrusted import JSON_LINE, load_json


@dataclass(frozen=True)
class Prediction:
    """One line of the log.

    Attributes:
        id: the question.
        prompt_sha256: hash of the rendered prompt.
        text: what the model answered.
        tokens: number of generated tokens.
        seconds: see `inference.engine.Completion`.
        truncated: whether the prompt lost its beginning, to fit the model; stands on the line only where it did.
        scores: log-likelihoods that were asked for (see `predictions.Predictions`); only where they were.
        prompt_tokens: number of the prompt's tokens; only where a server told it.
        reasoning: what a reasoning model thought before `text`; only where a server kept that apart.
    """

    id: str
    prompt_sha256: str
    text: str
    tokens: int
    seconds: float
    truncated: bool = False
    scores: tuple[float, ...] = ()
    prompt_tokens: int = 0
    reasoning: str = ""

    def row(self) -> dict[str, Any]:
        """Return the line's fields."""
        fields = asdict(self)
        return {name: value for name, value in fields.items() if name in _FIELDS or value}


# What settings were called in logs that were written before: setting -> its former name.
FORMER = {"score_options": "weigh", "target_delimiter": "gap"}

_FIELDS: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "prompt_sha256": (str,),
    "text": (str,),
    "tokens": (int,),
    "seconds": (int, float),
}


def settings_path(path: Path) -> Path:
    """Return where the settings of a prediction log stand."""
    return path.with_suffix(".settings.json")


class PredictionLog:
    """An open prediction log; a context manager.

    Opening it takes over what is there if settings and prompts are the same (a torn last line is dropped), and puts
    it aside otherwise. Only one process at a time may have a log open.

    Args:
        path: the predictions file, `NAME.jsonl`.
        settings: everything but the prompts that decides an answer, as JSON values.
        prompts: hash of the rendered prompt of every question, by id.

    Attributes:
        done: the predictions that are there, by id.

    Raises:
        InputError: another process has the log open, a line in its midst is damaged, or it cannot be written.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], prompts: Mapping[str, str]) -> None:
        self.path, self._prompts = path, prompts
        wanted = load_json(json.dumps(settings, allow_nan=False), str(settings_path(path)))
        self.done: dict[str, Prediction] = {}
        try:
            make_folder(path.parent)
            self._stream = _locked(path)
            reason = self._take_over(wanted)
            if reason:
                aside = self._put_aside()
                say(f"{path.name}: {reason}; the old predictions are now {aside.name}")
            if not settings_path(path).is_file():
                write_json(settings_path(path), wanted)
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error

    def __enter__(self) -> PredictionLog:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stream.close()

    def append(self, prediction: Prediction) -> None:
        """Write one prediction; once this returns, a killed process does not lose it."""
        if prediction.id in self.done:
            raise ValueError(f"question {prediction.id!r} has its prediction already")
        # A lone surrogate, which a byte-level tokenizer can produce, has no place in UTF-8.
        row = {key: _encodable(value) if isinstance(value, str) else value for key, value in prediction.row().items()}
        data = (json_line(row) + "\n").encode("utf-8")
        try:
            self._stream.write(data)
            self._stream.flush()
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written ({error.strerror or error})") from error
        self.done[prediction.id] = prediction

    def _take_over(self, wanted: Any) -> str:
        """Read what is there; return why it cannot be gone on with, empty where it can."""
        cut_unfinished_line(self._stream)
        if self._stream.seek(0, os.SEEK_END) == 0:
            remove_file(settings_path(self.path))
            return ""
        if not settings_path(self.path).is_file():
            return f"it has no {settings_path(self.path).name}"
        changed = _first_change(read_json(settings_path(self.path)), wanted)
        if changed:
            return changed
        self._stream.seek(0)
        for number, raw in enumerate(lines_of(self._stream, str(self.path)), start=1):
            prediction = _parse(raw, f"{self.path}:{number}")
            if self._prompts.get(prediction.id) != prediction.prompt_sha256:
                known = prediction.id in self._prompts
                self.done.clear()
                if known:
                    return f"the prompt of question {prediction.id!r} has changed"
                return f"question {prediction.id!r} is no longer asked"
            if prediction.id in self.done:
                raise InputError(f"{self.path}:{number}: question {prediction.id!r} appears twice; remove the file")
            self.done[prediction.id] = prediction
        return ""

    def _put_aside(self) -> Path:
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.old-{number}")).exists():
            number += 1
        self._stream.close()
        move(self.path, aside)
        if settings_path(self.path).exists():
            move(settings_path(self.path), aside.with_name(f"{settings_path(self.path).name}.old-{number}"))
        self._stream = _locked(self.path)
        return aside


def _locked(path: Path) -> IO[bytes]:
    """Open a file for reading and appending, for this process alone."""
    stream = open_to_append(path)
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        stream.close()
        raise InputError(f"{path}: another evaluation is writing it; wait until it has finished, or stop it") from error
    return stream


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _first_change(old: Any, new: Any) -> str:
    """Say which setting differs first; empty where none does."""
    if not isinstance(old, dict):
        return "its settings are damaged"
    old = dict(old)
    for name, former in FORMER.items():
        if former in old:
            old.setdefault(name, old.pop(former))
    for name in sorted(set(old) | set(new)):
        if name not in old or name not in new or old[name] != new[name]:
            return f"setting {name!r} changed from {old.get(name)!r} to {new.get(name)!r}"
    return ""


def _parse(raw: bytes, where: str) -> Prediction:
    try:
        row = load_json(raw, where, JSON_LINE)
    except InputError as error:
        raise InputError(f"{where}: not a line of valid JSON; remove the line or the file") from error
    if not isinstance(row, dict) or not set(_FIELDS) <= set(row) <= set(Prediction.__dataclass_fields__):
        raise InputError(f"{where}: not a prediction with {', '.join(_FIELDS)}; remove the line or the file")
    for name, types in _FIELDS.items():
        if not isinstance(row[name], types) or isinstance(row[name], bool):
            raise InputError(f"{where}: field {name!r} has the wrong type; remove the line or the file")
    scores = row.get("scores", [])
    if not isinstance(scores, list) or not all(type(value) in (int, float) for value in scores):
        raise InputError(f"{where}: field 'scores' must be a list of numbers; remove the line or the file")
    return Prediction(**{**row, "scores": tuple(scores)})
