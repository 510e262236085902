"""A checkpoint as one GGUF file, which llama.cpp and its kin read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ckpt_tools.conversion.gguf_file.header import gguf_layout
from ckpt_tools.conversion.gguf_file.tensors import gguf_plan
from ckpt_tools.conversion.gguf_file.vocabulary import vocabulary_of
from ckpt_tools.conversion.rewrite import write_planned
from ckpt_tools.formats.tensor_file import TensorFile
from core.errors import InputError
from core.schema import ModelConfig

SUFFIX = ".gguf"


def export(tensors: TensorFile, model: ModelConfig, out: Path, dtype: str = "keep") -> dict[str, Any]:
    """Write a checkpoint and its tokenizer as GGUF; memory stays near one block whatever the size of the model.

    Args:
        tensors: the source, open, in any dialect.
        model: the model that it has to be, with its tokenizer.
        out: the file to write, `NAME.gguf`.
        dtype: type of the matrices: "keep", "float32", "float16" or "bfloat16"; norms and biases are float32.

    Returns:
        As `ckpt_tools.conversion.rewrite.convert`, and "tokenizer" (llama.cpp's name of its kind) and "notes"
        (sentences on what is otherwise in llama.cpp).

    Raises:
        InputError: as `convert`; a model or a tokenizer that GGUF or llama.cpp cannot express. Nothing is written then.
    """
    if out.suffix != SUFFIX:
        raise InputError(f"{out}: name a file that ends in {SUFFIX}")
    planned = gguf_plan(tensors, model, dtype)
    vocabulary = vocabulary_of(model)
    matrices = planned.infos[0].dtype  # the embedding's
    layout = gguf_layout(planned.infos, model, vocabulary, matrices)
    result = write_planned(tensors, planned, {out: layout}, matrices)
    tokenizer = f"{vocabulary.model} {vocabulary.pre}".rstrip()
    return {**result, "tokenizer": tokenizer, "notes": list(vocabulary.notes)}
