"""Which pieces of a vocabulary are control tokens, by their names: marks that a prompt sets and no text may hold."""

from __future__ import annotations

import re

# "<eoa>", "</s>", "<|im_end|>", "<｜User｜>", "[INST]", "[UNUSED_TOKEN_145]", "<reserved_102>"; not "<", "<=" or "[1]".
_SHAPE = re.compile(r"<[^\s<>]*[^\W\d][^\s<>]*>|\[/?[A-Z][A-Z0-9_]*\]")
# Vocabularies have pieces for the tags of HTML too, which are words of the texts that a model has read.
_HTML = re.compile(
    r"</?(?:a|b|blockquote|body|br|caption|code|dd|div|dl|dt|em|h[1-6]|head|hr|html|i|img|li|ol|p|pre|s|script|small|"
    r"span|strong|style|sub|sup|table|tbody|td|tfoot|th|thead|title|tr|tt|u|ul)/?>",
    re.IGNORECASE,
)


def looks_like_control(piece: str) -> bool:
    """Tell whether a piece that a tokenizer finds in any text is a control token by its name.

    A name in angle brackets (but for HTML's tags) or in square ones and capitals is one; a line's end, a run of blanks
    or a word is text.
    """
    return _SHAPE.fullmatch(piece) is not None and _HTML.fullmatch(piece) is None
