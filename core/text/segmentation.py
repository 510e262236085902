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


def words(text: str) -> Iterator[str]:
    """Yield the segments of a text: words, numbers, and each space and punctuation mark."""
    for part in _LONG_RUN.split(text):
        yield from _jieba().cut(part)


@cache
def _jieba() -> Any:
    """Load jieba at first use (its dictionary takes about a second), with its log silenced."""
    jieba: Any = importlib.import_module("jieba")
    jieba.setLogLevel(logging.ERROR)
    jieba.initialize()
    return jieba
