"""What stands in a GGUF file before its weights: the model's sizes, its tokenizer, and where each tensor lies.

The package `gguf`, llama.cpp's own, writes these bytes, so that keys and numbers are those that llama.cpp reads. It
would also write the weights, but without reading them back; they go the way of the kit's other files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ckpt_tools.conversion.gguf_file.vocabulary import Vocabulary
from ckpt_tools.formats.tensor_file import Layout, Part, TensorInfo
from core.errors import InputError
from core.schema import ModelConfig

_ALIGNMENT = 32  # bytes; each tensor begins at a multiple of it


def gguf_layout(infos: Sequence[TensorInfo], model: ModelConfig, vocabulary: Vocabulary, dtype: str) -> Layout:
    """Plan the file.

    Args:
        infos: its tensors, in order.
        model: the model's sizes and special ids.
        vocabulary: its tokenizer.
        dtype: type of its matrices.

    Raises:
        InputError: the package gguf is not there.
    """
    fixed = _padded(_header(infos, model, vocabulary, dtype))
    parts = []
    for info in infos:
        parts.append(Part(fixed, info.name, info.nbytes))
        fixed = bytes(-info.nbytes % _ALIGNMENT)
    return Layout("gguf", tuple(infos), (*parts, Part(fixed, None, 0)))


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNMENT)


def _header(infos: Sequence[TensorInfo], model: ModelConfig, vocabulary: Vocabulary, dtype: str) -> bytes:
    try:
        import gguf
    except ImportError as error:
        raise InputError("writing GGUF needs the package gguf: pip install -c constraints.txt gguf") from error
    kinds = {name: getattr(gguf.GGMLQuantizationType, mark) for name, mark in _MARKS.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "header.gguf"
        writer = gguf.GGUFWriter(path, "llama")
        _add_sizes(writer, model, getattr(gguf.LlamaFileType, _FILE_TYPES[dtype]))
        _add_vocabulary(writer, model, vocabulary)
        for info in infos:
            # The type of the entries is stated beside; this one is only asked whether it is bytes.
            writer.add_tensor_info(info.name, info.shape, np.dtype(np.uint16), info.nbytes, kinds[info.dtype])
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        writer.close()
        return path.read_bytes()


_MARKS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
_FILE_TYPES = {"float32": "ALL_F32", "float16": "MOSTLY_F16", "bfloat16": "MOSTLY_BF16"}


def _add_sizes(writer: Any, model: ModelConfig, file_type: int) -> None:
    writer.add_name(model.title)
    writer.add_file_type(file_type)
    writer.add_vocab_size(model.vocab_size)
    writer.add_context_length(model.max_length)
    writer.add_embedding_length(model.hidden_size)
    writer.add_block_count(model.num_layers)
    writer.add_feed_forward_length(model.intermediate_size)
    writer.add_head_count(model.num_heads)
    writer.add_head_count_kv(model.n_kv_heads or model.num_heads)
    writer.add_layer_norm_rms_eps(model.rms_norm_eps)
    writer.add_rope_dimension_count(model.hidden_size // model.num_heads)
    writer.add_rope_freq_base(model.theta)


def _add_vocabulary(writer: Any, model: ModelConfig, vocabulary: Vocabulary) -> None:
    writer.add_tokenizer_model(vocabulary.model)
    if vocabulary.pre:
        writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types([int(kind) for kind in vocabulary.types])
    if vocabulary.scores:
        writer.add_token_scores(vocabulary.scores)
    if vocabulary.merges:
        writer.add_token_merges(vocabulary.merges)
    if vocabulary.unknown is not None:
        writer.add_unk_token_id(vocabulary.unknown)
    writer.add_bos_token_id(model.bos_token_id)
    writer.add_eos_token_id(model.eos_token_id)
    writer.add_pad_token_id(model.pad_token_id)
    writer.add_add_space_prefix(vocabulary.space_first)
    # Before a text that a server tokenises; token ids are taken as they are.
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
