"""How fast typed math is checked and answers are rewritten, on one core, in seconds of its own time.

The questions are drawn with the types and operands of the stage-1 corpus.

    python benchmarks/answers.py --records 20000
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from core.errors import run_command
from core.schema_answers import AnswersConfig
from core.tasks.choice import answer, question
from core.tasks.math import recognise
from core.text.records import Record
from data_convert.answers import rewrite, variants
from data_convert.practice.contest_math import questions
from data_convert.typed.check import check
from data_convert.typed.solver import question_text, solution

_SETTINGS = {
    "rounding": AnswersConfig(decimals=2),
    "rationale=short": AnswersConfig(rationale="short"),
    "rationale=steps": AnswersConfig(rationale="steps"),
    "steps, paraphrased": AnswersConfig(rationale="steps", paraphrase=1, paraphrase_language="both"),
}


def main(argv: Sequence[str]) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks/answers.py", description=str(__doc__).split("\n")[0])
    parser.add_argument("--records", type=int, default=20_000, help="math questions (default: %(default)s)")
    count: int = parser.parse_args(argv).records
    asked = list(islice(questions(random.Random(1)), count))
    texts = [(question_text(item), solution(item)) for item in asked]
    records = [Record(str(number), "math", *pair) for number, pair in enumerate(texts)]
    choices = [
        Record(str(number), "choice", question("Which is it?", [str(number), "two", "three", "four"]), answer("B"))
        for number in range(count)
    ]
    _measure("recognise", count, lambda: [recognise(text) for text, _ in texts])
    _measure("solve", count, lambda: [solution(item) for item in asked])
    _measure("check", count, lambda: [check(*pair) for pair in texts])
    for name, settings in _SETTINGS.items():
        _measure(name, count, lambda settings=settings: [rewrite(record, settings, 1) for record in records])
    copies = AnswersConfig(full_option=True, permute_options=4)
    _measure("permuted options", 5 * count, lambda: [list(variants(record, copies, 1)) for record in choices])
    return 0


def _measure(name: str, count: int, work: Callable[[], object]) -> None:
    started = time.process_time()
    work()
    print(f"{name:<20} {count / (time.process_time() - started):>9,.0f} records/s")


if __name__ == "__main__":
    sys.exit(run_command(main))
