"""How many tokens a second are trained on with records that share rows, beside one record a row.

The practice contest's records are converted both ways and trained on with MindFormers' network, adapter and optimizer
and the kit's train step, in one process on the CPU, each way in turn, so that a busy machine slows all of them. Tokens
are those of records, padding is not counted; a ratio is the median of those of all turns. Where others take the
processors away within a step, the processor time that steps took tells more than the clock: the last column.

    python benchmarks/packing.py
    python benchmarks/packing.py --packed 256x8 512x4 --rounds 10 --steps 10
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import numpy as np

from backend.changes import make_changes, packing_changes
from backend.model_config import llama_config
from backend.network import Network
from core.audit import converted_columns, filling
from core.config import load_contest
from core.errors import InputError, run_command
from core.models import family_of
from core.run_folder import RunFolder
from core.schema import RunConfig
from data_convert.conversion.convert import convert
from data_convert.mindrecord import MindRecordReader


def main(argv: Sequence[str]) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contest", default="practice_math", help="(default: %(default)s)")
    parser.add_argument(
        "--packed",
        nargs="+",
        default=["128x16", "256x8"],
        metavar="LENGTHxROWS",
        help="packed rows and how many a step (default: %(default)s)",
    )
    parser.add_argument("--rounds", type=int, default=40, help="how often it is each way's turn (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=1, help="steps of a turn (default: %(default)s)")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings to change")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        ways = [Way("one a row", load_contest(arguments.contest, arguments.settings), Path(folder))]
        for text in arguments.packed:
            length, rows = _size(text)
            packed = ["data.packing=true", f"data.seq_length={length}", f"train.batch_size={rows}"]
            ways.append(
                Way("packed", load_contest(arguments.contest, [*arguments.settings, *packed]), Path(folder) / text)
            )
        for _ in range(arguments.rounds):
            for way in ways:
                way.turn(arguments.steps)
    for line in _table(ways):
        print(line)
    return 0


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,6})x(\d{1,5})", text)
    if not found:
        raise InputError(f"--packed {text}: give the tokens of a row and the rows of a step, such as 256x4")
    return int(found[1]), int(found[2])


class Way:
    """One way to lay out the records, and the training on it; `turn` measures.

    Attributes:
        name: of the way; config: its settings.
        tokens, learned, records: seen in a step on average.
        padding: share of the places that hold none.
        seconds, processor: of a step, by turn: by the clock, and of the processors' time.
    """

    def __init__(self, name: str, config: RunConfig, folder: Path) -> None:
        run = RunFolder(folder)
        convert(config, run)
        found, names = filling(run.audit), converted_columns(run.audit)
        batch = config.train.batch_size
        self.name, self.config = f"{name}, {config.data.seq_length} x {batch}", config
        self.tokens, self.learned, self.records = (
            number / found.rows * batch for number in (found.tokens, found.learned, found.records)
        )
        self.padding = 1 - found.share
        self.seconds: list[float] = []
        self.processor: list[float] = []
        self._batches = cycle(_batches(run, names, batch))
        self._step = _train_step(config, names)
        self._step(*next(self._batches))  # compiles

    def turn(self, steps: int) -> None:
        """Train for some steps and note how long one of them took."""
        begun, busy = time.perf_counter(), time.process_time()
        for _ in range(steps):
            loss = self._step(*next(self._batches))[0]
        loss.asnumpy()
        self.seconds.append((time.perf_counter() - begun) / steps)
        self.processor.append((time.process_time() - busy) / steps)


def _batches(run: RunFolder, names: Sequence[str], batch: int) -> Iterator[list[Any]]:
    import mindspore

    (file,) = (run.data / "mindrecord").glob("*.mindrecord")
    with MindRecordReader(file) as reader:
        rows = [reader[number] for number in range(len(reader) // batch * batch)]
    for first in range(0, len(rows), batch):
        part = rows[first : first + batch]
        yield [mindspore.Tensor(np.stack([row[name] for row in part])) for name in names]


def _train_step(config: RunConfig, names: Sequence[str]) -> Any:
    """Return the kit's train step on MindFormers' network with the contest's adapter and, packed, the mask."""
    settings = llama_config(config.model, config.data.seq_length, config.machine)
    made = Network({key: value for key, value in settings.items() if key != "type"}, family_of(config.model))
    made.adapt(config.method)
    network = made._network
    if config.data.packing:
        make_changes(network, packing_changes(config, names))
    from mindformers.core.optim import AdamW

    from backend.training.train_step import PortableTrainOneStepCell

    network.set_train(True)
    train = config.train
    optimizer = AdamW(network.trainable_params(), learning_rate=1e-4, betas=train.betas, eps=1e-8)
    return PortableTrainOneStepCell(network, optimizer, use_clip_grad=True, max_grad_norm=train.max_grad_norm)


def _table(ways: Sequence[Way]) -> Iterator[str]:
    heads = ("padding", "records", "tokens", "ms a step", "tokens/s", "ratio", "by processor")
    yield f"{'rows':<22}" + "".join(f"{head:>{max(9, len(head) + 2)}}" for head in heads)
    first = ways[0]
    for way in ways:
        by_clock = _ratio(way.seconds, first.seconds) * way.tokens / first.tokens
        by_processor = _ratio(way.processor, first.processor) * way.tokens / first.tokens
        each = median(way.seconds)
        yield (
            f"{way.name:<22}{way.padding:>9.1%}{way.records:>9.1f}{way.tokens:>9,.0f}{each * 1000:>11.1f}"
            f"{way.tokens / each:>10,.0f}{by_clock:>9.2f}{by_processor:>14.2f}"
        )


def _ratio(mine: Sequence[float], others: Sequence[float]) -> float:
    """Return how much faster a step is than another's of the same turn; the median."""
    return median(other / own for own, other in zip(mine, others, strict=True))


if __name__ == "__main__":
    sys.exit(run_command(main))
