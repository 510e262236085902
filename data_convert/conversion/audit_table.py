"""The audit of a conversion as text: sums that can be followed by eye, then what deserves a look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from core.packed import SEGMENTS
from core.terminal import laid_out
from data_convert.typed.check import SOUND

_LABEL, _NUMBER = 44, 12
_BARS, _BAR = 8, 40
_EXAMPLES = 3
_MOST_FILES = 20
# With so much padding and so few records each, packed rows are too short for their records.
_MUCH_PADDING, _FEW_RECORDS = 0.05, 4
# What is taken off the corpus' records, by the name of its count.
_TAKEN_OFF = {
    "bad": "unreadable (data.max_bad)",
    "unlearned": "not to be learned (data.learned_turns)",
    "wrong_dropped": "solution wrong or missing (data.wrong)",
    "duplicates": "duplicates (data.dedup)",
    "held_out": "with held-out or asked questions",
    "overlap_removed": "overlapping with evaluations (data.overlap)",
    "near_duplicates": "near-duplicates (data.near_duplicates)",
    "weighed_out": "left out by weight (data.train)",
    "left_out": "left out (data.quotas, data.max_records)",
    "validation": "validation (data.validation_records)",
    "validation_alike": "with a question of these",
}
# What is not read of a file, by the name of its count.
_NOT_READ = {"bad": "unreadable", "unlearned": "not learned"}
# The verdicts that are not sound, as a table's columns call them.
_UNSOUND = {"wrong": "wrong", "unparsable": "no answer", "unsolvable": "unsolvable", "unknown": "not checked"}


def table(audit: dict[str, Any]) -> str:
    """Return what became of every record, and what is worth a look: overlaps, solutions, quotas, lengths."""
    parts = (_account, _files, _rows, _remarks, _solutions, _quotas, _histogram)
    return "\n\n".join(filter(None, (laid_out(part(audit)) for part in parts)))


def _line(label: str, value: int | str) -> str:
    return f"{label:<{_LABEL}}{f'{value:,}' if isinstance(value, int) else value:>{_NUMBER}}"


def _account(audit: dict[str, Any]) -> Iterator[str]:
    """Yield the sum that leads from the corpus' records to the rows."""
    counts, overlong = audit["corpus"], audit["overlong"]
    yield _line("records of the corpus", counts["read"] + counts.get("bad", 0) + counts.get("unlearned", 0))
    for name, label in _TAKEN_OFF.items():
        if counts.get(name):
            yield _line(f"- {label}", counts[name])
    if counts.get("repeated"):
        by = "weight, data.quotas" if any(file["weight"] != 1 for file in counts.get("files", ())) else "data.quotas"
        yield _line(f"+ repeated ({by})", counts["repeated"])
    yield _line("= to train on", counts["trained"])
    if counts["retention"]:
        yield _line("+ retention records", counts["retention"])
    if copies := audit["records"] - counts["trained"] - counts["retention"]:
        yield _line("+ copies with permuted options", copies)
    if overlong["dropped"]:
        yield _line("- too long (data.overlong)", overlong["dropped"])
    yield _line("= converted", audit["converted"])


def _files(audit: dict[str, Any]) -> Iterator[str]:
    """Yield what was read of each file, where there are several or one is not as usual; of many the first."""
    counts = audit["corpus"]
    yield from file_lines(counts.get("files", ()))
    yield from (f"not read: {line}" for line in counts.get("not_read", ())[:_MOST_FILES])


