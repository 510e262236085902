"""The engine of NPUs: MindFormers' own generation, one worker an NPU."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.schema import RunConfig
from core.text.tokenizers import Tokenizer
from inference.engines import LocalEngine, LocalEngineKind


class AscendKind(LocalEngineKind):
    """One process where the machine has one NPU, else a pool of workers under msrun that share the questions."""

    label = "mindformers_ascend"
    device = "Ascend"

    def build(self, config: RunConfig, checkpoint: Path, tokenizer: Tokenizer, folder: Path) -> LocalEngine:
        """See `LocalEngineKind.build`."""
        from inference.ascend.engine import AscendEngine, ascend_settings, check_devices

        check_devices(config.machine.workers)
        if config.machine.workers == 1:
            return AscendEngine(ascend_settings(config), checkpoint, tokenizer, config.model.max_length)
        from inference.ascend.pool import WorkerPool

        return WorkerPool(config, checkpoint, tokenizer, folder)

    def plan(self, config: RunConfig, scoring: bool) -> Mapping[str, Any]:
        """Return the msrun command, where there is one, and the settings of MindFormers' LlamaConfig."""
        from inference.ascend.engine import ascend_settings, loglikelihood_settings
        from inference.ascend.pool import command

        settings = ascend_settings(config)
        started = {"command": " ".join(command(config, Path("FOLDER")))} if config.machine.workers > 1 else {}
        return {**started, "llama_config": loglikelihood_settings(settings) if scoring else settings}


ENGINE = AscendKind()
