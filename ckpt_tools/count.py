"""Command: count parameters — trainable, total and their ratio — of a configuration, a checkpoint or a training log.

`python ckpt_tools/count.py …` prints the counts and refuses when two sources disagree.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from pydantic import ValidationError

from ckpt_tools.counting.counts import Count, agreed, count_adapter, count_checkpoint, count_log
from core.command import command_parser
from core.errors import InputError, run_command
from core.methods import DEFAULT, MethodConfig, method, method_of
from core.models import ModelShape, total_parameters
from core.models.llama import Shape
from core.score import parameter_ratio
from core.terminal import show, show_json


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
        elif kinds[key] != "bool" and text.isascii() and text.isdigit() and len(text) < 19:
            values[key] = int(text)
        else:
            raise InputError(f"--model {word}: {text!r} is no {'true or false' if kinds[key] == 'bool' else 'number'}")
    missing = [key for key in kinds if kinds[key] == "int" and key not in values]
    if missing:
        raise InputError(f"--model: {', '.join(missing)} missing")
    return Shape(**values)  # type: ignore[arg-type]


def _method_from(arguments: argparse.Namespace) -> MethodConfig | None:
    """Return the settings of the method asked for, None where none is.

    Raises:
        InputError: an unknown method, or settings that it does not have or take.
    """
    given = {"rank": arguments.rank, "target_modules": arguments.targets}
    given = {key: value for key, value in given.items() if value is not None}
    if arguments.method is not None:
        from core.config import load_method

        return load_method(arguments.method, given)
    if not given:
        return None
    # Neither alpha nor dropout decides a count.
    settings: dict[str, Any] = {"name": DEFAULT, "alpha": 1.0, **given}
    try:
        read: MethodConfig = method(DEFAULT).settings.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{'.'.join(map(str, first['loc']))}: {first['msg']} (it is {first['input']!r})") from error
    return read


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = command_parser(
        "ckpt_tools/count.py",
        "Count trainable and total parameters from a configuration, checkpoint files and a training log.",
        "example: python ckpt_tools/count.py --model llama3_8b --rank 8 --targets '.*wq|.*wv'",
        json="the result",
    )
    parser.add_argument(
        "--model", nargs="+", metavar="NAME", help="name in configs/models, path of a YAML, or KEY=VALUE of LlamaConfig"
    )
    parser.add_argument("--method", metavar="NAME", help="tuning method: name in configs/methods, or path of a YAML")
    parser.add_argument("--rank", type=int, help="its rank (without --method: of LoRA)")
    parser.add_argument("--targets", help="its target_modules (without --method: of LoRA), e.g. '.*wq|.*wv'")
    parser.add_argument("--ckpt", type=Path, help="a checkpoint of the whole model, or its folder")
    parser.add_argument("--adapter", type=Path, help="an adapter's tensors, or its folder")
    parser.add_argument("--log", type=Path, help="a training log (worker_0.log)")
    arguments = parser.parse_args(argv)
    alone = arguments.method is None and (arguments.rank is None) != (arguments.targets is None)
    chosen = [arguments.method, arguments.rank, arguments.targets]
    if alone or (any(word is not None for word in chosen) and not arguments.model):
        raise InputError("--rank and --targets go together or with --method, and they all with --model")
    if not (arguments.model or arguments.ckpt or arguments.adapter or arguments.log):
        raise InputError("nothing to count: give --model, --ckpt, --adapter or --log (see --help)")
    return arguments


def main(argv: Sequence[str]) -> int:
    """Count, compare, print."""
    arguments = _arguments(argv)
    trainable: list[Count] = []
    total: list[Count] = []
    frozen: list[Count] = []
    if arguments.model:
        shape, settings = _model_from(arguments.model), _method_from(arguments)
        total.append(Count(total_parameters(shape), "the configuration"))
        if settings is not None:
            chosen = method_of(settings)
            trainable.append(Count(chosen.parameters(settings, shape), "the configuration"))
            kept = sum(math.prod(size) for size in chosen.frozen(settings, shape).values())
            frozen.append(Count(kept, "the configuration"))
    if arguments.ckpt:
        in_file, of_model = count_checkpoint(arguments.ckpt)
        total.append(of_model)
        trainable.extend([in_file] if in_file.value else [])
    if arguments.adapter:
        trained, kept_frozen = count_adapter(arguments.adapter)
        trainable.append(trained)
        frozen.append(kept_frozen)
    if arguments.log:
        trainable.append(count_log(arguments.log))
    result: dict[str, int | float | bool] = {}
    if trainable:
        best = agreed(trainable, "trainable")
        result |= {"trainable": best.value, "trainable_exact": best.exact}
    if total:
        result["total"] = agreed(total, "total").value
    if any(count.value for count in frozen):
        result["frozen"] = agreed(frozen, "frozen").value
    if trainable and total:
        result["ratio"] = parameter_ratio(int(result["trainable"]), int(result["total"]))
    if arguments.json:
        show_json(result)
    else:
        for key, value in result.items():
            show(f"{key:16}{value:>20,}" if type(value) is int else f"{key:16}{value!s:>20}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
