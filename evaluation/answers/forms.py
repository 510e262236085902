"""Forms in which other tools write predictions, and how question and text are found in them.

| tool | a line, or an element of an array |
|---|---|
| this kit | `{"id": "a", "text": "…"}` |
| evaluate, datasets | `{"id": "a", "prediction_text": "…"}` |
| lm-eval | `{"doc_id": 0, "resps": [["…"]], "filtered_resps": ["…"]}` |
| OpenCompass | `{"0": {"origin_prompt": "…", "prediction": "…", "gold": "…"}, "1": {…}}` |
| LLaMA-Factory | `{"prompt": "…", "predict": "…", "label": "…"}` |
| OpenAI's batches | `{"custom_id": "a", "response": {"body": {"choices": [{"message": {"content": "…"}}]}}}` |

Where a form has no ids of its own but places (lm-eval, OpenCompass, LLaMA-Factory), the n-th is the answer to the n-th
question that is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.errors import InputError

_IDS = ("id", "question_id", "qid", "custom_id", "uid", "idx", "index")
_PLACES = ("doc_id",)
_TEXTS = (
    *("text", "prediction_text", "prediction", "predict", "pred", "predicted_answer", "generated_text", "generation"),
    *("model_answer", "model_output", "resps", "filtered_resps"),
)
# Data sets have these too, so they are a prediction only beside an id.
_BESIDE_AN_ID = ("response", "completion", "output")
_KNOWN = "id and text (or prediction, predict, prediction_text, resps of lm-eval, response of OpenAI's batches)"


@dataclass(frozen=True)
class Found:
    """One prediction.

    Attributes:
        name: the question's id, or its place among those asked, from 0.
        text: what was answered.
        by_place: the name is a place.
    """

    name: str
    text: str
    by_place: bool = False


def found_in(row: Any, where: str, place: int) -> Iterator[Found]:
    """Yield the predictions in a line or an element: one, but of OpenCompass, whose file is one object.

    Args:
        row: the value.
        where: its place, for messages.
        place: how many predictions come before it.

    Raises:
        InputError: it is of no form that is known; names what is missing.
    """
    if not isinstance(row, dict):
        raise InputError(f"{where}: a prediction must be a JSON object with {_KNOWN}")
    if is_by_number(row):
        for number, one in row.items():
            yield Found(number, _text(one, f"{where}: {number}"), by_place=True)
        return
    name = next((name for name in (*_IDS, *_PLACES) if row.get(name) is not None), None)
    text = _text(row, where, beside_id=name is not None)
    if name is None:
        if "text" in row:
            raise InputError(f"{where}: field 'id' is missing or not text")
        yield Found(str(place), text, by_place=True)
        return
    value = row[name]
    if type(value) not in (str, int):
        raise InputError(f"{where}: field {name!r} is missing or not text")
    yield Found(str(value), text, by_place=name in _PLACES)


def is_by_number(row: Any) -> bool:
    """Tell whether an object is a file of OpenCompass: numbers as keys, objects with a prediction behind them."""
    return (
        isinstance(row, dict)
        and bool(row)
        and all(name.isdecimal() and isinstance(one, dict) and "prediction" in one for name, one in row.items())
    )


def is_prediction(row: Any) -> bool:
    """Tell whether an object is by itself a prediction of one of the forms, and no object {question id: text}."""
    if not isinstance(row, dict):
        return False
    if is_by_number(row):
        return True
    has_id = any(name in row for name in (*_IDS, *_PLACES))
    has_text = any(name in row for name in (*_TEXTS, *_BESIDE_AN_ID))
    return has_id and has_text or ("predict" in row and "label" in row)


def _text(row: dict[str, Any], where: str, beside_id: bool = True) -> str:
    names = (*_TEXTS, *_BESIDE_AN_ID) if beside_id else _TEXTS
    name = next((name for name in names if name in row), None)
    if name is None:
        raise InputError(f"{where}: field 'text' is missing or not text; expected {_KNOWN}")
    value = row[name]
    while isinstance(value, list) and len(value) == 1:  # lm-eval: one answer of one request
        value = value[0]
    if isinstance(value, dict):
        value = _said(value)
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        what = (
            "log-likelihoods of options" if not isinstance(value[0], str) else f"{len(value)} answers to one question"
        )
        raise InputError(f"{where}: field {name!r} holds {what}; one text a question is expected")
    raise InputError(f"{where}: field {name!r} is missing or not text")


def _said(response: dict[str, Any]) -> Any:
    """Return the text of a response of OpenAI's API, of completions or of chats; None where there is none."""
    body = response.get("body") if isinstance(response.get("body"), dict) else response
    choices = body.get("choices") if isinstance(body, dict) else None
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    message = first.get("message")
    return message.get("content") if isinstance(message, dict) else first.get("text")
