"""The engine of the CPU: MindFormers' Llama weights, decoded with a key/value cache of the kit's own."""

from __future__ import annotations

from pathlib import Path

from core.schema import RunConfig
from core.text.tokenizers import Tokenizer
from inference.engines import LocalEngine, LocalEngineKind


class CpuKind(LocalEngineKind):
    """One process that computes in float32."""

    label = "mindspore_cpu"
    device = "CPU"

    def build(self, config: RunConfig, checkpoint: Path, tokenizer: Tokenizer, folder: Path) -> LocalEngine:
        """See `LocalEngineKind.build`."""
        from inference.cpu.engine import CpuEngine

        model = config.model
        return CpuEngine(model.model_dump(), checkpoint, tokenizer, config.eval.batch_size, model.max_length)


ENGINE = CpuKind()