def file_lines(files: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield a table of the files of a corpus: records in = read + what is not, weights, encodings other than UTF-8."""
    if len(files) < 2 and all(file["weight"] == 1 and file["encoding"] == "utf-8" for file in files):
        return
    left = [name for name in _NOT_READ if name == "bad" or any(file[name] for file in files)]
    columns = ("records", *left, "read", *(["trained"] if "trained" in files[0] else []))
    heads = (_NOT_READ.get(name, name) for name in columns)
    yield f"{'file':<{_LABEL}}" + "".join(f"{name:>{_NUMBER}}" for name in heads)
    rest = [{name: sum(file[name] for file in files[_MOST_FILES:]) for name in columns}] if files[_MOST_FILES:] else []
    labels = [_short("  ", file["path"]) for file in files[:_MOST_FILES]]
    labels += [f"  {len(files) - _MOST_FILES} more files"] * len(rest)
    for label, file in zip(labels, [*files[:_MOST_FILES], *rest], strict=True):
        notes = [f"weight {file['weight']:g}"] if file.get("weight", 1) != 1 else []
        notes += [file["encoding"]] if file.get("encoding", "utf-8") != "utf-8" else []
        numbers = "".join(f"{file[name]:>{_NUMBER},}" for name in columns)
        yield f"{label:<{_LABEL}}{numbers}" + (f"  ({', '.join(notes)})" if notes else "")


def _rows(audit: dict[str, Any]) -> Iterator[str]:
    packed = ", packed" if audit["packing"] else ""
    yield _line(f"rows of {audit['seq_length']} + 1 tokens{packed}", audit["rows"])
    yield _line("padding", f"{audit['padding_share']:.1%}")
    yield _line("tokens, padding not counted", audit["tokens"])
    yield _line("  of these learned", audit["answer_tokens"])
    yield _line("rows with every label masked", audit["masked_rows"])
    if validation := audit.get("validation"):
        yield _line("validation rows, not trained on", validation["rows"])
        if validation["dropped"]:
            yield _line("  records too long for them (data.overlong)", validation["dropped"])
    yield _line("questions for accuracy", audit["test"])
    yield _line("questions for retention", audit["squad"])
    if audit["packing"]:
        how = "by a column of the rows" if SEGMENTS in audit["columns"] else "by BOS"
        a_row = audit["converted"] / audit["rows"]
        yield f"packed: {a_row:.1f} records a row; none of them sees another (they are told apart {how})"
        if audit["padding_share"] > _MUCH_PADDING and a_row < _FEW_RECORDS:
            yield "few records fit a row: longer rows (data.seq_length) are fuller"


def _remarks(audit: dict[str, Any]) -> Iterator[str]:
    """Yield what the sum does not show."""
    counts, overlong = audit["corpus"], audit["overlong"]
    retention = counts.get("retention_corpus", {})
    named = {
        "a word for no input, read as none": sum(counts.get("no_input", {}).values()),
        "rewritten (data.answers)": audit["rewritten"],
        "system text that no prompt holds ({system})": audit.get("system_unheard", 0),
        "cut at the prompt (data.overlong)": overlong["cut"],
        "solution wrong or missing, kept": counts.get("wrong", 0) - counts.get("wrong_dropped", 0),
        "same question, other answer, kept": counts.get("conflicting_answers", 0),
        "records of the retention corpus": retention.get("read", 0),
        "  unreadable (data.max_bad)": retention.get("bad", 0),
        "  not to be learned (data.learned_turns)": retention.get("unlearned", 0),
        "  without an answer, never trained on": retention.get("unanswerable", 0),
    }
    yield from (_line(label, number) for label, number in named.items() if number)
    for corpus, overlap in (("records", counts.get("overlap")), ("retention records", retention.get("overlap"))):
        for file, number in (overlap or {"files": {}})["files"].items():
            yield _line(_short(f"{corpus} overlap with ", file), number)


def _short(label: str, file: str) -> str:
    """Return a label with a file's name, of a long one the end."""
    room = _LABEL - len(label) - 1
    return label + (file if len(file) <= room else f"…{file[-room + 1 :]}")


def _solutions(audit: dict[str, Any]) -> Iterator[str]:
    """Yield the verdicts on the solutions by type, and the first that are not sound."""
    report = audit["solutions"]
    if not report["records"]:
        return
    unsound = {name: label for name, label in _UNSOUND.items() if report["verdicts"].get(name)}
    yield f"{'answers of the corpus':<24}" + "".join(
        f"{name:>{_NUMBER}}" for name in ("all", "sound", *unsound.values())
    )
    for kind, verdicts in {**report["types"], "all": report["verdicts"]}.items():
        sound = sum(number for name, number in verdicts.items() if name in SOUND)
        numbers = (sum(verdicts.values()), sound, *(verdicts.get(name, 0) for name in unsound))
        yield f"  {kind:<22}" + "".join(f"{number:>{_NUMBER},}" for number in numbers)
    examples = sorted(report["examples"], key=lambda example: list(_UNSOUND).index(example["verdict"]))
    for example in examples[:_EXAMPLES]:
        found = f": {example['found']}" if example["found"] else ""
        expected = f", expected {example['expected']}" if example["expected"] else ""
        yield f"  {example['place']}: {_UNSOUND[example['verdict']]}{found}{expected}"


def _quotas(audit: dict[str, Any]) -> Iterator[str]:
    counts = audit["corpus"]
    if "quotas" in counts:
        yield f"{'type or subject':<24}" + "".join(
            f"{name:>{_NUMBER}}" for name in ("there", "asked", "taken", "repeated")
        )
    for row in counts.get("quotas", ()):
        asked = "all" if row["asked"] is None else f"{row['asked']:,}"
        numbers = (f"{row['available']:,}", asked, f"{row['taken']:,}", f"{row['repeated']:,}")
        yield f"  {row['label']:<22}" + "".join(f"{number:>{_NUMBER}}" for number in numbers)


def _histogram(audit: dict[str, Any]) -> Iterator[str]:
    """Yield how many records have how many tokens: eight bars up to the longest that fits, one for those beyond."""
    longest_fit = audit["seq_length"] + 1
    width = -(-min(longest_fit, audit["longest"]) // _BARS)
    bars: Counter[int] = Counter()
    for length, count in audit["lengths"].items():
        bars[_BARS if int(length) > longest_fit else (int(length) - 1) // width] += count
    yield f"tokens of a record (longest {audit['longest']:,}, {longest_fit} fit)"
    for number in range(min(bars), max(bars) + 1):
        span = (
            f"{number * width + 1}–{min((number + 1) * width, longest_fit)}"
            if number < _BARS
            else f"{longest_fit + 1}–"
        )
        bar = "█" * -(-_BAR * bars[number] // max(bars.values()))
        yield f"  {span:>11} {bars[number]:>9,} {bar}".rstrip()
