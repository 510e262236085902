"""MindRecord rows: their length, what of them is learned, and whether they begin and end as generation expects."""

from __future__ import annotations

from collections.abc import Iterator

from finetune.lint import Check, Found
from finetune.lint.facts import Facts

_FILE = "mindrecord"
_HAND_INS = "published hand-ins of the 2024 contest (mindspore-courses/competition)"
_CONVERTER = "the contest's llama_preprocess.py"
# Reading questions among the rows may have no BOS, as the contest asks them.
_FEW = 0.01
# Ids that the contest's alpaca_data_preprocess.py writes whatever the tokenizer says.
_FIXED = {103_167: "<eoh>", 103_166: "<eoa>"}


def _row_length(facts: Facts) -> Iterator[Found]:
    if facts.rows and facts.rows.width and facts.seq_length and facts.rows.width != facts.seq_length + 1:
        said = f"rows of {facts.rows.width} places; seq_length {facts.seq_length} needs {facts.seq_length + 1}"
        yield _FILE, said


def _evaluation_length(facts: Facts) -> Iterator[Found]:
    length = facts.evaluation.whole(facts.evaluation.model("seq_length")) if facts.evaluation else None
    width = facts.evaluation_rows.width if facts.evaluation_rows else None
    if length and width and width != length:
        said = f"rows of {width} places; the evaluation's seq_length is {length}"
        yield f"{_FILE} of the evaluation", said


def _columns(facts: Facts) -> Iterator[Found]:
    wanted = facts.training.get("train_dataset.input_columns")
    if facts.rows and facts.rows.columns and isinstance(wanted, list):
        lacking = [str(name) for name in wanted if name not in facts.rows.columns]
        if lacking:
            said = f"{', '.join(lacking)} is no column of the file, which has {', '.join(facts.rows.columns)}"
            yield facts.training.where("train_dataset.input_columns"), said


def _beyond_vocabulary(facts: Facts) -> Iterator[Found]:
    size = facts.training.whole(facts.training.model("vocab_size"))
    if facts.rows and facts.rows.highest is not None and size and facts.rows.highest >= size:
        yield _FILE, f"holds the id {facts.rows.highest}; vocab_size is {size}: made with another tokenizer"


def _unlearned(facts: Facts) -> Iterator[Found]:
    if facts.rows and facts.rows.unlearned:
        yield _FILE, f"of {facts.rows.unlearned:.1%} of the rows no token is learned (labels -100)"


def _cut(facts: Facts) -> Iterator[Found]:
    if facts.rows and facts.rows.cut:
        yield _FILE, f"{facts.rows.cut:.1%} of the rows are full and end without EOS: their answers are cut off"


def _no_eos(facts: Facts) -> Iterator[Found]:
    rows = facts.rows
    if rows and rows.with_eos is not None and rows.with_eos + (rows.cut or 0) + (rows.unlearned or 0) < 0.999:
        yield _FILE, f"only {rows.with_eos:.1%} of the learned answers end with EOS"


def _no_bos(facts: Facts) -> Iterator[Found]:
    if facts.rows and facts.rows.with_bos is not None and facts.rows.with_bos < _FEW:
        yield _FILE, f"{facts.rows.with_bos:.1%} of the rows begin with BOS"


def _answers_cut(facts: Facts) -> Iterator[Found]:
    longest = facts.rows.longest_answer if facts.rows else None
    asked = facts.evaluation.whole(facts.evaluation.model("max_new_tokens")) if facts.evaluation else None
    if facts.evaluation and longest and asked and longest > asked:
        said = f"is {asked}; an answer of the training data has {longest} tokens"
        yield facts.evaluation.where(facts.evaluation.model("max_new_tokens")), said


def _fixed_ids(facts: Facts) -> Iterator[Found]:
    if not facts.rows:
        return
    for number, piece in _FIXED.items():
        if number in facts.rows.ids and facts.tokenizer_ids.get(piece, -1) != number:
            own = facts.tokenizer_ids.get(piece)
            known = f"in this tokenizer it is {own}" if own is not None else "hold it against your tokenizer's"
            yield _FILE, f"holds {number} for {piece}, which the converter writes whatever the tokenizer says; {known}"


def _tied_data_length(facts: Facts) -> Iterator[Found]:
    for key in ("train_dataset.seq_length", "train_dataset.data_loader.seq_length"):
        said = facts.training.whole(key)
        if said and facts.seq_length and said != facts.seq_length:
            yield facts.training.where(key), f"is {said}; the model's seq_length is {facts.seq_length}"


