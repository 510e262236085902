"""What methods have in common that give each chosen linear layer tensors of its own. Pure."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

from core.errors import InputError
from core.methods import Change, Method, MethodConfig
from core.methods.targets import chooses, layer_expression, path_matches

if TYPE_CHECKING:
    from core.models import Family, ModelShape

# Stand for the two dimensions of a weight where it is not known yet.
OUT, IN = -1, -2
_WORDS = {OUT: "out", IN: "in"}


def _expression(value: str) -> str:
    try:
        layer_expression(value)
    except InputError as error:
        raise ValueError(str(error)) from error
    if re.search(r"\s", value):
        raise ValueError(f"{value!r} holds a blank, which would be matched literally; write '.*wq|.*wv'")
    return value


# Matched (re.match) with a linear layer's own name: wq, wk, wv, wo, w1, w2, w3.
TargetModules = Annotated[str, AfterValidator(_expression)]
S = TypeVar("S", bound=MethodConfig)
_MOST_LAYERS = 10_000
# The number of a decoder layer in the name of one of its parts: model.layers.7.attention.wq.
_NUMBER = re.compile(r"(?:^|\.)(\d+)\.")


def layer_numbers(text: str) -> list[int]:
    """Return the numbers that a text such as "0-3,7" says, in their order, each once; ValueError for another text."""
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last or last >= _MOST_LAYERS:
            raise ValueError(f'{text!r} does not say numbers of layers; an example: "0-3,7" (the first layer is 0)')
        found.update(range(first, last + 1))
    return sorted(found)


def _layers(value: object) -> object:
    """Take numbers, too; return the shortest text of the same layers."""
    if isinstance(value, bool):
        raise ValueError("is no number of a layer")
    if isinstance(value, int):
        value = str(value)
    if isinstance(value, list | tuple):
        if not all(type(one) is int or isinstance(one, str) for one in value):
            raise ValueError('holds something else than numbers of layers; examples: [0, 1, 7] or "0-1,7"')
        value = ",".join(map(str, value))
    if not isinstance(value, str):
        return value
    runs: list[list[int]] = []
    for number in layer_numbers(value):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in runs)


Layers = Annotated[str, BeforeValidator(_layers)]


class LinearConfig(MethodConfig):
    """What methods have in common that give chosen linear layers tensors of their own.

    Attributes:
        target_modules: regular expression of the layers that are adapted, matched (re.match) with a linear layer's own
            name: wq, wk, wv, wo, w1, w2, w3.
        layers: numbers of the decoder layers in which they are, such as "0-3,7" or [0, 1]; null for all.
    """

    target_modules: TargetModules
    layers: Layers | None = Field(default=None, exclude_if=lambda value: value is None)


class LinearMethod(Method[S]):
    """A method with tensors beside each linear layer that `target_modules` of its settings names.

    Attributes:
        parts: role -> what the tensor is called below its layer.
        piece: what one of them is called in messages.
        shared: role -> whole name of a tensor that all layers share; the method itself gives and matches those.
    """

    parts: ClassVar[Mapping[str, str]]
    piece: ClassVar[str] = "part"
    shared: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def part_shapes(self, settings: S, out: int, into: int) -> dict[str, tuple[int, ...]]:
        """Return role -> shape for a weight [out, in]; either may be one of the words OUT and IN."""

    def layer_shapes(self, settings: S, layer: str, out: int, into: int, biased: bool) -> dict[str, tuple[int, ...]]:
        """Return role -> shape for one layer, where layers differ in more than their sizes.

        Args:
            settings: of the method.
            layer: name of the layer, which its weight has before ".weight".
            out: rows of its weight, or OUT.
            into: columns, or IN.
            biased: whether it has a bias.
        """
        return self.part_shapes(settings.local(layer), out, into)

    def expression(self, settings: S) -> str:
        """Return the expression that chooses the layers."""
        chosen: Any = settings
        return str(chosen.target_modules)

    def chosen(self, settings: S, weight: str) -> bool:
        """Tell whether the decoder layer in which a weight stands is one of those that the settings choose."""
        layers = _layers_of(settings)
        number = _NUMBER.search(weight)
        return layers is None or (number is not None and int(number[1]) in layers)

    def linears(self, settings: S, model: ModelShape) -> dict[str, tuple[int, int]]:
        """Return weight name -> (out, in) of the layers that are adapted; InputError where a setting chooses none."""
        from core.models import family_of

        layers = _layers_of(settings)
        if layers and layers[-1] >= model.num_layers:
            raise InputError(f"layers name {layers[-1]}; the model has layers 0 to {model.num_layers - 1}")
        found = family_of(model).target_linears(model, self.expression(settings))
        found = {weight: shape for weight, shape in found.items() if self.chosen(settings, weight)}
        for setting in ("rank_pattern", "alpha_pattern"):
            for pattern in getattr(settings, setting, ()):
                if not any(path_matches(pattern, weight.removesuffix(".weight")) for weight in found):
                    raise InputError(f"{setting}: {pattern!r} matches none of the layers that are adapted")
        return found

    def tensors(self, settings: S, model: ModelShape) -> dict[str, tuple[int, ...]]:
        """Return name -> shape of the tensors of all layers chosen; InputError where that is none."""
        from core.models import family_of

        found, family = {}, family_of(model)
        base = family.parameter_shapes(model)
        for weight, (out, into) in self.linears(settings, model).items():
            layer = weight.removesuffix(".weight")
            for role, shape in self.layer_shapes(settings, layer, out, into, f"{layer}.bias" in base).items():
                found[f"{layer}.{self.parts[role]}"] = shape
        return found

    def owns(self, name: str) -> bool:
        """Tell whether the name is one of the parts', here or at PEFT."""
        endings = [*self.parts.values(), *(self.peft.parts.values() if self.peft else ())]
        return any(f".{ending}" in f".{name}" for ending in endings)

    def targets(self, settings: S, family: Family, names: Iterable[str]) -> list[str]:
        """Return the weights of the layers whose own name the expression matches."""
        expression = self.expression(settings)
        return [
            name
            for name in names
            if (place := family.linear(name)) and chooses(expression, place.leaf) and self.chosen(settings, name)
        ]

    def changes(self, settings: S, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Change]:
        """Match the parts of each layer, every tensor used exactly once; InputError as `Method.changes`."""
        roles = {ending: role for role, ending in self.parts.items()}
        layers: dict[str, dict[str, str]] = {}
        for name in shapes:
            layer, _, ending = name.rpartition(".")
            if not layer or ending not in roles:
                known = " or ".join(ending if at else f"….{ending}" for at, ending in enumerate(roles))
                raise InputError(f"tensor {name!r} is not a {self.piece} of a {self.title} {self.noun} ({known})")
            layers.setdefault(layer, {})[roles[ending]] = name
        if not layers:
            raise InputError("holds no tensor")
        return {f"{layer}.weight": self._change(settings, layer, found, shapes) for layer, found in layers.items()}

    def _change(
        self, settings: S, layer: str, found: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]]
    ) -> Change:
        may_be = [self.layer_shapes(settings, layer, OUT, IN, biased) for biased in (False, True)]
        wanted = next((one for one in may_be if one.keys() == found.keys()), None)
        if wanted is None:
            first = next(iter(found.values()))
            if found.keys() < may_be[0].keys():
                raise InputError(f"{first!r} has no other {self.piece}; the adapter is incomplete")
            raise InputError(f"{first!r} is not the {self.piece} that {self.title} has there with these settings")
        has = {role: tuple(shapes[found[role]]) for role in wanted}
        if not all(_fits(has[role], shape) for role, shape in wanted.items()):
            shown = " and ".join(f"{role.upper()} {shape}" for role, shape in has.items())
            needed = " and ".join(f"{role.upper()} [{_words(shape)}]" for role, shape in wanted.items())
            raise InputError(
                f"{self.noun} of {layer} has shapes {shown}; {self.size(settings.local(layer))} needs {needed}"
            )
        if not chooses(self.expression(settings), layer.rpartition(".")[2]):
            raise InputError(f"{layer} is adapted, but target_modules {self.expression(settings)!r} does not match it")
        if not self.chosen(settings, f"{layer}."):
            raise InputError(f"{layer} is adapted, but layers {settings.layers!r} do not name it")  # type: ignore[attr-defined]
        parts = {role: found[role] for role in wanted}
        return Change(f"{layer}.weight", parts, (_length(OUT, wanted, has), _length(IN, wanted, has)))


def _layers_of(settings: MethodConfig) -> list[int] | None:
    layers = getattr(settings, "layers", None)
    return None if layers is None else layer_numbers(layers)


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        should in _WORDS or length == should for length, should in zip(shape, wanted, strict=True)
    )


def _words(shape: tuple[int, ...]) -> str:
    return ", ".join(_WORDS.get(length, str(length)) for length in shape)


def _length(word: int, wanted: Mapping[str, tuple[int, ...]], has: Mapping[str, tuple[int, ...]]) -> int | None:
    """Return what the parts say of one dimension of the weight; None where they say nothing."""
    for role, shape in wanted.items():
        if word in shape:
            return has[role][shape.index(word)]
    return None
