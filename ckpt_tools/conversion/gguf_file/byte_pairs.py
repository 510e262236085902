"""A tokenizer that merges bytes, Llama-3's file or a tokenizer.json, as llama.cpp's tokenizer "gpt2".

llama.cpp knows the rules by which text is split before bytes are merged by names alone (`tokenizer.ggml.pre`), so a
tokenizer is told by its rule, letter by letter, and any other is refused.

Tokens are written in characters that stand for bytes (GPT-2's table), and merges as the two tokens that are merged.
Llama-3's file has ranks instead: two neighbours are merged where they are a token together, that of the lowest rank
first. So each way to cut a token into two tokens is a merge, in the order of the ranks:

    ranks a 0, b 1, c 2, ab 3, bc 4, abc 5   ->   a b, b c, a bc, ab c
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ckpt_tools.conversion.gguf_file.vocabulary import TokenType, Vocabulary
from ckpt_tools.formats.regular import read_regular_json
from core.errors import InputError
from core.text.token_text import BYTE_CHARACTERS
from core.text.tokenizers import LLAMA3_PATTERN, llama3_special, tiktoken_ranks

_GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_QWEN2_PATTERN = LLAMA3_PATTERN.replace(r"\p{N}{1,3}", r"\p{N}")
# Rule -> llama.cpp's name of it, and whether it looks for the whole word among the tokens before it merges.
_RULES = {
    LLAMA3_PATTERN: ("llama-bpe", True),
    _QWEN2_PATTERN: ("qwen2", False),
    _GPT2_PATTERN: ("gpt-2", False),
}


def from_tiktoken(path: Path) -> Vocabulary:
    """Read Llama-3's file of ranks, to which its 256 special tokens belong; InputError where it is damaged."""
    ranks, special = tiktoken_ranks(path), llama3_special()
    tokens = sorted(ranks, key=ranks.__getitem__)
    return Vocabulary(
        model="gpt2",
        tokens=[*(_spelled(token).encode() for token in tokens), *(name.encode() for name in special)],
        types=[*[TokenType.NORMAL] * len(tokens), *[TokenType.CONTROL] * len(special)],
        merges=[f"{_spelled(left)} {_spelled(right)}" for left, right in _cuts(tokens, ranks)],
        pre=_RULES[LLAMA3_PATTERN][0],
    )


def _cuts(tokens: list[bytes], ranks: Mapping[bytes, int]) -> Iterator[tuple[bytes, bytes]]:
    """Yield each pair of tokens that is a token together, in the order of that token's rank."""
    for token in tokens:
        for at in range(1, len(token)):
            left, right = token[:at], token[at:]
            if left in ranks and right in ranks:
                yield left, right


def _spelled(token: bytes) -> str:
    return "".join(BYTE_CHARACTERS[byte] for byte in token)


def from_hugging_face(path: Path) -> Vocabulary:
    """Read a tokenizer.json that merges bytes.

    Raises:
        InputError: it works otherwise, splits text by a rule that llama.cpp has no name for, or has holes in its ids.
    """
    content = read_regular_json(path)
    model: dict[str, Any] = content["model"]
    if model.get("type") != "BPE" or model.get("byte_fallback"):
        raise InputError(
            f"{path}: a {model.get('type')} model that does not merge bytes; where a tokenizer.model of sentencepiece "
            "belongs to it, name that as the model's tokenizer"
        )
    pre, whole_first = _rule(path, content.get("pre_tokenizer"))
    if bool(model.get("ignore_merges")) != whole_first:
        raise InputError(
            f"{path}: splits text like {pre}, and with ignore_merges {bool(model.get('ignore_merges'))}; llama.cpp has "
            f"{pre} with {whole_first} alone"
        )
    notes = _normalised(path, content.get("normalizer"))
    ids: dict[str, int] = dict(model["vocab"])
    kinds = dict.fromkeys(ids.values(), TokenType.NORMAL)
    for added in content.get("added_tokens", []):
        ids[added["content"]] = added["id"]
        kinds[added["id"]] = TokenType.CONTROL if added["special"] else TokenType.USER_DEFINED
    names = {number: name for name, number in ids.items()}
    size = max(names, default=-1) + 1
    return Vocabulary(
        model="gpt2",
        tokens=[names.get(number, f"[PAD{number}]").encode() for number in range(size)],
        types=[kinds.get(number, TokenType.UNUSED) for number in range(size)],
        merges=[pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]],
        pre=pre,
        notes=notes,
    )


def _rule(path: Path, pre_tokenizer: Any) -> tuple[str, bool]:
    """Return llama.cpp's name of the rule that splits text, and whether it looks for whole words first."""
    parts = pre_tokenizer or {}
    steps = parts.get("pretokenizers", [parts])
    splits = [step for step in steps if step.get("type") == "Split" and step.get("behavior") == "Isolated"]
    regex = [step["pattern"].get("Regex") for step in splits if not step.get("invert")]
    level = [step for step in steps if step.get("type") == "ByteLevel"]
    plain = len(level) == 1 and len(regex) + 1 == len(steps) and not level[0].get("add_prefix_space")
    if plain and not regex and level[0].get("use_regex", True):
        return _RULES[_GPT2_PATTERN]
    if plain and len(regex) == 1 and not level[0].get("use_regex", True) and regex[0] in _RULES:
        return _RULES[regex[0]]
    known = ", ".join(name for name, _ in _RULES.values())
    raise InputError(
        f"{path}: splits text by a rule that the kit has no name of llama.cpp's for ({known}); use llama.cpp's own "
        "convert_hf_to_gguf.py, after --to hf"
    )


def _normalised(path: Path, normalizer: Any) -> tuple[str, ...]:
    kind = normalizer and normalizer.get("type")
    if kind not in (None, "NFC"):
        raise InputError(f"{path}: rewrites text before it is split ({kind}), which llama.cpp does not")
    return () if kind is None else ("llama.cpp does not bring text into the form NFC, as the tokenizer does",)
