"""Checkpoints of any origin: a file, an index, or a folder of Hugging Face's, Meta's, PEFT's or the kit's own."""

from __future__ import annotations

from pathlib import Path

from ckpt_tools.formats import meta_slices, sharded, torch_file
from ckpt_tools.formats.tensor_file import TensorFile
from ckpt_tools.formats.tensors import open_tensors
from core.errors import InputError

# What such a folder holds, the best first: safetensors before pickles, a model before an adapter.
_IN_FOLDER = (
    "model" + sharded.INDEX_SUFFIX,
    "model.safetensors",
    "pytorch_model" + torch_file.INDEX_SUFFIX,
    "pytorch_model.bin",
    "consolidated.safetensors",
    "consolidated.00.pth",
    "adapter.safetensors",
    "adapter_model.safetensors",
)


def open_source(path: Path) -> TensorFile:
    """Open a checkpoint of any origin: MindSpore, safetensors (sharded too), PyTorch (sharded too), or their folder.

    A folder of Meta's with several `consolidated.NN.pth` is opened as the one model that they are slices of.

    Raises:
        InputError: nothing known in the folder, one slice of several, or a damaged file.
    """
    if path.is_dir():
        return _open_folder(path)
    if path.name.startswith("consolidated.") and len(list(path.parent.glob("consolidated.*.pth"))) > 1:
        raise InputError(f"{path}: is one of several slices of a model; name their folder {path.parent} instead")
    return torch_file.open_torch(path) if torch_file.is_torch(path) else open_tensors(path)


def _open_folder(folder: Path) -> TensorFile:
    found = next((folder / name for name in _IN_FOLDER if (folder / name).is_file()), None)
    if found is None or found.suffix == ".pth":
        slices = meta_slices.slices_in(folder)
        if len(slices) > 1:
            return meta_slices.open_meta_slices(slices)
    if found is None:
        raise InputError(f"{folder}: holds no checkpoint (looked for {', '.join(_IN_FOLDER)}); name the file")
    return open_source(found)
