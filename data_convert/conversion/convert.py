"""The conversion of one run: records, prompts, tokens, MindRecord, audit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.config import kit_path, run_tokenizer
from core.errors import InputError
from core.files import sha256_file, sha256_text, write_json, write_jsonl
from core.packed import begin_with_bos, columns, prompts_by_task, trained_prompts
from core.run_folder import RunFolder
from core.schema import DataConfig, RunConfig
from core.text.prompt_tokens import check_pieces, text_ids
from core.text.prompts import Prompt
from core.text.records import write_records
from core.text.tokenizers import Tokenizer
from data_convert.corpus.corpora import Corpora, load_corpora
from data_convert.corpus.inputs import named_fields, train_files
from data_convert.corpus.record_store import RecordStore
from data_convert.corpus.workers import processors
from data_convert.readers import BadRecords, Listing, list_files
from data_convert.rows.mindrecord_shards import ShardPlan, shard_count, turns, write_shards
from data_convert.rows.rows import Audit, RowSettings
from data_convert.rows.tokenise import Encoder

# Part of what decides the bytes of a shard; a change of the code that changes them changes this number.
_FORMAT = 4
_LISTED = 100


def convert(config: RunConfig, run: RunFolder, processes: int | None = None) -> dict[str, Any]:
    """Write a run's data folder.

    mindrecord/ holds the shards, train.jsonl their records in row order (before packing), test.jsonl and squad.jsonl
    the questions of the evaluations, skipped.jsonl what was left out and why, audit.json the account. Where validation
    records are held out, validation/ and validation.jsonl hold theirs.

    Args:
        config: the run's configuration.
        run: its folder.
        processes: how many work; None: one for each processor. What is written does not depend on it.

    Returns:
        The audit: what became of every record, token counts, prompts and hashes.

    Raises:
        InputError: input is missing or malformed, or too little is left for one step.
    """
    processes = processes or processors()
    data, tokenizer = config.data, _tokenizer(config)
    prompts = prompts_by_task(config)
    for prompt in prompts.values():
        check_pieces(prompt, tokenizer)
    row = _row(config, tokenizer)
    sources = _digests(config)
    bad = BadRecords(data.max_bad, run.data / "skipped.jsonl")
    with RecordStore(run.data / ".records") as store:
        needs = {"needs_test": "accuracy" in config.steps, "needs_squad": "retention" in config.steps}
        corpora = load_corpora(data, config.task, store, bad, processes, prompts, **needs)
        write_records(run.data / "test.jsonl", corpora.test)
        write_records(run.data / "squad.jsonl", corpora.squad)
        plan = ShardPlan(
            store=store,
            order=corpora.order,
            turns=turns(corpora.order),
            encoder=Encoder(prompts, tokenizer),
            tokenizer=tokenizer,
            row=row,
            answers=data.answers,
            seed=data.seed,
            key=_key(config, prompts, sources, row),
            shards=shard_count(len(corpora.order), data.shards),
        )
        audit, digests = write_shards(plan, run.data / "mindrecord", run.data / "train.jsonl", processes)
        validation = _validation(plan, corpora, run, processes)
    write_jsonl(
        run.data / "skipped.jsonl", [*(item.row() for item in bad.records), *audit.skipped, *validation.skipped]
    )
    result = {
        "schema": 3,
        **_account(corpora, audit, data, row),
        **({"validation": _account_of_validation(validation)} if data.validation_records else {}),
        "listed": [*bad.found, *(f"{item['where']}: {item['reason']}" for item in audit.skipped)][:_LISTED],
        "sources": sources,
        "prompts": {task: _described(prompt) for task, prompt in prompts.items()},
        "train_sha256": sha256_file(run.data / "train.jsonl"),
        "mindrecord": digests,
    }
    write_json(run.audit, result)
    return result


def _validation(plan: ShardPlan, corpora: Corpora, run: RunFolder, processes: int) -> Audit:
    """Write the rows of the validation records, made as those that are trained on; return their account."""
    order = corpora.validation.records
    if not len(order):
        return Audit()
    own = replace(plan, order=order, turns=turns(order), shards=1, name="validation")
    return write_shards(own, run.validation, run.data / "validation.jsonl", processes)[0]


def _account_of_validation(audit: Audit) -> dict[str, Any]:
    """Return the account of the validation records; "converted", "rows" and what follows are as of those trained on."""
    return {
        "records": audit.records,
        "converted": audit.converted,
        "dropped": len(audit.skipped),
        "cut": audit.cut,
        "rows": audit.rows,
        "tokens": audit.tokens,
        "answer_tokens": audit.answer_tokens,
    }


def _account(corpora: Corpora, audit: Audit, data: DataConfig, row: RowSettings) -> dict[str, Any]:
    return {
        "corpus": corpora.counts,
        "solutions": corpora.report.as_json(),
        "test": len(corpora.test),
        "squad": len(corpora.squad),
        "records": audit.records,
        "rewritten": audit.rewritten,
        "system_unheard": audit.system_unheard,
        "converted": audit.converted,
        "overlong": {"policy": data.overlong, "dropped": len(audit.skipped), "cut": audit.cut},
        "rows": audit.rows,
        "masked_rows": audit.masked_rows,
        "packing": data.packing,
        "columns": columns(data.packing and row.bos_id is None),
        "seq_length": data.seq_length,
        "longest": max(audit.lengths),
        "lengths": {str(length): count for length, count in sorted(audit.lengths.items())},
        "tokens": audit.tokens,
        "answer_tokens": audit.answer_tokens,
        "padding_share": 1 - audit.tokens / (audit.rows * (data.seq_length + 1)),
    }


def _tokenizer(config: RunConfig) -> Tokenizer:
    model = config.model
    tokenizer = run_tokenizer(config)
    if tokenizer.vocab_size > model.vocab_size:
        raise InputError(
            f"{model.tokenizer.file}: {tokenizer.vocab_size} pieces, the model's vocabulary has {model.vocab_size}; "
            "give the model's own file with model.tokenizer.file, or its model.vocab_size"
        )
    return tokenizer


def _row(config: RunConfig, tokenizer: Tokenizer) -> RowSettings:
    data = config.data
    by_bos = begin_with_bos(config) and _only_begins(config, tokenizer)
    bos_id = tokenizer.bos_id if by_bos else None
    return RowSettings(data.seq_length + 1, config.model.pad_token_id, data.overlong, data.packing, bos_id)


def _only_begins(config: RunConfig, tokenizer: Tokenizer) -> bool:
    """Tell whether BOS can stand nowhere within a record: no text becomes it, and no prompt's marks hold it."""
    own = tokenizer.bos_id in tokenizer.controls.values()
    return own and not any(
        tokenizer.bos_id in text_ids(prompt, mark, tokenizer)
        for prompt in trained_prompts(config).values()
        for mark in (prompt.template, prompt.system_part, prompt.next_round, prompt.round_end, prompt.answer_end)
    )


