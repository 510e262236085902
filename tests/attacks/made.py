"""The hostile inputs, made by code: each is what one stranger's file could be, and most are small.

A maker returns name -> bytes; what a reader is to be told by the file's name stands in the name.
"""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

Files = dict[str, bytes]
DIGITS = b"1" * 5000


def json_documents() -> Files:
    """Return JSON that is none, takes too much, or holds what no reader expects where it stands."""
    rows = [b"5", b"null", b"[]", b'"x"', b"[[[]]]", b"true", b"-0", b'{"event": 5, "step": []}', b'{"step": {}}']
    rows += [b'{"event": "step done", "step": "train", "sources": 5}', b'{"event": "step done", "step": "\\ud800"}']
    rows += [b'{"event": "step done", "step": "no such step", "sources": {"a": "b"}}', b'{"event": "", "step": ""}']
    values = [
        DIGITS,
        b"-" + DIGITS,
        b"1e999",
        b"-1e999",
        b"1" * 400,
        b"NaN",
        b"-Infinity",
        b"1.5",
        b"true",
        b"{}",
        b"[]",
    ]
    values += [b'"\\ud800"', b'"\\udc00x"', b"null", b'["a"]', b"0." + DIGITS, b"1e-999", b'"' + b"x" * 100_000 + b'"']
    values += [b'"\\u0000"', b'"../../etc/passwd"', b'"' + b"/" * 5000 + b'"', b"1e308", b"9" * 19, b"0", b"-1"]
    keys = {
        "adapter": b'{"method": "lora", "rank": %b, "alpha": 8, "targets": ".*wq", "base_sha256": "%b", "step": 1, '
        b'"model": "m", "schema": 1}',
        "adapter_alpha": b'{"method": "lora", "rank": 2, "alpha": %b, "targets": ".*wq", "base_sha256": "' + b"0" * 64
        + b'", "step": 1, "model": "m", "schema": 1}',
        "adapter_step": b'{"method": "lora", "rank": 2, "alpha": 8, "targets": ".*wq", "base_sha256": "' + b"0" * 64
        + b'", "step": %b, "model": "m", "schema": 1}',
        "adapter_method": b'{"method": %b, "rank": 2, "alpha": 8, "targets": ".*wq", "base_sha256": "", "step": 1, '
        b'"model": "m", "schema": 1}',
        "index": b'{"weight_map": {"w": %b}}',
        "prediction": b'{"id": "q", "text": %b, "scores": [0.5]}',
        "scores": b'{"id": "q", "text": "t", "scores": [%b]}',
        "predictions": b'{"q": %b}',
        "record": b'{"id": "q", "task": %b, "question": "a", "answer": "b"}',
        "meta": b'{"id": "q", "task": "math", "question": "a", "answer": "b", "meta": {"x": %b}}',
        "audit": b'{"rows": %b, "prompts": {"math": {"template": "", "sha256": ""}}}',
        "prompts": b'{"rows": 1, "prompts": %b}',
        "prompt": b'{"rows": 1, "prompts": {"math": %b}}',
        "result": b'{"schema": 1, "data": {"file": "f", "sha256": "s", "selection": "all", "count": %b}, '
        b'"checkpoints": {"base": {}}}',
        "theta": b'{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, '
        b'"vocab_size": 100, "intermediate_size": 96, "rope_theta": %b}',
        "hidden": b'{"model_type": "llama", "hidden_size": %b, "num_hidden_layers": 2, "num_attention_heads": 4, '
        b'"vocab_size": 100, "intermediate_size": 96}',
        "kind": b'{"model_type": %b}',
    }  # fmt: skip
    made = {f"row {number}": row for number, row in enumerate(rows)}
    for name, text in keys.items():
        for number, value in enumerate(values):
            made[f"{name} {number}"] = text.replace(b"%b", value)
    whole = {
        "brackets": b"[" * 50_000,
        "braces": b'{"a":' * 50_000,
        "closed brackets": b"[" * 50_000 + b"]" * 50_000,
        "brackets below the stack's end": b"[" * 900 + b"]" * 900,
        "a million empty lists": b"[" + b"[]," * 1_500_000 + b"[]]",
        "a million entries": b"{" + b",".join(b'"%d":0' % number for number in range(1_100_000)) + b"}",
        "a key for ever": b'{"' + b"\\\\" * 2_000_000 + b'": 1}',
        "quotes": b'"' + b'\\"' * 2_000_000,
        "nothing": b"",
        "a mark alone": b"\xef\xbb\xbf",
        "no text": b"\xff\xfe\x00",
        "zeros": bytes(1 << 20),
        "one long line": b'{"id": "q", "text": "' + b"x" * (20 << 20) + b'"}',
    }
    return made | whole


