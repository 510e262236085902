"""The subjects of C-Eval, MMLU and CMMLU by category, and accuracy by them.

The lists are `benchmarks/*.yaml`; a subject may stand in several categories (C-Eval's hard, CMMLU's china-specific).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.files import read_text
from core.result_types import BenchmarkAccuracy, Category, Share
from core.text.records import Record
from core.yaml_text import read_yaml
from eval_accuracy.judges import subject
from evaluation.figures.statistics import wilson

_FOLDER = Path(__file__).resolve().parent / "benchmarks"
_CJK = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True)
class Benchmark:
    """A benchmark: its key ("ceval"), name, language ("zh" or "en"), and the subjects of each category."""

    key: str
    name: str
    language: str
    categories: Mapping[str, frozenset[str]]

    @property
    def subjects(self) -> frozenset[str]:
        """All subjects."""
        return frozenset().union(*self.categories.values())


@cache
def benchmarks() -> tuple[Benchmark, ...]:
    """Return the benchmarks that the kit knows."""
    found = []
    for path in sorted(_FOLDER.glob("*.yaml")):
        held = read_yaml(read_text(path), str(path))
        categories = {name: frozenset(words.split()) for name, words in held["groups"].items()}
        found.append(Benchmark(path.stem, held["name"], held["language"], categories))
    return tuple(found)


def by_category(records: Sequence[Record], scores: Sequence[float]) -> dict[str, BenchmarkAccuracy]:
    """Return accuracy by benchmark, category and subject.

    MMLU and CMMLU have subjects of one name, so the language of a question tells which it is of; of the benchmarks in
    one language it is the one that knows most of the subjects asked. Questions with other subjects are left out.

    Args:
        records: the questions.
        scores: of each of them, 1 where it is answered right.

    Returns:
        Accuracy by the benchmark's key. Empty where no subject is known.
    """
    asked: dict[str, dict[str, list[float]]] = {"zh": {}, "en": {}}
    for record, language, score in zip(records, _languages(records), scores, strict=True):
        asked[language].setdefault(_subject_key(record), []).append(score)
    result = {}
    for language, parts in asked.items():
        rivals = [item for item in benchmarks() if item.language == language]
        best = max(rivals, key=lambda item: len(item.subjects & parts.keys()))
        known = {name: parts[name] for name in sorted(best.subjects & parts.keys())}
        if known:
            result[best.key] = _accuracies(best, known)
    return result


def _languages(records: Sequence[Record]) -> list[str]:
    """Return the language of each question: its own, or that of its file's majority where the file has one subject.

    A question of a Chinese file may be all formulas, one of an English file may quote Chinese.
    """
    files: dict[str, list[Record]] = {}
    for record in records:
        files.setdefault(_file(record), []).append(record)
    settled = {}
    for file, members in files.items():
        if file and len({_subject_key(record) for record in members}) == 1:
            settled[file] = _language(sum(map(_is_chinese, members)) > len(members) / 2)
    return [settled.get(_file(record)) or _language(_is_chinese(record)) for record in records]


def _file(record: Record) -> str:
    return record.source.rpartition(":")[0]


def _is_chinese(record: Record) -> bool:
    return _CJK.search(record.question) is not None


def _language(is_chinese: bool) -> str:
    return "zh" if is_chinese else "en"


def _subject_key(record: Record) -> str:
    return subject(record).strip().lower().replace(" ", "_")


def _accuracies(benchmark: Benchmark, asked: Mapping[str, Sequence[float]]) -> BenchmarkAccuracy:
    categories = {
        name: {subject: asked[subject] for subject in asked if subject in members}
        for name, members in benchmark.categories.items()
    }
    whole = _together(asked)
    return BenchmarkAccuracy(
        name=benchmark.name,
        subjects_known=len(benchmark.subjects),
        count=whole.count,
        accuracy=whole.accuracy,
        interval=whole.interval,
        subjects=whole.subjects,
        naive_average=whole.naive_average,
        categories={name: _together(part) for name, part in categories.items() if part},
        by_subject={name: _share(scores) for name, scores in asked.items()},
    )


def _together(asked: Mapping[str, Sequence[float]]) -> Category:
    means = [sum(scores) / len(scores) for scores in asked.values()]
    share = _share([score for scores in asked.values() for score in scores])
    return Category(
        count=share.count,
        accuracy=share.accuracy,
        interval=share.interval,
        subjects=len(means),
        naive_average=sum(means) / len(means),
    )


def _share(scores: Sequence[float]) -> Share:
    right = sum(bool(score) for score in scores)
    return Share(count=len(scores), accuracy=right / len(scores), interval=wilson(right, len(scores)))
