"""From a run folder to the checked zip: report, pictures, archive, check; what is done is not done again."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

from core.config import kit_path
from core.errors import InputError
from core.files import read_json, remove_file, sha256_file, sha256_text, write_json
from core.places import ROOT
from core.progress import say
from core.schema import LINK
from core.step_notes import read_events
from core.terminal import visible_json
from submission.check import Verdict, check_zip
from submission.package import layout
from submission.package.handed_in import HandedIn, handed_in
from submission.package.pack import Label, Part, pack, parts_of
from submission.package.run_facts import RunFacts, read_run
from submission.report.book import Order
from submission.report.examples import Examples, read_examples
from submission.report.forms import write_forms
from submission.report.notes import Notes, read_notes
from submission.report.plots import write_plots
from submission.report.report import make_report
from submission.report.screenshots import write_screenshots

_STATE_SCHEMA = 1


@dataclass(frozen=True)
class Built:
    """What was built.

    Attributes:
        path: the zip; report: the report beside it.
        packed: False where an earlier zip of the same inputs, already checked, was kept.
        verdict: of the check; None where an earlier zip was kept (the earlier one found nothing).
    """

    path: Path
    report: Path
    packed: bool
    verdict: Verdict | None


def build(
    run: Path,
    team: str | None = None,
    mode: str | None = None,
    language: str | None = None,
    force: bool = False,
    root: Path = ROOT,
    notes: Path | None = None,
    weights_url: str | None = None,
) -> Built:
    """Build and check the zip of a run.

    Args:
        run: the run folder.
        team: instead of `submission.team` in run.yaml.
        mode: instead of `submission.checkpoints`.
        language: instead of `submission.language`.
        force: pack again even if nothing changed.
        root: the project's folder, from which the code is taken.
        notes: instead of `submission.notes`.
        weights_url: instead of `submission.weights_url`.

    Raises:
        InputError: the run is incomplete, a setting is wrong, there is too little disk.
    """
    facts = read_run(run)
    settings = facts.config.submission
    team = settings.team if team is None else team
    mode = mode or settings.checkpoints
    language = language or settings.language
    url = settings.weights_url if weights_url is None else weights_url
    if not re.fullmatch(LINK, url):
        raise InputError(f"--weights-url {url!r}: give an address that begins with http://, https:// or obs://")
    folder = facts.run.submission
    zip_path = folder / layout.team_file_name(team)
    state_path = zip_path.with_suffix(".state.json")
    extras = extras_of(facts, notes)
    with handed_in(facts, root) as handed:
        url = handed.safe(url)
        order = Order(team, language, mode, notes=extras.notes.changed(handed.safe), weights_url=url)
        made = make_documents(handed, folder, order, extras.examples.changed(handed.safe_example))
        parts = parts_of(handed.facts, made, handed.code, mode)
        inputs = _fingerprint(handed.facts, parts, f"{team}\n{mode}\n{url}")
        if not force and _is_done(state_path, zip_path, inputs):
            say(f"{zip_path}: packed and checked already (--force packs it again)")
            return Built(zip_path, folder / layout.REPORT, packed=False, verdict=None)
        remove_file(state_path)
        pack(handed.facts, parts, zip_path, Label(team, mode, url, tuple(handed.replaced)))
    verdict = check_zip(zip_path)
    if verdict.ok:
        write_json(state_path, {"schema": _STATE_SCHEMA, "inputs": inputs, "zip": _stamp(zip_path)})
    return Built(zip_path, folder / layout.REPORT, packed=True, verdict=verdict)


@dataclass(frozen=True)
class Extras:
    """What goes into a report besides the run: the team's own words, and examples of data and answers."""

    notes: Notes
    examples: Examples


def extras_of(facts: RunFacts, notes: Path | None) -> Extras:
    """Read a team's words and the examples of a run.

    Args:
        facts: the run, as it is.
        notes: instead of `submission.notes`.

    Raises:
        InputError: there is no such file of notes.
    """
    named = facts.config.submission.notes
    path = notes or (kit_path(named) if named else None)
    return Extras(read_notes(path) if path else Notes(), read_examples(facts))


def make_documents(handed: HandedIn, folder: Path, order: Order, examples: Examples) -> dict[str, Path]:
    """Write the report in all its forms, plots and screenshots into `folder`; return name in the zip -> file."""
    facts = handed.facts
    plots = write_plots(facts, folder / "images", order.language)
    shots = write_screenshots(facts, folder / "screenshots")
    made = {f"{layout.IMAGES}{path.name}": path for path in plots.values()}
    made |= {f"{layout.SCREENSHOTS}{path.name}": path for path in shots.values()}
    order = replace(
        order,
        plots={kind: f"{layout.IMAGES}{path.name}" for kind, path in plots.items()},
        screenshots={kind: f"{layout.SCREENSHOTS}{path.name}" for kind, path in shots.items()},
    )
    return {**made, **write_forms(make_report(facts, order, examples), folder, made, plots)}


def _fingerprint(facts: RunFacts, parts: list[Part], label: str) -> str:
    """Hash what decides the zip; weights count by their manifest, size and time: reading them is most of the work."""
    digest = hashlib.sha256(f"{label}\n".encode())
    for item in facts.checkpoints:
        digest.update(f"{item.path}\n{item.sha256}\n{_stamp(item.path)}\n".encode())
    weights = {item.path for item in facts.checkpoints}
    for part in parts:
        if part.path not in weights:
            sha256 = _sha256_of_events(part.path) if part.path.name == "events.jsonl" else sha256_file(part.path)
            digest.update(f"{part.name}\n{sha256}\n".encode("utf-8", errors="surrogateescape"))
    return digest.hexdigest()


def _sha256_of_events(path: Path) -> str:
    """Hash the run's events but for those that packing adds itself: they would make each zip another than the last."""
    own = ("submission", "main job")
    return sha256_text("\n".join(json.dumps(row) for row in read_events(path) if row.get("step") not in own))


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _is_done(state_path: Path, zip_path: Path, inputs: str) -> bool:
    if not state_path.is_file() or not zip_path.is_file():
        return False
    try:
        state = read_json(state_path)
    except InputError:
        return False
    return bool(state == {"schema": _STATE_SCHEMA, "inputs": inputs, "zip": _stamp(zip_path)})


def as_json(built: Built) -> str:
    """Return the result of a build as JSON text."""
    problems = list(built.verdict.problems) if built.verdict else []
    value = {
        "zip": str(built.path),
        "bytes": built.path.stat().st_size,
        "report": str(built.report),
        "packed": built.packed,
        "ok": not problems,
        "problems": problems,
    }
    return visible_json(json.dumps(value, ensure_ascii=False, indent=2))
