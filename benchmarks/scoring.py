"""How fast predictions are scored: SQuAD both ways with intervals, and math answers.

Without files of your own, questions are drawn as in the contest's corpora; answers are the solutions, worked solutions,
rounded and wrong ones.

    python benchmarks/scoring.py
    python benchmarks/scoring.py --data dev-v1.1.json --predictions BERT.json
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from core.errors import run_command
from core.schema_answers import AnswersConfig
from core.text.records import Record
from core.text.segmentation import words
from data_convert.answers import rewrite
from data_convert.practice import contest_math, contest_squad
from data_convert.readers.squad_questions import answers_of, read_questions
from eval_accuracy.judges import judge_of
from eval_accuracy.scoring.accuracy import judge_all, summarise
from eval_squad.metrics import contest_metric, official_metric
from eval_squad.retention.scoring import question_scores
from eval_squad.retention.scoring import summarise as summarise_squad
from evaluation.answers.predictions import Predictions, read_predictions

T = TypeVar("T")


def main(argv: Sequence[str]) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=10_570, help="SQuAD questions to make (default: %(default)s)")
    parser.add_argument("--data", type=Path, help="a SQuAD file instead, with --predictions")
    parser.add_argument("--predictions", type=Path, help="predictions for --data")
    parser.add_argument("--answers", type=int, default=100_000, help="math answers to judge (default: %(default)s)")
    arguments = parser.parse_args(argv)
    if arguments.data and arguments.predictions:
        records, _ = _timed("SQuAD: read questions", lambda: read_questions(arguments.data, "all"))
        predictions = _timed("SQuAD: read predictions", lambda: read_predictions(arguments.predictions))
    else:
        records, predictions = _made_squad(arguments.questions)
    _squad(records, predictions)
    _math(*_made_math(arguments.answers))
    return 0


def _squad(records: Sequence[Record], predictions: Predictions) -> None:
    said = [(predictions.get(record.id, ""), answers_of(record) or [""]) for record in records]
    _timed("SQuAD: load jieba", lambda: list(words("warm up")))
    _timed("SQuAD: contest F1 and EM", lambda: [_contest(text, answers[0]) for text, answers in said], len(said))
    _timed("SQuAD: official F1 and EM", lambda: [official_metric.best(*pair) for pair in said], len(said))
    contest_metric.segments.cache_clear()
    official_metric.normalise.cache_clear()
    whole = _timed("SQuAD: both ways", lambda: question_scores(records, predictions), len(said))
    _timed("SQuAD: intervals", lambda: summarise_squad(records, predictions, whole), len(said))


def _contest(text: str, answer: str) -> tuple[float, float]:
    return contest_metric.f1(text, answer), contest_metric.em(text, answer)


def _math(records: Sequence[Record], predictions: Predictions) -> None:
    judge = judge_of("math")
    part = records[: len(records) // 10]
    _timed("math: judge a tenth, one process", lambda: judge_all(part, predictions, judge), len(part))
    verdicts = _timed(
        f"math: judge, {os.cpu_count()} processes", lambda: judge_all(records, predictions, judge), len(records)
    )
    _timed("math: count", lambda: summarise(records, predictions, verdicts, judge), len(records))


def _made_squad(count: int) -> tuple[list[Record], Predictions]:
    """Return questions and answers to them: right, with a word more, half, and another question's."""
    articles = contest_squad.articles(paragraphs=count, seed=1)
    records = list(islice(chain.from_iterable(map(contest_squad.records, articles)), count))
    rng = random.Random(1)

    def answer(record: Record) -> str:
        forms = (record.answer, f"the {record.answer}", record.answer[: len(record.answer) // 2])
        return rng.choice((*forms, rng.choice(records).answer))

    return records, Predictions((record.id, answer(record)) for record in records)


def _made_math(count: int) -> tuple[list[Record], Predictions]:
    """Return questions and answers to them: the solution, worked, rounded, and another question's solution."""
    records = list(contest_math.records(count, 1, unique=True))
    worked, rounded = AnswersConfig(rationale="steps"), AnswersConfig(decimals=2)
    rng = random.Random(1)

    def answers() -> Iterator[tuple[str, str]]:
        for number, record in enumerate(records):
            if number % 4 in (1, 2):
                yield record.id, rewrite(record, worked if number % 4 == 1 else rounded, 1).answer
            else:
                yield record.id, (rng.choice(records) if number % 4 == 3 else record).answer

    return records, Predictions(answers())


def _timed(label: str, work: Callable[[], T], count: int = 0) -> T:
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    rate = f"{count / seconds:12,.0f} a second of {count:,}" if count else ""
    print(f"{label:34} {seconds:8.2f} s{rate}", flush=True)
    return result


if __name__ == "__main__":
    sys.exit(run_command(main))
