"""What the kit adds to MindFormers' trainer: a train step for the CPU and a callback that saves at given steps.

Both are registered with MindFormers, so that the YAML of a run names them like any other of its parts.
Importing this module imports MindSpore: only the worker does.
"""

from __future__ import annotations

import importlib
import io
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mindspore as ms
from mindformers.tools.register import MindFormerModuleType, MindFormerRegister
from mindformers.wrapper.wrapper import MFTrainOneStepCell
from mindspore import ops
from safetensors.numpy import save_file

from backend.changes import made_changes
from core.files import fresh, make_folder, replacing
from core.step_names import step_name


def do_without_barrier(*modules: str) -> None:
    """Make MindFormers load a checkpoint on several CPU workers without its barriers, which have no CPU kernel.

    The barriers keep workers from reading a file that another is still preparing; the kit gives every worker a
    file that is whole before any of them starts.

    Args:
        modules: the modules of MindFormers that call a barrier.
    """
    for name in modules:
        module: Any = importlib.import_module(name)
        module.barrier = lambda *_: None


@MindFormerRegister.register(MindFormerModuleType.WRAPPER)
class PortableTrainOneStepCell(MFTrainOneStepCell):  # type: ignore[misc]
    """MindFormers' train step with the overflow test written in operators that every device has.

    MFTrainOneStepCell asks the NPU for its float status (NPUGetFloatStatusV2), which has no CPU kernel. Here a
    step overflows when the sum of the reduced gradients is not finite; the step is then skipped as there.
    """

    def start_overflow_check(self, pre_cond: Any, compute_input: Any) -> tuple[Any, Any]:
        """Pass `compute_input` through: nothing has to be reset before the gradients are computed."""
        return pre_cond, compute_input

    def get_overflow_status(self, status: Any, compute_output: Any) -> Any:
        """Return a boolean scalar: whether a gradient is infinite or not a number."""
        total = ops.cast(0, ms.float32)
        for gradient in compute_output:
            total = total + ops.reduce_sum(ops.cast(gradient, ms.float32) * 0)
        return ops.logical_not(ops.isfinite(total))


class _Accumulated(MFTrainOneStepCell):  # type: ignore[misc]
    """A train step whose batch is worked through in parts, one after another, before the optimizer is called.

    The network returns the sum of the losses of all learned tokens, and their number (`calculate_per_token_loss`).
    Sums of sums, and their gradients, are divided by the number of all tokens in the end, so the step is that of the
    whole batch at once: a part with twice the tokens counts twice.

    Args:
        accumulate: number of parts.
        arguments: of MFTrainOneStepCell.
    """

    def __init__(self, *arguments: Any, accumulate: int, **named: Any) -> None:
        super().__init__(*arguments, **{**named, "calculate_per_token_loss": True})
        self.parts = accumulate
        self.add_all = ops.HyperMap()

    def grads_for_legacy(self, scaling_sens: Any, *inputs: Any) -> tuple[Any, Any, Any]:
        """Return loss, the sum of the gradients of all learned tokens, and what they are divided by."""
        rows = inputs[0].shape[0] // self.parts
        losses, tokens, gradients = 0.0, 0.0, None
        for number in range(self.parts):
            part: Any = ()
            for column in inputs:
                part += (column[number * rows : (number + 1) * rows],)
            if number:
                # One part after another, or the activations of all of them would be held at once.
                part = ops.depend(part, gradients)
            numerator, denominator = self.network(*part)
            sens = (
                ops.ones_like(numerator) * ops.cast(scaling_sens, ms.float32),
                ops.zeros_like(denominator),
            )
            found = self.grad(self.network, self.weights)(*part, sens)
            gradients = self.add_all(ops.add, gradients, found) if number else found
            losses, tokens = losses + numerator, tokens + denominator
        return losses / tokens, gradients, tokens


@MindFormerRegister.register(MindFormerModuleType.WRAPPER)
class AccumulatingStep(_Accumulated):
    """MindFormers' train step in parts, for NPUs."""


@MindFormerRegister.register(MindFormerModuleType.WRAPPER)
class PortableAccumulatingStep(_Accumulated, PortableTrainOneStepCell):
    """The same for every device."""


@MindFormerRegister.register(MindFormerModuleType.CALLBACK)
class StepMonitor(ms.Callback):  # type: ignore[misc]
    """Writes loss and learning rate of every step, and the trained tensors at given steps.

    Args:
        directory: the run's train/ folder. Rank 0 writes loss.jsonl and adapters/step_N/adapter.safetensors;
            every rank writes workers/rank_R/adapter.safetensors at the end.
        steps: the steps after which rank 0 saves.
        full: save all parameters of the network (adapters/step_N/model.ckpt) instead of the trained ones.
        frozen: names of parameters that are not trained and are saved with those that are: merging needs them.
    """

    def __init__(self, directory: str, steps: list[int], full: bool = False, frozen: Sequence[str] = ()) -> None:
        super().__init__()
        self.frozen = set(frozen)
        self.directory = Path(directory)
        self.steps = set(steps)
        self.full = full
        self.rank = ms.communication.get_rank() if ms.communication.GlobalComm.INITED else 0
        self._log: Any = None
        self._started = time.monotonic()

    def on_train_begin(self, run_context: Any) -> None:
        """Open the loss log and write the number of trained parameters to the worker's log."""
        for change in made_changes():
            change.loaded()
        network = _network(run_context)
        trained = sum(math.prod(parameter.shape) for parameter in network.trainable_params())
        print(f"Network Parameters: {trained}.", flush=True)
        if self.rank == 0:
            self._log = io.TextIOWrapper(fresh(self.directory / "loss.jsonl"), encoding="utf-8")

    def on_train_step_begin(self, run_context: Any) -> None:
        """Tell the network's changes which step it is."""
        for change in made_changes():
            change.before_step(int(run_context.original_args().cur_step_num))

    def on_train_step_end(self, run_context: Any) -> None:
        """Log the step; save where the plan says so."""
        context = run_context.original_args()
        step = int(context.cur_step_num)
        outputs = context.net_outputs
        loss = float(outputs[0].asnumpy())
        if self._log is not None:
            row = {
                "step": step,
                "loss": loss,
                "overflow": bool(outputs[1].asnumpy()),
                "learning_rate": float(outputs[3].asnumpy()),
                "gradient_norm": float(outputs[4].asnumpy()),
                "seconds": round(time.monotonic() - self._started, 3),
            }
            self._log.write(json.dumps(row) + "\n")
            self._log.flush()
        if self.rank == 0 and step in self.steps:
            self._save(_network(run_context), self.directory / "adapters" / step_name(step))

    def on_train_end(self, run_context: Any) -> None:
        """Write what this worker holds, so that the workers can be compared."""
        if self._log is not None:
            self._log.close()
        if not self.full:
            self._save(_network(run_context), self.directory / "workers" / f"rank_{self.rank}")

    def _save(self, network: Any, folder: Path) -> None:
        make_folder(folder)
        if self.full:
            ms.save_checkpoint(network, str(folder / "model.ckpt"))
            return
        kept = [one for one in network.get_parameters() if one.requires_grad or one.name in self.frozen]
        tensors = {parameter.name: parameter.asnumpy() for parameter in kept}
        with replacing(folder / "adapter.safetensors") as partial:
            save_file(tensors, str(partial))


def _network(run_context: Any) -> Any:
    """Return the model inside the train step."""
    return run_context.original_args().train_network.network
