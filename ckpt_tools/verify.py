"""Prove a merged checkpoint by MindFormers' own model: base + adapter and the merged file give the same logits.

Both are loaded strictly into `LlamaForCausalLM` on the CPU in float32: no name missing, none unexpected, no shape
differing. MindSpore is imported when the comparison starts.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
import numpy as np

from ckpt_tools.adapter import AdapterInfo, open_adapter
from ckpt_tools.layout import Array, TensorFile
from ckpt_tools.sharded import fingerprint
from ckpt_tools.tensors import open_tensors
from core.errors import GateError, InputError, run_command
from core.files import read_json

TOLERANCES = {"float32": 1e-4, "float16": 2e-2, "bfloat16": 1e-1}
# What the CPU back end can run; whatever the configuration says of these would stop it or change the comparison.
_ON_CPU: dict[str, Any] = {
    "use_rope_slice": True,
    "use_flash_attention": False,
    "fused_rms_norm": False,
    "use_past": False,
    "qkv_concat": False,
    "compute_dtype": "float32",
    "param_init_type": "float32",
    "layernorm_compute_type": "float32",
    "softmax_compute_type": "float32",
    "rotary_dtype": "float32",
    "residual_dtype": "float32",
    "checkpoint_name_or_path": "",
    "batch_size": 1,
}


def verify(
    base: Path,
    adapter: Path,
    merged: Path,
    config: Mapping[str, Any],
    prompts: Sequence[Sequence[int]],
    tolerance: float | None = None,
) -> dict[str, Any]:
    """Compare the logits of base + adapter with those of the merged checkpoint.

    Args:
        base: the base model's checkpoint.
        adapter: the adapter folder.
        merged: the merged checkpoint.
        config: keyword arguments of MindFormers' `LlamaConfig`; what the CPU needs is set over them.
        prompts: token ids, one list a prompt, each at most `seq_length` long.
        tolerance: largest difference allowed, as a share of the largest logit; by the merged file's widest rounding
            (`TOLERANCES`) where None.

    Returns:
        {"prompts", "tokens", "max_difference", "max_logit", "relative", "tolerance", "same_next_token" (share of
        positions whose most probable token is the same), "base_difference" (largest difference between the base alone
        and the merged model: how much the adapter does), "passed": True}.

    Raises:
        InputError: files that do not fit the model or each other, or token ids that do not fit the configuration.
        GateError: the logits differ by more than the tolerance.
    """
    rows = _padded(prompts, config)
    with open_tensors(base) as base_file, open_tensors(merged) as merged_file, open_adapter(adapter) as opened:
        if opened.info.base_sha256 != fingerprint(base):
            raise InputError(f"{adapter}: was trained on another base than {base}; give the base it was trained on")
        if tolerance is None:
            tolerance = max(TOLERANCES.get(info.dtype, 0.0) for info in merged_file.infos())
        network = _network(config)
        for tensors in (base_file, merged_file):
            _refuse_misfit(network, {info.name: info.shape for info in tensors.infos()}, str(tensors.path))
        alone = _logits(network, _values(base_file), rows)
        folded = _logits(network, _values(merged_file), rows)
        values = _values(base_file) | {name: _float32(opened.tensors.read(name)) for name in opened.tensors}
        network = _with_adapter(network, opened.info)
        _refuse_misfit(network, {name: array.shape for name, array in values.items()}, f"{base} + {adapter}")
        adapted = _logits(network, values, rows)
        del values, network
    kept = np.concatenate([np.arange(len(prompt)) + number * rows.shape[1] for number, prompt in enumerate(prompts)])
    alone, adapted, folded = (logits.reshape(-1, logits.shape[-1])[kept] for logits in (alone, adapted, folded))
    difference, largest = float(np.abs(adapted - folded).max()), float(np.abs(adapted).max())
    result = {
        "prompts": len(prompts),
        "tokens": len(kept),
        "max_difference": difference,
        "max_logit": largest,
        "relative": difference / largest if largest else difference,
        "tolerance": tolerance,
        "same_next_token": float((adapted.argmax(-1) == folded.argmax(-1)).mean()),
        "base_difference": float(np.abs(alone - folded).max()),
        "passed": True,
    }
    if not result["relative"] <= tolerance:
        raise GateError(
            f"{merged}: its logits differ from those of {base} + {adapter} by {result['relative']:.3g} of the largest "
            f"(allowed {tolerance:.3g}); merge it again"
        )
    return result


def _padded(prompts: Sequence[Sequence[int]], config: Mapping[str, Any]) -> Array:
    """Return the prompts as rows [prompts, seq_length] of int32, padded at the end."""
    length, vocabulary = config.get("seq_length"), config.get("vocab_size")
    if type(length) is not int or type(vocabulary) is not int:
        raise InputError("the model's configuration has to give seq_length and vocab_size")
    if not prompts:
        raise InputError("no prompt to compare logits on")
    # Causal attention: what stands after a prompt does not change its logits, so any token can fill the row.
    rows = np.zeros((len(prompts), length), dtype=np.int32)
    for number, prompt in enumerate(prompts, start=1):
        if not 1 <= len(prompt) <= length:
            raise InputError(
                f"prompt {number}: {len(prompt)} tokens; between 1 and {length} (seq_length) fit the model"
            )
        wrong = [token for token in prompt if type(token) is not int or not 0 <= token < vocabulary]
        if wrong:
            raise InputError(f"prompt {number}: {wrong[0]!r} is no token id of a vocabulary of {vocabulary}")
        rows[number - 1, : len(prompt)] = prompt
    return rows


def _values(tensors: TensorFile) -> dict[str, Array]:
    return {name: _float32(tensors.read(name)) for name in tensors}


def _float32(values: Array) -> Array:
    return values.astype(np.float32)


def _network(config: Mapping[str, Any]) -> Any:
    """Build MindFormers' Llama for the CPU."""
    if "LOCAL_DEFAULT_PATH" not in os.environ:
        # MindFormers writes its logs into ./output otherwise, wherever the command was called.
        scratch = os.environ["LOCAL_DEFAULT_PATH"] = tempfile.mkdtemp(prefix="mindformers-")
        atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    import mindspore
    from mindformers import LlamaConfig, LlamaForCausalLM

    mindspore.set_context(mode=mindspore.GRAPH_MODE, device_target="CPU")
    return LlamaForCausalLM(LlamaConfig(**{**config, **_ON_CPU}))


