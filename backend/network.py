"""MindFormers' network on the CPU: built, given an adapter's layers, filled with weights, asked for logits.

MindSpore is imported when the network is built.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from backend.changes import made_changes, make_changes, method_changes, register_changes
from backend.environment import home_for_mindpet
from backend.versions import version
from core.errors import InputError
from core.methods import MethodConfig, method_of
from core.models import Family

Array = npt.NDArray[Any]


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
    """MindFormers' network of a base model in float32, on the CPU.

    Args:
        config: keyword arguments of MindFormers' configuration of the model; what the CPU needs is set over them.
        family: the model's family.
    """

    def __init__(self, config: Mapping[str, Any], family: Family) -> None:
        if "LOCAL_DEFAULT_PATH" not in os.environ:
            # MindFormers writes its logs into ./output otherwise, wherever the command was called.
            scratch = os.environ["LOCAL_DEFAULT_PATH"] = tempfile.mkdtemp(prefix="mindformers-")
            atexit.register(shutil.rmtree, scratch, ignore_errors=True)
        if home := home_for_mindpet(Path(os.environ["LOCAL_DEFAULT_PATH"])):
            os.environ["HOME"] = home
        import mindspore

        mindspore.set_context(mode=mindspore.GRAPH_MODE, device_target="CPU")
        self._config, self._family = dict(config), family
        self._network = self._built(family.network, {})

    def adapt(self, settings: MethodConfig) -> None:
        """Give the network the layers of a tuning method, as training does; its weights have to be loaded again."""
        from mindformers.pet import get_pet_model

        method = method_of(settings)
        changes = method_changes(settings)
        register_changes(changes)
        model = method.trainer(settings, {}).get("model", {})
        own = dict(model.get("model_config", {}))
        pet = own.pop("pet_config", None)
        # Cells are not put into a network that was compiled already.
        if "arch" in model or own or changes:
            self._network = self._built(model.get("arch", {}).get("type", self._family.network), own)
        if pet:
            self._network = get_pet_model(self._network, dict(pet))
        make_changes(self._network, changes)

    def parameters(self) -> dict[str, tuple[tuple[int, ...], bool]]:
        """Return name -> shape and whether it is trained, of every parameter."""
        return {
            parameter.name: (tuple(parameter.shape), bool(parameter.requires_grad))
            for parameter in self._network.get_parameters()
        }

    def _built(self, network: str, own: Mapping[str, Any]) -> Any:
        """Build a network by the name of its class, with settings of its own."""
        import mindformers  # registers its networks
        from mindformers.tools.register import MindFormerModuleType, MindFormerRegister

        settings = {**self._config, **own, **version().on_cpu}
        made = getattr(mindformers, self._family.configuration)(**settings)
        return MindFormerRegister.get_cls(MindFormerModuleType.MODELS, network)(made)

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

    def begin(self, names: Collection[str], read: Callable[[str], Array]) -> None:
        """Take the base's weights alone, and let what the method adds begin as it does in training.

        Args:
            names: of the base's tensors.
            read: returns the values of one of them by its name.
        """
        import mindspore

        for parameter in self._network.get_parameters():
            if parameter.name in names:
                parameter.set_data(mindspore.Tensor(read(parameter.name).astype(np.float32)))
        for change in made_changes():
            change.loaded()

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
                f"{what}: {kind} {names[0]!r} ({len(names)} such names); it is not a checkpoint of this model"
            )
        for name, shape in wanted.items():
            if shapes[name] != shape:
                raise InputError(f"{what}: {name} has shape {shapes[name]}, the model's is {shape}")
