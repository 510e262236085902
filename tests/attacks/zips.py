"""Hostile zips for the checker, made of a whole one by code."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from typing import Any

from attacks.made import DIGITS, json_documents, many_members, png, yaml_documents

Members = dict[str, bytes]
Later = Callable[[], bytes]


def packed(members: Members, method: int = zipfile.ZIP_DEFLATED, honest: bool = True) -> bytes:
    """Return a zip of these files; honest: its manifest lists them as they are, so that only they are wrong."""
    members = dict(members)
    if honest:
        rows = [
            {"path": name, "bytes": len(body), "sha256": sha256(body).hexdigest()}
            for name, body in members.items()
            if name != "manifest.json"
        ]
        manifest = json.loads(members["manifest.json"]) | {"files": rows}
        members["manifest.json"] = json.dumps(manifest).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def hostile_zips(whole: bytes) -> Iterator[tuple[str, bytes | Later]]:
    """Yield (name, zip, or what makes it) of the attacks: to pack one takes up to some seconds.

    Args:
        whole: a zip that passes.
    """
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        good = {name: archive.read(name) for name in archive.namelist()}
    yield "whole", whole
    yield "bzip2", partial(packed, good, zipfile.ZIP_BZIP2)
    yield "lzma", partial(packed, good, zipfile.ZIP_LZMA)
    large = png(10_000, 10_000)
    yield (
        "300 pictures of 100 megapixels",
        partial(packed, good | {f"images/{number}.png": large for number in range(300)}),
    )
    middle = png(4000, 4000, bits=8, colour=6)
    yield (
        "300 pictures of 16 megapixels",
        partial(packed, good | {f"images/{number}.png": middle for number in range(300)}),
    )
    yield "a picture of texts", partial(packed, good | {"images/x.png": _texts(4000)})
    yield "a picture of profiles", partial(packed, good | {"images/x.png": _profiles(60)})
    yield (
        "pictures of packed texts",
        partial(packed, good | {f"images/{number}.png": _texts(60) for number in range(200)}),
    )
    yield "a second header", partial(packed, good | {"images/x.png": _two_headers()})
    yield "a picture of pieces", partial(packed, good | {"images/x.png": png(10, 10, *[(b"teSt", b"")] * 600_000)})
    deep = png(8, 8, (b"tEXt", b"sources\0" + b"[" * 50_000))
    digits = png(8, 8, (b"tEXt", b"sources\0" + DIGITS))
    row = png(8, 8, (b"tEXt", b'sources\0[{"file": ["a"], "sha256": {}}]'))
    for name, body in (("brackets", deep), ("digits", digits), ("lists", row)):
        yield f"a screenshot's {name}", partial(packed, good | {"screenshots/ratio.png": body})
    report = good["report.md"]
    marks = {
        "marks": b"<!--=a-->" * 200_000,
        "marks without an end": b"<!--=" * 400_000,
        "marks and brackets": b"<!--=>" * 300_000 + b"-->",
        "wrong figures": b"<!--=run/train/epochs-->x<!--/-->" * 60_000,
        "large figures": b"<!--=audit-->x<!--/-->" * 90_000,
        "pictures": b"![" * 900_000,
        "picture links": b"![](" + b"a" * 1_900_000,
        "links without an end": b"![](a" * 380_000,
        "backticks": b"`" * 2_000_000,
        "no text": b"\xff" * 1000,
        "30 megabytes": b"x" * (30 << 20),
    }
    page = good["report.html"]
    elements = {
        "elements": b'<a class="figure" ' * 500_000,
        "elements without an end": b'<a class="figure" href="' * 400_000,
        "large figures": b'<a class="figure" href="" data-path="run/train" data-kind="full" title="">x</a>' * 100_000,
        "30 megabytes": b"x" * (30 << 20),
    }
    for name, body in elements.items():
        yield f"page: {name}", packed(good | {"report.html": page + body})
    line = {"texts": ["x" * 400, ""], "figures": [["run/train/epochs", "size"]]}
    listed = json.dumps({"schema": 1, "figures": {}, "lines": [line] * 9000}).encode()
    yield "figures: lines", packed(good | {"report.json": listed})
    for name, body in marks.items():
        yield f"report: {name}", partial(packed, good | {"report.md": report + body})
    wide = json.dumps({"x": ["`|\n" * 1000] * 700}).encode()
    yield (
        "report: a large audit",
        partial(packed, good | {"report.md": report + marks["large figures"], "logs/data/audit.json": wide}),
    )
    hostile = json_documents()
    picked = ["brackets", "braces", "a million empty lists", "a million entries", "quotes", "row 0", "row 3", "no text",
              "brackets below the stack's end", "result 0", "result 2", "result 11"]  # fmt: skip
    for file in ("manifest.json", "results/accuracy.json", "results/score.json", "results/ratio.json",
                 "environment.json", "logs/data/audit.json", "checkpoints/step_20.json"):  # fmt: skip
        for name in picked:
            yield f"{file}: {name}", partial(packed, good | {file: hostile[name]}, honest=file != "manifest.json")
    documents = yaml_documents()
    for name in ("aliases", "merges", "itself", "brackets", "many values", "large", "value 18", "value 22", "no text"):
        yield f"run.yaml: {name}", partial(packed, good | {"configs/run.yaml": documents[f"{name}.yaml"]})
    yield from _edited(good)
    yield from _nested_figures(good)
    zeros = bytes(20 << 20)
    yield "1 GB of zeros beside", partial(packed, good | {f"x/{number}": zeros for number in range(45)}, honest=False)
    kept = b'{"a": "' + b"x" * (7 << 20) + b'"}'
    yield "large merges", partial(packed, good | {f"checkpoints/step_{number}.json": kept for number in range(20)})
    noise = random.Random(1).randbytes(7 << 20).hex().encode()[: 7 << 20]
    yield "32 MB of JSON", partial(packed, good | {f"checkpoints/step_{number}.json": noise for number in range(5)})
    value = bytes([10, 12, 10, 1, 97, 18, 7, 8, 0, 18, 0, 26, 1, 0])
    tensors = _many_tensors(60_000)
    yield (
        "many tensors",
        partial(packed, good | {f"checkpoints/step_{number}.safetensors": tensors for number in range(6)}),
    )
    broken = b"".join(_named(b"%x" % number) for number in range(150_000)) + b"\xff"
    yield (
        "weights broken at the end",
        partial(packed, good | {f"checkpoints/step_{number}.ckpt": broken for number in range(30)}),
    )
    small = {f"checkpoints/y{number}.safetensors": _many_tensors(1) for number in range(1000)}
    yield (
        "large weights beside small ones",
        partial(packed, good | small | {"checkpoints/x.safetensors": _many_tensors(140_000)}),
    )
    yield (
        "no weights",
        partial(packed, good | {f"checkpoints/step_{number}.ckpt": value * 300_000 for number in (20, 40)}),
    )
    yield "many members", partial(many_members, 60_000)
    yield "300,000 members", partial(many_members, 300_000)
    yield "long names", partial(packed, good | {f"code/{number}" + "/x" * 15_000: b"" for number in range(100)})
    yield "a long name", partial(packed, good | {"code/" + "x" * 60_000: b""})
    yield "encrypted", partial(_patched, packed(good), 8, b"\x01\x00")
    yield "sizes of 4 GB", partial(_patched, packed(good), 24, b"\xf0\xff\xff\xff")
    yield "places beyond", partial(_patched, packed(good), 42, b"\xf0\xff\xff\x7f")
    yield "method 99", partial(_patched, packed(good), 10, b"\x63\x00")
    yield "a directory alone", whole[whole.index(b"PK\x01\x02") :]
    yield "an end alone", b"PK\x05\x06" + b"\xff" * 18
    yield "nothing", b""


def _edited(good: Members) -> Iterator[tuple[str, bytes | Later]]:
    """Yield zips whose manifest or results are of right form, with wrong things in it."""
    manifest = json.loads(good["manifest.json"])
    changes = {
        "60,000 checkpoints": {"checkpoints": [{"step": n, "path": "p", "bytes": n} for n in range(20_000)]},
        "lists for texts": {"team": [["x"]], "contest": {}, "weights": [], "kit": 5},
        "a long team": {"team": "x" * 1_000_000},
        "steps of 18 digits": {"checkpoints": [{"step": 10**18 + n, "path": "p", "bytes": 10**18} for n in range(5)]},
        "a version without an end": {"kit": "1." * 200_000 + " "},
        "a version of 8 MB": {"kit": "1." * 4_000_000},
        "odd sizes": {"checkpoints": [{"step": n, "path": "checkpoints/x.ckpt", "bytes": 1.5} for n in range(5)]},
    }
    for name, change in changes.items():
        yield f"manifest: {name}", partial(packed, good | {"manifest.json": json.dumps(manifest | change).encode()})
    accuracy = json.loads(good["results/accuracy.json"])
    row = accuracy["checkpoints"]["base"]
    labels = {f"step_{number}": {} for number in range(40_000)}
    for name, value in (("40,000 labels", labels), ("1,500 rows", {f"step_{n}": row for n in range(1500)})):
        body = json.dumps(accuracy | {"checkpoints": value}).encode()
        yield f"accuracy: {name}", partial(packed, good | {"results/accuracy.json": body})
    labelled = dict(good)
    for name in ("accuracy", "squad", "score"):
        value = json.loads(good[f"results/{name}.json"])
        row = next(iter(value["checkpoints"].values()))
        value["checkpoints"]["\U0001f600" + "a" * 7_000_000] = row  # of which each letter takes four bytes
        labelled[f"results/{name}.json"] = json.dumps(value, ensure_ascii=False).encode()
    yield "labels of 7 MB", partial(packed, labelled)
    types = json.dumps(accuracy | {"checkpoints": {"base": row | {"by_type": {str(n): {} for n in range(45_000)}}}})
    yield "accuracy: 45,000 types", partial(packed, good | {"results/accuracy.json": types.encode()})
    for text in (b"1e999", DIGITS, b"1e308", b'"\\ud800"', b"[]", b"NaN"):
        body = good["results/ratio.json"].replace(b'"trainable": ', b'"trainable": ' + text + b', "x": ', 1)
        yield f"ratio: {text[:20]!r}", partial(packed, good | {"results/ratio.json": body})


def _nested_figures(good: Members) -> Iterator[tuple[str, bytes | Later]]:
    """Yield zips whose reports show a large text inside a value inside a value, 30 times over."""
    marks = "".join(
        f"<!--={name}{'/a' * depth}-->x<!--/-->" for name in ("audit", "environment") for depth in range(31)
    )
    leaves = {"unseen": "\u200b" * 2_700_000, "backticks": "``a" * 2_700_000, "a list": ["``a" * 60] * 40_000}
    for name, leaf in leaves.items():
        value: Any = leaf
        for _ in range(30):
            value = {"a": value}
        body = json.dumps(value, ensure_ascii=False).encode()
        files = {
            "logs/data/audit.json": body,
            "environment.json": body,
            "report.md": good["report.md"] + marks.encode(),
        }
        yield f"nested figures: {name}", partial(packed, good | files)


def _two_headers() -> bytes:
    """Return a picture of 8 x 8 pixels whose second header says 13,000 x 13,000."""
    large = png(13_000, 13_000, bits=8, colour=6)
    return png(8, 8)[: 8 + 25] + large[8:]


def _named(name: bytes) -> bytes:
    """Return an empty tensor of a MindSpore checkpoint."""
    tensor = b"\x08\x00\x12\x04Bool\x1a\x00"
    value = bytes([10, len(name)]) + name + bytes([18, len(tensor)]) + tensor
    return bytes([10, len(value)]) + value


def _texts(count: int) -> bytes:
    """Return a picture with texts that unpack to a megabyte each."""
    packed_text = zlib.compress(bytes(1 << 20), 9)
    return png(10, 10, *[(b"zTXt", b"k%d\0\0" % number + packed_text) for number in range(count)])


def _profiles(count: int) -> bytes:
    return png(10, 10, *[(b"iCCP", b"k\0\0" + zlib.compress(bytes(50 << 20), 9))] * count)


def _many_tensors(count: int) -> bytes:
    entry = b'{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    header = b"{" + b",".join(b'"%x":%b' % (number, entry) for number in range(count)) + b"}"
    return struct.pack("<Q", len(header)) + header


def _patched(body: bytes, offset: int, data: bytes) -> bytes:
    """Return a zip with something else in each entry of its directory."""
    changed, at = bytearray(body), body.find(b"PK\x01\x02")
    while at >= 0:
        changed[at + offset : at + offset + len(data)] = data
        at = body.find(b"PK\x01\x02", at + 1)
    return bytes(changed)
