"""How an adapter of a method looks at Hugging Face's PEFT. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from core.methods import MethodConfig

S = TypeVar("S", bound=MethodConfig)


class PeftForm(ABC, Generic[S]):
    """The form of a method whose tensors stand beside linear layers.

    Attributes:
        kind: `peft_type` of its adapter_config.json.
        parts: role -> what the tensor is called below its module.
    """

    kind: ClassVar[str]
    parts: ClassVar[Mapping[str, str]]

    @abstractmethod
    def config(self, settings: S, modules: Sequence[str], layers: Sequence[int]) -> dict[str, Any]:
        """Return the method's entries of adapter_config.json.

        Args:
            settings: of the method.
            modules: Hugging Face's names of the kinds of layer adapted (`q_proj`, …), sorted.
            layers: numbers of the decoder layers in which they are.
        """

    @abstractmethod
    def settings(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings that an adapter_config.json of this kind says, without name, type and targets.

        Raises:
            InputError: a setting that the method cannot express (without the file's name, which the caller adds).
        """

    def shape(self, role: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape that PEFT gives a tensor which has `shape` in the kit; the entries are in the same order."""
        return shape
