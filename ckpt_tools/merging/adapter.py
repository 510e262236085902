"""The adapter folder: `adapter.safetensors` (the trained tensors) and `adapter.json` (how they are meant)."""

from __future__ import annotations

import re
import reprlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ckpt_tools.formats.regular import read_regular_json
from ckpt_tools.formats.tensor_file import FLOATS, Array, TensorFile
from ckpt_tools.formats.tensors import open_tensors, write_tensors
from core.errors import InputError
from core.files import write_json

TENSORS = "adapter.safetensors"
DESCRIPTION = "adapter.json"
SCHEMA = 1
_MAX_STEP = 10**12
METHODS = ("lora",)
_PAIR = re.compile(r"(?P<layer>.+)\.mindpet_delta_lora_(?P<side>[ab])")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class AdapterInfo:
    """What `adapter.json` says.

    Attributes:
        method: the tuning method; "lora".
        rank: rows of A and columns of B.
        alpha: the trained scaling is alpha / rank.
        targets: `target_modules`, the expression that chose the layers.
        base_sha256: sha256 of the base model's file.
        step: the training step that the tensors were taken at.
        model: name of the base model's configuration.
    """

    method: str
    rank: int
    alpha: float
    targets: str
    base_sha256: str
    step: int
    model: str
    schema: int = SCHEMA

    @property
    def scaling(self) -> float:
        """The factor that B·A was trained with."""
        return self.alpha / self.rank


@dataclass(frozen=True)
class Pair:
    """One LoRA pair: the weight it changes, and the names of its two tensors."""

    weight: str
    a: str
    b: str


@dataclass(frozen=True)
class Adapter:
    """An open adapter folder; `tensors` is read when asked for."""

    path: Path
    info: AdapterInfo
    tensors: TensorFile
    pairs: Mapping[str, Pair]

    def read(self, weight: str) -> tuple[Array, Array]:
        """Return A [rank, in] and B [out, rank] of the pair that changes `weight`, in their stored type."""
        pair = self.pairs[weight]
        return self.tensors.read(pair.a), self.tensors.read(pair.b)


def write_adapter(folder: Path, tensors: Mapping[str, Array], info: AdapterInfo) -> None:
    """Write an adapter folder; each file atomically, the description last.

    Raises:
        InputError: tensors or description that reading would refuse, or a disk that cannot be written.
    """
    _checked(asdict(info), folder / DESCRIPTION)
    _pairs(list(tensors), {name: values.shape for name, values in tensors.items()}, info, folder / TENSORS)
    (folder / DESCRIPTION).unlink(missing_ok=True)
    write_tensors(folder / TENSORS, tensors)
    write_json(folder / DESCRIPTION, asdict(info))


def read_info(folder: Path) -> AdapterInfo:
    """Read `adapter.json`; InputError where it is missing, malformed, or has a key too many or too few."""
    path = folder / DESCRIPTION
    return _checked(read_regular_json(path), path)


@contextmanager
def open_adapter(folder: Path) -> Iterator[Adapter]:
    """Open an adapter folder and match its tensors into pairs.

    Raises:
        InputError: a file is missing or malformed, a tensor belongs to no pair, a pair is not of the stated rank or
            not of the stated targets, or its type is no floating one.
    """
    info = read_info(folder)
    path = folder / TENSORS
    with open_tensors(path) as tensors:
        for tensor in tensors.infos():
            if tensor.dtype not in FLOATS:
                raise InputError(f"{path}: tensor {tensor.name!r} is of type {tensor.dtype}, not a floating one")
        yield Adapter(
            folder, info, tensors, _pairs(list(tensors), {name: tensors[name].shape for name in tensors}, info, path)
        )


def _pairs(names: list[str], shapes: Mapping[str, tuple[int, ...]], info: AdapterInfo, path: Path) -> dict[str, Pair]:
    """Match tensor names into pairs, each tensor used exactly once; return weight name -> pair."""
    sides: dict[str, dict[str, str]] = {}
    for name in names:
        match = _PAIR.fullmatch(name)
        if not match:
            raise InputError(f"{path}: tensor {name!r} is no half of a LoRA pair (….mindpet_delta_lora_a or _b)")
        sides.setdefault(match["layer"], {})[match["side"]] = name
    if not sides:
        raise InputError(f"{path}: holds no tensor")
    pairs: dict[str, Pair] = {}
    for layer, found in sides.items():
        if len(found) != 2:
            raise InputError(f"{path}: {next(iter(found.values()))!r} has no other half; the adapter is incomplete")
        pair = Pair(f"{layer}.weight", found["a"], found["b"])
        a, b = shapes[pair.a], shapes[pair.b]
        if len(a) != 2 or len(b) != 2 or a[0] != info.rank or b[1] != info.rank:
            raise InputError(
                f"{path}: pair of {layer} has shapes A {a} and B {b}; rank {info.rank} needs A [{info.rank}, in] "
                f"and B [out, {info.rank}]"
            )
        if not re.match(info.targets, layer.rpartition(".")[2]):
            raise InputError(f"{path}: {layer} is adapted, but the targets {info.targets!r} do not name it")
        pairs[pair.weight] = pair
    return pairs


def _checked(value: Any, path: Path) -> AdapterInfo:
    """Turn the content of `adapter.json` into an `AdapterInfo`."""
    if not isinstance(value, dict):
        raise InputError(f"{path}: has to be a JSON object")
    known = [field.name for field in fields(AdapterInfo)]
    for wrong, kind in ((sorted(set(value) - set(known)), "unknown"), (sorted(set(known) - set(value)), "missing")):
        if wrong:
            raise InputError(f"{path}: {kind} key {wrong[0]!r} (the keys are {', '.join(known)})")
    for key in ("schema", "rank", "step"):
        if type(value[key]) is not int or value[key] < (0 if key == "step" else 1):
            raise InputError(f"{path}: {key} is {value[key]!r}; it has to be a whole number of at least 1 (step: 0)")
    if value["schema"] != SCHEMA:
        raise InputError(f"{path}: schema {value['schema']}; this version of the kit reads schema {SCHEMA}")
    if value["step"] > _MAX_STEP:
        raise InputError(f"{path}: step has {len(str(value['step']))} digits; no training is that long")
    if type(value["alpha"]) not in (int, float) or not 0 < value["alpha"] <= sys.float_info.max:
        raise InputError(f"{path}: alpha is {reprlib.repr(value['alpha'])}; it has to be a positive number")
    for key in ("method", "targets", "base_sha256", "model"):
        if not isinstance(value[key], str):
            raise InputError(f"{path}: {key} is {value[key]!r}; it has to be a text")
    if value["method"] not in METHODS:
        raise InputError(f"{path}: unknown method {value['method']!r} (known: {', '.join(METHODS)})")
    if not _SHA256.fullmatch(value["base_sha256"]):
        raise InputError(f"{path}: base_sha256 is no sha256 (64 hexadecimal digits)")
    try:
        re.compile(value["targets"])
    except re.error as error:
        raise InputError(f"{path}: targets {value['targets']!r} are no regular expression ({error})") from error
    return AdapterInfo(**value)