def _with_adapter(network: Any, info: AdapterInfo) -> Any:
    """Give the network LoRA layers, by MindFormers itself."""
    from mindformers.pet import get_pet_model

    settings = {"lora_rank": info.rank, "lora_alpha": info.alpha, "target_modules": info.targets}
    return get_pet_model(network, {"pet_type": "lora", "lora_dropout": 0.0, **settings})


def _logits(network: Any, values: Mapping[str, Array], rows: Array) -> Array:
    """Put `values` into the network and return its logits [prompts, seq_length, vocabulary]."""
    import mindspore

    for parameter in network.get_parameters():
        parameter.set_data(mindspore.Tensor(values[parameter.name]))
    network.set_train(False)
    logits = [network(mindspore.Tensor(row[None]))[0].asnumpy().astype(np.float32) for row in rows]
    return np.concatenate([row.reshape(1, rows.shape[1], -1) for row in logits])


def _refuse_misfit(network: Any, shapes: Mapping[str, tuple[int, ...]], what: str) -> None:
    """Raise InputError where names or shapes are not exactly those of the network."""
    wanted = {parameter.name: tuple(parameter.shape) for parameter in network.get_parameters()}
    missing, extra = sorted(set(wanted) - set(shapes)), sorted(set(shapes) - set(wanted))
    if missing or extra:
        kind, names = ("lacks", missing) if missing else ("has the unexpected", extra)
        raise InputError(f"{what}: {kind} {names[0]!r} ({len(names)} such names); it is no checkpoint of this model")
    for name, shape in wanted.items():
        if shapes[name] != shape:
            raise InputError(f"{what}: {name} has shape {shapes[name]}, the model's is {shape}")


def main(argv: Sequence[str]) -> int:
    """Compare, print the figures."""
    parser = argparse.ArgumentParser(
        prog="ckpt_tools/verify.py",
        description="Compare the logits of base + adapter with those of the merged file (MindFormers on the CPU).",
        epilog="example: python ckpt_tools/verify.py --base model.ckpt --adapter train/adapters/step_100 "
        "--merged checkpoints/step_100.ckpt --config llama.json --prompts tokens.json",
    )
    parser.add_argument("--base", type=Path, required=True, help="the base model's checkpoint")
    parser.add_argument("--adapter", type=Path, required=True, help="the adapter folder")
    parser.add_argument("--merged", type=Path, required=True, help="the merged checkpoint")
    parser.add_argument("--config", type=Path, required=True, help="JSON object of LlamaConfig's arguments")
    parser.add_argument("--prompts", type=Path, required=True, help="JSON list of lists of token ids")
    parser.add_argument("--tolerance", type=float, help="largest difference, as a share of the largest logit")
    parser.add_argument("--json", action="store_true", help="print the result as JSON and nothing else")
    arguments = parser.parse_args(argv)
    config, prompts = read_json(arguments.config), read_json(arguments.prompts)
    if not isinstance(config, dict):
        raise InputError(f"{arguments.config}: has to be a JSON object of LlamaConfig's arguments")
    if not isinstance(prompts, list) or not all(isinstance(prompt, list) for prompt in prompts):
        raise InputError(f"{arguments.prompts}: has to be a JSON list of lists of token ids")
    result = verify(arguments.base, arguments.adapter, arguments.merged, config, prompts, arguments.tolerance)
    if arguments.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key:18}{value:>14.6g}" if isinstance(value, float) else f"{key:18}{value!s:>14}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
