"""What a clone without Git LFS or git-annex has in the place of a file is named so, whoever opens it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ckpt_tools.conversion.model_settings import hf_settings
from ckpt_tools.formats.sources import open_source
from core.config import load_contest
from core.errors import InputError
from core.files import first_line_json, read_json, read_jsonl, read_text, refuse_pointer
from core.text.tokenizers import load_tokenizer
from data_convert.readers import read_corpus
from data_convert.readers.squad_questions import read_questions
from evaluation.answers.predictions import read_predictions

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 16060522904\n"
ANNEX = "/annex/objects/SHA256E-s1606--4d7a.jsonl\n"


def _weights(path: Path) -> Any:
    with open_source(path) as file:
        return file.entries


READERS: dict[str, Callable[[Path], Any]] = {
    "corpus.jsonl": lambda path: list(read_corpus(path)),
    "corpus.csv": lambda path: list(read_corpus(path)),
    "corpus.parquet": lambda path: list(read_corpus(path)),
    "dev.json": read_questions,
    "rows.jsonl": read_questions,
    "predictions.jsonl": read_predictions,
    "predictions.json": read_predictions,
    "model.safetensors": _weights,
    "model.ckpt": _weights,
    "model.bin": _weights,
    "consolidated.00.pth": _weights,
    "model.safetensors.index.json": _weights,
    "config.json": hf_settings,
    "contest.yaml": lambda path: load_contest(str(path)),
    "text.txt": read_text,
    "value.json": read_json,
    "lines.jsonl": lambda path: list(read_jsonl(path)),
    "first.jsonl": first_line_json,
    "any": refuse_pointer,
    **{
        f"tokenizer.{kind}": lambda path, kind=kind: load_tokenizer(kind, path, 1, 2, 3)
        for kind in ("sentencepiece", "tiktoken", "hf")
    },
}


@pytest.mark.parametrize("name", READERS)
def test_a_pointer_is_named_wherever_it_is_opened(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(LFS, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        READERS[name](path)
    assert str(path) in str(caught.value)
    assert "a Git LFS pointer, not the file of 16,060,522,904 bytes itself" in str(caught.value)
    assert "git lfs pull" in str(caught.value)
    path.write_text(ANNEX, encoding="utf-8")
    with pytest.raises(InputError, match="a git-annex pointer, not the file itself.*git annex get"):
        READERS[name](path)


def test_a_pointer_in_a_folder_of_a_corpus_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"query": "q", "response": "r"}\n', encoding="utf-8")
    (tmp_path / "b.jsonl").write_text(LFS.replace("\n", "\r\n"), encoding="utf-8")
    with pytest.raises(InputError, match=r"b\.jsonl: a Git LFS pointer"):
        list(read_corpus(tmp_path))


def test_a_text_about_pointers_is_no_pointer(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"A pointer begins so:\n{LFS}", encoding="utf-8")
    assert read_text(path).endswith("16060522904\n")
