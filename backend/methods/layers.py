"""The linear layers of MindFormers' network that a method's settings choose, and cells put in their places.

No method of its own: the modules beside it use it.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import mindspore as ms
import numpy as np
import numpy.typing as npt
from mindformers.modules.layers import Linear
from mindformers.pet.tuners.lora_adapter import LoRADense
from mindspore import Parameter, Tensor, ops
from mindspore.nn import Cell

from backend.ranks import several_workers, worker_rank
from core.methods import Method, MethodConfig, method
from core.models import family_with

Array = npt.NDArray[Any]
C = TypeVar("C", bound=MethodConfig)


@dataclass(frozen=True)
class Place:
    """A linear layer in a network.

    Attributes:
        layer: its name, such as "model.layers.0.attention.wq"; its parameters are called below it.
        parent: the cell that holds it.
        attribute: what it is called there.
        cell: the layer, MindFormers' `Linear`.
    """

    layer: str
    parent: Any
    attribute: str
    cell: Any

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of its weight."""
        out, into = self.cell.weight.shape
        return int(out), int(into)

    def put(self, cell: Any) -> None:
        """Put another cell in its place; the cell's parameters are then called by their attributes, below the layer."""
        setattr(self.parent, self.attribute, cell)
        # MindSpore has called them below the attribute alone.
        cell.update_parameters_name(f"{self.layer}.")


class Placed(Cell):  # type: ignore[misc]
    """What cells have in common that stand in the place of MindFormers' `Linear`: their sum comes from `product`."""

    def construct(self, x: Any, group_list: Any = None) -> Any:
        """Return the outputs for inputs [..., in], in their type."""
        result = self.product(ops.reshape(x.astype(self.dtype), (-1, self.in_channels)))
        if self.activation_flag:
            result = self.activation(result)
        return ops.reshape(result, (*x.shape[:-1], self.out_channels)).astype(x.dtype)

    def product(self, rows: Any) -> Any:
        """Return W'x and the bias for rows [rows, in], both in the computing type."""
        result = self.matmul(rows, self.weight.astype(self.dtype))
        return self.with_bias(result)

    def with_bias(self, result: Any) -> Any:
        """Add the bias, if there is one."""
        if self.has_bias:
            result = self.bias_add(result, self.bias.astype(self.dtype))
        return result


class PlacedLinear(Placed, Linear):  # type: ignore[misc]
    """A linear layer that stands in the place of another and has its tensors; subclasses add what is trained.

    Args:
        place: the layer whose place it will take.
    """

    def __init__(self, place: Place) -> None:
        plain = place.cell
        super().__init__(
            plain.in_channels, plain.out_channels, has_bias=plain.has_bias, compute_dtype=plain.dtype,
            param_init_type=plain.weight.dtype,
        )  # fmt: skip
        take_over(self, plain)


def take_over(cell: Any, plain: Any) -> None:
    """Give a cell weight, bias and activation of the layer whose place it will take."""
    cell.weight, cell.matmul = plain.weight, plain.matmul
    if plain.has_bias:
        cell.bias, cell.bias_add = plain.bias, plain.bias_add
    cell.activation, cell.activation_flag = plain.activation, plain.activation_flag


def config_of(settings: Mapping[str, Any], kind: type[C]) -> tuple[Method[C], C]:
    """Return the method that a change's settings name, and the settings as the method has them, of class `kind`."""
    made = method(str(settings["type"]))
    config = made.settings.model_validate(settings)
    if not isinstance(config, kind):
        raise TypeError(f"{made.title} has other settings than {kind.__name__}")
    return made, config


def chosen_layers(network: Any, made: Method[Any], config: MethodConfig) -> list[Place]:
    """Return the layers that the method says it has to change, in the network's order."""
    names = [parameter.name for parameter in network.get_parameters()]
    wanted = set(made.targets(config, family_with(names), names))
    cells = dict(network.cells_and_names())
    found = []
    for path, cell in cells.items():
        weight = getattr(cell, "weight", None)
        if isinstance(weight, Parameter) and weight.name in wanted and weight.ndim == 2:
            parent, _, attribute = path.rpartition(".")
            found.append(Place(weight.name.removesuffix(".weight"), cells[parent], attribute, cell))
    return found


def train_only_adapter(network: Any, made: Method[Any], config: MethodConfig) -> None:
    """Let only the tensors be trained that the method adds and trains."""
    for parameter in network.get_parameters():
        parameter.requires_grad = made.owns(parameter.name) and made.trains(config, parameter.name)


def constant(shape: Sequence[int], value: float, *, trained: bool = True) -> Parameter:
    """Return a float32 parameter with one value everywhere; it is named where it is put."""
    return parameter_of(np.full(shape, value, np.float32), trained=trained)


def parameter_of(values: Array, *, trained: bool = True) -> Parameter:
    """Return a float32 parameter with these values.

    They are there at once: MindFormers makes a network whose base will be loaded without initial values, and what is
    not in the base would stay without them.
    """
    return Parameter(Tensor(np.ascontiguousarray(values, np.float32)), requires_grad=trained)


def generator(name: str) -> np.random.Generator:
    """Return a generator of random numbers for a tensor: of the run's seed and the name, the same in every worker."""
    return np.random.default_rng([ms.get_seed() or 0, zlib.crc32(name.encode())])


def weight_values(cell: Any) -> Array:
    """Return a layer's weight [out, in] in float32."""
    values: Array = cell.weight.asnumpy().astype(np.float32)
    return values


def of_first_worker(make: Callable[[], Array], shape: Sequence[int]) -> Array:
    """Return a float32 array that the first worker makes, to all workers, of equal bits on machines that differ.

    Args:
        make: makes it; called in the first worker alone.
        shape: its shape.
    """
    if not several_workers():
        return make()
    values = Tensor(np.zeros(shape, np.float32) if worker_rank() else make())
    summed: Array = ops.AllReduce()(values).asnumpy()
    return summed


def as_lora(place: Place, kind: type[LoRADense], rank: int, alpha: float, dropout: float) -> Any:
    """Return a cell of MindFormers' LoRA kind for a layer: A random, B zero, both float32; products in the base's type.

    Args:
        place: the layer; its weight and bias become the cell's.
        kind: class of the cell.
        rank: rows of A.
        alpha: B·A counts alpha / rank.
        dropout: share of A's inputs that are set to 0 in training.
    """
    plain = place.cell
    out, into = place.shape
    cell = kind(
        in_channels=into, out_channels=out, lora_rank=rank, lora_alpha=alpha, lora_dropout=dropout,
        param_init_type=ms.float32, compute_dtype=plain.dtype, has_bias=plain.has_bias,
    )  # fmt: skip
    bound = 1 / math.sqrt(into)  # Kaiming's uniform distribution with a slope of sqrt(5), as LoRA's authors have it
    random = generator(f"{place.layer}.mindpet_delta_lora_a").uniform(-bound, bound, (rank, into))
    cell.mindpet_delta_lora_a = parameter_of(random)
    cell.mindpet_delta_lora_b = constant((out, rank), 0.0)
    take_over(cell, plain)
    return cell
