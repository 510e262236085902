"""IA3 in MindFormers' Llama: a linear layer whose outputs are scaled, and the model class that puts it in place."""

from __future__ import annotations

import re
from typing import Any

import mindspore
from mindformers import LlamaForCausalLM
from mindformers.modules.layers import Linear
from mindformers.tools.register import MindFormerModuleType, MindFormerRegister
from mindspore import Parameter, ops


class Ia3Linear(Linear):
    def __init__(self, plain: Any) -> None:
        super().__init__(
            plain.in_channels, plain.out_channels, has_bias=plain.has_bias, compute_dtype=plain.dtype,
            param_init_type=plain.weight.dtype,
        )  # fmt: skip
        self.weight = plain.weight
        if plain.has_bias:
            self.bias = plain.bias
        self.ia3_l = Parameter(ops.ones(plain.out_channels, mindspore.float32), name="ia3_l")

    def construct(self, x: Any, group_list: Any = None) -> Any:
        return super().construct(x, group_list) * self.ia3_l.astype(x.dtype)


@MindFormerRegister.register(MindFormerModuleType.MODELS)
class Ia3Llama(LlamaForCausalLM):
    def __init__(self, config: Any) -> None:
        # By its name: MindFormers looks there for disable_lazy_inline.
        super().__init__(config=config)
        chosen = re.compile(config.ia3_target_modules)
        for number, layer in enumerate(self.model.layers):
            for block in ("attention", "feed_forward"):
                cell = getattr(layer, block)
                for leaf in [name for name in cell.name_cells() if chosen.match(name)]:
                    setattr(cell, leaf, Ia3Linear(getattr(cell, leaf)))
                    # MindSpore prefixes what is put into a cell by its name there alone.
                    for own, parameter in getattr(cell, leaf).parameters_dict(recurse=False).items():
                        parameter.name = f"model.layers.{number}.{block}.{leaf}.{own.rpartition('.')[2]}"
        for parameter in self.get_parameters():
            parameter.requires_grad = parameter.name.endswith(".ia3_l")
