"""Reading and composing the YAML files of configs/ into one `RunConfig`.

A contest names its parts (`model: llama3_8b`, or a mapping with `name` and what differs); settings given as
`key=value` are laid over it. Every mistake is reported at once, with the nearest known key.
"""

from __future__ import annotations

import os
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from core.errors import InputError, unknown
from core.files import read_text
from core.other_names import nearest
from core.places import ROOT, expanded, plugin_folders
from core.schema import MethodConfig, ModelConfig, RunConfig
from core.secrets import keep_secret
from core.section import UNSHOWN, Section
from core.streams import printable
from core.text.chat_files import with_chat_template
from core.text.prompts import Prompt
from core.text.tokenizers import Tokenizer, load_tokenizer
from core.yaml_text import dump_yaml, read_mapping, read_value

T = TypeVar("T")
# What a message shows of a wrong value.
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 200
_SHORT.maxlist = _SHORT.maxtuple = 20
CONFIGS = ROOT / "configs"

# Sections of a run that are files of their own, and their folders.
PARTS = {
    "model": "models",
    "machine": "machines",
    "method": "methods",
    "prompt": "prompts",
    "squad_prompt": "prompts",
    "instruction_prompt": "prompts",
}
# Settings that are paths: given on the command line they are relative to where the command was given.
_PATHS = {
    "data.train",
    "data.test",
    "data.squad",
    "data.retention_corpus",
    "data.against",
    "model.checkpoint",
    "model.tokenizer.file",
    "submission.notes",
}


class Setting(NamedTuple):
    """One setting of a command line: its dotted key, the value as YAML reads it, and the text as it was written."""

    key: str
    value: Any
    written: str


def kit_path(path: str) -> Path:
    """Return a configured path as it is where absolute, else below the kit's root."""
    return ROOT / expanded(path)


def model_tokenizer(model: ModelConfig, prompts: Iterable[Prompt | None] = ()) -> Tokenizer:
    """Load a model's tokenizer.

    Args:
        model: whose tokenizer it is.
        prompts: those that are used with it: no text becomes one of their control tokens.

    Raises:
        InputError: see `load_tokenizer`.
    """
    file = kit_path(model.tokenizer.file)
    controls = sorted({piece for prompt in prompts if prompt for piece in prompt.special_pieces})
    ids = (model.bos_token_id, model.eos_token_id, model.pad_token_id)
    return load_tokenizer(model.tokenizer.kind, file, *ids, controls)


def run_tokenizer(config: RunConfig) -> Tokenizer:
    """Load the tokenizer of a run for all its prompts; InputError as `model_tokenizer`."""
    return model_tokenizer(config.model, (config.prompt, config.squad_prompt, config.instruction_prompt))


def names(folder: str) -> list[str]:
    """Return the names that may stand for a part: the YAML files of configs/`folder`, of the kit and of plug-ins."""
    return sorted(_files(folder))


def _files(folder: str) -> dict[str, Path]:
    """Return name -> YAML file of configs/`folder`; the kit's own come before those of plug-ins."""
    found: dict[str, Path] = {}
    for configs in (CONFIGS, *(plugin / "configs" for plugin in plugin_folders())):
        for file in (configs / folder).glob("*.yaml"):
            found.setdefault(file.stem, file)
    return found


def load_contest(name: str, overrides: Sequence[str] = ()) -> RunConfig:
    """Compose a contest's configuration.

    Args:
        name: a file of configs/contests/, without its ending, or the path of such a file.
        overrides: settings as `key=value`, dotted keys; `model=NAME` and its like choose another file.

    Raises:
        InputError: unknown contest, part or key, or values that do not fit; all mistakes in one message.
    """
    faults: list[str] = []
    settings = [found for text in overrides if (found := _tried(faults, _split, text))]
    chosen = {setting.key: setting.value for setting in settings if setting.key in PARTS}
    contest = _yaml(Path(name)) if name.endswith((".yaml", ".yml")) else _read_part("contests", name)
    composed = _compose(contest, chosen, faults)
    others = [setting for setting in settings if setting.key not in PARTS]
    return _checked(composed, others, f"contest {name}", faults)


def load_model(name: str) -> ModelConfig:
    """Read a base model's configuration by its name in configs/models/, or by the path of such a YAML file.

    Raises:
        InputError: unknown name, unreadable file, unknown key, or values that do not fit; all mistakes in one message.
    """
    model: ModelConfig = _load_part("models", name, ModelConfig)
    return model


