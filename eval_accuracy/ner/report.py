"""The strict mode of `eval_accuracy/guner.py`: a response's faults and figures, another one beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.text.markup import Fault, Marked, parse, parsed_text, read_whole, split_lines, write_whole, written_text
from core.text.markup_check import file_faults, repaired
from eval_accuracy.ner.measures import changed_spans, measured, paired
from eval_accuracy.ner.organiser import scored

_SHOWN = 30


def strict(
    gold: Path, response: Path, train: Path | None = None, against: Path | None = None, repair: Path | None = None
) -> dict[str, Any]:
    """Judge a response by the reference, or check it against a bare text.

    Args:
        gold: the reference; a text without any mark only checks the response.
        response: what is handed in.
        train: marked training text, which tells the entities that were seen in training.
        against: an earlier response, which the first is compared with.
        repair: where the response is written with the reference's text and those of its marks that have a place.

    Returns:
        "scorer": what the organiser's scorer writes; "faults": a list, empty where the response can be handed in; and
        without faults "figures" (see `measured`); with `against` as A "changed" (see `changed_spans`) and "paired" (see
        `paired`). Without a mark in `gold` there are neither figures nor "paired".

    Raises:
        InputError: gold, training text or the earlier response cannot be read.
    """
    reference = _reference(gold)
    texts = [line.text for line in reference]
    raw = _bytes(response)
    found = file_faults(raw, str(response), texts)
    shown: dict[str, Any] = {
        "schema": 1,
        "gold": str(gold),
        "response": str(response),
        "scorer": scored(str(gold), str(response)),
        "faults": [_row(fault) for fault in found],
    }
    if repair is not None:
        ends = [end for _, end in split_lines(read_whole(gold))]
        lines = [Marked(line.text, line.spans, end) for line, end in zip(repaired(raw, texts), ends, strict=True)]
        write_whole(repair, written_text(lines))
        shown["repaired"] = str(repair)
    if found:
        return shown
    lines = _stripped(parsed_text(raw.decode("utf-8"), str(response)))
    has_gold = any(line.spans for line in reference)
    if has_gold:
        known = None if train is None else _marked_strings(train)
        shown["figures"] = measured(reference, lines, known)
    if against is not None:
        earlier = _earlier(against, texts)
        shown |= {"against": str(against), "changed": changed_spans(earlier, lines)}
        if has_gold:
            shown["paired"] = paired(reference, earlier, lines)
    return shown


def _earlier(path: Path, texts: Sequence[str]) -> list[Marked]:
    raw = _bytes(path)
    if faulty := file_faults(raw, str(path), texts):
        raise InputError(f"{path}:{faulty[0].line}: {faulty[0]}")
    return _stripped(parsed_text(raw.decode("utf-8"), str(path)))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error


def _reference(path: Path) -> list[Marked]:
    return _stripped(parsed_text(read_whole(path), str(path)))


def _stripped(lines: Sequence[Marked]) -> list[Marked]:
    """Return lines without the blanks at both ends, which the scorer does not see; a mark's own blanks stay."""
    stripped = []
    for line in lines:
        text, first, last = line.text, len(line.text), 0
        if line.spans:
            first, last = line.spans[0].start, line.spans[-1].end
        start = min(len(text) - len(text.lstrip(" ")), first)
        end = max(len(text.rstrip(" ")), last)
        spans = tuple(span._replace(start=span.start - start, end=span.end - start) for span in line.spans)
        stripped.append(Marked(text[start : max(start, end)], spans, line.end))
    return stripped


def _marked_strings(path: Path) -> set[str]:
    strings: set[str] = set()
    for number, (line, _) in enumerate(split_lines(read_whole(path)), start=1):
        try:
            marked = parse(line)
        except InputError as error:
            raise InputError(f"{path}:{number}: {error}") from None
        strings.update(marked.text[start:end] for start, end, _ in marked.spans)
    return strings


def _row(fault: Fault) -> dict[str, Any]:
    return {key: getattr(fault, key) for key in ("line", "column", "kind", "said", "excerpt", "repair")}


def lines_of(shown: Mapping[str, Any]) -> Iterator[str]:
    """Yield a result as lines of text."""
    found = shown["faults"]
    if found:
        said = shown["scorer"]
        verdict = f"gives {said['score']}" if said["success"] else f"gives no score: {said['errorMsg']}"
        count = f"{len(found)} fault{'s' * (len(found) != 1)}"
        yield f"{shown['response']}: {count}; the organiser's scorer {verdict}"
    for fault in found[:_SHOWN]:
        yield f"  line {fault['line']}, column {fault['column']}: {fault['said']}, at {fault['excerpt']!r}"
        yield f"      {fault['repair']}"
    if len(found) > _SHOWN:
        yield f"  … {len(found) - _SHOWN} more: --json shows all"
    if "repaired" in shown:
        yield f"repaired: {shown['repaired']}"
    if not found and "figures" not in shown:
        yield f"{shown['response']}: nothing is wrong; {shown['gold']} has no marks to score by"
    if "figures" in shown:
        yield from _figures(shown["figures"])
    if "paired" in shown:
        yield from _paired(shown["paired"], shown["against"], shown["response"])
    if "changed" in shown:
        yield f"lines marked otherwise than in {shown['against']}: {len(shown['changed'])}"
        for row in shown["changed"][:_SHOWN]:
            yield f"  line {row['line']}: " + ", ".join(
                [*(f"-{span}" for span in row["gone"]), *(f"+{span}" for span in row["new"])]
            )


def _figures(row: Mapping[str, Any]) -> Iterator[str]:
    low, high = row["interval"]
    yield f"F1 {row['f1']:.4f} [{low:.2f}, {high:.2f}], recall {row['recall']:.4f}, precision {row['precision']:.4f}"
    yield f"  {row['lines']} lines, {row['lines_right']} without any error; {_counts(row)}"
    for name in ("by_type", "by_length", "by_novelty"):
        for key, part in row.get(name, {}).items():
            yield (
                f"  {name.removeprefix('by_')} {key:8} F1 {part['f1']:8.4f}  recall {part['recall']:8.4f}  "
                f"precision {part['precision']:8.4f}  {_counts(part)}"
            )
    yield "  errors: " + ", ".join(f"{kind} {count}" for kind, count in row["errors"].items())


def _counts(row: Mapping[str, Any]) -> str:
    return f"{row['common']} right of {row['expected']} expected and {row['found']} found"


def _paired(row: Mapping[str, Any], a: str, b: str) -> Iterator[str]:
    low, high = row["interval"]
    yield f"A = {a}: {row['a']:.4f}; B = {b}: {row['b']:.4f}"
    yield f"  B - A {row['difference']:+.4f} [{low:+.2f}, {high:+.2f}] (95 %, bootstrap over lines, paired)"
    yield f"  entities that only A finds {row['only_a']}, only B {row['only_b']}; McNemar p {row['mcnemar_p']:.3g}"
