"""Nothing that another user may have put into the temporary folder is believed: words are cut as jieba's list says."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.places import ROOT

_CUT = "from core.text.segmentation import words; print('|'.join(words('我们在大学学习机器翻译')))"


def _cut(temporary: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _CUT],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "foreign",
    [
        marshal.dumps(({"我": 1, "们在": 9_000_000, "大": 1}, 9_000_002)),  # other words, well-formed
        marshal.dumps((["no", "dictionary"], 0)),
        b"\x00",
        b"",
    ],
)
def test_a_foreign_cache_changes_nothing(tmp_path: Path, foreign: bytes) -> None:
    clean = tmp_path / "clean"
    clean.mkdir()
    (tmp_path / "jieba.cache").write_bytes(foreign)
    assert _cut(tmp_path) == _cut(clean) != ""
    assert (tmp_path / "jieba.cache").read_bytes() == foreign
    assert list(clean.iterdir()) == []
