"""The report: the sections that the contest asks for, filled from the run, in Chinese or English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.methods import method_of
from core.result_parts import ByCheckpoint
from core.result_types import AccuracyResult, ScoreResult
from core.results import RESULTS
from core.step_names import step_order
from core.terminal import laid_out
from submission.package.run_facts import RunFacts
from submission.report.figures import expanded, figure, leaves, resolve, show, weights_source

LANGUAGES = ("zh", "en")
_TEMPLATES = Path(__file__).resolve().parent / "templates"
_LONG = 12


def sources_of(facts: RunFacts) -> dict[str, Any]:
    """Return what the report's figures are taken from, under the names that their marks use."""
    files = {item.name: (item.path.name, item.bytes, item.sha256) for item in facts.checkpoints}
    return {
        "run": facts.settings,
        "environment": facts.environment,
        "audit": facts.audit,
        "weights": weights_source(files),
        **facts.results.values,
    }


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
    sections = Sections(facts, language)
    score = facts.results.of(ScoreResult)
    template = environment.get_template(f"report_{language}.md")
    return template.render(
        fig=lambda path: figure(sources, path),
        rows=_rows_of(sources),
        show=show,
        fenced=_fenced,
        number=count(1).__next__,
        has=sections.has,
        further=sections.further,
        steps=facts.config.steps,
        config=facts.config,
        method=method_of(facts.config.method),
        team=team,
        run_name=facts.run.name,
        checkpoints=facts.checkpoints,
        needed=facts.config.rules.checkpoints,
        labels=sections.labels,
        best=score.best if score else None,
        best_of=score.best_of if score else None,
        packed=packed_checkpoints,
        images=images,
        screenshots=screenshots,
        types=_columns(facts, "by_type"),
        equalities=_columns(facts, "rules"),
        training_logs=[f"logs/{facts.relative(path)}" for path in facts.logs],
        predictions=[f"logs/{facts.relative(path)}" for path in facts.predictions],
    )


@dataclass(frozen=True)
class Further:
    """A result for which the report has no section of its own: a table of the figures that its type names.

    Attributes:
        title: its heading.
        alone: (name, path) of the figures that are not of a checkpoint.
        columns: names of the figures of each checkpoint.
        rows: checkpoint -> paths of these figures.
    """

    title: str
    alone: list[tuple[str, str]]
    columns: list[str]
    rows: dict[str, list[str]]


class Sections:
    """Which results a report has a section for: those that the run made. What no section asked for, it shows last."""

    def __init__(self, facts: RunFacts, language: str) -> None:
        self._results, self._language = facts.results, language
        self._shown: set[str] = set()

    def has(self, name: str) -> bool:
        """Tell whether a result was made; the template asks before it shows its section."""
        self._shown.add(name)
        return name in self._results.values

    def labels(self, name: str) -> list[str]:
        """Return the names of a result's checkpoints: base first, then by step."""
        result = self._results.typed.get(name)
        return sorted(result.checkpoints, key=step_order) if isinstance(result, ByCheckpoint) else []

    def further(self) -> Iterator[Further]:
        """Yield the results that were made and that no section has asked for."""
        for name in self._results.values:
            if name in self._shown:
                continue
            kind = RESULTS[name]
            each = [path for path in kind.type.figures if path.startswith(_EACH)]
            alone = [path for path in kind.type.figures if not path.startswith(_EACH)]
            yield Further(
                title=kind.title_zh if self._language == "zh" else kind.title,
                alone=[(path, f"{name}/{path}") for path in alone],
                columns=[path.removeprefix(_EACH) for path in each],
                rows={
                    label: expanded({"checkpoints": {label: None}}, name, each)
                    for label in (self.labels(name) if each else [])
                },
            )


_EACH = "checkpoints/*/"


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


def _columns(facts: RunFacts, key: str) -> list[str]:
    """Return the names (question types, rules of equality) under `key` of the accuracy of any checkpoint."""
    accuracy = facts.results.of(AccuracyResult)
    rows = accuracy.checkpoints.values() if accuracy else ()
    return list(dict.fromkeys(name for row in rows for name in getattr(row, key)))


def _fenced(text: str) -> str:
    """Return text as a Markdown code block whose fence the text cannot close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    safe = laid_out(text.split("\n")).replace("<!--", "<!- -")
    return f"{fence}text\n{safe}\n{fence}"
