"""What a turn of a conversation says besides its text: whether it is learned, and what no prompt can hold."""

from __future__ import annotations

from typing import Any

from data_convert.readers.bad import Fault
from data_convert.readers.fields import kind_of

# How corpora mark a turn as learned: ms-swift and AgentInstruct, OpenAI and Mistral, axolotl; true and 1 are yes.
_MARKS = ("loss", "weight", "train", "training", "trainable", "learned", "loss_mask", "loss_scale", "loss_weight")
# Any other field with such a word may be a mark too, whose sense is read one way here and the other way there.
_UNCLEAR = ("loss", "weight", "train", "learn", "mask", "ignore")
# Of a whole row: these say no where they are false, a weight where it is 0. (A number in "loss" may be a figure.)
_NOES = ("loss", "train", "training", "trainable", "learned")
_WEIGHTS = ("weight", "loss_weight", "sample_weight", "example_weight", "loss_scale")
ROW_MARKS = frozenset((*_NOES, *_WEIGHTS))
_TOOLS = ("tool", "tools", "function", "function_call", "function_response", "function-response", "tool_call")
_TEXT_ALONE = 2  # fields of a turn that says nothing of itself: its speaker and its text
_TOOL_SPEAKERS = {*_TOOLS, "tool_response", "observation", "ipython", "environment"}
_UNWRITTEN = ("tool_calls", "function_call", "reasoning_content", "reasoning", "thinking")


def learned_mark(turn: dict[str, Any], number: int) -> bool | None:
    """Return whether a turn is marked as learned; None where nothing is said.

    Args:
        turn: the turn's fields.
        number: its place, from 0, for messages.

    Raises:
        Fault: a mark that says neither yes nor no, or two that differ.
    """
    found: dict[str, bool] = {}
    for name, value in turn.items() if len(turn) > _TEXT_ALONE else ():
        word = name.lower()
        if value is None or value in ([], {}, "") or not any(part in word for part in _UNCLEAR):
            continue
        if word not in _MARKS:
            raise Fault(
                f"turn {number} has a field {name!r}, of which nothing says what it means; write 'loss' instead"
            )
        if not isinstance(value, (bool, int, float)) or value not in (0, 1):
            shown = value if isinstance(value, (bool, int, float, str)) else kind_of(value)
            raise Fault(f"turn {number}: field {name!r} is {shown!r}, not true or false, nor 1 or 0")
        found[name] = bool(value)
    if len(set(found.values())) > 1:
        raise Fault(f"turn {number}: {' and '.join(map(repr, found))} contradict each other")
    return next(iter(found.values()), None)


def is_unlearned(row: dict[str, Any]) -> bool:
    """Tell whether a whole row is marked as not to be learned: `"loss": false`, `"train": "False"`, `"weight": 0`.

    Raises:
        Fault: a weight other than 0 and 1, for no row is learned by halves or twice.
    """
    if ROW_MARKS.isdisjoint(row):
        return False
    said = {name: str(row[name]).strip().lower() for name in ROW_MARKS & row.keys()}
    if any(said.get(name) == "false" for name in (*_NOES, *_WEIGHTS)):
        return True
    weights = {name: _number(said[name]) for name in _WEIGHTS if name in said}
    for name, weight in weights.items():
        if weight not in (None, 0, 1):
            raise Fault(
                f"field {name!r} is {row[name]!r:.40}: a row is learned once (1) or not at all (0); a file is weighed "
                "by data.train=[{path: FILE, weight: 2}]; a field that means something else needs another name"
            )
    return 0 in weights.values()


def _number(text: str) -> float | None:
    """Return the number that a text is, None where it is none: a weight may also be a word, of a thing."""
    try:
        return float(text)
    except ValueError:
        return None


def refuse_tools(row: dict[str, Any]) -> None:
    """Refuse a conversation that offers tools, which a prompt cannot hold (Fault)."""
    for name in ("tools", "functions"):
        if row.get(name) not in (None, "", [], {}, "[]"):
            raise Fault(f"field {name!r} offers tools to the model; the kit trains conversations without tools only")


def refuse_unwritten(turn: dict[str, Any], speaker: str, number: int) -> None:
    """Refuse a turn of a tool, and one with something beside its text that no prompt would hold (Fault)."""
    if speaker in _TOOL_SPEAKERS:
        raise Fault(f"turn {number} is of {speaker!r}, a tool; the kit trains conversations without tools only")
    for name in _UNWRITTEN:
        if turn.get(name):
            raise Fault(f"turn {number} has {name!r} beside its text, which no prompt holds; put it into the text")
