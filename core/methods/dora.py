"""DoRA: LoRA whose weight W + s·B·A has its rows scaled to trained lengths m, W' = m ∘ (W + s·B·A) / ‖W + s·B·A‖.

https://arxiv.org/abs/2402.09353, sections 3 and 4: direction and length of each output's weights are trained apart.
What is changed of W is more than a product of low rank, so an update here needs the rows of W themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.methods import Product, Update
from core.methods.lora import LoraConfig, LoraPeft, RankedMethod

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

# A row of zeros has no direction; its length counts as this, so that it stays zero.
SHORTEST = 1e-20


class DoraConfig(LoraConfig):
    """DoRA: LoRA, and beside each row of W + (alpha / rank)·B·A its length, trained apart from its direction.

    Attributes:
        rank: rows of A, columns of B.
        alpha: B·A counts alpha / rank.
        dropout: share of A's inputs that are set to 0 in training.
    """


class DoraUpdate(Update):
    """Turns and stretches the rows of one weight; parts are "a" [rank, in], "b" [out, rank] and "m" [out]."""

    def __init__(self, settings: DoraConfig, parts: Mapping[str, Array]) -> None:
        super().__init__(settings, parts)
        self._scaling = settings.scaling
        self._x: Array | None = None

    def delta(self, start: int, rows: Array, out: Array) -> None:
        """Write m ∘ V / ‖V‖ - W of some rows into `out`, with V = W + s·B·A."""
        import numpy as np

        b = self.parts["b"][start : start + len(rows)]
        np.matmul(b, self.parts["a"], out=out)
        out *= out.dtype.type(self._scaling)
        out += rows
        lengths = np.sqrt(np.einsum("ij,ij->i", out, out, dtype=np.float64))
        m = self.parts["m"][start : start + len(rows)]
        out *= (m / np.maximum(lengths, SHORTEST)).astype(out.dtype)[:, None]
        out -= rows

    def product(self, start: int, rows: Array, x: Array) -> Product:
        """Return g·(Wx + s·B(Ax)) - Wx; g = m / ‖V‖ from ‖w‖² + 2s·w·Aᵀb + s²·bᵀ(A·Aᵀ)b, so that V is never made."""
        import numpy as np

        if self._x is not x:
            self._wide_a = self.parts["a"].astype(np.float64)
            self._x, self._ax, self._gram = x, self._wide_a @ x, self._wide_a @ self._wide_a.T
        wide = rows.astype(np.float64)
        b = self._scaling * self.parts["b"][start : start + len(rows)].astype(np.float64)
        m = self.parts["m"][start : start + len(rows)].astype(np.float64)
        squares = np.einsum("ij,ij->i", wide, wide)
        mixed = np.einsum("ij,ij->i", wide @ self._wide_a.T, b)
        added = np.maximum(np.einsum("ij,ij->i", b @ self._gram, b), 0.0)
        lengths = np.maximum(np.sqrt(np.maximum(squares + 2 * mixed + added, 0.0)), SHORTEST)
        g = m / lengths
        plain = wide @ x
        values = g * (plain + b @ self._ax) - plain
        turned = (g - 1) ** 2 * squares + 2 * (g - 1) * g * mixed + g**2 * added
        base, update = np.sqrt(squares), np.linalg.norm(b, axis=1) * np.sqrt(np.trace(self._gram))
        # V costs what LoRA's sum does. That error turns each row and, through its length, stretches it as much again;
        # then come five roundings: of the length, of m / ‖V‖, of the row times that, as W is taken off, and added.
        cost = np.abs(g) * 2 * ((len(self._gram) + 5) * update + base) + 5 * (np.abs(m) + base)
        return Product(values, np.sqrt(np.maximum(turned, 0.0)), cost)


class DoraPeft(LoraPeft):
    """DoRA at PEFT: LoRA with `use_dora`, and one vector more.

    PEFT calls the vector `lora_magnitude_vector.weight` in memory and leaves `.weight` out in its files.
    """

    parts = {**LoraPeft.parts, "m": "lora_magnitude_vector"}

    def recognises(self, config: Mapping[str, Any]) -> bool:
        """Tell DoRA from LoRA."""
        return bool(config.get("use_dora"))

    def config(self, settings: LoraConfig, modules: Mapping[str, str], layers: Sequence[int]) -> dict[str, Any]:
        """Return the entries of PEFT's LoraConfig."""
        return {**super().config(settings, modules, layers), "use_dora": True}

    def settings(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return rank and alpha, as of a LoRA."""
        return super().settings({**config, "use_dora": False})


class Dora(RankedMethod[DoraConfig]):
    """DoRA by cells of the kit's own."""

    title = "DoRA"
    idea = {
        "en": "beside each weight matrix W of the targeted layers stand a product of two small matrices,\n"
        "A [rank × in] and B [out × rank], and the length m of each row of their sum; only A, B and m are trained",
        "zh": "在目标层的每个权重矩阵 W 旁增加小矩阵 A [rank × in]、B [out × rank]\n与每行的长度 m，只训练 A、B 和 m",
    }
    formula = "W' = m ∘ (W + (alpha / rank) · B · A) / ‖W + (alpha / rank) · B · A‖"
    settings = DoraConfig
    cells = "dora"
    noun, change = "group of A, B and m", "change of direction and length"
    parts = {"a": "mindpet_delta_lora_a", "b": "mindpet_delta_lora_b", "m": "lora_magnitude_vector"}
    peft = DoraPeft()

    def part_shapes(self, settings: DoraConfig, out: int, into: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of A, B and the lengths."""
        return {"a": (settings.rank, into), "b": (out, settings.rank), "m": (out,)}

    def update(self, settings: DoraConfig, parts: Mapping[str, Array]) -> DoraUpdate:
        """Return the update of one weight."""
        return DoraUpdate(settings, parts)


METHOD = Dora()
