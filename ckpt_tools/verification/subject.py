"""What `verify` compares of a run: its base, adapters and merged files, its model, and prompts that it really asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.model_config import llama_config
from core.config import kit_path, run_tokenizer
from core.errors import InputError
from core.files import read_json
from core.run_folder import RunFolder
from core.schema import RunConfig
from core.step_names import step_name
from core.text.prompt_tokens import prompt_ids
from core.text.prompts import Prompt, render
from core.text.records import read_records
from core.text.tokenizers import Tokenizer


@dataclass(frozen=True)
class Subject:
    """What is compared.

    Attributes:
        base: the base model's checkpoint.
        merges: step -> (adapter folder, merged checkpoint), in the order of the steps.
        config: arguments of `LlamaConfig`, for rows as long as the longest prompt.
        prompts: token ids.
    """

    base: Path
    merges: dict[int, tuple[Path, Path]]
    config: dict[str, Any]
    prompts: list[list[int]]


def subject_of(run: RunFolder, steps: Sequence[int] | None, questions: int) -> Subject:
    """Find in a run what there is to compare.

    Args:
        run: the run folder.
        steps: the steps asked for; None for all that are merged.
        questions: how many of the retention and how many of the test questions are put.

    Raises:
        InputError: nothing is merged, a step is not, no questions, or none that fits the model.
    """
    config = run.config()
    merges = _merges(run, steps)
    prompts = _prompts(run, config, questions)
    settings = llama_config(config.model, max(map(len, prompts)), config.machine)
    del settings["type"]
    return Subject(kit_path(config.model.checkpoint), merges, settings, prompts)


def _merges(run: RunFolder, steps: Sequence[int] | None) -> dict[int, tuple[Path, Path]]:
    """Find the merged checkpoints by their manifests."""
    found: dict[int, tuple[Path, Path]] = {}
    for manifest in run.checkpoints.glob("step_*.json"):
        content = read_json(manifest)
        try:
            step, name = int(content["step"]), str(content["file"])
        except (TypeError, KeyError, ValueError) as error:
            raise InputError(f"{manifest}: is not the manifest of a merge; merge again") from error
        found[step] = run.train / "adapters" / step_name(step), run.checkpoints / name
    if not found:
        raise InputError(f"{run.checkpoints}: holds no merged checkpoint yet; merge first (ckpt_tools/merge.py)")
    missing = sorted(set(steps or ()) - set(found))
    if missing:
        known = ", ".join(map(str, sorted(found)))
        raise InputError(f"{run.checkpoints}: step {missing[0]} is not merged there (merged are {known})")
    return {step: found[step] for step in sorted(set(steps or found))}


def _prompts(run: RunFolder, config: RunConfig, questions: int) -> list[list[int]]:
    """Return prompts of the run's own questions as it tokenises them, spread over each file."""
    if questions < 1:
        raise InputError(f"--questions {questions}: at least 1 is needed")
    model = config.model
    tokenizer = run_tokenizer(config)
    prompts: list[list[int]] = []
    for name, prompt in (("squad", config.squad_prompt), ("test", config.prompt)):
        path = run.data / f"{name}.jsonl"
        prompts += _spread(_fitting(path, prompt, tokenizer, model.max_length), questions)
    return prompts


def _fitting(path: Path, prompt: Prompt, tokenizer: Tokenizer, longest: int) -> list[list[int]]:
    tokens = [prompt_ids(prompt, render(prompt, record), tokenizer) for record in read_records(path)]
    fitting = [ids for ids in tokens if len(ids) <= longest]
    if not fitting:
        raise InputError(f"{path}: none of {len(tokens)} questions is at most {longest} tokens long (model.max_length)")
    return fitting


def _spread(items: Sequence[list[int]], count: int) -> list[list[int]]:
    """Return so many of the items, evenly spaced; all where there are fewer."""
    count = min(count, len(items))
    return [items[number * len(items) // count] for number in range(count)]
