"""The conversion of one run: records, prompts, tokens, MindRecord, audit."""

from __future__ import annotations

import random
from typing import Any

from core.config import kit_path
from core.errors import InputError
from core.files import sha256_file, write_json
from core.progress import track
from core.prompts import Prompt
from core.records import write_records
from core.run_folder import RunFolder
from core.schema import RunConfig
from core.tokenizers import load_tokenizer
from data_convert.corpora import load_corpora
from data_convert.mindrecord import write_mindrecord
from data_convert.tokenise import Audit, check_pieces, example, rows


def convert(config: RunConfig, run: RunFolder) -> dict[str, Any]:
    """Write a run's data folder: train/test/squad.jsonl, mindrecord/train.mindrecord and audit.json.

    Returns:
        The audit: what became of every record, token counts, prompts and hashes.

    Raises:
        InputError: input is missing or malformed, or too little is left for one step.
    """
    model = config.model
    vocabulary = kit_path(model.tokenizer.file)
    tokenizer = load_tokenizer(
        model.tokenizer.kind, vocabulary, model.bos_token_id, model.eos_token_id, model.pad_token_id
    )
    if tokenizer.vocab_size > model.vocab_size:
        raise InputError(f"{vocabulary}: {tokenizer.vocab_size} pieces, the model's vocabulary has {model.vocab_size}")
    prompts = {"squad": config.squad_prompt, config.task: config.prompt}
    for prompt in prompts.values():
        check_pieces(prompt, tokenizer)
    corpora = load_corpora(config.data, config.task)
    write_records(run.data / "train.jsonl", corpora.train)
    write_records(run.data / "test.jsonl", corpora.test)
    write_records(run.data / "squad.jsonl", corpora.squad)

    order = list(corpora.train)
    random.Random(config.data.seed).shuffle(order)
    audit = Audit()
    shown = track(order, "convert", len(order), "records")
    examples = (example(record, prompts[record.task], tokenizer) for record in shown)
    refuse = config.data.overlong == "refuse"
    target = run.data / "mindrecord" / "train.mindrecord"
    write_mindrecord(target, rows(examples, config.data.seq_length, model.pad_token_id, audit, refuse))
    result = {
        "schema": 1,
        "corpus": corpora.counts,
        "test": len(corpora.test),
        "squad": len(corpora.squad),
        "records": audit.records,
        "converted": audit.converted,
        "overlong": audit.overlong,
        "seq_length": config.data.seq_length,
        "longest": audit.longest,
        "lengths": {str(length): count for length, count in sorted(audit.lengths.items())},
        "tokens": audit.tokens,
        "answer_tokens": audit.answer_tokens,
        "padding_share": 1 - audit.tokens / (audit.converted * (config.data.seq_length + 1)),
        "prompts": {task: _prompt(prompt) for task, prompt in prompts.items()},
        "tokenizer_sha256": sha256_file(vocabulary),
        "train_sha256": sha256_file(run.data / "train.jsonl"),
        "mindrecord_sha256": sha256_file(target),
    }
    write_json(run.data / "audit.json", result)
    return result


def _prompt(prompt: Prompt) -> dict[str, str]:
    return {"name": prompt.name, "template": prompt.template, "sha256": prompt.sha256}
