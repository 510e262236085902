"""Tensors that PEFT trains in full beside an adapter: `modules_to_save` and `bias`. Pure.

In a file they have the base's names, but for the bias of an adapted layer, which PEFT has wrapped: `base_layer.bias`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ckpt_tools.formats.tensor_file import FLOATS, TensorFile
from ckpt_tools.merging.adapter import AdapterInfo
from core.errors import InputError
from core.methods import KINDS, Method, is_meant
from core.models import Family

# Settings of adapter_config.json that say what is trained in full.
_KEYS = ("modules_to_save", "bias")
_SAVED = re.compile(r"\.modules_to_save(?:\.[\w-]+)?\.(?=(?:weight|bias)$)")
# PEFT's word -> the kit's; "norms" have no word there.
_BIASES = {"all": "biases", "lora_only": "target_biases", "vera_only": "target_biases"}


def in_peft(name: str, adapted: Collection[str]) -> str:
    """Return what PEFT calls a tensor of the base: Hugging Face's name, with a word more in a layer that it wrapped.

    Args:
        name: Hugging Face's.
        adapted: Hugging Face's names of the layers that are adapted.
    """
    module, _, last = name.rpartition(".")
    return f"{module}.base_layer.{last}" if module in adapted else name


def plain_whole(name: str) -> str:
    """Return a tensor's name in a file without what PEFT puts into it in memory."""
    return _SAVED.sub(".", name).replace(".base_layer.bias", ".bias")


def without_whole(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration of PEFT without what it says of tensors trained in full."""
    return {key: value for key, value in config.items() if key not in _KEYS}


def whole_in_config(
    adapter: Path, info: AdapterInfo, names: Sequence[str], config: Mapping[str, Any]
) -> dict[str, Any]:
    """Return `modules_to_save` and `bias` for an adapter of the kit; nothing where it holds no tensor in full.

    Args:
        adapter: where it lies, for messages.
        info: of the adapter.
        names: of its tensors of the base, Hugging Face's.
        config: PEFT's configuration so far.

    Raises:
        InputError: PEFT cannot say which biases were trained.
    """
    if not names:
        return {}
    # Whole paths: PEFT takes every module whose name ends like one of these.
    modules = [name.removesuffix(".weight") for name in names if name.endswith(".weight")]
    found: dict[str, Any] = {"modules_to_save": modules or None}
    if len(modules) < len(names):
        words = [word for word, kind in _BIASES.items() if kind in info.settings.also_train]
        if "bias" not in config or not words:
            raise InputError(
                f"{adapter}: holds biases that PEFT's {config['peft_type']} cannot be told of; it trains all biases or "
                "those of the adapted layers, and not beside every method"
            )
        found["bias"] = words[0]
    return found


def whole_in_file(peft: TensorFile, base: TensorFile, family: Family, prefix: str) -> dict[str, str]:
    """Return tensor of the base -> name in PEFT's file, of those that it holds in full.

    Raises:
        InputError: one of them is of another shape than the base's, or of no floating type.
    """
    found = {}
    for info in base.infos():
        if not family.is_parameter(info.name):
            continue
        name = prefix + family.name_in("hf", info.name)
        if name not in peft:
            continue
        if peft[name].shape != info.shape or peft[name].dtype not in FLOATS:
            raise InputError(
                f"{peft.path}: {name} is {peft[name].dtype} {list(peft[name].shape)}; {info.name} of {base.path} is "
                f"{list(info.shape)}"
            )
        found[info.name] = name
    return found


def also_train(
    made: Method[Any], settings: Any, adapted: Collection[str], whole: Collection[str], base: Collection[str]
) -> list[str]:
    """Return the setting that chooses these tensors of a base: words where they fit, names for the rest.

    Args:
        made: the method.
        settings: of the method.
        adapted: the base's tensors that the method changes.
        whole: those that are held in full.
        base: names of all tensors of the base.

    Raises:
        InputError: one is changed by the method already.
    """
    words, left = [], set(whole)
    for word in KINDS:
        meant = {name for name in base if is_meant(name, adapted, word)}
        if meant and meant <= left:
            words.append(word)
            left -= meant
    chosen = [*words, *(name for name in base if name in left)]
    made.beside(settings.model_copy(update={"also_train": tuple(chosen)}), adapted, base)
    return chosen


def refuse_missing(
    path: Path, config: Mapping[str, Any], whole: Collection[str], base: TensorFile, family: Family
) -> None:
    """Raise InputError where a configuration says that more was trained than the file holds.

    Args:
        path: of the configuration, for messages.
        config: PEFT's.
        whole: the base's tensors that the file holds in full.
        base: the base.
        family: of the base.
    """
    modules = config.get("modules_to_save") or []
    if not isinstance(modules, list):
        raise InputError(f"{path}: modules_to_save is {str(modules)[:80]!r}; only a list of names is read")
    names = {family.name_in("hf", name) for name in whole}
    for module in map(str, modules):
        if not any(name.rpartition(".")[0].endswith(module) for name in names):
            raise InputError(
                f"{path}: modules_to_save is {str(modules)[:80]}, but the file holds no tensor of {module}"
            )
    bias = config.get("bias") or "none"
    if bias == "none":
        return
    if bias not in _BIASES:
        raise InputError(f"{path}: bias is {str(bias)[:80]!r}; known are none, {', '.join(_BIASES)}")
    if any(name.endswith(".bias") for name in base) and not any(name.endswith(".bias") for name in whole):
        raise InputError(f"{path}: bias is {bias!r}, but the file holds no bias; some versions of PEFT leave them out")
