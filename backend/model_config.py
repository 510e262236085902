"""The settings with which MindFormers builds a base model. Plain data."""

from __future__ import annotations

from typing import Any

from backend.versions import version
from core.schema import MachineConfig, ModelConfig


def llama_config(model: ModelConfig, seq_length: int, machine: MachineConfig) -> dict[str, Any]:
    """Return the configuration of a base model as the MindFormers installed calls it, with the key `type`."""
    return version().model_config(model, seq_length, machine)