def _alias_bomb(link: str, depth: int = 30) -> bytes:
    """Return a document in which each name stands for nine times the one before it."""
    lines = ["a0: &a0 {x: [1, 2, 3]}"]
    for number in range(1, depth):
        lines.append(f"a{number}: &a{number} {link.replace('*', ', '.join([f'*a{number - 1}'] * 9))}")
    return "\n".join(lines).encode()


def yaml_documents() -> Files:
    """Return YAML that takes too much, refers to itself or is marked as what it is not."""
    tags = """!!int x|!!float x|!!timestamp x|!!bool x|!!binary x|!!python/object/apply:os.system [ls]|!!set [a]|=
!!omap 5|!!int ''|!!null [a]|!<x> y|*|&|%|`|{? [a] : b}""".replace("\n", "|").split("|")
    values = [*tags, DIGITS.decode(), "0x" + "f" * 5000, ".inf", "-.inf", ".nan", "1e999", "1.0e+999", "2001-99-99"]
    values += ['"\\ud800"', '"\\U00110000"', ":".join(["1"] * 50_000), "0b" + "1" * 5000, "9" * 30, "- " * 5000, "'"]
    made = {
        "aliases": _alias_bomb("{x: [*]}"),
        "merges": _alias_bomb("{<<: [*]}"),
        "lists": _alias_bomb("[*]"),
        "a chain": "\n".join(["a0: &a0 [1]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 5000))]).encode(),
        "itself": b"a: &a [*a]",
        "itself as a key": b"&a {*a : 1}",
        "itself merged": b"&a {<<: *a}",
        "brackets": b"[" * 50_000,
        "dashes": b"- " * 50_000,
        "keys of keys": b"? " * 50_000,
        "braces": b"{a: " * 50_000,
        "many values": b"- 1\n" * 60_000,
        "large": b"a: " + b"x" * (5 << 20),
        "very large": b"#" + b"x" * (70 << 20),
        "anchors": b"[" + b",".join(b"&a%d 1" % n for n in range(30_000)) + b"]",
        "nothing": b"",
        "no text": b"\xff\xfe",
        "zeros": bytes(1000),
        "documents": b"a: 1\n---\n" * 1000,
        "numbers as keys": b"1: 2\n3.5: 4\nnull: 5\ntrue: 6\n2001-01-01: 7\n",
        "a list": b"[1, 2]",
        "a text": b"text",
    }
    for number, value in enumerate(values):
        made[f"value {number}"] = f"contest: {value}\n".encode()
        made[f"nested {number}"] = f"train: {{epochs: {value}}}\n".encode()
    return {f"{name}.yaml": body for name, body in made.items()}


def key_values() -> Files:
    """Return settings as they are given on a command line, `key=value`, one a line."""
    keys = ("train.epochs", "train.seed", "train.learning_rate", "train.betas", "rules.checkpoints", "data.records",
            "data.quotas", "data.shards", "data.seed", "model.num_layers", "model.hidden_size", "model.vocab_size",
            "machine.workers", "machine.master_port", "method.rank", "method.alpha", "method.target_modules",
            "eval.batch_size", "eval.http.concurrency", "eval.http.url", "eval.http.timeout", "eval.accuracy.seed",
            "eval.accuracy.max_new_tokens", "rules.ratio_factor", "rules.published", "steps", "contest", "title",
            "submission.team", "data.train", "model", "prompt", "squad_prompt.template", "data.near_duplicates",
            "train.batch_size", "data.seq_length", "model.tokenizer.file", "no.such", "", "data.against")  # fmt: skip
    values = (DIGITS.decode(), "9" * 18, "9" * 30, "1e999", ".inf", "-.inf", ".nan", "1e308", "-1", "[" * 50_000,
              "{a: " * 5000, '"\\ud800"', "[1, [2, [3]]]", "{a: {b: 1}}", "*a", "&a [*a]", "!!int x", "2001-99-99",
              "(a+)+$", "(?:a{1000}){1000}", "a{99999999999}", "(" * 5000, "x" * 100_000, "abc", "null", "[]", "{}",
              "\x00", "\x1b[31m", "http://h:abc", "http://h:999999", "http://[h", "http://中:1", "../../etc/passwd",
              "/dev/null", "0x" + "f" * 1000, "1:1:1", "!!python/name:os.system", "\udce4")  # fmt: skip
    return {
        f"{key} {number}.txt": f"{key}={value}".replace("\n", " ").encode("utf-8", "surrogateescape")
        for key in keys
        for number, value in enumerate(values)
    }


def _archive(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def _text(value: str) -> bytes:
    data = value.encode("utf-8", "surrogatepass")
    return b"X" + len(data).to_bytes(4, "little") + data


def _long(value: int) -> bytes:
    data = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def _doubled(levels: int, ends: bytes = b")") -> bytes:
    """Return operations for a tuple of two, each of which is a tuple of two …: 2 to the power of `levels` in all."""
    code = ends + b"q\x00"
    for number in range(levels):
        code += b"h%ch%c\x86q%c" % (number, number, number + 1)
    return code


def _tensor() -> tuple[bytes, bytes, bytes]:
    """Return operations for a storage of six floats, the beginning of a tensor's, and a whole tensor."""
    storage = b"(" + _text("storage") + b"ctorch\nFloatStorage\n" + _text("0") + _text("cpu") + b"K\x06tQ"
    rebuild = b"ctorch._utils\n_rebuild_tensor_v2\n("
    return storage, rebuild, rebuild + storage + b"K\x00K\x02K\x03\x86K\x03K\x01\x86\x89)tR"


def whole_torch_file() -> bytes:
    """Return a file of torch.save with nothing wrong."""
    content = b"\x80\x02}(" + _text("x") + _tensor()[2] + b"u."
    return _archive({"a/data.pkl": content, "a/data/0": bytes(24)}, zipfile.ZIP_STORED)


def torch_files() -> Files:
    """Return files of torch.save whose pickles cost more than they weigh, or ask for what is not there."""
    storage, rebuild, good = _tensor()

    def shaped(shape: bytes, stride: bytes = b"K\x03K\x01\x86") -> bytes:
        return b"\x80\x02}(" + _text("x") + rebuild + storage + b"K\x00" + shape + stride + b"\x89)tRu."

    pickles = {
        "a key of tuples": b"\x80\x02}" + _doubled(60) + b"K\x01s.",
        "a value of tuples": b"\x80\x02}" + _text("x") + _doubled(60) + b"s.",
        "tuples alone": b"\x80\x02" + _doubled(100) + b".",
        "a storage of tuples": b"\x80\x02}" + _text("x") + _doubled(60) + b"Qs.",
        "a storage's type of tuples": b"\x80\x02}" + _text("x") + b"(" + _text("storage") + _doubled(60)
        + _text("0") + _text("cpu") + b"K\x06tQs.",
        "a storage's device of tuples": b"\x80\x02}(" + _text("x") + rebuild + b"(" + _text("storage")
        + b"ctorch\nFloatStorage\n" + _text("0") + _doubled(60) + b"K\x06tQ" + b"K\x00)t)t\x89)tRu.",
        "an ordered dictionary of tuples": b"\x80\x02ccollections\nOrderedDict\n" + _doubled(60) + b"\x85R.",
        "a shape of tuples": shaped(_doubled(60)),
        "a shape for ever": shaped(b"(" + b"K\x01" * 200_000 + b"t", b"(" + b"K\x01" * 200_000 + b"t"),
        "a shape of long numbers": shaped(b"(" + _long((1 << 2000) - 1) * 1500 + b"t", b"(" + b"K\x01" * 1500 + b"t"),
        "a size of long numbers": b"\x80\x02}(" + _text("x") + rebuild + storage.replace(b"K\x06", _long(1 << 2000))
        + b"K\x00" + b"(" + _long(1 << 1000) * 32 + b"t(" + b"K\x01" * 32 + b"t\x89)tRu.",
        "strides of long numbers": shaped(b"K\x02K\x03\x86", _long(1 << 2000) + _long(1 << 2000) + b"\x86"),
        "marks": b"\x80\x02" + b"(" * 1_500_000 + b".",
        "dictionaries": b"\x80\x02" + b"}" * 1_500_000 + b".",
        "many appends": b"\x80\x02]" + b"(K\x01K\x02e" * 200_000 + b".",
        "a list in itself": b"\x80\x02]q\x00h\x00a.",
        "a dictionary in itself": b"\x80\x02}q\x00" + _text("x") + b"h\x00s.",
        "half a pair": b"\x80\x02}" + _text("\ud800") + good + b"s.",
        "a long name": b"\x80\x02}" + _text("x" * 100_000) + good + b"s.",
        "system": b"\x80\x02cposix\nsystem\n" + _text("true") + b"\x85R.",
        "a class": b"\x80\x02ctorch\nFloatStorage\n)R.",
        "attributes": b"\x80\x02}(" + _text("x") + good + _text("__class__") + b"K\x01\x86bu.",
        "memo": b"\x80\x02r\xff\xff\xff\xff.",
        "no memo": b"\x80\x02hA.",
        "a long text": b"\x80\x02X\xff\xff\xff\xff",
        "nothing": b"",
        "a frame": b"\x80\x04\x95" + b"\xff" * 8 + b".",
        "a name without end": b"\x80\x02c" + b"x" * 100_000,
        "16 MB": b"\x80\x02]" + b"K\x01a" * 5_500_000 + b".",
    }  # fmt: skip
    made = {
        f"{name}.pth": _archive({"a/data.pkl": body, "a/data/0": bytes(24)}, zipfile.ZIP_STORED)
        for name, body in pickles.items()
    }
    zeros = b"\x80\x02]" + bytes(100 << 20)
    made["an unpacked bomb.pth"] = _archive({"a/data.pkl": zeros})
    body = bytearray(_archive({"a/data.pkl": b"\x80\x02}."}))
    body[body.rindex(b"PK\x01\x02") + 24 :][:4] = b"\xff\xff\xff\x7f"
    made["a lie.pth"] = bytes(body)
    made["many members.pth"] = many_members(300_000)
    made["lzma.pth"] = _archive({"a/data.pkl": b"\x80\x02}."}, zipfile.ZIP_LZMA)
    return made


def many_members(count: int) -> bytes:
    """Return a zip with so many empty members, written by hand: zipfile would take a minute."""
    name = b"code/x"
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0) + name
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0) + name
    end = struct.pack(
        "<4s4H2IH", b"PK\x05\x06", 0, 0, count & 0xFFFF, count & 0xFFFF, len(entry) * count, len(local), 0
    )
    return local + entry * count + end


def _safetensors(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def tensor_files() -> Files:
    """Return safetensors files and MindSpore checkpoints that cost more than they weigh."""
    entry = b'{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    made = {
        "many.safetensors": _safetensors(b"{" + b",".join(b'"%x":%b' % (n, entry) for n in range(250_000)) + b"}"),
        "brackets.safetensors": _safetensors(b'{"a":' + b"[" * 50_000),
        "digits.safetensors": _safetensors(b'{"a":{"dtype":"U8","shape":[' + DIGITS + b'],"data_offsets":[0,0]}}'),
        "dimensions.safetensors": _safetensors(
            b'{"a":{"dtype":"U8","shape":[' + b"1," * 100_000 + b'1],"data_offsets":[0,1]}}', b"\0"
        ),
        "half a pair.safetensors": _safetensors(b'{"\\ud800":' + entry + b"}"),
        "lists.safetensors": _safetensors(b'{"a":[' + b"[]," * 5_000_000 + b"[]]}"),
        "metadata.safetensors": _safetensors(b'{"__metadata__":{"a":5},"a":' + entry + b"}"),
        "length.safetensors": b"\xff" * 8 + b"{}",
    }
    value = bytes([10, 12, 10, 1, 97, 18, 7, 8, 0, 18, 0, 26, 1, 0])
    made["many.ckpt"] = value * 500_000
    made["varint.ckpt"] = b"\x0a" + b"\xff" * 20
    made["length.ckpt"] = b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
    made["dimensions.ckpt"] = b"\x0a\xc0\x9a\x0c\x0a\x01a\x12\xb8\x9a\x0c" + b"\x08\x01" * 99_996
    return made


def expressions() -> dict[str, str]:
    """Return target modules that Python's `re` would match for ever, or not even compile."""
    return {
        str(number): text
        for number, text in enumerate((
            "(a+)+$", "(a|a)*b", "(a|aa)+$", "(.*)*x", "(a*)*b", "((a*)*)*b", "(.*.*.*.*.*.*.*.*)x", ".*" * 40 + "x",
            "(a?){30}a{30}b", "(?:(?:a|b)*)*c", "(?=(a+))*b", "(a)\\1+b", "([a-z]+)*9", "a{99999999999}",
            "(?:a{1000}){1000}", "((((((a{100}){100}){100}){100}){100}){100})", "(" * 200 + ")" * 200, "(" * 5000,
            "[" * 5000, "a" * 100_000, "(?P<a>x)(?(a)y|z)", "(?<=a{1000})b", "\\", "(?i:a+)+b", "(a+|b+)+c",
            "x*y*" * 20 + "z", "(?:x?y?){40}z", "(?>a+)+b", "|" * 400, "(|)" * 100,
        ))
    }  # fmt: skip


def adapter_json(targets: Any, rank: Any = 1) -> bytes:
    """Return an adapter.json with these targets."""
    described = {"method": "lora", "rank": rank, "alpha": 2, "targets": targets, "base_sha256": "0" * 64, "step": 1}
    return json.dumps({**described, "model": "m", "schema": 1}).encode()


def adapter_tensors(leaf: str) -> bytes:
    """Return an adapter.safetensors with a pair for a layer whose own name is `leaf`."""
    names = [f"model.layers.0.attention.{leaf}.mindpet_delta_lora_{half}" for half in "ab"]
    header = {
        name: {"dtype": "F32", "shape": [1, 1], "data_offsets": [4 * number, 4 * number + 4]}
        for number, name in enumerate(names)
    }
    return _safetensors(json.dumps(header).encode(), bytes(8))


def tokenizer_files() -> Files:
    """Return tokenizer files that panic, abort, hang or multiply."""
    plain: dict[str, Any] = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": {chr(code): code - 32 for code in range(32, 127)}, "merges": []},
    }  # fmt: skip

    def split(pattern: str) -> dict[str, Any]:
        return {
            "pre_tokenizer": {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
        }

    def charsmap(data: bytes) -> dict[str, Any]:
        return {"normalizer": {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(data).decode()}}

    replace = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 2000}
    changes: dict[str, dict[str, Any]] = {
        "repeated": split("(a+)+$"),
        "choices": split("(a|a)*b"),
        "spaces": split("(\\s*\\s*)*x"),
        "no pattern": split("("),
        "map beyond": charsmap(b"\xff\xff\xff\x7f" + b"a" * 50),
        "map of ones": charsmap(b"\x04\x00\x00\x00" + b"\xff" * 4),
        "map empty": charsmap(b""),
        "replaces nothing": {"normalizer": {"type": "Replace", "pattern": {"Regex": ""}, "content": "x" * 1000}},
        "multiplies": {"normalizer": {"type": "Sequence", "normalizers": [replace] * 3}},
        "pads": {"padding": {"strategy": {"Fixed": 1 << 60}, "direction": "Right", "pad_to_multiple_of": None,
                             "pad_id": 0, "pad_type_id": 0, "pad_token": "a"}},
        "large ids": {"model": plain["model"] | {"vocab": {"a": (1 << 32) - 1}}},
        "unknown": {"model": {"type": "WordPiece", "unk_token": "no", "continuing_subword_prefix": "##",
                              "max_input_chars_per_word": 100, "vocab": {"a": 0}}},
        "no such unknown": {"model": {"type": "Unigram", "unk_id": 9, "vocab": [["a", 0.0]], "byte_fallback": False}},
        "merges": {"model": plain["model"] | {"merges": [["a", "no"]]}},
        "a number": {"model": 5},
    }  # fmt: skip
    made = {f"{name}.hf": json.dumps(plain | change).encode() for name, change in changes.items()}
    made |= {
        "whole.hf": json.dumps(plain).encode(),
        "brackets.hf": b"[" * 50_000,
        "digits.hf": b'{"model": ' + DIGITS + b"}",
        "nothing.hf": b"",
        "no text.hf": b"\xff\xfe",
        "noise.sentencepiece": bytes(range(256)) * 40,
        "nothing.sentencepiece": b"",
        "cut.sentencepiece": b"\n\x0e\n\x05<unk>\x15\x00\x00\x00\x00\x18\x02\n\xff\xff\xff\xff\x0f",
        "no pieces.sentencepiece": b"\x12\x02\x18\x01",
    }
    ranks = [base64.b64encode(bytes([byte])) + b" %d" % byte for byte in range(256)]
    made |= {
        "whole.tiktoken": b"\n".join(ranks),
        "few bytes.tiktoken": b"\n".join(ranks[:40]),
        "digits.tiktoken": b"\n".join([*ranks[:5], b"Bg== " + DIGITS]),
        "twice.tiktoken": b"\n".join([*ranks, b"AA== 256"]),
        "no base64.tiktoken": b"\n".join([*ranks, b"=== 256"]),
        "gap.tiktoken": b"\n".join([*ranks, b"YWE= 999"]),
        "nothing.tiktoken": b"",
    }
    return made


def texts(size: int = 1_000_000) -> Files:
    """Return texts of so many characters, for those who compare texts."""
    makers: dict[str, Callable[[], str]] = {
        "one character": lambda: "一" * size,
        "denials": lambda: "不是" * (size // 2),
        "letters": lambda: "a" * size,
        "words": lambda: "the a " * (size // 6),
        "digits": lambda: "1" * size,
        "spaces": lambda: " " * size + "x",
        "lines": lambda: "\n" * size + "x",
        "braces": lambda: "\\boxed{" * (size // 7),
        "sums": lambda: "1+1=" * (size // 4),
        "Chinese": lambda: "研究生命起源" * (size // 6),
        "mixed": lambda: "是cuda1吗" * (size // 7),
        "spans": lambda: ";x" * (size // 2),
        "numerals": lambda: "一百二十" * (size // 4),
        "commas": lambda: "1," * (size // 2),
        "options": lambda: "A B C D " * (size // 8),
        "dollars": lambda: "$" * size,
    }
    return {name: make().encode() for name, make in makers.items()}


def png(width: int, height: int, *chunks: tuple[bytes, bytes], bits: int = 1, colour: int = 0) -> bytes:
    """Return a PNG of zeros, with further chunks before its pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    row = bytes(1 + (width * bits + 7) // 8)
    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    body = chunk(b"IHDR", head) + b"".join(chunk(*one) for one in chunks) + chunk(b"IDAT", pixels)
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")
