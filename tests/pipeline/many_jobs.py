"""Starts many practice jobs on this machine at once, and says how each of them ended. No test by itself.

python tests/pipeline/many_jobs.py              # ten main jobs of ten steps of training, from corpus to zip
python tests/pipeline/many_jobs.py 8 --pools 2  # eight of them, and two evaluations with two workers each
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALL_STEPS = ("convert", "train", "merge", "retention", "accuracy", "score", "submission")
SETTINGS = (
    *("data.records=160", "data.retention_records=0", "data.test_records=10", "data.squad_records=10"),
    *("train.epochs=1", "submission.checkpoints=manifest"),
)
# An evaluation with a worker for each NPU, on the CPU: what it asks, and that every question was answered.
_POOL = """
import sys
from pathlib import Path
from core.config import kit_path, load_contest, model_tokenizer
from core.text.prompts import render
from data_convert.practice import reading
from inference.ascend.pool import WorkerPool
from inference.engine import GenerationSettings, Request
config = load_contest("practice_math")
pool = WorkerPool(config, kit_path(config.model.checkpoint), model_tokenizer(config.model), Path(sys.argv[1]))
pool.use(config.squad_prompt)
asked = [Request(str(n), render(config.squad_prompt, record)) for n, record in enumerate(reading.records(20, 3))]
assert len(pool.generate(asked, GenerationSettings(8))) == 20
"""


@dataclass(frozen=True)
class Ended:
    """How a job ended: its exit code, what it said, and where its run and its news lie."""

    code: int
    said: str
    folder: Path


def start(folder: Path, jobs: int, pools: int, steps: Sequence[str], environment: Mapping[str, str]) -> list[Ended]:
    """Start all jobs at once, each with logs of its own as in the folders of several students, and wait for them."""
    contest = folder / "many.yaml"
    text = (ROOT / "configs" / "contests" / "practice_math.yaml").read_text(encoding="utf-8")
    contest.write_text(f"{text}\nsteps: [{', '.join(steps)}]\n", encoding="utf-8")
    commands = [["pipeline/job.py", "--contest", str(contest), *SETTINGS] for _ in range(jobs)]
    commands += [["-c", _POOL] for _ in range(pools)]
    started = []
    for number, command in enumerate(commands):
        own = folder / f"job {number}"
        own.mkdir()
        words = [sys.executable, *command, *([str(own / "pool")] if command[0] == "-c" else [])]
        with (own / "news.txt").open("wb") as news:
            process = subprocess.Popen(
                words,
                cwd=ROOT,
                env={**os.environ, **environment, "KIT_LOGS": str(own), "PYTHONPATH": str(ROOT)},
                stdout=news,
                stderr=subprocess.STDOUT,
            )
        started.append((process, own))
    try:
        codes = [process.wait() for process, _ in started]
    finally:
        for process, _ in started:
            process.kill()
    said = [(own / "news.txt").read_text(encoding="utf-8", errors="replace") for _, own in started]
    return [Ended(code, text, own) for code, text, (_, own) in zip(codes, said, started, strict=True)]


def main() -> int:
    """Start the jobs, print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jobs", nargs="?", type=int, default=10)
    parser.add_argument("--pools", type=int, default=0)
    parser.add_argument("--steps", nargs="+", default=ALL_STEPS)
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="many-jobs-") as folder:
        ended = start(Path(folder), arguments.jobs, arguments.pools, arguments.steps, {})
        for number, job in enumerate(ended):
            print(f"job {number}: exit code {job.code}; {job.said.strip().splitlines()[-1]}")
    print(f"{sum(job.code == 0 for job in ended)} of {len(ended)} ended well, in {time.monotonic() - began:.0f} s")
    return int(any(job.code for job in ended))


if __name__ == "__main__":
    sys.exit(main())
