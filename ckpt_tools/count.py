"""Counting parameters: trainable, total and their ratio, from a configuration, a checkpoint or a training log.

`python ckpt_tools/count.py …` prints the counts and refuses when two sources disagree.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
from ckpt_tools.regular import open_regular
from core.errors import GateError, InputError, run_command

# LoRA tensors as MindFormers and PEFT name them; parameters as MindFormers, Hugging Face, Meta and PEFT do.
_LORA = re.compile(r".+\.(?:mindpet_delta_lora_[ab]|lora_[AB]\.weight)")
_PARAMETER = re.compile(r"(?:base_model\.model\.)?(?:model|lm_head|tok_embeddings|layers|norm|output)\..+")
_LOG_LINE = re.compile(rb"Network Parameters:\s*(\d{1,15})(?:\.|\s)?\s*(M)?\b")
_LINEARS = {"attention": ("wq", "wk", "wv", "wo"), "feed_forward": ("w1", "w2", "w3")}


class ModelShape(Protocol):
    """What counting has to know of a Llama of MindFormers (the names of its `LlamaConfig`).

    An attribute `tie_word_embeddings` is optional; without it the embeddings are not tied.
    """

    @property
    def hidden_size(self) -> int:
        """Width of the model."""

    @property
    def num_layers(self) -> int:
        """Number of decoder layers."""

    @property
    def num_heads(self) -> int:
        """Number of query heads."""

    @property
    def n_kv_heads(self) -> int | None:
        """Number of key and value heads; as many as query heads where None."""

    @property
    def vocab_size(self) -> int:
        """Number of token ids."""

    @property
    def intermediate_size(self) -> int:
        """Width inside the feed-forward block."""

    @property
    def qkv_has_bias(self) -> bool:
        """Whether q, k and v have a bias."""

    @property
    def attn_proj_has_bias(self) -> bool:
        """Whether the output projection of attention has a bias."""


@dataclass(frozen=True)
class Shape:
    """A plain `ModelShape`, for a command line and for tests."""

    hidden_size: int
    num_layers: int
    num_heads: int
    n_kv_heads: int | None
    vocab_size: int
    intermediate_size: int
    qkv_has_bias: bool = False
    attn_proj_has_bias: bool = False
    tie_word_embeddings: bool = False


@dataclass(frozen=True)
class Count:
    """A number of parameters and where it comes from; `exact` is False where the source rounds down to millions."""

    value: int
    source: str
    exact: bool = True

    def agrees(self, other: Count) -> bool:
        """Tell whether both can be counts of the same parameters."""
        if self.exact and other.exact:
            return self.value == other.value
        return self.value // 1_000_000 == other.value // 1_000_000


def parameter_shapes(model: ModelShape) -> dict[str, tuple[int, ...]]:
    """Return name -> shape of every parameter of MindFormers' `LlamaForCausalLM` (`qkv_concat: False`), in its order.

    Raises:
        InputError: sizes that are not positive, or heads that do not divide the width.
    """
    _check(model)
    width = model.hidden_size
    shapes: dict[str, tuple[int, ...]] = {"model.tok_embeddings.embedding_weight": (model.vocab_size, width)}
    linears = linear_shapes(model)
    for layer in range(model.num_layers):
        prefix = f"model.layers.{layer}."
        shapes[prefix + "ffn_norm.weight"] = (width,)
        shapes[prefix + "attention_norm.weight"] = (width,)
        for block, leaves in _LINEARS.items():
            for leaf in leaves:
                out, into = linears[leaf]
                shapes[f"{prefix}{block}.{leaf}.weight"] = (out, into)
                if _has_bias(model, leaf):
                    shapes[f"{prefix}{block}.{leaf}.bias"] = (out,)
    shapes["model.norm_out.weight"] = (width,)
    if not getattr(model, "tie_word_embeddings", False):
        shapes["lm_head.weight"] = (model.vocab_size, width)
    return shapes


def linear_shapes(model: ModelShape) -> dict[str, tuple[int, int]]:
    """Return leaf name -> (out, in) of the linear layers of one decoder layer."""
    _check(model)
    width, inner = model.hidden_size, model.intermediate_size
    keys = width // model.num_heads * (model.n_kv_heads or model.num_heads)
    return {
        "wq": (width, width),
        "wk": (keys, width),
        "wv": (keys, width),
        "wo": (width, width),
        "w1": (inner, width),
        "w2": (width, inner),
        "w3": (inner, width),
    }


def total_parameters(model: ModelShape) -> int:
    """Return the number of parameters of the base model."""
    return sum(math.prod(shape) for shape in parameter_shapes(model).values())


def target_linears(model: ModelShape, targets: str) -> dict[str, tuple[int, int]]:
    """Return weight name -> (out, in) of the linear layers that MindFormers gives a LoRA pair.

    MindFormers walks the cells below `model` and matches the expression (`re.match`) with the name that each cell has
    in its parent (`wq`, not the path), so an expression cannot choose layers by their path. A container whose own name
    matches (`layers`, `0`, `attention`) is not entered: `.*` adapts nothing at all.

    Args:
        model: the shape of the model.
        targets: the regular expression, as in `target_modules`.

    Raises:
        InputError: the expression is malformed or adapts no layer.
    """
    try:
        pattern = re.compile(targets)
    except re.error as error:
        raise InputError(
            f"target modules {targets!r}: not a regular expression ({error}); write for instance '.*wq|.*wv'"
        ) from error
    linears = linear_shapes(model)
    found: dict[str, tuple[int, int]] = {}
    for layer in range(model.num_layers) if not pattern.match("layers") else ():
        for block, leaves in _LINEARS.items():
            if pattern.match(str(layer)) or pattern.match(block):
                continue
            for leaf in leaves:
                if pattern.match(leaf):
                    found[f"model.layers.{layer}.{block}.{leaf}.weight"] = linears[leaf]
    if not found:
        hint = "it must match the layer's own name (wq, wk, wv, wo, w1, w2, w3), no blank and no path in it"
        if pattern.match("layers"):
            hint = "it matches the container 'layers' too, which MindFormers then does not enter"
        raise InputError(f"target modules {targets!r} adapt no linear layer: {hint}")
    return found


def lora_parameters(model: ModelShape, rank: int, targets: str) -> int:
    """Return the number of trainable parameters of a LoRA of this rank on these targets.

    Raises:
        InputError: rank below 1, or targets that are malformed or adapt nothing.
    """
    if rank < 1:
        raise InputError(f"LoRA rank {rank}: has to be at least 1")
    return rank * sum(out + into for out, into in target_linears(model, targets).values())


def ratio(trainable: int, total: int) -> float:
    """Return the low-parameter ratio, trainable / total.

    Raises:
        InputError: counts that cannot be (negative, or no parameters at all).
    """
    if total < 1 or trainable < 0:
        raise InputError(f"ratio of {trainable} trainable to {total} parameters: counts cannot be negative or zero")
    return trainable / total


def count_checkpoint(path: Path) -> tuple[Count, Count]:
    """Count the parameters of a checkpoint or adapter file; return (trainable, total without them).

    The pairs of a LoRA are the trainable ones. Optimizer states, training counters (`adam_m.…`, `global_step`) and
    rotary frequencies are no parameters of the model and are left out. Files of MindFormers, Hugging Face, Meta and
    PEFT are known, and folders of theirs.

    Raises:
        InputError: a damaged file, or one without any parameter of a Llama.
    """
    from ckpt_tools.names import is_buffer
    from ckpt_tools.sources import open_source

    with open_source(path) as tensors:
        infos = [info for info in tensors.infos() if _PARAMETER.fullmatch(info.name) and not is_buffer(info.name)]
    if not infos:
        raise InputError(f"{path}: holds no parameter of a Llama or of its adapter under a known name")
    trainable = sum(info.size for info in infos if _LORA.fullmatch(info.name))
    return Count(trainable, str(path)), Count(sum(info.size for info in infos) - trainable, str(path))


def count_log(path: Path) -> Count:
    """Find the number of trainable parameters that MindFormers logged.

    Both forms are known: `Network Parameters: 3 M.` (rounded down to millions) and the contest's own
    `Network Parameters: 3407872.`

    Raises:
        InputError: unreadable, no such line, or lines that contradict each other.
    """
    found: list[tuple[int, Count]] = []
    try:
        with open_regular(path) as stream:
            for number, line in enumerate(stream, start=1):
                if match := _LOG_LINE.search(line):
                    millions = match[2] is not None
                    value = int(match[1]) * (1_000_000 if millions else 1)
                    found.append((number, Count(value, f"{path}:{number}", exact=not millions)))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    if not found:
        raise InputError(f"{path}: has no line 'Network Parameters: …'; name the log of a worker (worker_0.log)")
    counts = [count for _, count in found]
    best = next((count for count in counts if count.exact), counts[0])
    for count in counts:
        if not count.agrees(best):
            raise InputError(f"{count.source}: {count.value} parameters, but {best.source} says {best.value}")
    return best


def agreed(counts: Sequence[Count], what: str) -> Count:
    """Return the most exact of several counts of the same parameters.

    Raises:
        GateError: two of them disagree; names both.
    """
    best = next((count for count in counts if count.exact), counts[0])
    for count in counts:
        if not count.agrees(best):
            raise GateError(
                f"{what} parameters: {best.source} says {best.value}, {count.source} says "
                f"{count.value if count.exact else f'{count.value // 1_000_000} M'}; they are not of one training"
            )
    return best


def _has_bias(model: ModelShape, leaf: str) -> bool:
    return (model.qkv_has_bias and leaf in ("wq", "wk", "wv")) or (model.attn_proj_has_bias and leaf == "wo")


def _check(model: ModelShape) -> None:
    kv_heads = model.num_heads if model.n_kv_heads is None else model.n_kv_heads
    sizes: Mapping[str, int] = {
        "hidden_size": model.hidden_size,
        "num_layers": model.num_layers,
        "num_heads": model.num_heads,
        "n_kv_heads": kv_heads,
        "vocab_size": model.vocab_size,
        "intermediate_size": model.intermediate_size,
    }
    for name, size in sizes.items():
        if size < 1:
            raise InputError(f"model: {name} is {size}; it has to be at least 1")
    if model.hidden_size % model.num_heads:
        raise InputError(f"model: hidden_size {model.hidden_size} is no multiple of num_heads {model.num_heads}")
    if model.num_heads % kv_heads:
        raise InputError(f"model: num_heads {model.num_heads} is no multiple of n_kv_heads {kv_heads}")


def _model_from(words: Sequence[str]) -> ModelShape:
    """Return the model that the words say: a name of configs/models, the path of a YAML file, or KEY=VALUE words."""
    if len(words) == 1 and "=" not in words[0]:
        from core.config import load_model

        return load_model(words[0])
    values: dict[str, int | bool | None] = {"n_kv_heads": None}
    kinds = Shape.__annotations__
    for word in words:
        key, _, text = word.partition("=")
        if key not in kinds:
            raise InputError(f"--model {word}: unknown key {key!r} (known: {', '.join(kinds)})")
        if kinds[key] == "bool" and text.lower() in ("true", "false"):
            values[key] = text.lower() == "true"
        elif kinds[key] != "bool" and text.isascii() and text.isdigit():
            values[key] = int(text)
        else:
            raise InputError(f"--model {word}: {text!r} is no {'true or false' if kinds[key] == 'bool' else 'number'}")
    missing = [key for key in kinds if kinds[key] == "int" and key not in values]
    if missing:
        raise InputError(f"--model: {', '.join(missing)} missing")
    return Shape(**values)  # type: ignore[arg-type]


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="ckpt_tools/count.py",
        description="Count trainable and total parameters from a configuration, checkpoint files and a training log.",
        epilog="example: python ckpt_tools/count.py --model llama3_8b --rank 8 --targets '.*wq|.*wv'",
    )
    parser.add_argument(
        "--model", nargs="+", metavar="NAME", help="name in configs/models, path of a YAML, or KEY=VALUE of LlamaConfig"
    )
    parser.add_argument("--rank", type=int, help="LoRA rank")
    parser.add_argument("--targets", help="LoRA target_modules, e.g. '.*wq|.*wv'")
    parser.add_argument("--ckpt", type=Path, help="a checkpoint of the whole model, or its folder")
    parser.add_argument("--adapter", type=Path, help="an adapter's tensors, or its folder")
    parser.add_argument("--log", type=Path, help="a training log (worker_0.log)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON and nothing else")
    arguments = parser.parse_args(argv)
    if (arguments.rank is None) != (arguments.targets is None) or (arguments.rank and not arguments.model):
        raise InputError("--rank and --targets go together, and with --model")
    if not (arguments.model or arguments.ckpt or arguments.adapter or arguments.log):
        raise InputError("nothing to count: give --model, --ckpt, --adapter or --log (see --help)")
    return arguments


def main(argv: Sequence[str]) -> int:
    """Count, compare, print."""
    arguments = _arguments(argv)
    trainable: list[Count] = []
    total: list[Count] = []
    if arguments.model:
        shape = _model_from(arguments.model)
        total.append(Count(total_parameters(shape), "the configuration"))
        if arguments.rank is not None:
            trainable.append(Count(lora_parameters(shape, arguments.rank, arguments.targets), "the configuration"))
    if arguments.ckpt:
        in_file, of_model = count_checkpoint(arguments.ckpt)
        total.append(of_model)
        trainable.extend([in_file] if in_file.value else [])
    if arguments.adapter:
        trainable.append(count_checkpoint(arguments.adapter)[0])
    if arguments.log:
        trainable.append(count_log(arguments.log))
    result: dict[str, int | float | bool] = {}
    if trainable:
        best = agreed(trainable, "trainable")
        result |= {"trainable": best.value, "trainable_exact": best.exact}
    if total:
        result["total"] = agreed(total, "total").value
    if trainable and total:
        result["ratio"] = ratio(int(result["trainable"]), int(result["total"]))
    if arguments.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key:16}{value:>20,}" if type(value) is int else f"{key:16}{value!s:>20}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
