"""Rows of training data: their columns, and how the records of one row are told apart where several share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.text.prompt_tokens import has_bos

if TYPE_CHECKING:
    from core.schema import RunConfig
    from core.text.prompts import Prompt

COLUMNS = ("input_ids", "labels")
# The number of each token's record in its row, from 1; 0 is padding.
SEGMENTS = "segments"


def prompts_by_task(config: RunConfig) -> dict[str, Prompt]:
    """Return the prompt of each task that training records may be of."""
    return {
        "squad": config.squad_prompt,
        "instruction": config.instruction_prompt or config.prompt,
        config.task: config.prompt,
    }


def trained_prompts(config: RunConfig) -> dict[str, Prompt]:
    """Return the prompt of each task that training records of these settings are of."""
    return prompts_by_task(config) if config.data.retention_records else {config.task: config.prompt}


def begin_with_bos(config: RunConfig) -> bool:
    """Tell whether each training record begins with BOS, which then shows where it begins.

    Not so where a prompt goes without BOS, where its chat template writes the marks, or where the model's BOS is what
    also ends an answer or fills rows up. Whether BOS can occur within a record too, the tokenizer tells at conversion.
    """
    model = config.model
    own = model.bos_token_id not in (model.eos_token_id, model.pad_token_id)
    return own and all(map(has_bos, trained_prompts(config).values()))


def planned_columns(config: RunConfig) -> tuple[str, ...]:
    """Return the columns that rows will have, as far as it can be told before they are converted."""
    return columns(config.data.packing and not begin_with_bos(config))


def columns(segments: bool) -> tuple[str, ...]:
    """Return the columns of rows, in the order in which MindFormers' network takes them."""
    return (*COLUMNS, SEGMENTS) if segments else COLUMNS
