"""Words of Chinese and mixed text, by jieba's default mode."""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

# jieba's time grows with the square of an unbroken run of Chinese, so such a run is cut into pieces of this length,
# longer than any real text has.
_LONG_RUN = re.compile("([\u4e00-\u9fd5]{1000})")
# Whoever compares segmented texts looks at so many characters of each. The answer of a model has some hundreds, one of
# 4,096 tokens has 20,000; a megabyte would take jieba ten seconds.
LONGEST = 32_768


def words(text: str) -> Iterator[str]:
    """Yield the segments of a text: words, numbers, and each space and punctuation mark."""
    for part in _LONG_RUN.split(text):
        yield from _jieba().cut(part)


@cache
def _jieba() -> Any:
    """Load jieba's default dictionary at first use, with its log silenced.

    jieba itself would look for a `jieba.cache` in the temporary folder, which all users share, and believe whatever it
    says. Reading that takes as long (0.59 s) as making the dictionary from jieba's own word list, which is done here.
    """
    jieba: Any = importlib.import_module("jieba")
    jieba.setLogLevel(logging.ERROR)
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer
