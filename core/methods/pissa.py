"""PiSSA: LoRA that begins with the leading singular triplets of the weight, W' = W + s·(B·A - B0·A0).

https://arxiv.org/abs/2404.02948, section 3. B0·A0 is the best approximation of W / s of its rank; training starts there
instead of at zero, and what it starts from is taken off again. The adapter holds A0 and B0 beside A and B, so that
merging needs nothing but the adapter and the base as it is.

    W = U·S·Vᵀ,   A0 = sqrt(S_r / s)·V_rᵀ [rank, in],   B0 = U_r·sqrt(S_r / s) [out, rank],   s = alpha / rank
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from core.methods import Product, Update
from core.methods.lora import LoraConfig, RankedMethod, WrittenAsLora

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[Any]

# Random directions beyond the rank, which make the last triplets of a randomised decomposition as good as the first.
_BEYOND = 8


class PissaConfig(LoraConfig):
    """PiSSA: LoRA that begins with the leading singular triplets of the weight.

    Attributes:
        rank: rows of A, columns of B: the number of triplets.
        alpha: B·A counts alpha / rank.
        dropout: share of A's inputs that are set to 0 in training.
        niter: 0 decomposes the weights exactly (about a minute for a weight 4096 wide); N does so by random directions
            that the weight is applied to N times (seconds; 4 to 16 are usual).
    """

    niter: int = Field(default=0, ge=0, le=100, strict=True)


def principal_factors(weight: Array, settings: PissaConfig, random: np.random.Generator) -> tuple[Array, Array]:
    """Return A0 [rank, in] and B0 [out, rank] of a weight [out, in], float32.

    Args:
        weight: float32.
        settings: of the method. Where the weight has fewer triplets than its rank, the rest of A0 and B0 is zero.
        random: draws the directions, for `niter` above 0.
    """
    import numpy as np

    if settings.niter:
        left, values, right = _randomised(weight, settings, random)
    else:
        left, values, right = np.linalg.svd(weight, full_matrices=False)
    count = min(settings.rank, len(values))
    roots = np.sqrt(values[:count] / settings.scaling)
    a = np.zeros((settings.rank, weight.shape[1]), np.float32)
    b = np.zeros((weight.shape[0], settings.rank), np.float32)
    a[:count], b[:, :count] = roots[:, None] * right[:count], left[:, :count] * roots
    return a, b


def _randomised(weight: Array, settings: PissaConfig, random: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return leading singular triplets by subspace iteration (https://arxiv.org/abs/0909.4061, algorithm 4.4)."""
    import numpy as np

    count = min(settings.rank + _BEYOND, *weight.shape)
    base, _ = np.linalg.qr(weight @ random.standard_normal((weight.shape[1], count)).astype(np.float32))
    for _ in range(settings.niter):
        across, _ = np.linalg.qr(weight.T @ base)
        base, _ = np.linalg.qr(weight @ across)
    left, values, right = np.linalg.svd(base.T @ weight, full_matrices=False)
    return base @ left, values, right


class PissaUpdate(Update):
    """Adds s·(B·A - B0·A0) to one weight; parts are "a", "a0" [rank, in] and "b", "b0" [out, rank].

    It is worked out as s·[(B - B0), B0]·[A; (A - A0)]: B·A and B0·A0 are each as large as W and nearly the same.
    """

    def __init__(self, settings: PissaConfig, parts: Mapping[str, Array]) -> None:
        import numpy as np

        super().__init__(settings, parts)
        self._scaling = settings.scaling
        a, b, a0, b0 = (parts[role] for role in ("a", "b", "a0", "b0"))
        self._right, self._left = np.concatenate([a, a - a0]), np.concatenate([b - b0, b0], axis=1)
        self._x: Array | None = None

    def delta(self, start: int, rows: Array, out: Array) -> None:
        """Write s·(B·A - B0·A0) of some rows into `out`."""
        import numpy as np

        np.matmul(self._left[start : start + len(rows)], self._right, out=out)
        out *= out.dtype.type(self._scaling)

    def product(self, start: int, rows: Array, x: Array) -> Product:
        """Return s·(B(Ax) - B0(A0x)), in float64 and by the definition."""
        import numpy as np

        if self._x is not x:
            a, a0 = (self.parts[role].astype(np.float64) for role in ("a", "a0"))
            self._x, self._ax, self._a0x = x, a @ x, a0 @ x
            self._sizes = float(np.linalg.norm(a)), float(np.linalg.norm(a - a0))
        b, b0 = (self.parts[role][start : start + len(rows)].astype(np.float64) for role in ("b", "b0"))
        values = self._scaling * (b @ self._ax - b0 @ self._a0x)
        lengths = [np.linalg.norm(one, axis=1) for one in (b - b0, b0)]
        norms = abs(self._scaling) * (lengths[0] * self._sizes[0] + lengths[1] * self._sizes[1])
        # A sum of 2·rank products, times s, of differences that are one rounding each; and one as it is added.
        return Product(values, norms, (len(self._right) + 8) * norms)


class PissaPeft(WrittenAsLora):
    """PiSSA at PEFT: a LoRA of twice the rank, [B, -B0]·[A; A0], on the base as it is.

    That is what PEFT itself makes of a PiSSA with `path_initial_model_for_weight_conversion`, and it is read as a LoRA.
    Without it, PEFT's files hold A and B alone, for a base that is stored nowhere.
    """

    def config(self, settings: LoraConfig, modules: Mapping[str, str], layers: Sequence[int]) -> dict[str, Any]:
        """Return the entries of PEFT's LoraConfig; alpha / rank stays."""
        return super().config(_twice(settings), modules, layers)

    def patterns(self, settings: LoraConfig, layers: Mapping[str, str]) -> dict[str, Any]:
        """Return rank_pattern and alpha_pattern of the LoRA."""
        return super().patterns(_twice(settings), layers)

    def written(self, settings: LoraConfig, parts: Mapping[str, Array]) -> dict[str, Array]:
        """Return the halves of the LoRA."""
        import numpy as np

        a = np.concatenate([parts["a"], parts["a0"]])
        b = np.concatenate([parts["b"], -parts["b0"]], axis=1)
        return {self.parts["a"]: a, self.parts["b"]: b}


def _twice(settings: LoraConfig) -> LoraConfig:
    doubled = {
        "rank_pattern": {name: 2 * rank for name, rank in settings.rank_pattern.items()},
        "alpha_pattern": {name: 2 * alpha for name, alpha in settings.alpha_pattern.items()},
    }
    return settings.model_copy(update={"rank": 2 * settings.rank, "alpha": 2 * settings.alpha, **doubled})


class Pissa(RankedMethod[PissaConfig]):
    """PiSSA by cells of the kit's own."""

    title = "PiSSA"
    idea = {
        "en": "beside each weight matrix W of the targeted layers stands a product of two small matrices,\n"
        "A [rank × in] and B [out × rank], that begins as W's leading singular triplets; only A and B are trained",
        "zh": "在目标层的每个权重矩阵 W 旁增加小矩阵 A [rank × in] 与 B [out × rank]，\n"
        "以 W 的主奇异分量为初值，只训练 A 和 B",
    }
    formula = "W' = W + (alpha / rank) · (B · A - B0 · A0)"
    settings = PissaConfig
    cells = "pissa"
    noun, piece, change = "group of A, B, A0 and B0", "part", "B A - B0 A0"
    parts = {
        "a": "mindpet_delta_lora_a",
        "b": "mindpet_delta_lora_b",
        "a0": "pissa_initial_a",
        "b0": "pissa_initial_b",
    }
    peft = PissaPeft()

    def part_shapes(self, settings: PissaConfig, out: int, into: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of A and B, and of what they began as."""
        a, b = (settings.rank, into), (out, settings.rank)
        return {"a": a, "b": b, "a0": a, "b0": b}

    def trains(self, settings: PissaConfig, name: str) -> bool:
        """Tell A and B from what they began as."""
        return not name.endswith((self.parts["a0"], self.parts["b0"]))

    def update(self, settings: PissaConfig, parts: Mapping[str, Array]) -> PissaUpdate:
        """Return the update of one weight."""
        return PissaUpdate(settings, parts)


METHOD = Pissa()
