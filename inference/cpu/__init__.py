"""The engine of the CPU: MindFormers' Llama weights, decoded with a key/value cache of the kit's own."""

from __future__ import annotations

import weakref
from contextlib import ExitStack
from pathlib import Path

from backend.host import room
from core.models import total_parameters
from core.schema import RunConfig
from core.text.tokenizers import Tokenizer
from inference.engines import LocalEngine, LocalEngineKind

# Bytes of memory besides the model, measured with the practice model.
_MINDSPORE = 700_000_000


class CpuKind(LocalEngineKind):
    """One process that computes in float32."""

    label = "mindspore_cpu"
    device = "CPU"

    def build(self, config: RunConfig, checkpoint: Path, tokenizer: Tokenizer, folder: Path) -> LocalEngine:
        """See `LocalEngineKind.build`."""
        from inference.cpu.engine import CpuEngine

        model = config.model
        turn = ExitStack()
        started = turn.enter_context(room(_MINDSPORE + 3 * 4 * total_parameters(model), "evaluation"))
        try:
            engine = CpuEngine(model.model_dump(), checkpoint, tokenizer, config.eval.batch_size, model.max_length)
        except BaseException:
            turn.close()
            raise
        started()
        weakref.finalize(engine, turn.close)
        return engine


ENGINE = CpuKind()
