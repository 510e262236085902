"""The text of a run as it is handed in: a copy with placeholders, from which report, pictures and zip are made.

What a result says of a file (`predictions_sha256`, `log_sha256`, `inputs`) is said of the file that is handed in.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.config import settings_in
from core.errors import InputError
from core.files import fresh, json_line, read_json, read_text, remove_folder, sha256_file, write_json, write_text
from core.inside import open_inside
from core.machine import machines_of, this_machine
from core.results import file_name, gather, results_of
from core.run_folder import RunFolder
from core.untrusted import JSON_LINE, load_json
from core.yaml_text import dump_yaml
from submission.package.code import code_files
from submission.package.placeholders import Degree, Placeholders
from submission.package.run_facts import RunFacts

_FOLDER = ".handed_in"
_CODE_OF_TEAMS = "configs/"


@dataclass(frozen=True)
class HandedIn:
    """What is handed in.

    Attributes:
        facts: the run, its text files in the copy; the weights are where they were.
        code: name in the project -> file, of the code that ran.
        names: puts placeholders in, and knows what was replaced.
    """

    facts: RunFacts
    code: Mapping[str, Path]
    names: Placeholders

    @property
    def replaced(self) -> list[dict[str, Any]]:
        """What was replaced up to now, for the zip's manifest."""
        return self.names.listed()

    def safe(self, text: str) -> str:
        """Return a line of the team's own for the report, with placeholders in it."""
        return self.names.text(text, "settings")

    def safe_example(self, text: str) -> str:
        """Return a text of its data or of an answer likewise: no word of it is taken for a name."""
        return self.names.text(text, "evidence")


@contextmanager
def handed_in(facts: RunFacts, root: Path) -> Iterator[HandedIn]:
    """Yield the copy of a run, which is removed afterwards.

    Args:
        facts: the run.
        root: the project's folder, from which the code is taken.
    """
    run = facts.run
    folder = run.submission / _FOLDER
    remove_folder(folder)
    names = Placeholders([this_machine(run.path), *machines_of(run.path)])
    try:
        copy = _Copy(run, RunFolder(folder / run.name), names)
        clean = copy.of(facts)
        code = {name: copy.code(root / name, folder / "code" / name, name) for name in code_files(root)}
        yield HandedIn(clean, code, names)
    finally:
        remove_folder(folder)


class _Copy:
    """Writes the copy of one run.

    Args:
        run: the run.
        target: where its copy goes.
        names: puts placeholders in.
    """

    def __init__(self, run: RunFolder, target: RunFolder, names: Placeholders) -> None:
        self._run, self._target, self._names = run, target, names
        self._hashes: dict[str, str] = {}  # of a file as it was -> of its copy, where they differ

    def of(self, facts: RunFacts) -> RunFacts:
        """Copy the text files of a run, and return what the copy says."""
        run = self._run
        logs = [self._lines(path) for path in facts.logs]
        predictions = [self._lines(path, "evidence") for path in facts.predictions if path.is_file()]
        for path in run.hand_in.glob("*.txt"):
            self._whole(path)
        for path in (run.losses, run.validation_losses, run.trainer_yaml):
            if path.is_file():
                self._lines(path, "settings")
        if run.environment.is_file():
            self._json(run.environment, "logs")
        for path in (run.audit, *(item.manifest_path for item in facts.checkpoints), *facts.adapters):
            if path.is_file():
                self._json(path)
        self._settings()
        self._results()
        target = self._target
        return replace(
            facts,
            run=target,
            config=target.config(),
            settings=target.settings(),
            environment=read_json(target.environment),
            audit=read_json(target.audit) if target.audit.is_file() else {},
            results=gather(
                results_of(facts.config.steps, facts.config.validates), lambda file: read_json(target.path / file)
            ),
            logs=tuple(logs),
            predictions=tuple(predictions),
            checkpoints=tuple(
                replace(item, manifest_path=self._place(item.manifest_path)) for item in facts.checkpoints
            ),
        )

    def code(self, path: Path, target: Path, name: str) -> Path:
        """Return a code file, or its copy where something in it had to be replaced."""
        with open_inside(path) as stream:
            text = stream.read().decode("utf-8", "surrogateescape")
        degree: Degree = "settings" if name.startswith(_CODE_OF_TEAMS) else "code"
        safe = self._names.text(text, degree)
        if safe == text:
            return path
        with fresh(target) as out:
            out.write(safe.encode("utf-8", "surrogateescape"))
        return target

    def _place(self, path: Path) -> Path:
        return self._target.path / path.relative_to(self._run.path)

    def _lines(self, path: Path, degree: Degree = "logs") -> Path:
        """Copy a log, JSON Lines or YAML line by line; JSON stays JSON, and bytes that are no text stay as they are."""
        is_json = path.suffix == ".jsonl"
        target = self._place(path)
        with open_inside(path) as source, fresh(target) as out:
            for raw in source:
                text = raw.decode("utf-8", "surrogateescape")
                safe = self._json_line(text, degree) if is_json else self._names.text(text, degree)
                out.write(safe.encode("utf-8", "surrogateescape"))
        self._note(path, target)
        return target

    def _whole(self, path: Path) -> None:
        """Copy a file that is handed in by itself as it is: what it is judged by is its bytes."""
        with open_inside(path) as source, fresh(self._place(path)) as out:
            shutil.copyfileobj(source, out)

    def _json_line(self, text: str, degree: Degree) -> str:
        try:
            value = load_json(text, self._run.path.name, JSON_LINE)
        except InputError:
            return self._names.text(text, degree)
        safe = self._names.value(value, degree)
        return text if safe == value else json_line(safe) + "\n"

    def _json(self, path: Path, degree: Degree = "settings") -> Path:
        """Copy a JSON file; hashes in it that are of files which were changed are those of their copies."""
        value, target = read_json(path), self._place(path)
        safe = self._rehashed(self._names.value(value, degree))
        if safe == value:
            with open_inside(path) as source, fresh(target) as out:
                out.write(source.read())
        else:
            write_json(target, safe)
        self._note(path, target)
        return target

    def _note(self, path: Path, target: Path) -> None:
        before, after = sha256_file(path), sha256_file(target)
        if before != after:
            self._hashes[before] = after

    def _rehashed(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._hashes.get(value, value)
        if isinstance(value, dict):
            return {key: self._rehashed(item) for key, item in value.items()}
        return [self._rehashed(item) for item in value] if isinstance(value, list) else value

    def _settings(self) -> None:
        """Copy run.yaml; a placeholder that its settings do not take is an error of the kit's."""
        text = read_text(self._run.settings_file)
        value = settings_in(text, str(self._run.settings_file))
        safe = self._names.value(value, "settings")
        written = text if safe == value else dump_yaml(safe)
        write_text(self._target.settings_file, written)
        try:
            self._target.config()
        except InputError:
            # A user or host has the name of something that the settings choose; of that only paths are replaced.
            safe = self._names.value(value, "code")
            write_text(self._target.settings_file, dump_yaml(safe))

    def _results(self) -> None:
        """Copy all results; the score's, which states the hashes of the others, comes last."""
        last = self._run.path / file_name("score")
        for path in sorted(self._run.results.glob("*.json"), key=lambda path: (path == last, path.name)):
            self._json(path)
