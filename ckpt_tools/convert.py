"""Command: convert checkpoints between the names of MindFormers, Hugging Face and Meta, or to GGUF, as a stream.

`python ckpt_tools/convert.py SOURCE --to mindformers --out FILE` reads a file, an index or a folder; what it is told by
the names in it. Every tensor is accounted for exactly once, or nothing is written.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
from ckpt_tools.conversion.gguf_file.export import export
from ckpt_tools.conversion.model_settings import hf_config, model_from, refuse_other, settings_beside
from ckpt_tools.conversion.plan import plan
from ckpt_tools.conversion.rewrite import convert
from ckpt_tools.formats.index import INDEX, whole
from ckpt_tools.formats.sharded import parse_size
from ckpt_tools.formats.sources import open_source
from ckpt_tools.formats.tensor_file import RESULT_TYPES, TensorFile
from ckpt_tools.formats.wrapped import unwrapped
from core.command import command_parser
from core.config import dump, load_model, names
from core.errors import InputError, run_command
from core.files import write_text
from core.models import all_families
from core.models.llama import Shape
from core.models.names import DIALECTS
from core.run_folder import RunFolder
from core.schema import ModelConfig
from core.terminal import show, show_json

_GGUF = "gguf"


def _model(source: TensorFile, chosen: str | None, out: Path, whole_as: str | None) -> ModelConfig | Shape:
    """Return the model that a checkpoint holds: the one chosen, that of its run, or that of the config.json beside it.

    Args:
        source: the checkpoint.
        chosen: name or path of a model's YAML.
        out: what the converted weights will be opened by.
        whole_as: the model's name where special ids and a tokenizer are wanted too; None: the sizes are enough.

    Raises:
        InputError: neither is there, or they contradict each other.
    """
    folder = source.path.parent
    path, settings = settings_beside(folder) or (None, {})
    run = whole(source.path.resolve()).parent.parent
    if chosen is None and path is None and (run / "run.yaml").is_file():
        return RunFolder(run).config().model
    if chosen is not None:
        model = load_model(chosen)
        if path is not None:
            refuse_other(settings, path, model)
        return model
    if path is None or path.name != "config.json":
        raise InputError(
            f"{folder}: no config.json says which model it is; give --model (known: {', '.join(names('models'))}, "
            "or the path of such a YAML file)"
        )
    if whole_as is not None:
        return model_from(path, whole_as, out)
    return Shape(**{key: settings[key] for key in Shape.__annotations__})


def _is_embedding(name: str) -> bool:
    return any(name == family.name_in(one, family.embedding) for family in all_families() for one in family.dialects)


def _description(arguments: argparse.Namespace, model: ModelConfig, weights: Path, dtype: str) -> str:
    """Return the text of the file that --config asks for: a model's YAML of the kit, or a config.json."""
    if arguments.to == "hf":
        return json.dumps(hf_config(model, dtype), indent=2) + "\n"
    if arguments.to == "meta":
        raise InputError("--config: there is a configuration to write for mindformers and for hf only")
    named = {"name": arguments.config.stem, "checkpoint": str(weights.absolute()), "param_dtype": dtype}
    return dump(model.model_copy(update=named))


def _parser() -> argparse.ArgumentParser:
    parser = command_parser(
        "ckpt_tools/convert.py",
        "Convert a checkpoint between MindFormers', Hugging Face's and Meta's names, or to GGUF, tensor by tensor.",
        """examples:
  python ckpt_tools/convert.py models/Meta-Llama-3-8B --to mindformers --model llama3_8b --out models/llama3-8B.ckpt
  python ckpt_tools/convert.py logs/latest/checkpoints/step_250.ckpt --to gguf --out step_250.gguf

Meta's folder may hold its model in several slices (consolidated.00.pth, …). A GGUF file is for llama.cpp and its kin,
and holds the model's tokenizer too.""",
        json="the result",
    )
    parser.add_argument("source", type=Path, help="a checkpoint file, the index of a sharded one, or their folder")
    parser.add_argument(
        "--to", choices=(*DIALECTS, _GGUF), required=True, help="whose names the result has; gguf: llama.cpp's file"
    )
    parser.add_argument(
        "--model",
        help="name in configs/models or path of a YAML file (default: that of the run in which the checkpoint lies, or "
        "the config.json beside it)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="file to write (.safetensors, .ckpt for MindFormers, .gguf); with --shard-size a folder",
    )
    parser.add_argument(
        "--shard-size", metavar="SIZE", help="cut safetensors into files of at most this size, such as 5GB"
    )
    parser.add_argument(
        "--dtype", choices=RESULT_TYPES, default="keep", help="type of the result (default: the source's)"
    )
    parser.add_argument("--config", type=Path, help="write the model's YAML (or config.json with --to hf) here too")
    return parser


def _convert(arguments: argparse.Namespace) -> dict[str, Any]:
    """Do what the command line asks for; return what `convert` or `export` does."""
    shard_size = None if arguments.shard_size is None else parse_size(arguments.shard_size)
    out, to, config = arguments.out, arguments.to, arguments.config
    weights = out if shard_size is None else out / INDEX
    with unwrapped(open_source(arguments.source), _is_embedding) as tensors:
        if to == _GGUF:
            if shard_size is not None or config is not None:
                raise InputError("--to gguf writes one file, the configuration in it: leave --shard-size, --config out")
            model = _model(tensors, arguments.model, weights, out.stem)
            assert isinstance(model, ModelConfig)
            return export(tensors, model, out, arguments.dtype)
        model = _model(tensors, arguments.model, weights, config and config.stem)
        dtype = plan(tensors, model, to, arguments.dtype).infos[0].dtype
        text = None
        if isinstance(model, ModelConfig) and config:
            text = _description(arguments, model, weights, dtype)
        result = convert(tensors, model, to, out, arguments.dtype, shard_size)
    if text is not None:
        write_text(config, text)
    return result


def main(argv: Sequence[str]) -> int:
    """Convert, write the configuration where asked for, print what was done."""
    arguments = _parser().parse_args(argv)
    result = _convert(arguments)
    if arguments.json:
        show_json(result)
        return 0
    for key, value in result.items():
        show(f"{key:10} {', '.join(value) or 'nothing' if isinstance(value, list) else value}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
