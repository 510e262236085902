"""IA3: a trained vector scales the outputs of a layer, W' = diag(l)·W (https://arxiv.org/abs/2205.05638).

A method that the kit does not ship, as a plug-in of the tests: it differs from LoRA in all that a method can differ in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import InputError
from core.methods import MethodConfig, Update
from core.methods.linear import LinearMethod, TargetModules
from core.methods.peft_form import PeftForm


class Ia3Config(MethodConfig):
    target_modules: TargetModules


class Ia3Update(Update):
    def delta(self, start: int, rows: Any, out: Any) -> None:
        scales = self.parts["l"][start : start + len(rows)]
        out[:] = (scales - 1)[:, None] * rows


class Ia3Peft(PeftForm[Ia3Config]):
    kind = "IA3"
    parts = {"l": "ia3_l"}

    def config(self, settings: Ia3Config, modules: Sequence[str], layers: Sequence[int]) -> dict[str, Any]:
        return {"target_modules": list(modules), "feedforward_modules": [], "fan_in_fan_out": False}

    def settings(self, config: Mapping[str, Any]) -> dict[str, Any]:
        if config.get("feedforward_modules"):
            raise InputError("feedforward_modules are scaled at their inputs, which this method cannot express")
        return {}

    def shape(self, role: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape, 1)


class Ia3(LinearMethod[Ia3Config]):
    title = "IA3"
    idea = {
        "en": "a trained vector l scales the outputs of each targeted layer",
        "zh": "用可训练向量 l 缩放目标层的输出",
    }
    formula = "W' = diag(l) · W"
    settings = Ia3Config
    cells = "ia3"
    noun, change = "vector", "scale less one"
    parts = {"l": "ia3_l"}
    peft = Ia3Peft()

    def part_shapes(self, settings: Ia3Config, out: int, into: int) -> dict[str, tuple[int, ...]]:
        return {"l": (out,)}

    def update(self, settings: Ia3Config, parts: Mapping[str, Any]) -> Ia3Update:
        return Ia3Update(settings, parts)

    def trainer(self, settings: Ia3Config, composed: Mapping[str, Any]) -> dict[str, Any]:
        # On the CPU several workers cannot train a network that MindSpore inlines lazily.
        own = {"ia3_target_modules": settings.target_modules, "disable_lazy_inline": True}
        return {"model": {"arch": {"type": "Ia3Llama"}, "model_config": own}}

    def size(self, settings: Ia3Config) -> str:
        return f"vectors on {settings.target_modules}"


METHOD = Ia3()
