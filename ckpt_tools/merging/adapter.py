"""The adapter folder: `adapter.safetensors` (the trained tensors) and `adapter.json` (how they are meant)."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ckpt_tools.formats.regular import read_regular_json
from ckpt_tools.formats.tensor_file import FLOATS, Array, TensorFile
from ckpt_tools.formats.tensors import open_tensors, write_tensors
from core.errors import InputError, did_you_mean
from core.files import remove_file, write_json
from core.methods import Change, Method, MethodConfig, Update, method, method_of
from core.registry import METHODS

TENSORS = "adapter.safetensors"
DESCRIPTION = "adapter.json"
# Schema 1 has the method's settings at the top level, for methods that had them there (`Method.flat`); 2 apart.
SCHEMAS = (1, 2)
_MAX_STEP = 10**12
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OF_EVERY_METHOD = ("base_sha256", "step", "model", "schema")


@dataclass(frozen=True)
class AdapterInfo:
    """What `adapter.json` says.

    Attributes:
        settings: of the tuning method; their `type` is the method.
        base_sha256: sha256 of the base model's file.
        step: the training step that the tensors were taken at.
        model: name of the base model's configuration.
    """

    settings: MethodConfig
    base_sha256: str
    step: int
    model: str

    @property
    def method(self) -> Method[Any]:
        """The tuning method."""
        return method_of(self.settings)

    def content(self) -> dict[str, Any]:
        """Return the content of `adapter.json`."""
        known = self.settings.model_dump(mode="json")
        flat = self.method.flat
        # Settings that schema 1 knows nothing of stand here only where they are not as they were then.
        if not {"name", "type", "dropout"}.union(flat.values()).issuperset(known):
            flat = {}
        settings: dict[str, Any] = {key: known[name] for key, name in flat.items()}
        if not flat:
            settings = {"settings": {key: value for key, value in known.items() if key not in ("name", "type")}}
        facts = {"base_sha256": self.base_sha256, "step": self.step, "model": self.model}
        return {"method": self.settings.type, **settings, **facts, "schema": 1 if flat else 2}


@dataclass(frozen=True)
class Adapter:
    """An open adapter folder; `tensors` is read when asked for.

    Attributes:
        changes: name of a tensor of the base -> what the adapter holds for it.
    """

    path: Path
    info: AdapterInfo
    tensors: TensorFile
    changes: Mapping[str, Change]

    def read(self, weight: str) -> dict[str, Array]:
        """Return role -> tensor of what changes the base's tensor `weight`, in their stored type."""
        return {role: self.tensors.read(name) for role, name in self.changes[weight].parts.items()}

    def update(self, weight: str, dtype: Any) -> Update:
        """Return the update of the base's tensor `weight`, summed in a numpy type."""
        parts = {role: values.astype(dtype) for role, values in self.read(weight).items()}
        return self.info.method.update_of(self.info.settings, weight, parts)


def write_adapter(folder: Path, tensors: Mapping[str, Array], info: AdapterInfo) -> None:
    """Write an adapter folder; each file atomically, the description last.

    Raises:
        InputError: tensors or description that reading would refuse, or a disk that cannot be written.
    """
    _checked(info.content(), folder / DESCRIPTION)
    _changes({name: values.shape for name, values in tensors.items()}, info, folder / TENSORS)
    remove_file(folder / DESCRIPTION)
    write_tensors(folder / TENSORS, tensors)
    write_json(folder / DESCRIPTION, info.content())


def read_info(folder: Path) -> AdapterInfo:
    """Read `adapter.json`; InputError where it is missing, malformed, or has a key too many or too few."""
    path = folder / DESCRIPTION
    return _checked(read_regular_json(path), path)


@contextmanager
def open_adapter(folder: Path) -> Iterator[Adapter]:
    """Open an adapter folder and match its tensors with those of the base that they change.

    Raises:
        InputError: a file is missing or malformed, a tensor has no place in the method, is not of the stated size or
            not of the stated targets, or its type is no floating one.
    """
    info = read_info(folder)
    path = folder / TENSORS
    with open_tensors(path) as tensors:
        for tensor in tensors.infos():
            if tensor.dtype not in FLOATS:
                raise InputError(f"{path}: tensor {tensor.name!r} is of type {tensor.dtype}, not a floating one")
        yield Adapter(folder, info, tensors, _changes({name: tensors[name].shape for name in tensors}, info, path))


def _changes(shapes: Mapping[str, tuple[int, ...]], info: AdapterInfo, path: Path) -> dict[str, Change]:
    try:
        return info.method.all_changes(info.settings, shapes)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _checked(value: Any, path: Path) -> AdapterInfo:
    """Turn the content of `adapter.json` into an `AdapterInfo`."""
    if not isinstance(value, dict):
        raise InputError(f"{path}: must be a JSON object")
    schema, flat = _schema(value, path), _flat(value, path)
    known = ["method", *(flat if schema == 1 else ("settings",)), *_OF_EVERY_METHOD]
    for wrong, kind in ((sorted(set(value) - set(known)), "unknown"), (sorted(set(known) - set(value)), "missing")):
        if wrong:
            raise InputError(f"{path}: {kind} key {wrong[0]!r} (the keys of schema {schema} are {', '.join(known)})")
    if type(value["step"]) is not int or value["step"] < 0:
        raise InputError(f"{path}: step is {value['step']!r}; it has to be a whole number of at least 0")
    if value["step"] > _MAX_STEP:
        raise InputError(f"{path}: step has {len(str(value['step']))} digits; no training is that long")
    for key in ("base_sha256", "model"):
        if not isinstance(value[key], str):
            raise InputError(f"{path}: {key} is {value[key]!r}; it has to be a text")
    if not _SHA256.fullmatch(value["base_sha256"]):
        raise InputError(f"{path}: base_sha256 is not a sha256 (64 hexadecimal digits)")
    settings = {name: value[key] for key, name in flat.items()} if schema == 1 else value["settings"]
    names = {name: key for key, name in flat.items()} if schema == 1 else {}
    return AdapterInfo(
        _settings(value["method"], settings, names, path), value["base_sha256"], value["step"], value["model"]
    )


def _schema(value: Mapping[str, Any], path: Path) -> int:
    schema = value.get("schema")
    if type(schema) is not int or schema not in SCHEMAS:
        known = " and ".join(map(str, SCHEMAS))
        raise InputError(f"{path}: schema {reprlib.repr(schema)}; this version of the kit reads schema {known}")
    return schema


def _flat(value: Mapping[str, Any], path: Path) -> Mapping[str, str]:
    """Return where a description of schema 1 has the settings of its method: key -> name of the setting."""
    name = value.get("method")
    known = METHODS.names()
    if not isinstance(name, str) or name not in known:
        near = did_you_mean(name, known) if isinstance(name, str) else ""
        raise InputError(f"{path}: unknown method {name!r} (known: {', '.join(known)}){near}")
    return method(name).flat


def _settings(name: str, settings: Any, keys: Mapping[str, str], path: Path) -> MethodConfig:
    """Read a method's settings; `keys` says what a setting is called in the file, where it is not by its own name."""
    if not isinstance(settings, dict):
        raise InputError(f"{path}: settings must be a JSON object")
    try:
        read: MethodConfig = method(name).settings.model_validate({**settings, "name": name, "type": name})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(keys.get(str(part), part)) for part in first["loc"])
        said = str(first["msg"]).removeprefix("Value error, ")
        shown = f" is {reprlib.repr(first['input'])}; " if first["type"] != "missing" else ": "
        raise InputError(f"{path}: {key}{shown}{said[0].lower()}{said[1:]}") from error
    return read
