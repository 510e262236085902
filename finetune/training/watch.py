"""What the launcher makes of the workers' log: news beside the bar, TensorBoard files, and warnings at once."""

from __future__ import annotations

import importlib
import math
import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from backend.launch import Observer, new_rows
from core.errors import KitError
from core.files import make_folder
from core.progress import say
from core.validation import Row, ValidationPlan, lowest

# A loss is a jump where it lies so many standard deviations above the mean of the last steps, and at least so far.
_RECENT, _DEVIATIONS, _LEAST_JUMP = 50, 6.0, 1.0
# A loss scale is lowered by halves, from 16384 to 1 in 14 steps; more steps skipped in a row have another cause.
_MOST_SKIPPED = 30
# Steps take about the same time; the first one compiles, and may take a quarter of an hour on NPUs.
_PATIENCE_SECONDS, _PATIENCE_STEPS, _PATIENCE_FIRST = 60.0, 20.0, 1800.0
# Forward passes on validation records take less time than steps.
_PATIENCE_PASSES = 2.0


class Alarms:
    """Finds what is wrong in the course of the loss. Pure.

    An example: after fifty steps with a loss of about 0.2 ± 0.05 a loss of 4.1 is a jump; one of 0.6 is not.
    """

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._skipped, self._quiet_until = 0, 0

    def of(self, row: dict[str, Any]) -> str:
        """Return what is to be said of a step, a row of loss.jsonl; empty where nothing is.

        Raises:
            KitError: every step is skipped, or the weights are spoiled.
        """
        step, loss = int(row["step"]), float(row["loss"])
        if row.get("overflow"):
            return self._skip(step, loss)
        self._skipped = 0
        if not math.isfinite(loss):
            raise KitError(
                f"the loss of step {step} is {loss}, and so are the weights from here on: start anew with a lower "
                "train.learning_rate, or look for a faulty record (python data_convert/show.py)"
            )
        jump = self._jump(loss)
        self._recent.append(loss)
        if not jump or step < self._quiet_until:
            return ""
        self._quiet_until = step + _RECENT
        return f"step {step}: the loss jumped to {loss:.3f}; before, it was about {jump:.3f}"

    def _skip(self, step: int, loss: float) -> str:
        self._skipped += 1
        if self._skipped >= _MOST_SKIPPED:
            raise KitError(
                f"steps {step - self._skipped + 1} to {step} were skipped: their gradients are infinite or no numbers "
                f"(loss {loss}); start anew with a lower train.learning_rate or another train.loss_scale"
            )
        if self._skipped > 1:
            return ""
        return f"step {step} was skipped: its gradients are infinite or no numbers (loss {loss})"

    def _jump(self, loss: float) -> float | None:
        """Return the mean of the last steps where this loss lies far above it."""
        if len(self._recent) < _RECENT // 2:
            return None
        mean = statistics.fmean(self._recent)
        bound = mean + max(_LEAST_JUMP, _DEVIATIONS * statistics.pstdev(self._recent))
        return mean if loss > bound else None


class Patience:
    """Tells when the workers take too long for a step, once for each stillness. Pure.

    Attributes:
        usual: seconds of a step, averaged over the last ones; None before the second.
    """

    def __init__(self) -> None:
        self.usual: float | None = None
        self._told = False

    def stepped(self, seconds: float) -> None:
        """A step was done that took so long."""
        self.usual = seconds if self.usual is None else 0.9 * self.usual + 0.1 * seconds
        self._told = False

    def waited(self, seconds: float, passes: float = 0) -> bool:
        """Tell whether it has to be said now that nothing was done for so long.

        Args:
            seconds: since the last step.
            passes: forward passes that are to be done before; infinite: they have to be compiled first.
        """
        if self.usual is None or math.isinf(passes):
            bound = _PATIENCE_FIRST
        else:
            bound = max(_PATIENCE_SECONDS, _PATIENCE_STEPS * self.usual) + _PATIENCE_PASSES * self.usual * passes
        if self._told or seconds < bound:
            return False
        self._told = True
        return True


class Validated:
    """Reads the losses on validation records as the workers write them.

    Args:
        plan: when they are computed; None: never.
        file: train/validation.jsonl.
        batches: forward passes of a worker each time.

    Attributes:
        rows: those read so far, from where the training goes on.
    """

    def __init__(self, plan: ValidationPlan | None, file: Path, batches: int) -> None:
        self._plan, self._file, self._batches = plan, file, batches
        self.rows: list[Row] = []
        self._position = 0
        self._old = len(self.new()) if plan else 0

    def new(self) -> list[Row]:
        """Return the rows that were written since the last time."""
        if self._plan is None:
            return []
        self._position, rows = new_rows(self._file, self._position)
        self.rows += rows
        return rows

    def passes(self, step: int) -> float:
        """Return the forward passes between a step and the next one; infinite where they are yet to be compiled."""
        done = self.rows and self.rows[-1]["step"] >= step
        if self._plan is None or done or not self._plan.is_due(step):
            return 0.0
        return self._batches if len(self.rows) > self._old else math.inf

    def told(self) -> str:
        """Return the last loss in a few words, with the lowest; empty where there is none."""
        best = lowest(self.rows)
        if not self.rows:
            return ""
        last = f"validation {self.rows[-1]['loss']:.3f}"
        return last if best is None or best is self.rows[-1] else f"{last} (lowest {best['loss']:.3f})"