def load_method(name: str, settings: Mapping[str, Any] | None = None) -> MethodConfig:
    """Read a tuning method's settings by its name in configs/methods/, or by the path of such a YAML file.

    Args:
        name: of the method.
        settings: what is laid over those of the file.

    Raises:
        InputError: as `load_model`.
    """
    method: MethodConfig = _load_part("methods", name, MethodConfig, settings)
    return method


def load_prompt(name: str) -> Prompt:
    """Read a prompt by its name in configs/prompts/; InputError for an unknown name or values that do not fit."""
    try:
        return Prompt.model_validate(_read_part("prompts", name))
    except ValidationError as error:
        raise InputError(f"prompt {name}: {error.errors()[0]['msg']}") from error


def _load_part(folder: str, name: str, kind: type[Section], settings: Mapping[str, Any] | None = None) -> Any:
    value = _yaml(Path(name)) if name.endswith((".yaml", ".yml")) else _read_part(folder, name)
    value |= settings or {}
    chosen = kind.chosen(value)
    try:
        return chosen.model_validate(value)
    except ValidationError as error:
        said = "; ".join(_sentence(item, _all_keys(chosen, value)) for item in error.errors())
        raise InputError(f"{folder.removesuffix('s')} {name}: {said}") from error


def load_run(path: Path, overrides: Sequence[str] = ()) -> RunConfig:
    """Read a composed configuration (`run.yaml`) again; InputError where it is missing or damaged."""
    composed = _yaml(path)
    settings = [_split(text) for text in overrides]
    composed.update({setting.key: _part(setting.key, setting.value) for setting in settings if setting.key in PARTS})
    return _checked(composed, [setting for setting in settings if setting.key not in PARTS], str(path))


def dump(config: BaseModel) -> str:
    """Return a configuration as YAML text that `load_run` reads back to the same configuration."""
    return dump_yaml(config.model_dump(mode="json"))


def _split(text: str) -> Setting:
    key, equals, written = text.partition("=")
    if not equals or not key:
        raise InputError(f"setting {printable(text)!r} is not of the form key=value, such as train.epochs=2")
    if written != printable(written):
        raise InputError(f"setting {printable(key)}: {printable(written)} is not UTF-8; rename the file or folder")
    try:
        value = read_value(written)
    except InputError as error:
        raise InputError(f"setting {text!r}: {error}") from error
    if key in _PATHS:
        if isinstance(value, str) and value[:1] in ("[", "{") and not Path(value).exists():
            raise InputError(
                f'setting {text!r}: no list that YAML can read; put names with * in quotes: {key}=["d/*.json", b.json]'
            )
        value = _absolute(value)
    return Setting(key, value, written)


def _absolute(value: Any) -> Any:
    """Return paths of the command line as absolute ones: one, or a list of them, or of parts that have one."""
    if isinstance(value, list):
        return [_absolute(item) for item in value]
    if isinstance(value, dict):
        return {name: _absolute(item) if name == "path" else item for name, item in value.items()}
    return value if value is None or isinstance(value, bool) else os.path.abspath(expanded(str(value)))


def _tried(faults: list[str], work: Callable[..., T], *arguments: Any) -> T | None:
    """Return what a function returns; where it finds wrong input, add that to `faults` and return None."""
    try:
        return work(*arguments)
    except InputError as error:
        faults.append(str(error))
        return None


def _compose(contest: dict[str, Any], chosen: Mapping[str, Any], faults: list[str]) -> dict[str, Any]:
    """Put the files of its parts into a contest; what is wrong with them is added to `faults`."""
    composed = dict(contest)
    for section in PARTS:
        value = chosen.get(section, composed.get(section))
        if value is not None:
            composed[section] = _tried(faults, _part, section, value)
    return composed


def _part(section: str, value: Any) -> dict[str, Any]:
    """Return a part by its name, or by a mapping of its name and what differs from the file."""
    difference = value if isinstance(value, dict) else {"name": value}
    if not isinstance(difference.get("name"), str):
        raise InputError(f"{section} must be the name of a file of configs/{PARTS[section]}/: {value!r} is not")
    return {**_read_part(PARTS[section], difference["name"]), **difference}


def _read_part(folder: str, name: str) -> dict[str, Any]:
    files = _files(folder)
    if name not in files:
        raise InputError(unknown(folder.rstrip("s"), name, sorted(files)))
    return _yaml(files[name])


def _yaml(path: Path) -> dict[str, Any]:
    return settings_in(read_text(path), str(path))


def settings_in(text: str, where: str) -> dict[str, Any]:
    """Return the settings of a YAML text, unchecked; InputError (which names `where`) where it is none."""
    return read_mapping(text, where)


