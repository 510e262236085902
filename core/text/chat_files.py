"""The chat template that a model brings in its tokenizer's own files, and the tokens that it names.

Files as transformers writes them: `chat_template.jinja` beside the tokenizer, else `chat_template` in
`tokenizer_config.json`; the tokens stand in that file and in `special_tokens_map.json`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.files import refuse_pointer
from core.text.prompts import Prompt
from core.untrusted import load_json

OWN, _SUFFIX = "tokenizer", ".jinja"
_CONFIG, _MAP, _TEMPLATE = "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"


def with_chat_template(prompt: Prompt, tokenizer_file: Path, root: Path) -> Prompt:
    """Return a prompt that holds the text of its chat template, and the tokens that it names.

    Args:
        prompt: as it is configured.
        tokenizer_file: of the model. Where neither it nor its folder is there (yet), a prompt with the tokenizer's own
            template is returned as it is.
        root: what the path of a template is relative to.

    Raises:
        InputError: there is no template, or a file cannot be read.
    """
    wanted = prompt.chat_template
    folder = tokenizer_file.parent
    if not is_named(wanted) or (wanted == OWN and not tokenizer_file.exists()):
        return prompt
    text = _own(folder, prompt.name) if wanted == OWN else _text(root / Path(wanted).expanduser())
    return prompt.model_copy(update={"chat_template": text, "chat_tokens": {**_tokens(folder), **prompt.chat_tokens}})


def is_named(chat_template: str) -> bool:
    """Tell whether a setting names a template, and is not one itself."""
    return chat_template == OWN or (chat_template.endswith(_SUFFIX) and "{" not in chat_template)


def _own(folder: Path, name: str) -> str:
    if (folder / _TEMPLATE).is_file():
        return _text(folder / _TEMPLATE)
    found = _json(folder / _CONFIG).get("chat_template")
    if isinstance(found, list):  # several by name
        found = {row.get("name"): row.get("template") for row in found if isinstance(row, dict)}.get("default")
    if not isinstance(found, str) or not found:
        raise InputError(
            f"{folder}: prompt {name!r} takes the tokenizer's own chat template, and there is neither {_TEMPLATE} nor "
            f"`chat_template` in {_CONFIG}; put the model's file there, or choose another prompt (chatml, say)"
        )
    return found


def _tokens(folder: Path) -> dict[str, str]:
    """Return the names of special tokens, such as bos_token -> <s>."""
    found: dict[str, str] = {}
    for values in (_json(folder / _MAP), _json(folder / _CONFIG)):
        found.update(_named(values))
    return found


def _named(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        text = value.get("content") if isinstance(value, dict) else value
        if name.endswith("_token") and isinstance(text, str):
            yield name, text


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    values = load_json(_text(path), str(path))
    return values if isinstance(values, dict) else {}


def _text(path: Path) -> str:
    refuse_pointer(path)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text ({error})") from error
