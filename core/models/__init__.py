"""Model families: shapes and names of their tensors, and what MindFormers calls them.

A family is a module here that assigns `FAMILY`, an object of a class below `Family`; the YAML of a model in
configs/models/ names it as its `family`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from core.models.names import DIALECTS, Dialect
from core.registry import FAMILIES

# The family of a model that names none.
DEFAULT = "llama"


class ModelShape(Protocol):
    """What counting has to know of a model (the names of MindFormers' `LlamaConfig`).

    Attributes `tie_word_embeddings` and `family` are optional; without them the embeddings are not tied, and the model
    is a Llama.
    """

    @property
    def hidden_size(self) -> int:
        """Width of the model."""

    @property
    def num_layers(self) -> int:
        """Number of decoder layers."""

    @property
    def num_heads(self) -> int:
        """Number of query heads."""

    @property
    def n_kv_heads(self) -> int | None:
        """Number of key and value heads; as many as query heads where None."""

    @property
    def vocab_size(self) -> int:
        """Number of token ids."""

    @property
    def intermediate_size(self) -> int:
        """Width inside the feed-forward block."""

    @property
    def qkv_has_bias(self) -> bool:
        """Whether q, k and v have a bias."""

    @property
    def attn_proj_has_bias(self) -> bool:
        """Whether the output projection of attention has a bias."""


@dataclass(frozen=True)
class Place:
    """Where a linear layer stands: number of its decoder layer, and its own name (`wq`)."""

    layer: int
    leaf: str


class Family(ABC):
    """Models whose tensors have the same names and follow from the same settings.

    Names are MindFormers', unless a dialect is stated.

    Attributes:
        title: what messages call it.
        network, configuration: MindFormers' classes of the network and of its configuration.
        dialects: those in which its checkpoints are published; "mindformers" first.
        embedding, head: names of the token embedding and of the output layer.
        rotary: what stands in the names of the weights whose rows a rotary embedding pairs, and which Meta's files
            hold in another order.
    """

    title: ClassVar[str]
    network: ClassVar[str]
    configuration: ClassVar[str]
    dialects: ClassVar[tuple[Dialect, ...]] = DIALECTS
    embedding: ClassVar[str]
    head: ClassVar[str]
    rotary: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def parameter_shapes(self, model: ModelShape) -> dict[str, tuple[int, ...]]:
        """Return name -> shape of every parameter, in MindFormers' order; InputError for sizes that cannot be."""

    @abstractmethod
    def target_linears(self, model: ModelShape, targets: str) -> dict[str, tuple[int, int]]:
        """Return weight name -> (out, in) of the linear layers that MindFormers' `target_modules` chooses.

        Raises:
            InputError: the expression is malformed or chooses none.
        """

    @abstractmethod
    def linear(self, name: str) -> Place | None:
        """Return where the linear layer stands whose weight has this name; None for other tensors."""

    @abstractmethod
    def name_in(self, dialect: Dialect, name: str) -> str:
        """Return what a tensor is called in a dialect; KeyError for a name that no model of the family has."""

    @abstractmethod
    def is_parameter(self, name: str) -> bool:
        """Tell whether a name, in any dialect, can be a parameter's of such a model or of its adapter."""

    def is_buffer(self, name: str) -> bool:
        """Tell whether a tensor, in any dialect, holds what follows from the configuration and is not converted."""
        return False

    def trainer(self, model: Any) -> dict[str, Any]:
        """Return settings of MindFormers' model configuration beyond those that all families have."""
        return {}

    def module_in(self, dialect: Dialect, weight: str) -> str:
        """Return what the layer is called in a dialect whose weight MindFormers calls `weight`."""
        return self.name_in(dialect, weight).removesuffix(".weight")

    def dialect_of(self, names: Collection[str]) -> Dialect | None:
        """Tell the dialect of a checkpoint by the name of its embedding; None where it has none, or several."""
        found = [dialect for dialect in self.dialects if self.name_in(dialect, self.embedding) in names]
        return found[0] if len(found) == 1 else None


def family(name: str) -> Family:
    """Return a model family by its name; InputError where there is none."""
    entry: Family = FAMILIES.get(name, Family)
    return entry


def family_of(model: object) -> Family:
    """Return the family of a model's configuration or shape."""
    return family(getattr(model, "family", DEFAULT))


def all_families() -> list[Family]:
    """Return every model family there is."""
    return [family(name) for name in FAMILIES.names()]


def family_with(names: Collection[str]) -> Family:
    """Return the family of a checkpoint in MindFormers' names; a Llama where none is known by its embedding."""
    return next((one for one in all_families() if one.embedding in names), family(DEFAULT))


def total_parameters(model: ModelShape) -> int:
    """Return the number of parameters of the base model; InputError for sizes that cannot be."""
    return sum(math.prod(shape) for shape in family_of(model).parameter_shapes(model).values())