def _checked(
    composed: dict[str, Any], settings: Iterable[Setting], where: str, faults: Sequence[str] = ()
) -> RunConfig:
    """Lay settings over a composed configuration; InputError with all that is wrong, `faults` among it."""
    faults = list(faults)
    unread = {key for key in PARTS if key in composed and composed[key] is None}
    # A setting that chooses a kind goes first: those of its group are of that kind.
    for setting in sorted(settings, key=lambda setting: setting.key != "method.type"):
        if fault := _lay_over(composed, setting):
            faults.append(fault)
    try:
        config = RunConfig.model_validate(composed)
    except ValidationError as error:
        # Of a part that could not be read all that is wrong has been said.
        said = [item for item in error.errors() if item["loc"][:1] not in {(key,) for key in unread}]
        faults.extend(_sentence(item, _all_keys(RunConfig, composed)) for item in said)
        raise InputError(f"{where}: " + "; ".join(faults)) from None
    made = _with_chat_templates(config, faults)
    if faults:
        raise InputError(f"{where}: " + "; ".join(faults))
    # Whatever the variable is called: what it holds is blanked in all that this process writes.
    keep_secret(os.environ.get(config.eval.http.api_key_env, ""))
    return made


def _with_chat_templates(config: RunConfig, faults: list[str]) -> RunConfig:
    """Return a run that holds the text of its chat templates, so that run.yaml says what was trained with."""
    file = kit_path(config.model.tokenizer.file)
    prompts = {name: getattr(config, name) for name in ("prompt", "squad_prompt", "instruction_prompt")}
    whole = {name: _tried(faults, with_chat_template, one, file, ROOT) for name, one in prompts.items() if one}
    return config.model_copy(update={name: found for name, found in whole.items() if found})


def _lay_over(composed: dict[str, Any], setting: Setting) -> str | None:
    """Set one dotted key; return what is wrong with it, or None."""
    key = setting.key
    model: type[BaseModel] = RunConfig
    level = composed
    words = key.split(".")
    for depth, word in enumerate(words):
        if word not in model.model_fields:
            return f"unknown setting {key!r}{nearest(key, _all_keys(RunConfig, composed), setting.written)}"
        inner = _section(model, word, level.get(word))
        if depth == len(words) - 1:
            if inner is not None:
                return f"{key!r} is a group of settings: set one of {', '.join(inner.model_fields)} in it"
            # A text is what was written, though YAML may take it for something else (true, a: b).
            as_written = model.model_fields[word].annotation is str and (
                isinstance(setting.value, bool) or not isinstance(setting.value, str | int | float)
            )
            level[word] = setting.written if as_written else setting.value
        elif inner is None:
            near = nearest(key, _all_keys(RunConfig, composed), setting.written)
            return f"unknown setting {key!r}: {'.'.join(words[: depth + 1])!r} holds no others{near}"
        else:
            model = inner
            nested = level.get(word)
            level[word] = dict(nested) if isinstance(nested, dict) else {}
            level = level[word]
    return None


def _section(model: type[BaseModel], field: str, values: Any) -> type[BaseModel] | None:
    """Return the class of a field that is a group of settings, of the kind that `values` are; None for another."""
    annotation = model.model_fields[field].annotation
    if get_origin(annotation) is tuple:  # a list of groups is given as a whole
        return None
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Section):
            # An unknown kind is reported where the whole is read.
            with suppress(InputError):
                return candidate.chosen(values)
            return candidate
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _all_keys(model: type[BaseModel], values: Any, prefix: str = "") -> list[str]:
    keys = []
    for field in model.model_fields:
        nested = values.get(field) if isinstance(values, Mapping) else None
        inner = _section(model, field, nested)
        keys += _all_keys(inner, nested, f"{prefix}{field}.") if inner is not None else [prefix + field]
    return keys


def _sentence(item: Any, keys: Sequence[str]) -> str:
    """Say what is wrong with one setting; `keys` are those that there are."""
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"unknown setting {key!r}{nearest(key, keys)}"
    if item["type"] == "missing":
        return f"setting {key!r} is missing"
    message = str(item["msg"]).removeprefix("Value error, ")
    shown = ""
    if not isinstance(item["input"], dict) and item["type"] != UNSHOWN:
        shown = f" (it is {_SHORT.repr(item['input'])})"
    if item["type"] == "string_type":
        message, shown = "a text is expected", f"{shown}; where it is meant as one, put it in quotes"
    # What is wrong with several settings together names them itself.
    return f"{key}: {message[0].lower()}{message[1:]}{shown}" if key else message
