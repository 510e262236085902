"""VeRA: one pair of random matrices for all layers, and two trained vectors in each, W' = W + diag(b)·B·diag(d)·A.

https://arxiv.org/abs/2310.11454, section 3. A [rank, widest in] and B [widest out, rank] are drawn from a seed and
stay; a layer of smaller size uses the first columns of A and the first rows of B, as PEFT does. The adapter holds them,
so that merging does not depend on how random numbers are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from core.errors import InputError
from core.methods import Change, Product, Update
from core.methods.linear import LinearConfig, LinearMethod, TargetModules
from core.methods.peft_form import PeftForm, refuse_others

if TYPE_CHECKING:
    import numpy.typing as npt

    from core.models import ModelShape

    Array = npt.NDArray[Any]

# Names of A and B in an adapter and in the network.
SHARED = ("model.vera_a", "model.vera_b")
_MAX_RANK = 1 << 20


class VeraConfig(LinearConfig):
    """VeRA: one pair of random matrices for all layers, and two trained vectors in each.

    Attributes:
        rank: length of d: rows of A, columns of B. It costs little here, so it is larger than a LoRA's.
        target_modules: regular expression of the layers that are adapted, matched (re.match) with a linear layer's own
            name: wq, wk, wv, wo, w1, w2, w3.
        d_initial: what every entry of d begins as; b begins as zero.
        seed: A and B are drawn from it.
        dropout: share of A's inputs that are set to 0 in training.
    """

    rank: int = Field(ge=1, le=_MAX_RANK, strict=True)
    target_modules: TargetModules
    d_initial: float = Field(default=0.1, allow_inf_nan=False)
    seed: int = Field(default=0, ge=0)
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)


def projections(settings: VeraConfig, shapes: Sequence[tuple[int, int]]) -> tuple[Array, Array]:
    """Draw A [rank, widest in] and B [widest out, rank] for weights [out, in], float32.

    Both are uniform between ±sqrt(6 / columns), Kaiming's distribution for rectified units, as the paper has it. The
    numbers come from Philox's generator, whose stream is the same on every machine.
    """
    import numpy as np

    out, into = (max(sizes) for sizes in zip(*shapes, strict=True))
    random = np.random.Generator(np.random.Philox(settings.seed))
    a, b = (
        ((2 * random.random(shape, np.float32) - 1) * np.float32(math.sqrt(6 / shape[1]))).astype(np.float32)
        for shape in ((settings.rank, into), (out, settings.rank))
    )
    return a, b


class VeraUpdate(Update):
    """Adds diag(b)·B·diag(d)·A to one weight; parts are "d" [rank], "b" [out], "A" and "B"."""

    def __init__(self, settings: VeraConfig, parts: Mapping[str, Array]) -> None:
        super().__init__(settings, parts)
        self._x: Array | None = None

    def delta(self, start: int, rows: Array, out: Array) -> None:
        """Write b·(B·diag(d)·A) of some rows into `out`."""
        import numpy as np

        end = start + len(rows)
        np.matmul(self.parts["B"][start:end] * self.parts["d"], self._columns(rows), out=out)
        out *= self.parts["b"][start:end, None]

    def product(self, start: int, rows: Array, x: Array) -> Product:
        """Return b·(B(d·(Ax))): thin products instead of a matrix."""
        import numpy as np

        d = self.parts["d"].astype(np.float64)
        if self._x is not x:
            wide_a = d[:, None] * self._columns(rows).astype(np.float64)
            self._x, self._ax, self._a_norm = x, wide_a @ x, float(np.linalg.norm(wide_a))
        end = start + len(rows)
        scaled = self.parts["b"][start:end, None].astype(np.float64) * self.parts["B"][start:end].astype(np.float64)
        norms = np.linalg.norm(scaled, axis=1) * self._a_norm
        # A sum of `rank` products of numbers that are a rounding each, times b; and one as it is added.
        return Product(scaled @ self._ax, norms, (len(d) + 6) * norms)

    def _columns(self, rows: Array) -> Array:
        """Return the columns of A that this weight uses."""
        into, widest = rows.shape[1], self.parts["A"].shape[1]
        if into > widest:
            raise InputError(
                f"{SHARED[0]} has {widest} columns, too few for a weight of {into}: another base's adapter"
            )
        columns: Array = self.parts["A"][:, :into]
        return columns


class VeraPeft(PeftForm[VeraConfig]):
    """VeRA at PEFT, with A and B in the file.

    PEFT (0.17 at least) asks for `base_model.vera_A` when it loads, and then takes `base_model.vera_A.default` alone;
    without that, it goes on with other random numbers and says nothing. So both names are written.
    """

    kind = "VERA"
    parts = {"d": "vera_lambda_d", "b": "vera_lambda_b"}
    shared = {"A": "base_model.vera_A", "B": "base_model.vera_B"}
    copies = ("", ".default")

    def config(self, settings: VeraConfig, modules: Mapping[str, str], layers: Sequence[int]) -> dict[str, Any]:
        """Return the entries of PEFT's VeraConfig."""
        return {
            "r": settings.rank,
            "target_modules": list(modules),
            # Given always: `target_modules` alone would name layers that an expression of the kit can leave out.
            "layers_to_transform": list(layers),
            # Not the key that A and B are from: PEFT draws other numbers from the same key, and reads the file's.
            "projection_prng_key": settings.seed,
            "save_projection": True,
            "vera_dropout": 0.0,
            "d_initial": settings.d_initial,
            "bias": "none",
            "fan_in_fan_out": False,
            "init_weights": True,
            "modules_to_save": None,
        }

    def settings(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return rank, seed and what d began as."""
        rank = config.get("r")
        if type(rank) is not int or not 1 <= rank <= _MAX_RANK:
            raise InputError(f"r is {str(rank)[:40]!r}; it has to be a whole number from 1 to {_MAX_RANK}")
        if config.get("save_projection", True) is not True:
            raise InputError(
                "save_projection is off: A and B are not in the file and follow from PyTorch's random numbers alone; "
                "save the adapter with save_projection=True"
            )
        seed, d_initial = config.get("projection_prng_key", 0), config.get("d_initial", 0.1)
        if type(seed) is not int or seed < 0:
            raise InputError(f"projection_prng_key is {str(seed)[:40]!r}; it has to be a whole number of at least 0")
        if isinstance(d_initial, bool) or not isinstance(d_initial, int | float) or not math.isfinite(d_initial):
            raise InputError(f"d_initial is {str(d_initial)[:40]!r}; it has to be a number")
        read = ("r", "save_projection", "projection_prng_key", "d_initial", "vera_dropout", "init_weights")
        refuse_others(config, read, "a VeRA")
        return {"rank": rank, "seed": seed, "d_initial": float(d_initial)}


class Vera(LinearMethod[VeraConfig]):
    """VeRA by cells of the kit's own."""

    title = "VeRA"
    idea = {
        "en": "all targeted layers share two random matrices A and B that stay as they are; in each layer\n"
        "a vector d [rank] between them and a vector b [out] behind them are trained",
        "zh": "所有目标层共用两个固定的随机矩阵 A 与 B，\n每层只训练两个向量 d [rank] 与 b [out]",
    }
    formula = "W' = W + diag(b) · B · diag(d) · A"
    settings = VeraConfig
    cells = "vera"
    noun, piece, change = "pair of vectors", "vector", "diag(b) B diag(d) A"
    parts = {"d": "vera_lambda_d", "b": "vera_lambda_b"}
    shared = dict(zip(("A", "B"), SHARED, strict=True))
    peft = VeraPeft()

    def part_shapes(self, settings: VeraConfig, out: int, into: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of d, b, and of A and B for this weight alone."""
        rank = settings.rank
        return {"d": (rank,), "b": (out,), "A": (rank, into), "B": (out, rank)}

    def layer_shapes(
        self, settings: VeraConfig, layer: str, out: int, into: int, biased: bool
    ) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the two vectors that are the layer's own."""
        return {"d": (settings.rank,), "b": (out,)}

    def tensors(self, settings: VeraConfig, model: ModelShape) -> dict[str, tuple[int, ...]]:
        """Return name -> shape of A, B and the vectors of all layers chosen; InputError where that is none."""
        own = super().tensors(settings, model)
        chosen = self.linears(settings, model).values()
        out, into = (max(sizes) for sizes in zip(*chosen, strict=True))
        a, b = SHARED
        return {a: (settings.rank, into), b: (out, settings.rank), **own}

    def trains(self, settings: VeraConfig, name: str) -> bool:
        """Tell the vectors from A and B."""
        return name not in SHARED

    def owns(self, name: str) -> bool:
        """Tell whether the name is that of A, B or a vector, here or at PEFT."""
        return super().owns(name) or ".vera_" in f".{name}"

    def changes(self, settings: VeraConfig, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Change]:
        """Match the vectors of each layer, with A and B in each change; InputError as `Method.changes`."""
        for name, shape, side in zip(
            SHARED, ((settings.rank, None), (None, settings.rank)), ("in", "out"), strict=True
        ):
            has = shapes.get(name)
            if has is None:
                raise InputError(f"{name!r} is missing; all layers of a {self.title} use it")
            if len(has) != 2 or any(wanted not in (None, length) for wanted, length in zip(shape, has, strict=True)):
                needed = ", ".join(side if length is None else str(length) for length in shape)
                raise InputError(f"{name!r} has shape {has}; {self.size(settings)} needs [{needed}]")
        own = {name: shape for name, shape in shapes.items() if name not in SHARED}
        found = super().changes(settings, own)
        most = shapes[SHARED[1]][0]
        for weight, change in found.items():
            if change.shape[0] is not None and change.shape[0] > most:
                raise InputError(f"{SHARED[1]!r} has {most} rows, too few for the {change.shape[0]} of {weight}")
        return {
            weight: Change(weight, {**change.parts, **self.shared}, change.shape) for weight, change in found.items()
        }

    def update(self, settings: VeraConfig, parts: Mapping[str, Array]) -> VeraUpdate:
        """Return the update of one weight."""
        return VeraUpdate(settings, parts)

    def size(self, settings: VeraConfig) -> str:
        """Return the rank, in words."""
        return f"rank {settings.rank}"


METHOD = Vera()
