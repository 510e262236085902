"""The train step: MindFormers', made to run on every device."""

from __future__ import annotations

import importlib
from typing import Any

import mindspore as ms
from mindformers.tools.register import MindFormerModuleType, MindFormerRegister
from mindformers.wrapper.wrapper import MFTrainOneStepCell
from mindspore import ops


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
