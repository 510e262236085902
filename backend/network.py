"""MindFormers' Llama on the CPU: built, given an adapter's layers, filled with weights, asked for logits.

MindSpore is imported when the network is built.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import InputError

Array = npt.NDArray[Any]


# What the CPU back end can run; whatever the configuration says of these would stop it or change the comparison.
_ON_CPU: dict[str, Any] = {
    "use_rope_slice": True,
    "use_flash_attention": False,
    "fused_rms_norm": False,
    "use_past": False,
    "qkv_concat": False,
    "compute_dtype": "float32",
    "param_init_type": "float32",
    "layernorm_compute_type": "float32",
    "softmax_compute_type": "float32",
    "rotary_dtype": "float32",
    "residual_dtype": "float32",
    "checkpoint_name_or_path": "",
    "batch_size": 1,
}


@contextmanager
def logs_apart() -> Iterator[None]:
    """Let what MindSpore and MindFormers print on standard output go to standard error, native code included."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


class Network:
    """`LlamaForCausalLM` in float32.

    Args:
        config: keyword arguments of `LlamaConfig`; what the CPU needs is set over them.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        if "LOCAL_DEFAULT_PATH" not in os.environ:
            # MindFormers writes its logs into ./output otherwise, wherever the command was called.
            scratch = os.environ["LOCAL_DEFAULT_PATH"] = tempfile.mkdtemp(prefix="mindformers-")
            atexit.register(shutil.rmtree, scratch, ignore_errors=True)
        import mindspore
        from mindformers import LlamaConfig, LlamaForCausalLM

        mindspore.set_context(mode=mindspore.GRAPH_MODE, device_target="CPU")
        self._network = LlamaForCausalLM(LlamaConfig(**{**config, **_ON_CPU}))

    def adapt(self, pet_config: Mapping[str, Any]) -> None:
        """Give the network a method's layers, by MindFormers itself; `pet_config` is that of its YAML."""
        from mindformers.pet import get_pet_model

        self._network = get_pet_model(self._network, dict(pet_config))

    def load(self, shapes: Mapping[str, tuple[int, ...]], read: Callable[[str], Array], what: str) -> None:
        """Take all weights, one tensor after another.

        Args:
            shapes: name and shape of each tensor that there is; exactly the network's.
            read: returns the values of a tensor by its name.
            what: where they are from, for messages.

        Raises:
            InputError: a name is missing or unexpected, or a shape differs.
        """
        import mindspore

        self._refuse_misfit(shapes, what)
        for parameter in self._network.get_parameters():
            parameter.set_data(mindspore.Tensor(read(parameter.name).astype(np.float32)))

    def logits(self, rows: Array, lengths: Sequence[int]) -> Array:
        """Return the logits [sum of lengths, vocabulary] of the first so many positions of each row of token ids."""
        import mindspore

        self._network.set_train(False)
        found = []
        for row, length in zip(rows, lengths, strict=True):
            answer = self._network(mindspore.Tensor(row[None]))[0].asnumpy()
            found.append(answer.reshape(len(row), -1)[:length].astype(np.float32))
        return np.concatenate(found)

    def _refuse_misfit(self, shapes: Mapping[str, tuple[int, ...]], what: str) -> None:
        wanted = {parameter.name: tuple(parameter.shape) for parameter in self._network.get_parameters()}
        missing, extra = sorted(set(wanted) - set(shapes)), sorted(set(shapes) - set(wanted))
        if missing or extra:
            kind, names = ("lacks", missing) if missing else ("has the unexpected", extra)
            raise InputError(
                f"{what}: {kind} {names[0]!r} ({len(names)} such names); it is no checkpoint of this model"
            )
        for name, shape in wanted.items():
            if shapes[name] != shape:
                raise InputError(f"{what}: {name} has shape {shapes[name]}, the model's is {shape}")
