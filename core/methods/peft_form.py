"""How an adapter of a method looks at Hugging Face's PEFT. Pure."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeGuard, TypeVar

from core.errors import InputError
from core.methods import MethodConfig

if TYPE_CHECKING:
    from core.methods import Array

S = TypeVar("S", bound=MethodConfig)
T = TypeVar("T")
# Keys of adapter_config.json, of whatever method, that change nothing of what the trained tensors do to the model.
HARMLESS = {
    "peft_type", "task_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision", "inference_mode",
    "target_modules", "exclude_modules", "layers_to_transform", "layers_pattern",
}  # fmt: skip


class PeftForm(ABC, Generic[S]):
    """The form of a method whose tensors stand beside linear layers.

    Attributes:
        kind: `peft_type` of its adapter_config.json.
        parts: role -> what the tensor is called below its module.
        shared: role -> whole name of a tensor that all modules share.
        copies: what is put behind the names of shared tensors when they are written, once for each.
    """

    kind: ClassVar[str]
    parts: ClassVar[Mapping[str, str]]
    shared: ClassVar[Mapping[str, str]] = {}
    copies: ClassVar[tuple[str, ...]] = ("",)

    @abstractmethod
    def config(self, settings: S, modules: Mapping[str, str], layers: Sequence[int]) -> dict[str, Any]:
        """Return the method's entries of adapter_config.json.

        Args:
            settings: of the method.
            modules: Hugging Face's names of the kinds of layer adapted (`q_proj`, …), sorted -> the kit's (`wq`, …).
            layers: numbers of the decoder layers in which they are.
        """

    @abstractmethod
    def settings(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings that an adapter_config.json of this kind says, without name, type and targets.

        Raises:
            InputError: a setting that the method cannot express (without the file's name, which the caller adds).
        """

    def recognises(self, config: Mapping[str, Any]) -> bool:
        """Tell whether a configuration of this kind is of this method; several methods may be of one kind."""
        return True

    def placed(self, settings: dict[str, Any], leaves: Mapping[str, str]) -> dict[str, Any]:
        """Return the settings with the kit's names of layers, where they hold Hugging Face's.

        Args:
            settings: as `settings` returned them.
            leaves: Hugging Face's names of the base's kinds of layer (`q_proj`, …) -> the kit's (`wq`, …).
        """
        return settings

    def patterns(self, settings: S, layers: Mapping[str, str]) -> dict[str, Any]:
        """Return entries of adapter_config.json that differ from layer to layer.

        Args:
            settings: of the method.
            layers: Hugging Face's name of each layer adapted -> the kit's.
        """
        return {}

    def patterned(self, config: Mapping[str, Any], layers: Mapping[str, str]) -> dict[str, Any]:
        """Return the settings of an adapter_config.json, with the kit's names in what differs from layer to layer.

        Args:
            config: an adapter_config.json that `settings` reads.
            layers: Hugging Face's name of each layer adapted -> the kit's.
        """
        return self.settings(config)

    def shape(self, role: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape that PEFT gives a tensor which has `shape` in the kit; the entries are in the same order."""
        return shape

    def written(self, settings: S, parts: Mapping[str, Array]) -> dict[str, Array]:
        """Return what PEFT has for a layer's tensors, by what it calls them below the module; `shared` apart.

        Args:
            settings: of the method.
            parts: role -> tensor of the adapter.
        """
        return {
            self.parts[role]: values.reshape(self.shape(role, values.shape))
            for role, values in parts.items()
            if role in self.parts
        }


def positive(value: Any) -> TypeGuard[int | float]:
    """Tell whether a value of a JSON file is a positive number of a float's range."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= sys.float_info.max


def compressed(values: Mapping[str, T], usual: T) -> dict[str, T]:
    """Return patterns of the layers whose value is not the usual one: by kind of layer where all of a kind have one.

    >>> compressed({"layers.0.wq": 4, "layers.1.wq": 4, "layers.0.wv": 8, "layers.1.wv": 2}, 8)
    {'wq': 4, 'layers.1.wv': 2}
    """
    kinds: dict[str, set[T]] = {}
    for layer, value in values.items():
        kinds.setdefault(layer.rpartition(".")[2], set()).add(value)
    found = {kind: next(iter(each)) for kind, each in kinds.items() if len(each) == 1 and usual not in each}
    one_by_one = {
        layer: value for layer, value in values.items() if value != usual and layer.rpartition(".")[2] not in found
    }
    return found | one_by_one


def refuse_others(config: Mapping[str, Any], read: Collection[str], what: str) -> None:
    """Raise InputError where a configuration sets something that is neither read nor harmless, nor off."""
    for key, value in config.items():
        # Whatever PEFT adds in later versions is off where it holds nothing.
        if key not in HARMLESS and key not in read and value not in (None, False, 0, "none") and value not in ([], {}):
            raise InputError(f"{key} is {str(value)[:80]!r}, which {what} of the kit cannot express")
