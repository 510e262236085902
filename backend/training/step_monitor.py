"""The callback that watches training: it logs every step, and saves what is trained at given steps."""

from __future__ import annotations

import io
import json
import math
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mindspore as ms
from mindformers.tools.register import MindFormerModuleType, MindFormerRegister
from safetensors.numpy import save_file

from backend.changes import made_changes
from backend.ranks import worker_rank
from backend.training.state import StateKeeper
from backend.training.validation import Validation
from core.files import fresh, make_folder, read_jsonl, remove_folder, replacing
from core.inside import open_to_append
from core.step_names import step_name, step_of

_LOG, _VALIDATION_LOG = "loss.jsonl", "validation.jsonl"


@MindFormerRegister.register(MindFormerModuleType.CALLBACK)
class StepMonitor(ms.Callback):  # type: ignore[misc]
    """Writes loss and learning rate of every step, the trained tensors at given steps, and the state of the training.

    Args:
        directory: the run's train/ folder. Rank 0 writes loss.jsonl, state/ and adapters/step_N/adapter.safetensors;
            every rank writes workers/rank_R/adapter.safetensors at the end. Where the loss on validation records is
            computed, rank 0 also writes validation.jsonl and between/step_N/adapter.safetensors.
        steps: the steps after which rank 0 saves, the last step of the run among them.
        full: save all parameters of the network (adapters/step_N/model.ckpt) instead of the trained ones; no state is
            written then.
        frozen: names of parameters that are not trained and are saved with those that are: merging needs them.
        state_steps: the state is written after each so many steps; None: as often as five minutes ask for.
        state_of_all: every rank writes its state: it has a share of the optimizer's that no other has.
        resume: steps that are done already; the state after them is put back.
        validation: what `backend.training.validation.Validation` takes; None: no such loss is computed.
    """

    def __init__(
        self,
        directory: str,
        steps: list[int],
        full: bool = False,
        frozen: Sequence[str] = (),
        state_steps: int | None = None,
        state_of_all: bool = False,
        resume: int = 0,
        validation: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.frozen = set(frozen)
        self.directory = Path(directory)
        self.steps = set(steps)
        self.full = full
        self.rank = worker_rank()
        self.done = resume
        self._state = None
        if not full:
            self._state = StateKeeper(self.directory / "state", self.rank, frozen, state_steps, state_of_all)
        self._validation = Validation(**validation) if validation else None
        self._log: Any = None
        self._validation_log: Any = None
        self._started = time.monotonic()

    def on_train_begin(self, run_context: Any) -> None:
        """Open the loss log, write the number of trained parameters to the worker's log, put the state back."""
        for change in made_changes():
            change.loaded()
        network = _network(run_context)
        trained = sum(math.prod(parameter.shape) for parameter in network.trainable_params())
        print(f"Network Parameters: {trained}.", flush=True)
        if self._state is not None:
            self._state.begin()
        if self._validation is not None:
            file = self.directory / _VALIDATION_LOG
            self._validation.begin([row for _, row in read_jsonl(file, any_number=True)] if self.done else [])
        if self.done and self._state is not None:
            state = self._state.put_back(run_context.original_args().train_network, self.done)
            self._started -= state.seconds
            if self.rank == 0:  # a kill may have come between its state and its adapter
                self._keep(network, self.done)
        if self.rank == 0:
            self._log = self._opened(_LOG)
            if self._validation is not None:
                self._validation_log = self._opened(_VALIDATION_LOG)

    def on_train_step_begin(self, run_context: Any) -> None:
        """Tell the network's changes which step it is."""
        for change in made_changes():
            change.before_step(self.done + int(run_context.original_args().cur_step_num))

    def on_train_step_end(self, run_context: Any) -> None:
        """Log the step; save where the plan says so. The state goes first: no adapter is newer than all states."""
        context = run_context.original_args()
        step = self.done + int(context.cur_step_num)
        outputs = context.net_outputs
        loss = float(outputs[0].asnumpy())
        seconds = round(time.monotonic() - self._started, 3)
        if self._log is not None:
            row = {
                "step": step,
                "loss": loss,
                "overflow": bool(outputs[1].asnumpy()),
                "learning_rate": float(outputs[3].asnumpy()),
                "gradient_norm": float(outputs[4].asnumpy()),
                "seconds": seconds,
            }
            _write(self._log, row)
        if self._validation is not None and self._validation.plan.is_due(step):
            self._validate(self._validation, _network(run_context), step)
        if self._state is not None and (self._state.is_due(step) or (step in self.steps and self._state.writes)):
            for log in filter(None, (self._log, self._validation_log)):
                os.fsync(log.fileno())  # the losses up to a state are there if it is
            self._state.write(context.train_network, step, seconds)
        if self.rank == 0:
            self._keep(_network(run_context), step)
        if self.done and step == max(self.steps):
            # MindFormers counts the epochs of a resumed run from its beginning, and would ask for more data.
            run_context.request_stop()
        if self._validation is not None and self._validation.stops(step):
            run_context.request_stop()  # so do all workers, for they have the same losses

    def on_train_end(self, run_context: Any) -> None:
        """Write what this worker holds, so that the workers can be compared."""
        for log in filter(None, (self._log, self._validation_log)):
            log.close()
        if not self.full:
            self._save(_network(run_context), self.directory / "workers" / f"rank_{self.rank}")

    def _validate(self, validation: Validation, network: Any, step: int) -> None:
        """Compute the loss on validation records and log it; its time is not that of a step."""
        began = time.monotonic()
        row = validation.measure(network, step)
        if self._validation_log is not None:
            _write(self._validation_log, row)
        self._started += time.monotonic() - began

    def _keep(self, network: Any, step: int) -> None:
        """Save what is trained where a step is one of the checkpoints, or one that validation keeps."""
        if step in self.steps:
            self._save(network, self.directory / "adapters" / step_name(step))
        validation = self._validation
        if validation is None or not validation.plan.is_due(step):
            return
        between = self.directory / "between"
        if step not in self.steps and validation.keeps(step):
            self._save(network, between / step_name(step))
        for folder in between.glob("step_*"):
            earlier = step_of(folder.name)
            if earlier is not None and earlier not in self.steps and not validation.keeps(earlier):
                remove_folder(folder)  # it was the best one

    def _opened(self, name: str) -> io.TextIOWrapper:
        file = self.directory / name
        return io.TextIOWrapper(open_to_append(file) if self.done else fresh(file), encoding="utf-8")

    def _save(self, network: Any, folder: Path) -> None:
        make_folder(folder)
        if self.full:
            ms.save_checkpoint(network, str(folder / "model.ckpt"))
            return
        kept = [one for one in network.get_parameters() if one.requires_grad or one.name in self.frozen]
        tensors = {parameter.name: parameter.asnumpy() for parameter in kept}
        with replacing(folder / "adapter.safetensors") as partial:
            save_file(tensors, str(partial))


def _write(log: Any, row: Mapping[str, Any]) -> None:
    log.write(json.dumps(row) + "\n")
    log.flush()


def _network(run_context: Any) -> Any:
    """Return the model inside the train step."""
    return run_context.original_args().train_network.network
