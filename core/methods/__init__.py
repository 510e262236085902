"""Tuning methods: what each of them trains, and how that becomes part of the weights.

A method is a module here that assigns `METHOD`, an object of a class below `Method`; the YAML files of configs/methods/
name it as their `type`. `linear.py` holds what methods have in common that give each chosen linear layer tensors of its
own; `lora.py` is the first of them. What a method needs of MindFormers beyond settings is a module in backend/methods/.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import Field, field_validator

from core.errors import InputError
from core.registry import METHODS
from core.section import Section, SectionClass

if TYPE_CHECKING:
    import numpy.typing as npt
    from typing_extensions import Self

    from core.methods.peft_form import PeftForm
    from core.models import Family, ModelShape

    Array = npt.NDArray[Any]

# The type of a method's YAML that names none.
DEFAULT = "lora"
# Role of a tensor of the base that an adapter holds in full.
WHOLE = "whole"
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")


class MethodConfig(Section):
    """The tuning method of a run; each type has settings of its own besides these.

    Attributes:
        name: as in configs/methods/.
        type: the method, a module of core/methods/.
        also_train: tensors of the base that are trained in full beside the method: "norms", "biases", "target_biases"
            (those of the layers that the method adapts), or ends of names, such as lm_head.weight.
    """

    name: str
    type: str = DEFAULT
    also_train: tuple[str, ...] = Field(default=(), exclude_if=lambda value: not value)

    @field_validator("also_train")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not _NAME.fullmatch(one) or ("." not in one and one not in KINDS):
                raise ValueError(
                    f"{one!r} is none of {', '.join(KINDS)}, nor the end of a tensor's name, such as lm_head.weight"
                )
        return value

    def local(self, layer: str) -> Self:
        """Return the settings as they are for one layer ("model.layers.0.attention.wq"), without patterns."""
        return self

    @classmethod
    def chosen(cls, values: Any) -> SectionClass:
        """Return the class of settings of the method that `type` names; InputError where there is none."""
        name = values.get("type", DEFAULT) if isinstance(values, Mapping) else DEFAULT
        return method(str(name)).settings


S = TypeVar("S", bound=MethodConfig)
# Words of `also_train`: name of a tensor, weights that the method changes -> whether it is one.
KINDS: Mapping[str, Callable[[str, Collection[str]], bool]] = {
    "norms": lambda name, adapted: "norm" in "".join(name.split(".")[-2:-1]),
    "biases": lambda name, adapted: name.endswith(".bias"),
    "target_biases": lambda name, adapted: name.endswith(".bias") and f"{name.removesuffix('bias')}weight" in adapted,
}


@dataclass(frozen=True)
class Change:
    """What an adapter holds for one tensor of the base.

    Attributes:
        weight: name of the base's tensor.
        parts: role -> name of a tensor of the adapter, such as {"a": "….mindpet_delta_lora_a", "b": …}. Several
            changes may use one tensor.
        shape: the shape that the base's tensor has to have; None where the parts fit any length.
    """

    weight: str
    parts: Mapping[str, str]
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class Product:
    """An update of some rows multiplied by a vector x, worked out another way than the update itself.

    Attributes:
        values: (W' - W)x of each row, float64.
        norms: Euclidean length of each row of W' - W, or a bound of it, float64.
        cost: length of what the update of each row may lose to rounding, adding it to W included, in roundings of the
            summing type (multiples of its unit), float64.
    """

    values: Array
    norms: Array
    cost: Array


class Update(ABC):
    """What a method does to one tensor of the base, block of rows by block of rows. A vector counts as one column.

    The merge reads the rows, adds, rounds and measures; here stands the formula alone.

    Args:
        settings: of the method.
        parts: role -> tensor of the adapter, in the type that is summed in (float32 or float64).
    """

    # Roundings that an entry of the update takes, for the bound of the default `product`.
    roundings: ClassVar[int] = 8

    def __init__(self, settings: Any, parts: Mapping[str, Array]) -> None:
        self.settings, self.parts = settings, parts
        self._in_double: Update | None = None

    @abstractmethod
    def delta(self, start: int, rows: Array, out: Array) -> None:
        """Write W' - W of some rows into `out`.

        Args:
            start: number of the first row.
            rows: rows of W [rows, in], in the summing type; they stay as they are.
            out: where the result goes, same shape and type; what is in it means nothing.
        """

    def total(self, start: int, rows: Array, delta: Array) -> Array:
        """Return W' of some rows, which may be made in `delta`: the result of `delta` for them."""
        import numpy as np

        sums: Array = np.add(delta, rows, out=delta)
        return sums

    def product(self, start: int, rows: Array, x: Array) -> Product:
        """Return the update applied to a vector, for the numeric check of a merge.

        Here it is worked out as `delta` is, in float64; a method with a shorter way overrides it.

        Args:
            start: number of the first row.
            rows: rows of W [rows, in], in the summing type.
            x: vector [in], float64; the same object for all blocks of a tensor.
        """
        import numpy as np

        if self._in_double is None:
            wide_parts = {role: values.astype(np.float64) for role, values in self.parts.items()}
            self._in_double = type(self)(self.settings, wide_parts)
        wide = rows.astype(np.float64)
        delta = np.empty_like(wide)
        self._in_double.delta(start, wide, delta)
        norms = np.linalg.norm(delta, axis=1)
        return Product(delta @ x, norms, self.roundings * (norms + np.linalg.norm(wide, axis=1)))


class Replacement(Update):
    """Puts a tensor in the place of the base's; its part is "whole", of the base's shape."""

    def delta(self, start: int, rows: Array, out: Array) -> None:
        """Write the difference into `out`."""
        import numpy as np

        np.subtract(self._rows(start, rows), rows, out=out)

    def total(self, start: int, rows: Array, delta: Array) -> Array:
        """Return the rows as they were trained: W + (W' - W) would round them."""
        delta[:] = self._rows(start, rows)
        return delta

    def _rows(self, start: int, rows: Array) -> Array:
        values: Array = self.parts[WHOLE]
        return values.reshape(len(values), -1)[start : start + len(rows)]


class Method(ABC, Generic[S]):
    """A tuning method: everything that the kit has to know of it.

    Attributes:
        title: what a report calls it.
        settings: class of its settings in a YAML.
        idea: language ("en", "zh") -> what is trained beside or in the weights, as a report says it after a colon.
        formula: the merged weights, for a report.
        cells: module of backend/methods/ that registers with MindFormers what the method needs there; empty for none.
        since: the first version of MindFormers that can train it; empty for any.
        noun: what the adapter holds for one tensor of the base, in messages.
        change: what is added to that tensor, in messages.
        flat: its settings in an adapter.json of schema 1, which had them at its top level: key there -> name of the
            setting. A method that has none writes schema 2.
        peft: its form at Hugging Face's PEFT; None where there is none.
    """

    title: ClassVar[str]
    settings: type[S]
    idea: ClassVar[Mapping[str, str]]
    formula: ClassVar[str]
    cells: ClassVar[str] = ""
    since: ClassVar[str] = ""
    noun: ClassVar[str] = "part"
    change: ClassVar[str] = "change"
    flat: ClassVar[Mapping[str, str]] = {}
    peft: ClassVar[PeftForm[Any] | None] = None

    @abstractmethod
    def tensors(self, settings: S, model: ModelShape) -> dict[str, tuple[int, ...]]:
        """Return name -> shape of every tensor of an adapter, in MindFormers' order.

        Raises:
            InputError: the settings adapt nothing of this model.
        """

    def trains(self, settings: S, name: str) -> bool:
        """Tell whether a tensor of the adapter is trained; the others are needed for merging and saved beside them."""
        return True

    @abstractmethod
    def owns(self, name: str) -> bool:
        """Tell whether a tensor of this name belongs to an adapter of this method, in MindFormers' names or PEFT's."""

    @abstractmethod
    def targets(self, settings: S, family: Family, names: Iterable[str]) -> list[str]:
        """Return those of a base model's tensors that an adapter with these settings has to change."""

    @abstractmethod
    def changes(self, settings: S, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Change]:
        """Match the tensors of an adapter with those of a base that they change.

        Args:
            settings: of the method.
            shapes: name -> shape of the adapter's tensors.

        Returns:
            Name of the base's tensor -> change; each tensor of the adapter is part of one at least.

        Raises:
            InputError: a tensor too many, too few or of a wrong shape (without the file's name, which the caller adds).
        """

    @abstractmethod
    def update(self, settings: S, parts: Mapping[str, Array]) -> Update:
        """Return the update of one tensor of the base; `parts` are as in `Update`."""

    def trainer(self, settings: S, composed: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is laid over the YAML of MindFormers' trainer, group by group; nothing beside cells of one's own.

        Args:
            settings: of the method.
            composed: the YAML as it is without the method; empty where a network alone is built.
        """
        return {}

    @abstractmethod
    def size(self, settings: S) -> str:
        """Return the method's size in a few words, such as "rank 8"."""

    def figures(self, settings: S) -> dict[str, Any]:
        """Return figures that follow from the settings and that a merge's manifest states."""
        return {}

    def cells_for(self, settings: S) -> str:
        """Return the module of backend/methods/ that these settings need; empty for none."""
        return self.cells

    def rates(self, settings: S, rate: float) -> dict[str, float]:
        """Return learning rates that differ from the run's, `rate`: what they are for -> the highest of each."""
        return {}

    def beside(self, settings: S, adapted: Collection[str], names: Iterable[str]) -> list[str]:
        """Return those of some names that `also_train` of the settings chooses, tensors that are trained in full.

        Args:
            settings: of the method.
            adapted: the base's tensors that the method itself changes.
            names: of tensors of a base or of an adapter.

        Raises:
            InputError: one of them is changed by the method already.
        """
        wanted = settings.also_train
        found = [name for name in names if any(is_meant(name, adapted, one) for one in wanted)]
        if twice := [name for name in found if name in adapted]:
            raise InputError(f"also_train chooses {twice[0]}, which {self.title} changes already")
        return found

    def all_tensors(self, settings: S, model: ModelShape) -> dict[str, tuple[int, ...]]:
        """Return `tensors` and what is trained in full beside; InputError where a setting chooses nothing."""
        own = self.tensors(settings, model)
        if not settings.also_train:
            return own
        from core.models import family_of

        family = family_of(model)
        base = family.parameter_shapes(model)
        adapted = set(self.targets(settings, family, base))
        for one in settings.also_train:
            if not any(is_meant(name, adapted, one) for name in base):
                raise InputError(f"also_train: {one!r} chooses no tensor of this model")
        return own | {name: base[name] for name in self.beside(settings, adapted, base)}

    def all_changes(self, settings: S, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Change]:
        """Return `changes`, and one of each tensor of the base that the adapter holds in full; InputError as there."""
        if not settings.also_train:
            return self.changes(settings, shapes)
        own = {name: shape for name, shape in shapes.items() if self.owns(name)}
        found = self.changes(settings, own)
        whole = self.beside(settings, set(found), [name for name in shapes if name not in own])
        if len(own) + len(whole) < len(shapes):
            # Says which one has no place.
            self.changes(settings, {name: shape for name, shape in shapes.items() if name not in whole})
        return found | {name: Change(name, {WHOLE: name}, shapes[name]) for name in whole}

    def all_targets(self, settings: S, family: Family, names: Iterable[str]) -> list[str]:
        """Return those of a base model's tensors that an adapter changes, or holds in full."""
        listed = list(names)
        own = self.targets(settings, family, listed)
        return own + (self.beside(settings, set(own), listed) if settings.also_train else [])

    def update_of(self, settings: S, weight: str, parts: Mapping[str, Array]) -> Update:
        """Return the update of the base's tensor `weight`, by the settings as they are for its layer."""
        if WHOLE in parts:
            return Replacement(settings, parts)
        return self.update(settings.local(weight.removesuffix(".weight")), parts)

    def trained(self, settings: S, model: ModelShape) -> dict[str, tuple[int, ...]]:
        """Return name -> shape of the trained tensors; InputError as `all_tensors`."""
        return {name: shape for name, shape in self.all_tensors(settings, model).items() if self.trains(settings, name)}

    def frozen(self, settings: S, model: ModelShape) -> dict[str, tuple[int, ...]]:
        """Return name -> shape of the tensors that are not trained and that merging needs; InputError as `tensors`."""
        return {name: shape for name, shape in self.tensors(settings, model).items() if not self.trains(settings, name)}

    def parameters(self, settings: S, model: ModelShape) -> int:
        """Return the number of trained parameters; InputError as `all_tensors`."""
        return sum(math.prod(shape) for shape in self.trained(settings, model).values())

    def line(self, settings: S, trained: int) -> str:
        """Return one line for a report: the method, its size and the number of trained parameters."""
        beside = f", {' and '.join(settings.also_train)} beside" if settings.also_train else ""
        return f"{self.title}, {self.size(settings)}{beside}: {trained:,} trained parameters"


def is_meant(name: str, adapted: Collection[str], wanted: str) -> bool:
    """Tell whether a word or an end of names means a tensor."""
    kind = KINDS.get(wanted)
    return kind(name, adapted) if kind else f".{name}".endswith(f".{wanted}")


def method(name: str) -> Method[Any]:
    """Return a tuning method by its name; InputError where there is none."""
    entry: Method[Any] = METHODS.get(name, Method)
    return entry


def method_of(settings: MethodConfig) -> Method[Any]:
    """Return the tuning method that settings are of."""
    return method(settings.type)


def all_methods() -> list[Method[Any]]:
    """Return every tuning method there is."""
    return [method(name) for name in METHODS.names()]
