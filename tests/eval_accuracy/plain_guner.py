"""A second, plain implementation of GuNER2023's scorer, character by character, to hold the kit's own against."""

from __future__ import annotations

import io
from decimal import ROUND_HALF_EVEN, Decimal

KINDS = ("PER", "OFI", "BOOK")


class Stop(Exception):
    pass


def judge(
    gold: bytes, response: bytes, gold_name: str = "gold.txt", response_name: str = "resp.txt"
) -> dict[str, object]:
    """Return the object that the scorer writes for two files' bytes."""
    try:
        return _judge(_file(gold, gold_name), _file(response, response_name))
    except (Stop, UnicodeDecodeError) as error:
        said = str(error)
        return {"errorDetail": said, "errorMsg": said, "score": 0, "scoreJson": {}, "success": False}


def _judge(gold: list[tuple[str, set[str]]], response: list[tuple[str, set[str]]]) -> dict[str, object]:
    if len(gold) != len(response):
        raise Stop("Response must have same number of lines as gold. Abort scoring.")
    right = wanted = given = 0
    for number in range(len(gold)):
        if gold[number][0] != response[number][0]:
            raise Stop(
                f"Response text is different from gold text at line {number}.This might be caused by mishandled "
                "labels. Abort scoring."
            )
        wanted += len(gold[number][1])
        given += len(response[number][1])
        right += sum(span in gold[number][1] for span in response[number][1])
    recall, precision = (_percent(right, count) for count in (wanted, given))
    score = _percent(2 * right, wanted + given)
    return {"success": True, "score": score, "scoreJson": {"score": score, "recall": recall, "precision": precision}}


def _percent(part: int, whole: int) -> float:
    if not part:
        return 0.0
    exact = Decimal(100 * part) / Decimal(whole)
    return float(exact.quantize(Decimal("0.0001"), ROUND_HALF_EVEN))


def _file(raw: bytes, name: str) -> list[tuple[str, set[str]]]:
    # As lines: read whole, Python would name another position where the last character is cut off.
    lines = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8").readlines()
    return [_line(line.removesuffix("\n"), number, name) for number, line in enumerate(lines)]


def _line(line: str, number: int, name: str) -> tuple[str, set[str]]:
    while line.startswith(" "):
        line = line[1:]
    while line.endswith(" "):
        line = line[:-1]
    text, spans = "", set()
    state, held, kind = "outside", "", ""
    for char in line:
        if state == "outside":
            if char == "{":
                state, held, kind = "text", "", ""
            else:
                text += char
        elif state == "text":
            if char == "|":
                state = "type"
            else:
                held += char
        elif char == "}":
            if kind not in KINDS:
                raise Stop(
                    f"Error in line {number} of file {name} : Parsed entity type is invalid. Must be in "
                    "{PER, OFI, BOOK}. This might be caused by mishandled labels. Abort scoring."
                )
            spans.add(f"{len(text)} {len(text) + len(held)} {kind}")
            text += held
            state = "outside"
        else:
            kind += char
    if state != "outside":
        raise Stop(f"Error in line {number} of file {name} : Invalid entity label found. Abort scoring.")
    return text, spans