def _digests(config: RunConfig) -> dict[str, str]:
    """Return the sha256 of the files that the training data are made from, by setting."""
    data = config.data
    named = {"test": data.test, "squad": data.squad, "retention_corpus": data.retention_corpus}
    against = {f"against {number}": path for number, path in enumerate(data.against)}
    paths = {f"data.{key}": kit_path(path) for key, path in {**named, **against}.items() if path}
    found = {"data.train": _digest(train_files(data))} if data.train else {}
    found |= {key: _digest(list_files(path, fields=named_fields(data))) for key, path in paths.items()}
    return {**found, "model.tokenizer.file": sha256_file(kit_path(config.model.tokenizer.file))}


def _digest(corpus: Listing) -> str:
    """Return the sha256 of a file, or of the ids' prefixes and the contents of several."""
    hashes = [sha256_file(file.path) for file in corpus.files]
    if len(hashes) == 1:
        return hashes[0]
    return sha256_text("\n".join(f"{file.prefix} {sha256}" for file, sha256 in zip(corpus.files, hashes, strict=True)))


def _key(config: RunConfig, prompts: dict[str, Prompt], sources: dict[str, str], row: RowSettings) -> str:
    """Return everything that decides the rows, as text."""
    sections = (config.data, config.model, *prompts.values())
    return "\n".join([str(_FORMAT), *(section.model_dump_json() for section in sections), str(sources), str(row)])


def _described(prompt: Prompt) -> dict[str, str]:
    return {"name": prompt.name, "template": prompt.chat_template or prompt.template, "sha256": prompt.sha256}
