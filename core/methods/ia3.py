"""IA3: a trained vector scales the outputs or the inputs of a layer, W' = diag(l)·W or W·diag(l).

https://arxiv.org/abs/2205.05638, section 3.3: keys and values are scaled as they come out, the inner width of the
feed-forward block as it goes into w2. A bias is scaled with the outputs that it is part of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.errors import InputError
from core.methods import Change, Product, Update
from core.methods.linear import LinearConfig, LinearMethod, TargetModules
from core.methods.peft_form import PeftForm, refuse_others
from core.methods.targets import chooses

if TYPE_CHECKING:
    import numpy.typing as npt

    from core.models import Family

    Array = npt.NDArray[Any]


class Ia3Config(LinearConfig):
    """IA3: a trained vector scales the outputs of a layer, or its inputs.

    Attributes:
        target_modules: regular expression of the layers that are scaled, matched (re.match) with a linear layer's own
            name: wq, wk, wv, wo, w1, w2, w3.
        feedforward_modules: regular expression of those of them that are scaled at their inputs; null for none.
    """

    target_modules: TargetModules = ".*wk|.*wv|.*w2"
    feedforward_modules: TargetModules | None = ".*w2"


class Ia3Update(Update):
    """Scales rows by "l" or "l_biased" [out], or columns by "l_in" [in]."""

    def delta(self, start: int, rows: Array, out: Array) -> None:
        """Write (l - 1) times the rows, or times their columns, into `out`."""
        import numpy as np

        np.multiply(rows, self._less_one(start, len(rows)), out=out)

    def product(self, start: int, rows: Array, x: Array) -> Product:
        """Return l times (Wx) less Wx, or W(lx - x): scaled after the sum or before it, the other way than `delta`."""
        import numpy as np

        wide = rows.astype(np.float64)
        scales = self._less_one(start, len(rows)).astype(np.float64)
        if "l_in" in self.parts:
            values, norms = wide @ (scales * x), np.sqrt(np.square(wide) @ np.square(scales))
        else:
            values, norms = scales[:, 0] * (wide @ x), np.abs(scales[:, 0]) * np.linalg.norm(wide, axis=1)
        # l - 1 is exact for an l near 1 and one rounding otherwise, the product one, and one as it is added.
        return Product(values, norms, 3 * norms)

    def _less_one(self, start: int, count: int) -> Array:
        """Return l - 1, as a column for rows and as it is for columns."""
        (values,) = self.parts.values()
        less: Array = values - values.dtype.type(1)
        return less if "l_in" in self.parts else less[start : start + count, None]


class Ia3Peft(PeftForm[Ia3Config]):
    """IA3 at PEFT: one vector a layer, a column beside outputs and a row beside inputs."""

    kind = "IA3"
    parts = {"l": "ia3_l", "l_biased": "ia3_l", "l_in": "ia3_l"}

    def config(self, settings: Ia3Config, modules: Mapping[str, str], layers: Sequence[int]) -> dict[str, Any]:
        """Return the entries of PEFT's IA3Config."""
        return {
            "target_modules": list(modules),
            "feedforward_modules": [name for name, leaf in modules.items() if _at_inputs(settings, leaf)],
            "fan_in_fan_out": False,
            "init_ia3_weights": True,
            "modules_to_save": None,
        }

    def settings(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return which modules are scaled at their inputs, by Hugging Face's names."""
        refuse_others(config, ("feedforward_modules", "init_ia3_weights"), "an IA3")
        named = config.get("feedforward_modules") or []
        if not isinstance(named, list):
            raise InputError(f"feedforward_modules is {str(named)[:80]!r}; only a list of names is read")
        return {"feedforward_modules": [str(name) for name in named]}

    def placed(self, settings: dict[str, Any], leaves: Mapping[str, str]) -> dict[str, Any]:
        """Return an expression for the modules that are scaled at their inputs."""
        last = [str(name).rpartition(".")[2] for name in settings["feedforward_modules"]]
        chosen = [f".*{leaf}" for name, leaf in leaves.items() if name in last]
        return {"feedforward_modules": "|".join(chosen) or None}

    def shape(self, role: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return a column for outputs, a row for inputs."""
        return (1, *shape) if role == "l_in" else (*shape, 1)


class Ia3(LinearMethod[Ia3Config]):
    """IA3 by cells of the kit's own."""

    title = "IA3"
    idea = {
        "en": "a trained vector scales the outputs of each targeted layer, or its inputs in the feed-forward block;\n"
        "only the vectors are trained",
        "zh": "用可训练向量逐元素缩放目标层的输出\n（前馈层缩放输入），只训练这些向量",
    }
    formula = "W' = diag(l) · W, or W · diag(l)"
    settings = Ia3Config
    cells = "ia3"
    noun, piece, change = "vector", "vector", "scale less one"
    parts = {"l": "ia3_l", "l_biased": "ia3_l_biased", "l_in": "ia3_l_in"}
    peft = Ia3Peft()

    def part_shapes(self, settings: Ia3Config, out: int, into: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of the vector of a layer that is scaled at its outputs and has no bias."""
        return {"l": (out,)}

    def layer_shapes(
        self, settings: Ia3Config, layer: str, out: int, into: int, biased: bool
    ) -> dict[str, tuple[int, ...]]:
        """Return the shape of a layer's vector, by what it scales: inputs, outputs, or outputs with a bias in them."""
        if _at_inputs(settings, layer.rpartition(".")[2]):
            return {"l_in": (into,)}
        return {"l_biased" if biased else "l": (out,)}

    def targets(self, settings: Ia3Config, family: Family, names: Iterable[str]) -> list[str]:
        """Return the weights of the layers chosen, and the biases that are scaled with their outputs."""
        listed = list(names)
        weights = super().targets(settings, family, listed)
        layers = [weight.removesuffix(".weight") for weight in weights]
        biases = {f"{one}.bias" for one in layers if not _at_inputs(settings, one.rpartition(".")[2])}
        return [name for name in listed if name in biases or name in weights]

    def changes(self, settings: Ia3Config, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Change]:
        """Match each vector with its weight, and with its bias where that is scaled too; InputError as `Method`."""
        found = {}
        for weight, change in super().changes(settings, shapes).items():
            found[weight] = change
            if "l_biased" in change.parts:
                bias = f"{weight.removesuffix('.weight')}.bias"
                found[bias] = Change(bias, change.parts, change.shape[:1])
        return found

    def update(self, settings: Ia3Config, parts: Mapping[str, Array]) -> Ia3Update:
        """Return the scaling of one weight or bias."""
        return Ia3Update(settings, parts)

    def size(self, settings: Ia3Config) -> str:
        """Return what is scaled, in words."""
        return f"vectors on {settings.target_modules}"


def _at_inputs(settings: Ia3Config, leaf: str) -> bool:
    return settings.feedforward_modules is not None and chooses(settings.feedforward_modules, leaf)


METHOD = Ia3()
