"""Training against evaluation: the same adapter, the same model, the same tokens; and an evaluation that measures."""

from __future__ import annotations

from collections.abc import Iterator

from finetune.lint import Check, Found
from finetune.lint.facts import Facts

_HAND_INS = "published hand-ins of the 2024 contest (mindspore-courses/competition)"
_ADAPTER = ("pet_type", "lora_rank", "lora_alpha", "target_modules", "exclude_layers")
_SIZES = (
    "hidden_size num_layers num_heads n_kv_heads vocab_size intermediate_size multiple_of ffn_dim_multiplier "
    "rms_norm_eps theta scaling_factor extend_method qkv_has_bias attn_proj_has_bias has_bias tie_word_embeddings "
    "qkv_concat"
).split()
_IDS = ("bos_token_id", "eos_token_id", "pad_token_id")


def _adapter_missing(facts: Facts) -> Iterator[Found]:
    evaluation = facts.evaluation
    if evaluation and facts.training.adapter.get("pet_type") and not evaluation.adapter.get("pet_type"):
        yield evaluation.where(evaluation.model("pet_config")), "is missing: what was trained is not loaded"


def _adapter_differs(facts: Facts) -> Iterator[Found]:
    evaluation = facts.evaluation
    if not evaluation or not evaluation.adapter.get("pet_type") or not facts.training.adapter.get("pet_type"):
        return
    for key in _ADAPTER:
        trained, asked = facts.training.adapter.get(key), evaluation.adapter.get(key)
        if trained != asked:
            yield evaluation.where(evaluation.model(f"pet_config.{key}")), f"is {asked!r}; trained with {trained!r}"


def _differing(facts: Facts, keys: tuple[str, ...] | list[str]) -> Iterator[Found]:
    evaluation = facts.evaluation
    for key in keys if evaluation else ():
        assert evaluation is not None
        trained, asked = facts.training.get(facts.training.model(key)), evaluation.get(evaluation.model(key))
        if trained is not None and asked is not None and trained != asked:
            yield evaluation.where(evaluation.model(key)), f"is {asked!r}; trained with {trained!r}"


def _model_differs(facts: Facts) -> Iterator[Found]:
    yield from _differing(facts, _SIZES)


def _ids_differ(facts: Facts) -> Iterator[Found]:
    yield from _differing(facts, _IDS)


def _too_short(facts: Facts) -> Iterator[Found]:
    evaluation, trained = facts.evaluation, facts.seq_length
    length = evaluation.whole(evaluation.model("seq_length")) if evaluation else None
    if not evaluation or not length:
        return
    if trained and length < trained:
        said = f"is {length}; the model was trained with {trained}: longer prompts are cut"
        yield evaluation.where(evaluation.model("seq_length")), said
    for key in ("max_decode_length", "max_new_tokens"):
        most = evaluation.whole(evaluation.model(key))
        if most and most > length:
            yield evaluation.where(evaluation.model(key)), f"is {most}, more than seq_length {length}"


def _metric(facts: Facts) -> Iterator[Found]:
    evaluation = facts.evaluation
    columns = evaluation.get("eval_dataset.input_columns") if evaluation else None
    if evaluation and isinstance(columns, list) and "labels" in columns:
        metric = evaluation.text("metric.type")
        if evaluation.text("run_mode") in ("", "eval") and metric != "EmF1Metric":
            yield evaluation.where("metric.type"), f"is {metric or 'missing'}: no F1 and EM are printed"


def _empty(facts: Facts) -> Iterator[Found]:
    evaluation = facts.evaluation
    if evaluation and not (evaluation.whole(evaluation.model("min_new_tokens"), 0) or 0) >= 1:
        yield evaluation.where(evaluation.model("min_new_tokens")), "is not 1: EOS may be the first token"


def _sampled(facts: Facts) -> Iterator[Found]:
    evaluation = facts.evaluation
    if evaluation and evaluation.on(evaluation.model("do_sample")):
        yield evaluation.where(evaluation.model("do_sample")), "is true: each run has other answers"


def _no_bos(facts: Facts) -> Iterator[Found]:
    evaluation = facts.evaluation
    key = "processor.tokenizer.add_bos_token"
    if evaluation and evaluation.get(key) is False and facts.rows and (facts.rows.with_bos or 0) > 0.5:
        yield evaluation.where(key), "is false: the prompt has no BOS, and the trained rows had one"


def _eos_in_prompt(facts: Facts) -> Iterator[Found]:
    evaluation = facts.evaluation
    key = "processor.tokenizer.add_eos_token"
    if evaluation and evaluation.on(key):
        yield evaluation.where(key), "is true: the prompt ends with EOS, after which the model has learned nothing"


def _parallel(facts: Facts) -> Iterator[Found]:
    evaluation = facts.evaluation
    if evaluation and evaluation.on("use_parallel"):
        spread = [evaluation.whole(f"parallel_config.{name}", 1) or 1 for name in ("data_parallel", "model_parallel")]
        if spread[0] * spread[1] == 1:
            yield evaluation.where("use_parallel"), "is true with one device: it waits for others, or fails to begin"


