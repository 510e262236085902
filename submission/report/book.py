"""What the sections of a report are made with: a run, its figures by their place, and two languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from core.result_parts import ByCheckpoint
from core.result_types import AccuracyResult, ScoreResult
from core.results import RESULTS
from core.step_names import BASE, step_order
from core.terminal import visible
from submission.package.run_facts import RunFacts
from submission.report.content import Cell, Figure, Inline, Paragraph, Section, Table, paragraph
from submission.report.figures import LONGEST, expanded, is_longer, leaves, resolve, weights_source
from submission.report.notes import Notes
from submission.report.rounding import NONE, shown

_LONG = 12
_EACH = "checkpoints/*/"
# How figures of a result without a section of its own are shown: as people write numbers, not with all their digits.
_KINDS_OF_OTHERS = {float: "score", int: "count"}


def sources_of(facts: RunFacts) -> dict[str, Any]:
    """Return what the report's figures are taken from, under the names with which their places begin."""
    files = {item.name: (item.path.name, item.bytes, item.sha256) for item in facts.checkpoints}
    return {
        "run": facts.settings,
        "environment": facts.environment,
        "audit": facts.audit,
        "weights": weights_source(files),
        **facts.results.values,
    }


@dataclass(frozen=True)
class Order:
    """What a report is to be like.

    Attributes:
        team: name of the team.
        language: "zh" or "en".
        weights: "full", "manifest" or "light": what of the weights lies in the zip.
        plots: kind ("loss", "scores", …) -> file in the zip.
        screenshots: kind ("ratio", "training", …) -> file in the zip.
        notes: the team's own words.
        weights_url: where the weights can be had; "" where nowhere.
    """

    team: str
    language: str
    weights: str
    plots: Mapping[str, str] = field(default_factory=dict)
    screenshots: Mapping[str, str] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)
    weights_url: str = ""


class Book:
    """A run and the order for its report. It also knows which results have been shown."""

    def __init__(self, facts: RunFacts, order: Order) -> None:
        self.facts, self.order, self.config = facts, order, facts.config
        self.sources = sources_of(facts)
        self._shown: set[str] = set()
        self._numbers = count(1)
        self._score = facts.results.of(ScoreResult)

    @property
    def best(self) -> str | None:
        """The best checkpoint; None where the run has none."""
        return self._score.best if self._score else None

    @property
    def best_or_base(self) -> str:
        """The checkpoint that is looked at more closely: the best one, or the base model where there is none."""
        accuracy = self.facts.results.of(AccuracyResult)
        return self.best if self.best and accuracy and self.best in accuracy.checkpoints else BASE

    def say(self, zh: str, en: str) -> str:
        """Return the kit's own words in the report's language."""
        return zh if self.order.language == "zh" else en

    def words(self, zh: str, en: str, *parts: Inline) -> Paragraph:
        """Return a paragraph in the report's language; `{}` in it is where the parts stand."""
        return paragraph(self.say(zh, en), *parts)

    def has(self, name: str) -> bool:
        """Tell whether a result was made, and that it is shown now."""
        self._shown.add(name)
        return name in self.facts.results.values

    def knows(self, *paths: str) -> bool:
        """Tell whether there are figures at all of these places."""
        return all(self._value(path) is not None for path in paths)

    def number(self, path: str) -> float:
        """Return a number, 0 where there is none."""
        value = self._value(path)
        return value if isinstance(value, (int, float)) else 0

    def fig(self, path: str, kind: str = "full") -> Inline:
        """Return a figure; a dash where there is none."""
        try:
            value = resolve(self.sources, path)
        except KeyError:
            return NONE
        if is_longer(value, LONGEST):
            return f"[… {len(value)}]"
        # A name with what cannot be seen in it is no place that a reader could look up.
        return Figure(path, kind, value) if visible(path) == path else shown(value, kind)

    def yes(self, path: str) -> Inline:
        """Return a figure that is true or false, in the report's language."""
        return self.fig(path, self.say("是", "yes"))

    def _value(self, path: str) -> Any:
        try:
            return resolve(self.sources, path)
        except KeyError:
            return None

    def heading(self, zh: str, en: str) -> str:
        """Return the heading of the next section, with its number."""
        return f"{next(self._numbers)}. {visible(self.say(zh, en))}"

    def labels(self, name: str) -> list[str]:
        """Return the names of a result's checkpoints: base first, then by step."""
        result = self.facts.results.typed.get(name)
        return sorted(result.checkpoints, key=step_order) if isinstance(result, ByCheckpoint) else []

    def label(self, name: str) -> str:
        """Return what a checkpoint is called in the report."""
        return self.say("基础模型", "base model") if name == BASE else visible(name)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table:
        """Return a table."""
        return Table(tuple(head), tuple(tuple(row) for row in rows))

    def rows(self, path: str) -> list[tuple[str, Inline]]:
        """Return (dotted name, figure) of everything below a place, as it is.

        Of a long list or a histogram only the number of its entries is shown: the file itself is in the zip.
        """
        value = self._value(path)
        return self._below(value, path, "") if value is not None else []

    def _below(self, value: Any, path: str, name: str) -> list[tuple[str, Inline]]:
        if isinstance(value, (Mapping, list)) and len(value) > _LONG and not _has_sections(value):
            return [(visible(name), f"[… {len(value)}]")]
        if isinstance(value, str) and len(value) > LONGEST:
            return [(visible(name), f"[… {len(value)}]")]
        if isinstance(value, Mapping) and value:
            inner = [(key, item) for key, item in value.items() if next(leaves({key: 0}, path), None) is not None]
            rows = [self._below(item, f"{path}/{key}", f"{name}.{key}" if name else key) for key, item in inner]
            return [row for group in rows for row in group]
        return [(visible(name), self.fig(path))]

    def others(self) -> Iterator[Section]:
        """Yield sections of the results that were made and that no section has asked for: the figures of their type."""
        for name in self.facts.results.values:
            if name in self._shown:
                continue
            kind = RESULTS[name]
            each = [path for path in kind.type.figures if path.startswith(_EACH)]
            alone = [path for path in kind.type.figures if not path.startswith(_EACH)]
            blocks = []
            if alone:
                rows: list[tuple[Inline, ...]] = [(path, self._other(f"{name}/{path}")) for path in alone]
                blocks.append(self.table((self.say("数值", "Figure"), self.say("取值", "Value")), rows))
            if each and (labels := self.labels(name)):
                head = [self.say("权重", "Checkpoint"), *(path.removeprefix(_EACH) for path in each)]
                rows = [
                    (self.label(one), *(self._other(path) for path in expanded({"checkpoints": {one: 0}}, name, each)))
                    for one in labels
                ]
                blocks.append(self.table(head, rows))
            yield Section(name, self.heading(kind.title_zh, kind.title), tuple(blocks))

    def _other(self, path: str) -> Inline:
        value = self._value(path)
        return self.fig(path, _KINDS_OF_OTHERS.get(type(value), "full"))


def _has_sections(value: Any) -> bool:
    """Say whether names stand for something, other than the numbers of a histogram."""
    return isinstance(value, Mapping) and not all(str(name).isdecimal() for name in value)