class Watch(Observer):
    """Watches a training run.

    Args:
        log_dir: the workers' logs, whose last change tells which of them is still.
        board: folder for TensorBoard's files; None for none.
        tokens: tokens of a step, padding not counted; 0 where that is not known.
        saved: called again and again: adapters may have been saved.
        validation: the losses on validation records; None: there are none.
    """

    def __init__(
        self,
        log_dir: Path,
        board: Path | None,
        tokens: float,
        saved: Callable[[], object] = lambda: None,
        validation: Validated | None = None,
    ) -> None:
        self._log_dir, self._tokens, self._saved = log_dir, tokens, saved
        self._validation, self._step = validation, 0
        self._alarms, self._patience = Alarms(), Patience()
        self._board = Board(board) if board else None
        self._seconds: float | None = None

    def note(self, rows: Sequence[dict[str, Any]], process: int) -> str:
        """Return loss, learning rate, tokens a second and memory; say what is wrong."""
        for row in rows:
            took = 0.0 if self._seconds is None else float(row["seconds"]) - self._seconds
            self._seconds = float(row["seconds"])
            if took > 0:
                self._patience.stepped(took)
            if self._board:
                self._board.write(row, self._tokens / took if took > 0 else None)
            if alarm := self._alarms.of(row):
                say(f"train: {alarm}")
        last = rows[-1]
        self._step = int(last["step"])
        parts = [f"loss {last['loss']:.3f}", f"rate {last['learning_rate']:.2g}"]
        self._validated()
        if self._validation and (told := self._validation.told()):
            parts.insert(1, told)
        if self._tokens and (usual := self._patience.usual):
            parts.append(f"{self._tokens / usual:,.0f} tokens/s")
        if memory := _memory(process):
            parts.append(f"{memory / 1e9:.1f} GB")
        return ", ".join(parts)

    def look(self, seconds: float) -> None:
        """Describe what was saved; name the worker that is longest still where a step takes too long."""
        self._saved()
        self._validated()
        passes = self._validation.passes(self._step) if self._validation else 0.0
        if self._patience.waited(seconds, passes):
            say(f"train: no step was done for {seconds:.0f} s; {_stillest(self._log_dir)}")

    def _validated(self) -> None:
        """Read new losses on validation records."""
        for row in self._validation.new() if self._validation else ():
            if self._board:
                self._board.write_validation(row)

    def close(self) -> None:
        """Write what TensorBoard has not got yet."""
        if self._board:
            self._board.close()


class Board:
    """TensorBoard's files of a run, written by the launcher: loss, learning rate, gradient norm, tokens a second.

    Steps that are written a second time, because an interrupted training went on from an earlier one, replace those of
    before.
    """

    _SCALARS = {"loss": "train/loss", "learning_rate": "train/learning_rate", "gradient_norm": "train/gradient_norm"}

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Any = None

    def write(self, row: dict[str, Any], speed: float | None) -> None:
        """Add a step: a row of loss.jsonl, and tokens a second."""
        step = int(row["step"])
        for key, name in self._SCALARS.items():
            if isinstance(value := row.get(key), int | float):
                self._written(step).add_scalar(name, value, step)
        if speed is not None:
            self._written(step).add_scalar("train/tokens_per_second", speed, step)

    def write_validation(self, row: Row) -> None:
        """Add a loss on validation records: a row of validation.jsonl."""
        self._written(int(row["step"])).add_scalar("validation/loss", row["loss"], int(row["step"]))

    def _written(self, step: int) -> Any:
        """Return TensorBoard's writer; its first step purges what an interrupted training wrote of later ones."""
        if self._writer is None:
            # MindSpore cannot be imported any more where this is: the launcher does without it.
            tensorboard: Any = importlib.import_module("tensorboardX")
            make_folder(self._folder)
            self._writer = tensorboard.SummaryWriter(str(self._folder), purge_step=step)
        return self._writer

    def close(self) -> None:
        """Write what is not written yet."""
        if self._writer is not None:
            self._writer.close()


def _memory(process: int) -> int:
    """Return the bytes of memory that a process and those below it hold; 0 where it has ended."""
    psutil: Any = importlib.import_module("psutil")
    try:
        parent = psutil.Process(process)
        return sum(each.memory_info().rss for each in (parent, *parent.children(recursive=True)))
    except psutil.Error:
        return 0


def _stillest(log_dir: Path) -> str:
    """Say which worker has written nothing for the longest time."""
    logs = {log: log.stat().st_mtime for log in log_dir.glob("worker_*.log")}
    if not logs:
        return f"the log is {log_dir / 'launch.log'}"
    oldest = min(logs, key=lambda log: logs[log])
    since = time.strftime("%H:%M:%S", time.localtime(logs[oldest]))
    return f"{oldest.stem} has been still since {since} (its log: {oldest})"