def _model(**changes: object) -> dict[str, object]:
    return {"model": {"model_config": changes}}


CHECKS = (
    Check(
        "evaluation_adapter_missing",
        "error",
        _adapter_missing,
        evidence=f"a README's evaluation YAML had no pet_config: the base model's figures were reported; {_HAND_INS}",
        remedy="the training's pet_config; a checkpoint whose adapter is merged into the weights needs none",
        source="the merged checkpoint of transform_ckpt.py still holds LoRA's A and B",
        trap={"evaluation": _model(pet_config=None)},
        clean={"evaluation": _model(pet_config={"lora_dropout": 0.0})},
    ),
    Check(
        "evaluation_adapter_differs",
        "error",
        _adapter_differs,
        evidence="another rank is not loaded; another alpha or other targets answer as another model",
        remedy="copy the training's pet_config",
        source=f"{_HAND_INS}: 'r4 in the file's name needs lora_rank=4'",
        trap={"evaluation": _model(pet_config={"lora_rank": 4})},
        clean={"evaluation": _model(pet_config={"lora_dropout": 0.0})},
    ),
    Check(
        "evaluation_model_differs",
        "error",
        _model_differs,
        evidence="another theta or eps loads without a word and answers as another model",
        remedy="copy the training's sizes",
        source="MindFormers, LlamaConfig",
        trap={"evaluation": _model(theta=10_000.0)},
        clean={"evaluation": _model(compute_dtype="float16", batch_size=8)},
    ),
    Check(
        "token_ids_differ",
        "error",
        _ids_differ,
        evidence="generation stops at another token than the one that was learned, or pads with one that is used",
        remedy="copy the training's bos_token_id, eos_token_id and pad_token_id",
        source="the contest's YAMLs: 128000, 128001, 128002",
        trap={"evaluation": _model(eos_token_id=128_009)},
        clean={"evaluation": _model(eos_token_id=128_001)},
    ),
    Check(
        "evaluation_too_short",
        "error",
        _too_short,
        evidence="prompts are cut, and what is asked for does not fit",
        remedy="a seq_length of prompt and answer together (the contest: 8192 for SQuAD, 3000 for math)",
        source="the contest's evaluation YAMLs",
        trap={"evaluation": _model(seq_length=128, max_decode_length=100, max_new_tokens=64)}
        | {"rows": {"longest_answer": 60}},
        clean={"evaluation": _model(seq_length=3000)},
    ),
    Check(
        "evaluation_metric",
        "error",
        _metric,
        evidence=f"PerplexityMetric measures something else; {_HAND_INS}",
        remedy="metric: {type: EmF1Metric}; math questions have input_columns [input_ids] and any metric",
        source="the contest's base_eval.yaml",
        trap={"evaluation": {"metric": {"type": "PerplexityMetric"}}},
        clean={"evaluation": {"metric": {"type": "PerplexityMetric"},
                              "eval_dataset": {"input_columns": ["input_ids"]}}},
    ),
    Check(
        "empty_answers",
        "warning",
        _empty,
        evidence="eight teams had mostly empty answers, in SQuAD and math, and added this",
        remedy="min_new_tokens: 1; look for the cause too: prompts that differ, and a missing BOS",
        source=_HAND_INS,
        trap={"evaluation": _model(min_new_tokens=None)},
        clean={"evaluation": _model(min_new_tokens=1)},
    ),
    Check(
        "sampled_answers",
        "warning",
        _sampled,
        evidence="the contest's own figures are greedy, and two teams had them equal to the last digit",
        remedy="do_sample: False",
        source="the contest's base_eval.yaml",
        trap={"evaluation": _model(do_sample=True)},
        clean={"evaluation": _model(do_sample=False, top_k=3, top_p=1)},
    ),
    Check(
        "evaluation_without_bos",
        "warning",
        _no_bos,
        evidence="one of the three copies of squad_data_process.py has a BOS: their figures do not compare",
        remedy="the BOS of training, or what the organiser's judge does; say which it was",
        source="the contest's fork, tools/dataset_preprocess/llama/squad_data_process.py",
        trap={"evaluation": {"processor": {"tokenizer": {"add_bos_token": False}}}},
        clean={"evaluation": {"processor": {"tokenizer": {"add_bos_token": False}}}, "rows": {"with_bos": None}},
    ),
    Check(
        "eos_in_prompt",
        "error",
        _eos_in_prompt,
        evidence="the setting is right for conversion, where EOS ends the answer",
        remedy="add_eos_token: False in evaluation",
        source="Llama's tokenizers",
        trap={"evaluation": {"processor": {"tokenizer": {"add_eos_token": True}}}},
        clean={"evaluation": {"processor": {"tokenizer": {"add_eos_token": None}}}},
    ),
    Check(
        "evaluation_parallel",
        "error",
        _parallel,
        evidence="the training's YAML was copied",
        remedy="use_parallel: False",
        source="the contest's base_eval.yaml",
        trap={"evaluation": {"use_parallel": True}},
        clean={"evaluation": {"use_parallel": True, "parallel_config": {"data_parallel": 1, "model_parallel": 4}}},
    ),
)  # fmt: skip
