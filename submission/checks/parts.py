"""The checks of a zip's parts: each takes the contents and yields a sentence for everything that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from core.errors import InputError
from core.result_parts import EvaluationResult
from core.result_types import RatioResult
from core.results import RESULTS, file_name, results_of
from core.schema import LINK
from core.untrusted import load_json
from submission.checks.handed import Handed
from submission.package import layout
from submission.package.archive import Contents, dig, shown
from submission.package.run_facts import CHECKPOINT_SUFFIXES, is_number
from submission.package.weights import adapter_tensor
from submission.report.screenshots import shots_of

_SIZE_SHARE = 0.01  # merged weights of one model differ by less than this in bytes
_TOTAL_SHARE = 0.05  # merged weights hold the model's parameters: a count may differ by buffers, not by more
_VERSION = re.compile(r"\d+(\.\d+)+\S*")
_LONGEST_LINK = 2048
_LONGEST_VERSION = 100  # the pattern takes the square of the text's length


def part_problems(handed: Handed) -> Iterator[str]:
    """Everything is there that is wanted of a contest with these steps."""
    sizes, steps = handed.contents.sizes, handed.steps
    results = results_of(steps, handed.settings.validates)
    files = [layout.REPORT, layout.MANIFEST, layout.RUN_CONFIG, layout.ENVIRONMENT]
    files += [file_name(name) for name in results]
    files += [f"{layout.SCREENSHOTS}{shot.kind}.png" for shot in shots_of(steps)]
    folders = [(layout.CODE, ".py", "code file")]
    if "train" in steps:
        files.append(layout.FINETUNE_CONFIG)
        folders.append((f"{layout.LOGS}train/", ".log", "training log"))
    if any(issubclass(RESULTS[name].type, EvaluationResult) for name in results):
        folders.append((f"{layout.LOGS}predictions/", ".jsonl", "prediction of the evaluations"))
    yield from (f"{name}: missing" for name in files if name not in sizes)
    for folder, ending, what in folders:
        if not any(name.startswith(folder) and name.endswith(ending) for name in sizes):
            yield f"{folder}: no {what} (*{ending})"


def manifest_problems(contents: Contents, manifest: Any) -> Iterator[str]:
    """The manifest lists exactly the files of the zip, with their true sizes and hashes."""
    rows = dig(manifest, "files")
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and isinstance(row.get("path"), str) for row in rows
    ):
        yield f"{layout.MANIFEST}: no list 'files' of path, bytes and sha256"
        return
    listed = {row["path"]: row for row in rows}
    if len(listed) != len(rows):
        yield f"{layout.MANIFEST}: lists a file twice"
    kit = dig(manifest, "kit")
    if kit is not None and not _is_version(kit):
        kind = repr(kit[:_LONGEST_VERSION]) if isinstance(kit, str) else type(kit).__name__
        yield f"{layout.MANIFEST}: {shown(kind)} is no version of the kit"
    for name in sorted(set(contents.sizes) - set(listed) - {layout.MANIFEST}):
        yield f"{shown(name)}: not in {layout.MANIFEST}"
    for name, row in listed.items():
        if name not in contents.sizes:
            yield f"{shown(name)}: in {layout.MANIFEST}, but not (whole) in the zip"
        elif row.get("bytes") != contents.sizes[name]:
            yield f"{shown(name)}: {contents.sizes[name]} bytes, {layout.MANIFEST} says {row.get('bytes')}"
        elif row.get("sha256") != contents.sha256[name]:
            yield f"{shown(name)}: sha256 {contents.sha256[name]}, {layout.MANIFEST} says {row.get('sha256')}"


def _is_version(kit: object) -> bool:
    return isinstance(kit, str) and len(kit) <= _LONGEST_VERSION and bool(_VERSION.fullmatch(kit))


def checkpoint_problems(handed: Handed) -> Iterator[str]:
    """As many checkpoints as the rules ask for: evenly spaced, merged, of one model, with true hashes."""
    contents, rows, needed = handed.contents, handed.rows, handed.checkpoints_required
    in_zip = {name for name in contents.sizes if _is_weights(name)}
    full = dig(handed.manifest, "weights") == "full"
    if len(rows) != needed:
        yield f"{layout.MANIFEST}: {len(rows)} checkpoints, the contest asks for {needed}"
    if full and len(in_zip) != needed:
        yield f"{layout.CHECKPOINTS}: {len(in_zip)} weight files, the contest asks for {needed}"
    if needed and not full and not (has_link(handed.manifest) or has_adapters(handed)):
        yield (
            f"{layout.CHECKPOINTS}: neither the weights nor a link to them: upload them and give its address,"
            " submission/run.py --weights-url LINK (submission.weights_url)"
        )
    paths = {row["path"] for row in rows.values()}
    for name in sorted(in_zip - paths):
        yield f"{shown(name)}: not among the checkpoints of {layout.MANIFEST}"
    yield from spacing_problems([row["step"] for row in rows.values()], needed)
    for label, row in rows.items():
        yield from _row_problems(contents, label, row, full)
    if len({str(row.get("base_sha256")) for row in rows.values()}) > 1:
        yield f"{layout.MANIFEST}: the checkpoints were merged into different base weights"
    yield from _size_problems(rows)
    yield from _tensor_problems(handed)


def has_link(manifest: Any) -> bool:
    """Tell whether a manifest says where the weights can be had."""
    url = dig(manifest, "weights_url")
    return isinstance(url, str) and len(url) <= _LONGEST_LINK and re.fullmatch(LINK, url) is not None and url != ""


def has_adapters(handed: Handed) -> bool:
    """Tell whether a zip holds the adapters from which its base gives each of the weights again."""
    names = [f"{layout.ADAPTERS}{label}/adapter" for label in handed.rows]
    files = [name + suffix for name in names for suffix in (".safetensors", ".json")]
    return bool(files) and all(name in handed.contents.sizes for name in files)


def spacing_problems(steps: list[int], needed: int) -> Iterator[str]:
    """Steps are evenly spaced from the start of training: step i of n is last * i / n.

    One step more or less (rounding), or one per cent of the interval (whole sinks of data), is not uneven.
    """
    if len(steps) != needed or not steps:
        return  # said already
    interval = steps[-1] / needed
    slack = max(1.0, interval / 100)
    if any(abs(step - interval * (index + 1)) > slack for index, step in enumerate(steps)):
        wanted = ", ".join(str(round(interval * (index + 1))) for index in range(needed))
        yield f"checkpoints: steps {', '.join(map(str, steps))} are not evenly spaced (even: {wanted})"


def _is_weights(name: str) -> bool:
    return name.startswith(layout.CHECKPOINTS) and name.endswith(CHECKPOINT_SUFFIXES)


def _row_problems(contents: Contents, label: str, row: Mapping[str, Any], full: bool) -> Iterator[str]:
    path = row["path"]
    if not _is_weights(path) or path.rsplit("/", 1)[-1].rsplit(".", 1)[0] != label:
        yield f"{layout.MANIFEST}: {shown(path)} is no weight file of {label}"
    if row.get("merged") is not True:
        yield f"{layout.MANIFEST}: {label} is not called merged"
    if path in contents.sizes:
        if (row.get("bytes"), row.get("sha256")) != (contents.sizes[path], contents.sha256[path]):
            yield f"{shown(path)}: size or sha256 is not that of the checkpoints in {layout.MANIFEST}"
    elif full:
        yield f"{shown(path)}: missing"
    merge = contents.json(f"{layout.CHECKPOINTS}{label}.json")
    if isinstance(merge, dict):
        for key in ("sha256", "base_sha256"):
            if key in merge and merge[key] != row.get(key):
                yield f"{layout.CHECKPOINTS}{label}.json: {key} of the merge is not that of {layout.MANIFEST}"


def _size_problems(rows: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    by_suffix: dict[str, list[tuple[int, str]]] = {}
    for label, row in rows.items():
        if is_number(row.get("bytes")):
            by_suffix.setdefault(row["path"].rsplit(".", 1)[-1], []).append((row["bytes"], label))
        else:
            yield f"{layout.MANIFEST}: {label} has no size"
    if len(by_suffix) > 1:
        yield f"checkpoints: of different formats ({', '.join(sorted(by_suffix))})"
    for sizes in by_suffix.values():
        (least, small), (most, large) = min(sizes), max(sizes)
        if least < most * (1 - _SIZE_SHARE):
            yield f"checkpoints: {small} has {least} bytes and {large} {most}: not weights of one model"


def _tensor_problems(handed: Handed) -> Iterator[str]:
    ratio = handed.results.of(RatioResult)
    first: tuple[str, dict[str, int]] | None = None
    for name, tensors in sorted(handed.contents.tensors.items()):
        adapter = adapter_tensor(tensors)
        if adapter is not None:
            yield f"{shown(name)}: not merged, it holds the adapter tensor {shown(adapter)}"
        entries = sum(tensors.values())
        if ratio and abs(entries - ratio.total) > _TOTAL_SHARE * ratio.total:
            yield f"{shown(name)}: {entries} parameters, the whole model has {ratio.total}"
        if first is None:
            first = (name, tensors)
        elif tensors != first[1]:
            odd = _odd_tensor(tensors, first[1])
            yield f"{shown(name)}: other tensors than {shown(first[0])} (such as {shown(odd)})"


def _odd_tensor(left: Mapping[str, int], right: Mapping[str, int]) -> str:
    """Return a tensor that one of two weight files lacks, or has in another size.

    It takes no more steps than the left one has tensors: a zip may have a thousand small files beside a large one.
    """
    odd = next((name for name, size in left.items() if right.get(name) != size), None)
    return next(name for name in right if name not in left) if odd is None else odd


def image_problems(contents: Contents) -> Iterator[str]:
    """A screenshot's lines come from files of the zip; whether each picture is whole was seen while reading."""
    for name, origins in sorted(contents.pictures.items()):
        if name.startswith(layout.SCREENSHOTS):
            yield from _origin_problems(contents, name, origins)


def _origin_problems(contents: Contents, name: str, origins: str | None) -> Iterator[str]:
    rows = None
    if origins is not None:
        with suppress(InputError):
            rows = load_json(origins, name)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        yield f"{shown(name)}: does not say which log it was drawn from"
        return
    for row in rows:
        source = layout.archive_name(str(row.get("file")))
        if source not in contents.sha256:
            yield f"{shown(name)}: drawn from {shown(source)}, which is not in the zip"
        elif contents.sha256[source] != row.get("sha256"):
            yield f"{shown(name)}: drawn from another {shown(source)} than the one in the zip"
