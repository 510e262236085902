"""Command: convert LoRA adapters to and from the format of Hugging Face's PEFT.

`python ckpt_tools/peft.py to ADAPTER --out DIR` writes `adapter_model.safetensors` and `adapter_config.json`, as
`PeftModel.from_pretrained` reads them; `python ckpt_tools/peft.py from DIR --base BASE --out ADAPTER` makes of such a
folder an adapter that the merge takes. A and B pass unchanged: MindFormers' Llama and transformers' have the same order
of rows (`ckpt_tools/conversion/rotary.py`) and scale B·A by alpha / rank alike.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import reprlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
from ckpt_tools.formats.floats import all_finite
from ckpt_tools.formats.regular import read_regular_json
from ckpt_tools.formats.sharded import fingerprint
from ckpt_tools.formats.sources import open_source
from ckpt_tools.formats.tensor_file import FLOATS, Array, TensorFile
from ckpt_tools.formats.tensors import open_tensors, write_tensors
from ckpt_tools.merging.adapter import AdapterInfo, open_adapter, write_adapter
from core.errors import InputError, run_command
from core.files import write_json
from core.models.names import dialect_of, hf_module, some

TENSORS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
_PREFIX = "base_model.model."
# No layer of a model in use is wider, and beyond it a rank adds nothing.
_MAX_RANK = 1 << 20
_LINEAR = re.compile(r"model\.layers\.(?P<layer>\d+)\.(?:attention|feed_forward)\.(?P<leaf>w[a-z0-9]+)\.weight")
# Keys of adapter_config.json that the kit reads, or that change nothing of what B·A does to the model.
_READ = {"peft_type", "r", "lora_alpha", "use_rslora", "target_modules", "init_lora_weights"}
_HARMLESS = {
    "task_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision", "inference_mode",
    "lora_dropout", "exclude_modules", "layers_to_transform", "layers_pattern", "megatron_core", "qalora_group_size",
    "runtime_config", "eva_config", "ensure_weight_tying",
}  # fmt: skip
# These leave the base as it is; the others (PiSSA, OLoRA, …) train against a changed one.
_INITS = (True, False, None, "gaussian", "orthogonal", "eva")


def to_peft(adapter: Path, out: Path, base_name: str) -> dict[str, Any]:
    """Write an adapter of the kit as a PEFT folder.

    Args:
        adapter: the kit's adapter folder.
        out: the folder to write.
        base_name: what PEFT shall load as the base (a name on the hub, or a folder).

    Returns:
        The content of `adapter_config.json`.

    Raises:
        InputError: a damaged adapter, NaN or infinity in it, or a disk that cannot be written.
    """
    tensors: dict[str, Array] = {}
    layers, modules = set(), set()
    with open_adapter(adapter) as opened:
        for weight in opened.pairs:
            match = _LINEAR.fullmatch(weight)
            if not match:
                raise InputError(f"{adapter}: {weight} is no linear layer of a Llama")
            module = hf_module(weight)
            layers.add(int(match["layer"]))
            modules.add(module.rpartition(".")[2])
            for side, values in zip("AB", opened.read(weight), strict=True):
                tensors[f"{_PREFIX}{module}.lora_{side}.weight"] = _finite(values, f"{adapter}: {weight}")
        info = opened.info
    alpha = info.scaling * info.rank
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base_name,
        "inference_mode": True,
        "r": info.rank,
        "lora_alpha": int(alpha) if alpha.is_integer() else alpha,
        "lora_dropout": 0.0,
        "target_modules": sorted(modules),
        # Given always: `target_modules` alone would name layers that an expression of the kit can leave out.
        "layers_to_transform": sorted(layers),
        "bias": "none",
        "fan_in_fan_out": False,
        "init_lora_weights": True,
        "modules_to_save": None,
        "rank_pattern": {},
        "alpha_pattern": {},
        "use_rslora": False,
        "use_dora": False,
    }
    try:
        (out / CONFIG).unlink(missing_ok=True)
        write_tensors(out / TENSORS, tensors, {"format": "pt"})
        write_json(out / CONFIG, config)
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror or error})") from error
    return config


def from_peft(folder: Path, base: Path, out: Path, *, step: int = 0, model: str | None = None) -> AdapterInfo:
    """Write a PEFT folder as an adapter of the kit.

    rsLoRA scales by alpha / sqrt(rank); it arrives with an alpha whose alpha / rank is that scaling.

    Args:
        folder: PEFT's folder, with `adapter_config.json` and `adapter_model.safetensors` (or `.bin`).
        base: the base model's checkpoint in MindFormers' names, which the adapter will be merged into.
        out: the adapter folder to write.
        step: the training step to note; it names the merged file.
        model: name of the base model's configuration; the name of the base's file where None.

    Raises:
        InputError: a method or setting that the kit cannot express (DoRA, biases, patterns of ranks, …), tensors that
            do not fit the settings or the base, or a disk that cannot be written.
    """
    rank, alpha, listed = _read_config(folder / CONFIG)
    path = folder / TENSORS
    if not path.is_file() and (folder / "adapter_model.bin").is_file():
        path = folder / "adapter_model.bin"
    with open_source(path) as peft, open_tensors(base) as weights:
        pairs = _pairs(peft, weights, rank)
        leaves = _leaves(path, pairs, weights, listed)
        tensors = {
            f"{weight.removesuffix('.weight')}.mindpet_delta_lora_{side}": _finite(peft.read(name), f"{path}: {name}")
            for weight, names in pairs.items()
            for side, name in zip("ab", names, strict=True)
        }
    targets = "|".join(f".*{leaf}" for leaf in leaves)
    info = AdapterInfo("lora", rank, alpha, targets, fingerprint(base), step, model or base.stem)
    try:
        write_adapter(out, tensors, info)
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror or error})") from error
    return info


def _read_config(path: Path) -> tuple[int, float, list[str] | None]:
    """Return rank, alpha (for a scaling of alpha / rank) and the listed target modules, None where an expression."""
    config = read_regular_json(path)
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise InputError(f"{path}: is no PEFT configuration of type LORA")
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if type(rank) is not int or not 1 <= rank <= _MAX_RANK:
        raise InputError(f"{path}: r is {reprlib.repr(rank)}; it has to be a whole number from 1 to {_MAX_RANK}")
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha <= sys.float_info.max:
        raise InputError(f"{path}: lora_alpha is {reprlib.repr(alpha)}; it has to be a positive number")
    if config.get("init_lora_weights", True) not in _INITS:
        raise InputError(
            f"{path}: init_lora_weights {config['init_lora_weights']!r} trains against a changed base; save the "
            "adapter with path_initial_model_for_weight_conversion"
        )
    for key, value in config.items():
        # Whatever PEFT adds in later versions is off where it holds nothing.
        if key not in _READ | _HARMLESS and value not in (None, False, 0, "none") and value not in ([], {}):
            raise InputError(f"{path}: {key} is {str(value)[:80]!r}, which a LoRA of the kit cannot express")
    targets = config.get("target_modules")
    listed = [str(name) for name in targets] if isinstance(targets, list) else None
    return rank, float(alpha) * (math.sqrt(rank) if config.get("use_rslora") else 1.0), listed


def _pairs(peft: TensorFile, base: TensorFile, rank: int) -> dict[str, tuple[str, str]]:
    """Return weight of the base -> names of A and B in the PEFT file, each tensor used exactly once."""
    if dialect_of(base.entries) != "mindformers":
        raise InputError(f"{base.path}: is not in MindFormers' names; convert it first (ckpt_tools/convert.py)")
    pairs, used = {}, set()
    for weight in filter(_LINEAR.fullmatch, base):
        a, b = (f"{_PREFIX}{hf_module(weight)}.lora_{side}.weight" for side in "AB")
        if a not in peft and b not in peft:
            continue
        for name, shape in ((a, (rank, *base[weight].shape[1:])), (b, (*base[weight].shape[:1], rank))):
            if name not in peft:
                raise InputError(f"{peft.path}: {name} is missing; the adapter is incomplete")
            if peft[name].shape != shape or peft[name].dtype not in FLOATS:
                raise InputError(
                    f"{peft.path}: {name} is {peft[name].dtype} {list(peft[name].shape)}; rank {rank} on {weight} of "
                    f"{base.path} needs {list(shape)}"
                )
        pairs[weight] = (a, b)
        used |= {a, b}
    if unknown := set(peft) - used:
        raise InputError(f"{peft.path}: holds {some(unknown)}, for which {base.path} or a LoRA has no place")
    return pairs


def _leaves(path: Path, pairs: Mapping[str, Any], base: TensorFile, listed: list[str] | None) -> list[str]:
    """Return the leaf names (wq, …) adapted, in the order of the model; each has to be adapted in every layer."""
    matches = [match for name in base if (match := _LINEAR.fullmatch(name))]
    leaves = list(dict.fromkeys(match["leaf"] for match in matches if match[0] in pairs))
    for match in matches:
        if match["leaf"] in leaves and match[0] not in pairs:
            raise InputError(
                f"{path}: adapts {match['leaf']} in some layers but not in layer {match['layer']}; target_modules of "
                "MindFormers choose a layer's parts everywhere or nowhere"
            )
    adapted = {hf_module(weight).rpartition(".")[2] for weight in pairs}
    if listed is not None and adapted != {name.rpartition(".")[2] for name in listed}:
        raise InputError(f"{path}: adapts {', '.join(sorted(adapted))}, but {CONFIG} lists {', '.join(sorted(listed))}")
    return leaves


def _finite(values: Array, where: str) -> Array:
    if not all_finite(values, values.dtype.name):
        raise InputError(f"{where} holds NaN or infinity; the training diverged")
    return values


def main(argv: Sequence[str]) -> int:
    """Convert in the direction asked for, print what was written."""
    parser = argparse.ArgumentParser(
        prog="ckpt_tools/peft.py",
        description="Convert LoRA adapters to and from the format of Hugging Face's PEFT.",
        epilog="example: python ckpt_tools/peft.py to logs/latest/train/adapters/step_100 --out peft_adapter "
        "--base-name meta-llama/Meta-Llama-3-8B",
    )
    directions = parser.add_subparsers(dest="direction", required=True)
    there = directions.add_parser("to", help="the kit's adapter to PEFT's format")
    there.add_argument("adapter", type=Path, help="the kit's adapter folder")
    there.add_argument("--base-name", default="", help="what PEFT shall load as the base (hub name or folder)")
    back = directions.add_parser("from", help="an adapter in PEFT's format to the kit's")
    back.add_argument("adapter", type=Path, help="folder with adapter_config.json and adapter_model.safetensors")
    back.add_argument("--base", type=Path, required=True, help="the base model's checkpoint in MindFormers' names")
    back.add_argument(
        "--step", type=int, default=0, help="training step to note; it names the merged file (default: 0)"
    )
    back.add_argument("--model", help="name of the base model's configuration (default: the base file's name)")
    for direction in (there, back):
        direction.add_argument("--out", type=Path, required=True, help="folder to write")
        direction.add_argument("--json", action="store_true", help="print what was written as JSON and nothing else")
    arguments = parser.parse_args(argv)
    if arguments.direction == "to":
        written = to_peft(arguments.adapter, arguments.out, arguments.base_name)
    else:
        written = vars(
            from_peft(arguments.adapter, arguments.base, arguments.out, step=arguments.step, model=arguments.model)
        )
    if arguments.json:
        print(json.dumps(written))
        return 0
    for key, value in written.items():
        print(f"{key:24} {value}")
    print(arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
