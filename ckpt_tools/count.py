"""Command: count parameters — trainable, total and their ratio — of a configuration, a checkpoint or a training log.

`python ckpt_tools/count.py …` prints the counts and refuses when two sources disagree.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
from ckpt_tools.formats.regular import open_regular
from core.errors import GateError, InputError, run_command
from core.methods.lora import lora_parameters
from core.models.llama import ModelShape, Shape, total_parameters
from core.score import parameter_ratio

# LoRA tensors as MindFormers and PEFT name them; parameters as MindFormers, Hugging Face, Meta and PEFT do.
_LORA = re.compile(r".+\.(?:mindpet_delta_lora_[ab]|lora_[AB]\.weight)")
_PARAMETER = re.compile(r"(?:base_model\.model\.)?(?:model|lm_head|tok_embeddings|layers|norm|output)\..+")
_LOG_LINE = re.compile(rb"Network Parameters:\s*(\d{1,15})(?:\.|\s)?\s*(M)?\b")


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


def count_checkpoint(path: Path) -> tuple[Count, Count]:
    """Count the parameters of a checkpoint or adapter file; return (trainable, total without them).

    The pairs of a LoRA are the trainable ones. Optimizer states, training counters (`adam_m.…`, `global_step`) and
    rotary frequencies are no parameters of the model and are left out. Files of MindFormers, Hugging Face, Meta and
    PEFT are known, and folders of theirs.

    Raises:
        InputError: a damaged file, or one without any parameter of a Llama.
    """
    from ckpt_tools.formats.sources import open_source
    from core.models.names import is_buffer

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
        result["ratio"] = parameter_ratio(int(result["trainable"]), int(result["total"]))
    if arguments.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key:16}{value:>20,}" if type(value) is int else f"{key:16}{value!s:>20}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
