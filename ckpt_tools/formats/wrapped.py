"""Names of tensors as training leaves them: with what was wrapped around the model before and between its own names.

`torch.compile` puts `_orig_mod.` before a module's names, DDP `module.`, FSDP `_fsdp_wrapped_module.`, PEFT
`base_model.model.`; whoever keeps a model in a class of his own, that attribute's name. What comes before is known by
what follows: the names of a model all begin alike, and one of them ends like a name that is known.

>>> beginning(["net.module.model.norm.weight", "net.module.lm_head.weight"], {"lm_head.weight"}.__contains__)
'net.module.'
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from ckpt_tools.formats.tensor_file import TensorFile
from core.errors import InputError

# Between the model's own names too, wherever a part of it was wrapped by itself.
_WRAPPERS = {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}


def without_wrappers(name: str) -> str:
    """Return a name without the words of wrappers that stand anywhere in it."""
    return ".".join(word for word in name.split(".") if word not in _WRAPPERS)


def beginning(names: Iterable[str], is_known: Callable[[str], bool]) -> str:
    """Return what comes before the model's own names, with its dot; empty where nothing does, or no name is known.

    Args:
        names: of the tensors.
        is_known: tells whether a name is that of a tensor of the model, as it stands.
    """
    for name in names:
        words = name.split(".")
        for cut in range(len(words)):
            if is_known(".".join(words[cut:])):
                return "".join(f"{word}." for word in words[:cut])
    return ""


def renamed(tensors: TensorFile, rename: Callable[[str], str]) -> TensorFile:
    """Return a checkpoint with other names for its tensors; InputError where two of them become one."""
    if all(rename(name) == name for name in tensors):
        return tensors
    entries = {}
    before: dict[str, str] = {}
    for name, entry in tensors.entries.items():
        new = rename(name)
        if new in entries:
            raise InputError(f"{tensors.path}: {before[new]} and {name} are the same tensor of the model; keep one")
        entries[new], before[new] = replace(entry, info=replace(entry.info, name=new)), name
    view = copy.copy(tensors)
    view.entries = entries
    return view


def without(tensors: TensorFile, names: Collection[str]) -> TensorFile:
    """Return a checkpoint without some of its tensors."""
    view = copy.copy(tensors)
    view.entries = {name: entry for name, entry in tensors.entries.items() if name not in names}
    return view


def unwrapped(tensors: TensorFile, is_known: Callable[[str], bool]) -> TensorFile:
    """Return a checkpoint with the model's own names (`is_known` as of `beginning`)."""
    before = beginning(map(without_wrappers, tensors), is_known)
    return renamed(tensors, lambda name: without_wrappers(name).removeprefix(before))
