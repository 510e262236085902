"""The report: the sections that the contest asks for, filled from the run, in Chinese or English."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.methods import DEFAULT, method
from submission.package.run_facts import RunFacts, checkpoints_required
from submission.report.figures import figure, leaves, resolve, show

LANGUAGES = ("zh", "en")
_TEMPLATES = Path(__file__).resolve().parent / "templates"
# Sections of the configuration that say how answers were generated, as far as a run has them.
_INFERENCE = ("eval", "inference")
_LONG = 12
_CHECKPOINTS = re.compile(r"base|step_\d+")


def sources_of(facts: RunFacts) -> dict[str, Any]:
    """Return what the report's figures are taken from, under the names that their marks use."""
    return {
        "run": facts.config,
        "environment": facts.environment,
        "squad": facts.squad,
        "accuracy": facts.accuracy,
        "ratio": facts.ratio,
        "score": facts.score,
        "audit": facts.audit,
        "weights": weights_source({item.name: (item.path.name, item.bytes, item.sha256) for item in facts.checkpoints}),
    }


def weights_source(files: Mapping[str, tuple[str, int, str]]) -> dict[str, Any]:
    """Return the `weights` source from checkpoint name -> (file name, bytes, sha256)."""
    rows = {name: {"file": file, "bytes": size, "sha256": sha256} for name, (file, size, sha256) in files.items()}
    return {"checkpoints": rows}


def write_report_text(
    facts: RunFacts,
    team: str,
    language: str,
    packed_checkpoints: bool,
    images: Mapping[str, str],
    screenshots: Mapping[str, str],
) -> str:
    """Return the report as Markdown.

    Args:
        facts: the run.
        team: name of the team.
        language: "zh" or "en".
        packed_checkpoints: whether the zip holds the weights themselves or only their names, sizes and hashes.
        images: plot kind ("loss", "scores") -> path inside the zip.
        screenshots: kind ("ratio", "training", "squad", "accuracy") -> path inside the zip.

    Raises:
        InputError: another language.
    """
    if language not in LANGUAGES:
        raise InputError(f"submission.language is {language!r}, it must be one of {', '.join(LANGUAGES)}")
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # The result is Markdown, not HTML; values are made safe for it by `show`, `figure` and `_fenced`.
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    sources = sources_of(facts)
    template = environment.get_template(f"report_{language}.md")
    return template.render(
        fig=lambda path: figure(sources, path),
        rows=_rows_of(sources),
        show=show,
        fenced=_fenced,
        config=facts.config,
        method=method(str(facts.config["method"].get("type", DEFAULT))),
        team=team,
        run_name=facts.folder.name,
        checkpoints=facts.checkpoints,
        needed=checkpoints_required(facts.config),
        labels=_labels(facts.squad),
        accuracy_labels=_labels(facts.accuracy),
        best=facts.score.get("best"),
        best_of=facts.score.get("best_of"),
        base_sha256=facts.checkpoints[0].base_sha256,
        packed=packed_checkpoints,
        images=images,
        screenshots=screenshots,
        prompt=_prompt(facts.config.get("prompt")),
        squad_prompt=_prompt(facts.config.get("squad_prompt")),
        inference=[name for name in _INFERENCE if name in facts.config],
        types=_columns(facts, "by_type"),
        equalities=_columns(facts, "rules"),
        training_logs=[f"logs/{facts.relative(path)}" for path in facts.logs],
        predictions=[f"logs/{facts.relative(path)}" for path in facts.predictions],
        weights_link=_weights_link(facts),
        audited=bool(facts.audit),
    )


def _rows_of(sources: Mapping[str, Any]) -> Callable[[str], list[tuple[str, str]]]:
    """Return a function: path of a section -> (dotted name, marked figure) of everything below it.

    Of a long list or a histogram only the number of its entries is shown: the file itself is in the zip.
    """

    def below(value: Any, path: str, name: str) -> list[tuple[str, str]]:
        if isinstance(value, (Mapping, list)) and len(value) > _LONG and not _has_sections(value):
            return [(show(name), f"[… {len(value)}]")]
        if isinstance(value, Mapping) and value:
            inner = [(key, item) for key, item in value.items() if next(leaves({key: 0}, path), None) is not None]
            rows = [below(item, f"{path}/{key}", f"{name}.{key}" if name else key) for key, item in inner]
            return [row for group in rows for row in group]
        return [(show(name), figure(sources, path))]

    def rows(path: str) -> list[tuple[str, str]]:
        try:
            return below(resolve(sources, path), path, "")
        except KeyError:
            return []

    return rows


def _has_sections(value: Any) -> bool:
    """Say whether names stand for something, other than the numbers of a histogram."""
    return isinstance(value, Mapping) and not all(str(name).isdecimal() for name in value)


def _labels(result: Mapping[str, Any]) -> list[str]:
    """Return the names of a result's checkpoints: base first, then by step."""
    names = [name for name in result["checkpoints"] if _CHECKPOINTS.fullmatch(name)]
    return sorted(names, key=lambda name: (name != "base", int(name.removeprefix("step_")) if name != "base" else 0))


def _columns(facts: RunFacts, key: str) -> list[str]:
    """Return the names (question types, rules of equality) under `key` of the accuracy of any checkpoint."""
    names: dict[str, None] = {}
    for row in facts.accuracy["checkpoints"].values():
        value = row.get(key)
        if isinstance(value, Mapping):
            names.update(dict.fromkeys(name for name in value if isinstance(name, str)))
    return list(names)


def _prompt(value: Any) -> dict[str, str]:
    """Return name and template of a prompt section, which may also be the bare template."""
    if isinstance(value, Mapping):
        return {"name": str(value.get("name", "")), "template": str(value.get("template", ""))}
    return {"name": "", "template": str(value or "")}


def _weights_link(facts: RunFacts) -> str:
    link = facts.config["submission"].get("weights_link")
    return show(link) if link else ""


def _fenced(text: str) -> str:
    """Return text as a Markdown code block whose fence the text cannot close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    safe = text.replace("<!--", "<!- -")
    return f"{fence}text\n{safe}\n{fence}"