CHECKS = (
    Check(
        "row_length",
        "error",
        _row_length,
        evidence="one short: a broadcast error in Mul; another length: the model reads other places than were learned",
        remedy="convert with the YAML's seq_length: rows have one place more, for the shifted labels",
        source=f"{_CONVERTER}: seq_length + 1; run with MindFormers 1.9",
        trap={"rows": {"width": 256}},
        clean={"rows": {"width": 513}, "training": {"model": {"model_config": {"seq_length": 512}}}},
    ),
    Check(
        "evaluation_length",
        "error",
        _evaluation_length,
        evidence="a validation MindRecord made like the training data has a place too many",
        remedy="convert what is evaluated with seq_length - 1 (1023 for 1024), so that rows have seq_length places",
        source=_HAND_INS,
        trap={"evaluation_rows": {"width": 8193}},
        clean={"evaluation_rows": {"width": 8192}},
    ),
    Check(
        "columns",
        "error",
        _columns,
        evidence="MindDataset ends with: column is not in the file",
        remedy="input_columns: the file's columns, tokens first, labels second",
        source="MindSpore, MindDataset",
        trap={"training": {"train_dataset": {"input_columns": ["input_ids", "target"]}}},
        clean={"training": {"train_dataset": {"input_columns": ["input_ids"]}}},
    ),
    Check(
        "data_length",
        "error",
        _tied_data_length,
        evidence="the length was changed in one of its two places",
        remedy="one seq_length, by an anchor",
        source="MindFormers' YAMLs, where data and model say it apart",
        trap={"training": {"train_dataset": {"seq_length": 512}}},
        clean={"training": {"train_dataset": {"seq_length": 256}}},
    ),
    Check(
        "beyond_vocabulary",
        "error",
        _beyond_vocabulary,
        evidence="Gather reads outside the embedding; on an NPU the values are anything",
        remedy="convert with the tokenizer of this model",
        source="MindSpore, Gather",
        trap={"rows": {"highest": 128_256}},
        clean={"rows": {"highest": 128_255}},
    ),
    Check(
        "rows_unlearned",
        "warning",
        _unlearned,
        evidence="records longer than seq_length, or whose rounds do not add up, have all labels -100, without a word",
        remedy="a longer seq_length, or leave the records out; data_convert/run.py lists them",
        source=f"{_CONVERTER} and alpaca_data_preprocess.py",
        trap={"rows": {"unlearned": 0.02, "with_eos": 0.98}},
        clean={"rows": {"unlearned": 0.0}},
    ),
    Check(
        "rows_cut",
        "warning",
        _cut,
        evidence="the answer and its EOS are lost without a warning; the model learns not to end",
        remedy="a longer seq_length, or leave the records out",
        source=_CONVERTER,
        trap={"rows": {"cut": 0.1, "with_eos": 0.9}},
        clean={"rows": {"cut": 0.0}},
    ),
    Check(
        "rows_without_eos",
        "error",
        _no_eos,
        evidence="a model that never learned to end writes on to max_new_tokens",
        remedy="convert with add_eos_token, or with data_convert/run.py",
        source=f"{_CONVERTER}: EOS comes from the tokenizer's add_eos_token",
        trap={"rows": {"with_eos": 0.0}},
        clean={"rows": {"with_eos": 0.9995}},
    ),
    Check(
        "rows_without_bos",
        "warning",
        _no_bos,
        evidence="the base model has seen BOS at the beginning of every text",
        remedy="convert with the tokenizer's BOS",
        source="Llama's tokenizers; the contest's rows begin with 128000",
        trap={"rows": {"with_bos": 0.0}},
        clean={"rows": {"with_bos": 0.3}},
    ),
    Check(
        "answers_cut",
        "warning",
        _answers_cut,
        evidence="20 new tokens do not hold 28 digits: the judge reads a part of the number",
        remedy="max_new_tokens of the longest learned answer, and some more",
        source=_HAND_INS,
        trap={"evaluation": {"model": {"model_config": {"max_new_tokens": 20}}}},
        clean={"evaluation": {"model": {"model_config": {"max_new_tokens": 60}}}},
    ),
    Check(
        "fixed_ids",
        "warning",
        _fixed_ids,
        evidence="the public tokenizer has <eoh> as 103027 and <eoa> as 103028: what is learned is never asked",
        remedy="take the ids from the tokenizer (data_convert/run.py), or ask with the same ids "
        "(prompt internlm_chat_official)",
        source="the contest's alpaca_data_preprocess.py; InternLM-7B's tokenizer.model",
        trap={"rows": {"ids": frozenset({103_167})}},
        clean={"rows": {"ids": frozenset({103_167})}, "tokenizer_ids": {"<eoh>": 103_167}},
    ),
)  # fmt: skip
