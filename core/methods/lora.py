"""LoRA: beside a weight W [out, in] stands a product B·A of rank r, W' = W + (alpha / r)·B·A.

https://arxiv.org/abs/2106.09685, section 4.1. MindFormers trains it (`pet_type: lora`) and calls the two tensors
`mindpet_delta_lora_a` [r, in] and `mindpet_delta_lora_b` [out, r].
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeGuard, TypeVar

from pydantic import AfterValidator, Field

from core.errors import InputError
from core.methods import Product, Update
from core.methods.linear import LinearConfig, LinearMethod, layer_numbers
from core.methods.peft_form import PeftForm, compressed, positive
from core.methods.targets import LONGEST_PATH, first_match, layer_expression

if TYPE_CHECKING:
    import numpy.typing as npt
    from typing_extensions import Self

    from core.models import ModelShape

    Array = npt.NDArray[Any]

# No layer of a model in use is wider, and beyond it a rank adds nothing.
_MAX_RANK = 1 << 20
# Keys of adapter_config.json that are read, or that change nothing of what B·A does to the model.
_READ = {
    "peft_type",
    "r",
    "lora_alpha",
    "use_rslora",
    "target_modules",
    "init_lora_weights",
    "rank_pattern",
    "alpha_pattern",
}
_HARMLESS = {
    "task_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision", "inference_mode",
    "lora_dropout", "exclude_modules", "layers_to_transform", "layers_pattern", "megatron_core", "qalora_group_size",
    "runtime_config", "eva_config", "ensure_weight_tying",
}  # fmt: skip
# These leave the base as it is; the others (PiSSA, OLoRA, …) train against a changed one.
_INITS = (True, False, None, "gaussian", "orthogonal", "eva")


def _patterns(value: dict[str, Any]) -> dict[str, Any]:
    for pattern in value:
        try:
            layer_expression(pattern, LONGEST_PATH)
        except InputError as error:
            raise ValueError(str(error)) from error
    return value


_Rank = Annotated[int, Field(ge=1, strict=True)]
_Alpha = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
RankPattern = Annotated[dict[str, _Rank], AfterValidator(_patterns)]
AlphaPattern = Annotated[dict[str, _Alpha], AfterValidator(_patterns)]


class LoraConfig(LinearConfig):
    """LoRA: beside a weight W stands a product B·A of low rank, W' = W + (alpha / rank)·B·A.

    Attributes:
        rank: rows of A, columns of B.
        alpha: B·A counts alpha / rank.
        dropout: share of A's inputs that are set to 0 in training.
        rank_pattern: another rank for some layers: whole names, their ends behind a dot or regular expressions of
            either, such as {"layers.0.attention.wq": 4, "wv": 16}; the first that matches counts.
        alpha_pattern: another alpha for some layers, likewise.
    """

    rank: _Rank
    alpha: _Alpha
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    rank_pattern: RankPattern = Field(default={}, exclude_if=lambda value: not value)
    alpha_pattern: AlphaPattern = Field(default={}, exclude_if=lambda value: not value)

    def local(self, layer: str) -> Self:
        """Return the settings with rank and alpha of one layer, and without patterns."""
        if not self.rank_pattern and not self.alpha_pattern:
            return self
        rank = first_match(self.rank_pattern, layer, self.rank)
        alpha = first_match(self.alpha_pattern, layer, self.alpha)
        return self.model_copy(update={"rank": rank, "alpha": alpha, "rank_pattern": {}, "alpha_pattern": {}})

    def ranks(self) -> str:
        """Return the rank in words, or the least and the highest."""
        every = {self.rank, *self.rank_pattern.values()}
        return f"rank {self.rank}" if len(every) == 1 else f"ranks {min(every)} to {max(every)}"

    @property
    def scaling(self) -> float:
        """The factor that B·A is trained with."""
        return self.alpha / self.rank


L = TypeVar("L", bound=LoraConfig)


class LoraUpdate(Update):
    """Adds s·B·A to one weight; parts are "a" [rank, in] and "b" [out, rank]."""

    def __init__(self, settings: LoraConfig, parts: Mapping[str, Array]) -> None:
        super().__init__(settings, parts)
        self._scaling = settings.scaling
        self._x: Array | None = None

    def delta(self, start: int, rows: Array, out: Array) -> None:
        """Write s·B·A of some rows into `out`."""
        import numpy as np

        np.matmul(self.parts["b"][start : start + len(rows)], self.parts["a"], out=out)
        out *= out.dtype.type(self._scaling)

    def product(self, start: int, rows: Array, x: Array) -> Product:
        """Return s·B(Ax): two thin products instead of a matrix, so that a wrong delta cannot hide in both."""
        import numpy as np

        if self._x is not x:
            wide_a = self.parts["a"].astype(np.float64)
            self._x, self._ax, self._a_norm = x, wide_a @ x, float(np.linalg.norm(wide_a))
        b = self.parts["b"][start : start + len(rows)].astype(np.float64)
        norms = abs(self._scaling) * np.linalg.norm(b, axis=1) * self._a_norm
        # An entry of the delta is a sum of `rank` products, times s: rank + 4 roundings, and one as it is added.
        return Product(self._scaling * (b @ self._ax), norms, (len(self.parts["a"]) + 5) * norms)


class LoraPeft(PeftForm[LoraConfig]):
    """LoRA at PEFT: the same two tensors, and the same scaling alpha / r."""

    kind = "LORA"
    parts = {"a": "lora_A.weight", "b": "lora_B.weight"}
    # Whether alpha counts alpha / sqrt(rank).
    rank_stabilised: ClassVar[bool] = False

    def config(self, settings: LoraConfig, modules: Mapping[str, str], layers: Sequence[int]) -> dict[str, Any]:
        """Return the entries of PEFT's LoraConfig."""
        return {
            "r": settings.rank,
            "lora_alpha": _number(settings.alpha),
            "lora_dropout": 0.0,
            "target_modules": list(modules),
            # Given always: `target_modules` alone would name layers that an expression of the kit can leave out.
            "layers_to_transform": list(layers),
            "bias": "none",
            "fan_in_fan_out": False,
            "init_lora_weights": True,
            "modules_to_save": None,
            "rank_pattern": {},
            "alpha_pattern": {},
            "use_rslora": self.rank_stabilised,
            "use_dora": False,
        }

    def patterns(self, settings: LoraConfig, layers: Mapping[str, str]) -> dict[str, Any]:
        """Return rank_pattern and alpha_pattern: whole names, which every version of PEFT reads alike."""
        own = {module: settings.local(layer) for module, layer in layers.items()}
        ranks = {module: one.rank for module, one in own.items() if one.rank != settings.rank}
        alphas = {module: _number(one.alpha) for module, one in own.items() if one.alpha != settings.alpha}
        return ({"rank_pattern": ranks} if ranks else {}) | ({"alpha_pattern": alphas} if alphas else {})

    def patterned(self, config: Mapping[str, Any], layers: Mapping[str, str]) -> dict[str, Any]:
        """Return rank, alpha and their patterns with the kit's names; of rsLoRA, alphas that scale alike."""
        read = self.settings(config)
        ranks: dict[str, int] = {}
        alphas: dict[str, float] = {}
        rank_pattern: Mapping[str, Any] = config.get("rank_pattern") or {}
        alpha_pattern: Mapping[str, Any] = config.get("alpha_pattern") or {}
        for module, layer in layers.items():
            rank: int = first_match(rank_pattern, module, config["r"])
            alpha: float = first_match(alpha_pattern, module, config["lora_alpha"])
            ranks[layer], alphas[layer] = rank, float(alpha) * self._stabilising(config, rank)
        found = {"rank_pattern": compressed(ranks, read["rank"]), "alpha_pattern": compressed(alphas, read["alpha"])}
        return read | {key: value for key, value in found.items() if value}

    def _stabilising(self, config: Mapping[str, Any], rank: int) -> float:
        return math.sqrt(rank) if config.get("use_rslora") and not self.rank_stabilised else 1.0

    def recognises(self, config: Mapping[str, Any]) -> bool:
        """Tell LoRA from what is called so too: DoRA and rsLoRA."""
        return not config.get("use_dora") and bool(config.get("use_rslora")) == self.rank_stabilised

    def settings(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return rank and alpha; of rsLoRA, which scales by alpha / sqrt(rank), an alpha that scales alike."""
        rank, alpha = config.get("r"), config.get("lora_alpha")
        if not _is_rank(rank):
            raise InputError(f"r is {reprlib.repr(rank)}; it has to be a whole number from 1 to {_MAX_RANK}")
        for key, fits in (("rank_pattern", _is_rank), ("alpha_pattern", positive)):
            values = config.get(key) or {}
            if not isinstance(values, dict) or not all(map(fits, values.values())):
                raise InputError(
                    f"{key} is {reprlib.repr(values)}; it has to hold positive numbers by names of modules"
                )
            for pattern in values:
                layer_expression(str(pattern), LONGEST_PATH)
        if not positive(alpha):
            raise InputError(f"lora_alpha is {reprlib.repr(alpha)}; it has to be a positive number")
        if config.get("init_lora_weights", True) not in _INITS:
            raise InputError(
                f"init_lora_weights {config['init_lora_weights']!r} trains against a changed base; save the "
                "adapter with path_initial_model_for_weight_conversion"
            )
        for key, value in config.items():
            # Whatever PEFT adds in later versions is off where it holds nothing.
            if key not in _READ | _HARMLESS and value not in (None, False, 0, "none") and value not in ([], {}):
                raise InputError(f"{key} is {str(value)[:80]!r}, which a LoRA of the kit cannot express")
        return {"rank": rank, "alpha": float(alpha) * self._stabilising(config, rank)}


def _is_rank(value: Any) -> TypeGuard[int]:
    return type(value) is int and 1 <= value <= _MAX_RANK


def _number(alpha: float) -> int | float:
    return int(alpha) if alpha.is_integer() else alpha


class WrittenAsLora(LoraPeft):
    """A relative of LoRA that PEFT's files do not tell from it: written as the LoRA that it is there, read as one."""

    def recognises(self, config: Mapping[str, Any]) -> bool:
        """Tell nothing: a file says neither how its tensors were trained, nor what they began as."""
        return False


class RankedMethod(LinearMethod[L]):
    """A method whose tensors are a product B·A of low rank, perhaps among others."""

    def size(self, settings: L) -> str:
        """Return the rank, in words."""
        return settings.ranks()

    def figures(self, settings: L) -> dict[str, Any]:
        """Return the factor of B·A."""
        return {"scaling": settings.scaling}


class Lora(RankedMethod[LoraConfig]):
    """LoRA by MindFormers' own layers."""

    title = "LoRA"
    idea = {
        "en": "beside each weight matrix W of the targeted layers stands a product of two small matrices,\n"
        "A [rank × in] and B [out × rank]; only A and B are trained",
        "zh": "在目标层的每个权重矩阵 W 旁增加两个小矩阵\nA [rank × in] 与 B [out × rank]，只训练 A 和 B",
    }
    formula = "W' = W + (alpha / rank) · B · A"
    settings = LoraConfig
    noun, piece, change = "pair", "half", "B A"
    flat = {"rank": "rank", "alpha": "alpha", "targets": "target_modules"}
    parts = {"a": "mindpet_delta_lora_a", "b": "mindpet_delta_lora_b"}
    peft = LoraPeft()

    def part_shapes(self, settings: LoraConfig, out: int, into: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of A and B."""
        return {"a": (settings.rank, into), "b": (out, settings.rank)}

    def owns(self, name: str) -> bool:
        """Tell whether the name is a half's: MindFormers' of any version, or one of PEFT's."""
        return any(f"{mark}lora_" in f".{name}".lower() for mark in "._")

    def update(self, settings: LoraConfig, parts: Mapping[str, Array]) -> LoraUpdate:
        """Return the sum of one weight and its pair."""
        return LoraUpdate(settings, parts)

    def trainer(self, settings: LoraConfig, composed: Mapping[str, Any]) -> dict[str, Any]:
        """Return MindFormers' `pet_config`, which has one rank only: cells of the kit's own stand for several."""
        if self.cells_for(settings):
            return {}
        pet: dict[str, Any] = {
            "pet_type": "lora",
            "lora_rank": settings.rank,
            "lora_alpha": self.trained_alpha(settings),
            "lora_dropout": settings.dropout,
            "target_modules": settings.target_modules,
        }
        if settings.layers is not None:
            # A layer's own name is its number; cells whose names match are left out with all that is in them.
            chosen = "|".join(map(str, layer_numbers(settings.layers)))
            pet["exclude_layers"] = [rf"(?!(?:{chosen})$)\d+$"]
        return {"model": {"model_config": {"pet_config": pet}}}

    def trained_alpha(self, settings: LoraConfig) -> float:
        """Return the alpha with which cells that divide it by the rank scale B·A as these settings do."""
        return settings.alpha

    def cells_for(self, settings: LoraConfig) -> str:
        """Return the module of the kit's own cells where MindFormers' layers cannot do it."""
        return "lora" if settings.rank_pattern or settings.alpha_pattern else self.cells


METHOD = Lora()


def lora_parameters(model: ModelShape, rank: int, targets: str) -> int:
    """Return the number of trainable parameters of a LoRA of this rank on these targets.

    Raises:
        InputError: rank below 1, or targets that are malformed or adapt nothing.
    """
    if rank < 1:
        raise InputError(f"LoRA rank {rank}: has to be at least 1")
    # The expression is checked where it is matched, so that one for a what-if may be any.
    settings = LoraConfig.model_construct(name="", rank=rank, alpha=1.0, target_modules=targets)
    return METHOD.parameters(settings, model)
