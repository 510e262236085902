"""What is trained: the layers that are chosen, the adapter's type and size, and whether it can be merged."""

from __future__ import annotations

from collections.abc import Iterator

from core.errors import InputError
from core.methods.targets import chooses, layer_expression
from finetune.lint import Check, Found
from finetune.lint.facts import Facts
from finetune.lint.settings import Settings
from finetune.training.precision import largest_moved, moves, typical_size

# Linear layers of MindFormers' Llama by their own names.
_LEAVES = ("wq", "wk", "wv", "wo", "w1", "w2", "w3", "lm_head")
# The contest's InternLM-7B.
_INTERNLM_VOCABULARY = 103_168
_HAND_INS = "published hand-ins of the 2024 contest (mindspore-courses/competition)"
_DROPOUT = 0.3


def _expression(yaml: Settings, key: str) -> tuple[str, str]:
    """Return an expression of the adapter and where it stands."""
    found = yaml.adapter.get(key)
    return (found if isinstance(found, str) else ""), yaml.where(yaml.model(f"pet_config.{key}"))


def _reads(text: str) -> bool:
    try:
        layer_expression(text)
    except InputError:
        return False
    return True


def _no_adapter(facts: Facts) -> Iterator[Found]:
    yaml = facts.training
    if not facts.by_kit and not yaml.adapter.get("pet_type"):
        yield yaml.where(yaml.model("pet_config")), "names no pet_type: every parameter of the base is trained"


def _targets_unreadable(facts: Facts) -> Iterator[Found]:
    for yaml in facts.yamls:
        for key in ("target_modules", "exclude_layers"):
            text, where = _expression(yaml, key)
            try:
                layer_expression(text)
            except InputError as error:
                yield where, str(error)


def _targets_match_nothing(facts: Facts) -> Iterator[Found]:
    text, where = _expression(facts.training, "target_modules")
    if facts.is_llama and text and _reads(text) and not any(chooses(text, leaf) for leaf in _LEAVES):
        yield where, f"{text!r} matches none of {', '.join(_LEAVES)}: nothing is trained, or everything"


def _targets_partly(facts: Facts) -> Iterator[Found]:
    text, where = _expression(facts.training, "target_modules")
    parts = text.split("|") if "(" not in text and "[" not in text else []
    if len(parts) < 2 or not facts.is_llama or not all(map(_reads, parts)):
        return
    for part in parts:
        if not any(chooses(part, leaf) for leaf in _LEAVES) and any(chooses(text, leaf) for leaf in _LEAVES):
            yield where, f"its part {part!r} matches no layer; names are those of the layers themselves, such as wq"


def _exclude_matches_nothing(facts: Facts) -> Iterator[Found]:
    found = facts.training.adapter.get("exclude_layers")
    where = facts.training.where(facts.training.model("pet_config.exclude_layers"))
    names = [*_LEAVES, *map(str, range(facts.training.whole(facts.training.model("num_layers")) or 0))]
    for text in found if isinstance(found, list) else [found]:
        if isinstance(text, str) and text and _reads(text) and not any(chooses(text, name) for name in names[:2000]):
            yield where, f"{text!r} excludes nothing: it is matched with own names (wq, or a layer's number)"


def _half_adapter(facts: Facts) -> tuple[str, float, bool] | None:
    """Return what the adapter's type is, the learning rate, and whether lora_a moves; None where it is no half type."""
    yaml, dtype = facts.training, facts.adapter_dtype
    rate, width = yaml.number("lr_schedule.learning_rate"), yaml.whole(yaml.model("hidden_size"))
    # What the kit trains is held by finetune.training.precision.
    if facts.by_kit or yaml.adapter.get("pet_type") != "lora" or dtype not in ("float16", "bfloat16"):
        return None
    if not rate or not width or rate <= 0 or not 0 < width < 1 << 24:
        return None
    named = "is" if yaml.adapter.get("param_init_type") else f"is not named, so MindFormers {facts.bundle} takes"
    return f"{named} {dtype}", rate, moves(rate, typical_size(width), dtype)


def _adapter_type(facts: Facts) -> Iterator[Found]:
    found = _half_adapter(facts)
    if found and not found[2]:
        said = f"{found[0]}: at a learning rate of {found[1]:g} most steps of lora_a are lost in rounding"
        yield facts.training.where(facts.training.model("pet_config.param_init_type")), said


def _coarse_adapter(facts: Facts) -> Iterator[Found]:
    found = _half_adapter(facts)
    if found and found[2]:
        most = largest_moved(found[1], facts.adapter_dtype)
        said = f"{found[0]}: at a learning rate of {found[1]:g} lora_b stops growing at {most:.1g}"
        yield facts.training.where(facts.training.model("pet_config.param_init_type")), said


def _high_dropout(facts: Facts) -> Iterator[Found]:
    found = Settings(facts.training.adapter, "").number("lora_dropout")
    if found is not None and found > _DROPOUT:
        yield facts.training.where(facts.training.model("pet_config.lora_dropout")), f"is {found:g}"


def _dropout_resumed(facts: Facts) -> Iterator[Found]:
    found = Settings(facts.training.adapter, "").number("lora_dropout")
    if not facts.by_kit and found and facts.training.get("resume_training") not in (None, False, ""):
        where = facts.training.where(facts.training.model("pet_config.lora_dropout"))
        yield where, f"is {found:g} in a training that is resumed: it does not go on as it would have"


def _alpha_fraction(facts: Facts) -> Iterator[Found]:
    found = Settings(facts.training.adapter, "").number("lora_alpha")
    if not facts.by_kit and found is not None and not found.is_integer():
        said = f"is {found:g}; MindFormers writes {int(found)} into adapter_config.json"
        yield facts.training.where(facts.training.model("pet_config.lora_alpha")), said


def _cannot_merge(facts: Facts) -> Iterator[Found]:
    kind = facts.training.adapter.get("pet_type")
    if isinstance(kind, str) and kind.lower().replace("_", "") in ("ptuning2", "prefixtuning"):
        where = facts.training.where(facts.training.model("pet_config.pet_type"))
        yield where, f"{kind} puts prefixes beside the weights, which cannot be merged into a whole checkpoint"


def _frozen_not_saved(facts: Facts) -> Iterator[Found]:
    frozen = facts.training.adapter.get("freeze_include")
    if frozen and any(one.on("save_trainable_params") for one in facts.training.callbacks()):
        where = facts.training.where(facts.training.model("pet_config.freeze_include"))
        yield where, f"{frozen!r} is not trained, and save_trainable_params saves what is trained only"


def _joined_weights(facts: Facts) -> Iterator[Found]:
    yaml = facts.training
    if yaml.on(yaml.model("qkv_concat")):
        yield (
            yaml.where(yaml.model("qkv_concat")),
            "is true: there are no wq, wk and wv, in the network as in the targets",
        )


def _has(yaml: Settings, name: str) -> bool:
    return yaml.on(yaml.model(name)) or yaml.on(yaml.model("has_bias"))


def _bias_dropped(facts: Facts) -> Iterator[Found]:
    for yaml in facts.yamls:
        of_llama = yaml.text(yaml.model("type")) in ("", "LlamaConfig")
        asks = yaml.on(yaml.model("attn_proj_has_bias")) or yaml.whole(yaml.model("vocab_size")) == _INTERNLM_VOCABULARY
        if facts.before("1.5") and of_llama and asks:
            said = f"MindFormers {facts.bundle} makes wo without bias and drops that of the weights without a word"
            yield yaml.where(yaml.model("attn_proj_has_bias")), said


def _bias_missing(facts: Facts) -> Iterator[Found]:
    for yaml in facts.yamls:
        if yaml.whole(yaml.model("vocab_size")) == _INTERNLM_VOCABULARY and not facts.before("1.5"):
            lacking = [name for name in ("qkv_has_bias", "attn_proj_has_bias") if not _has(yaml, name)]
            if lacking and yaml.text(yaml.model("type")) in ("", "LlamaConfig"):
                yield (
                    yaml.where(yaml.model(lacking[0])),
                    f"InternLM-7B has biases on q, k, v and o: set {', '.join(lacking)}",
                )


def _merge_scaling(facts: Facts) -> Iterator[Found]:
    pet = Settings(facts.training.adapter, "")
    rank, alpha = pet.number("lora_rank"), pet.number("lora_alpha")
    if facts.lora_scaling is not None and rank and alpha and abs(facts.lora_scaling - alpha / rank) > 1e-9:
        said = f"is {facts.lora_scaling:g}; alpha / rank is {alpha:g} / {rank:g} = {alpha / rank:g}"
        yield "merge: --lora_scaling", said


_PET = "pet_config"
CHECKS = (
    Check(
        "no_adapter",
        "warning",
        _no_adapter,
        evidence="the ratio is 1, and 8 billion parameters with Adam's moments fit on no card of the contest",
        remedy="pet_config: {pet_type: lora, lora_rank: 8, lora_alpha: 16, target_modules: '.*wq|.*wv'}",
        source="MindFormers, trainer/base_trainer.py: get_pet_model is called where pet_config is there",
        trap={"evaluation": None, "training": {"model": {"model_config": {_PET: None}}}},
        clean={"training": {"model": {"model_config": {_PET: {"lora_rank": 8}}}}},
    ),
    Check(
        "targets_unreadable",
        "error",
        _targets_unreadable,
        evidence=f"a README wrote '*.wv', which is no regular expression; {_HAND_INS}",
        remedy="'.*wq|.*wv'",
        source="MindFormers, pet/tuners/lora_adapter.py: re.match",
        trap={"evaluation": None, "training": {"model": {"model_config": {_PET: {"target_modules": "*.wq|*.wv"}}}}},
        clean={"evaluation": None, "training": {"model": {"model_config": {_PET: {"target_modules": ".*(wq|wv)"}}}}},
    ),
    Check(
        "targets_match_nothing",
        "error",
        _targets_match_nothing,
        evidence=f"'.*wq | .*wv' with blanks, and paths of layers such as '.*layers.[2-9].*wq'; {_HAND_INS}",
        remedy="names of the layers themselves, without blanks: '.*wq|.*wv'; layers are left out by exclude_layers",
        source="MindFormers, pet/tuners/lora_adapter.py: re.match with each child's own name, from its beginning",
        trap={"evaluation": None, "training": {"model": {"model_config": {_PET: {"target_modules": ".*wq | .*wv"}}}}},
        clean={"evaluation": None, "training": {"model": {"model_config": {_PET: {"target_modules": "w[qv]"}}}}},
    ),
    Check(
        "targets_partly",
        "error",
        _targets_partly,
        evidence="fewer layers are trained than the ratio in the report counts",
        remedy="take that part out, or write the layer's own name: wq, wk, wv, wo, w1, w2, w3",
        source="as targets_match_nothing",
        trap={
            "evaluation": None,
            "training": {"model": {"model_config": {_PET: {"target_modules": r".*wq|.*\.layers\.9.*wv"}}}},
        },
        clean={"evaluation": None, "training": {"model": {"model_config": {_PET: {"target_modules": ".*wq|.*w1"}}}}},
    ),
    Check(
        "exclude_matches_nothing",
        "error",
        _exclude_matches_nothing,
        evidence="a team meant to train the upper layers only, and trained all; the YAML says so in a comment",
        remedy="exclude_layers: ['[01]$'] leaves out the layers 0 and 1: their own names are numbers",
        source=f"MindFormers, pet/tuners/lora_adapter.py; {_HAND_INS}; run with 1.9",
        trap={"evaluation": None,
              "training": {"model": {"model_config": {_PET: {"exclude_layers": [r"model\.layers\.[01]"]}}}}},
        clean={"evaluation": None,
               "training": {"model": {"model_config": {_PET: {"exclude_layers": ["[01]$", "1[0-9]"]}}}}},
    ),
    Check(
        "adapter_type",
        "error",
        _adapter_type,
        evidence="bfloat16 at 1e-5: a step moves a quarter of lora_a, and lora_b reaches 0.004 where it should be 0.05",
        remedy="pet_config.param_init_type: float32 (products stay in compute_dtype); every version reads it",
        source="MindFormers 1.1.0, pet/pet_config.py:75 (float16); 1.2 and later, pet/tuners/lora_adapter.py:40",
        trap={"training": {"model": {"model_config": {_PET: {"param_init_type": None}}}}},
        clean={"training": {"model": {"model_config": {_PET: {"compute_dtype": None}}}}},
    ),
    Check(
        "coarse_adapter",
        "warning",
        _coarse_adapter,
        evidence="float16 at 1e-5: after 5,000 equal steps lora_b is 0.031 and should be 0.050",
        remedy="pet_config.param_init_type: float32 (products stay in compute_dtype); every version reads it",
        source="MindFormers 1.1.0, pet/pet_config.py:75 (float16); core/optim casts each sum back to the tensor's type",
        trap={"bundle": "1.1.0", "training": {"model": {"model_config": {_PET: {"param_init_type": None}}}}},
        clean={"bundle": "1.1.0", "training": {"model": {"model_config": {_PET: {"compute_dtype": None}}}}},
    ),
    Check(
        "high_dropout",
        "warning",
        _high_dropout,
        evidence=f"a hand-in had 0.5 while its README said 'default', and came 16th; {_HAND_INS}",
        remedy="lora_dropout: 0.05, or 0 to train the same twice",
        source="the guide's YAML has 0.05",
        trap={"training": {"model": {"model_config": {_PET: {"lora_dropout": 0.5}}}}},
        clean={"training": {"model": {"model_config": {_PET: {"lora_dropout": 0.1}}}}},
    ),
    Check(
        "dropout_resumed",
        "warning",
        _dropout_resumed,
        evidence="two runs with one seed part after 5 to 8 steps: MindSpore's generator is saved nowhere",
        remedy="lora_dropout: 0; the kit's own dropout can be made again",
        source="run with MindFormers 1.9 on MindSpore 2.9.0",
        trap={"training": {"resume_training": True, "load_checkpoint": "out"}},
        clean={"training": {"resume_training": True, "load_checkpoint": "out",
                            "model": {"model_config": {_PET: {"lora_dropout": 0.0}}}}},
    ),
    Check(
        "alpha_fraction",
        "warning",
        _alpha_fraction,
        evidence="whoever merges by adapter_config.json scales by another factor than was trained with",
        remedy="a whole lora_alpha, or merge with the YAML's",
        source="MindFormers 1.9, pet/models/lora.py:195: int(lora_alpha)",
        trap={"evaluation": None, "training": {"model": {"model_config": {_PET: {"lora_alpha": 22.6}}}}},
        clean={"evaluation": None, "training": {"model": {"model_config": {_PET: {"lora_alpha": 22.0}}}}},
    ),
    Check(
        "cannot_merge",
        "error",
        _cannot_merge,
        evidence="the hand-in is whole checkpoints",
        remedy="pet_type: lora",
        source="MindFormers 1.9, pet/tuners; run for ten steps",
        trap={"evaluation": None, "training": {"model": {"model_config": {_PET: {"pet_type": "ptuning2"}}}}},
        clean={"evaluation": None, "training": {"model": {"model_config": {_PET: {"pet_type": "lora"}}}}},
    ),
    Check(
        "frozen_not_saved",
        "error",
        _frozen_not_saved,
        evidence="merging needs A as well as B; A is in no file",
        remedy="save_trainable_params: False",
        source="MindFormers 1.9, core/callback: the monitor saves trainable_params()",
        trap={"training": {"model": {"model_config": {_PET: {"freeze_include": ["*mindpet_delta_lora_a"]}}},
                           "callbacks": [{"type": "CheckpointMonitor", "save_checkpoint_steps": 2812,
                                          "save_trainable_params": True}]}},
        clean={"training": {"model": {"model_config": {_PET: {"freeze_include": ["*mindpet_delta_lora_a"]}}}}},
    ),
    Check(
        "joined_weights",
        "error",
        _joined_weights,
        evidence="'….attention.w_qkv' is not loaded, and '.*wq|.*wv' matches nothing",
        remedy="qkv_concat: False",
        source="MindFormers, models/llama/llama_transformer.py; networks built from 1.1.0 to 2.1.0",
        trap={"training": {"model": {"model_config": {"qkv_concat": True}}}},
        clean={"training": {"model": {"model_config": {"qkv_concat": False}}}},
    ),
    Check(
        "bias_dropped",
        "error",
        _bias_dropped,
        evidence="InternLM-7B trains and answers as another model; the log has an INFO line",
        remedy="MindFormers 1.5 or later, or research/internlm of the source tree (InternLMConfig)",
        source="MindFormers 1.1.0, models/llama/llama_transformer.py:171; 1.3.2, :202",
        trap={"bundle": "1.3.2", "training": {"model": {"model_config": {"attn_proj_has_bias": True}}}},
        clean={"bundle": "1.6.0", "training": {"model": {"model_config": {"attn_proj_has_bias": True}}}},
    ),
    Check(
        "bias_missing",
        "error",
        _bias_missing,
        evidence="the biases of the weights are not loaded, and a wrong model is trained",
        remedy="qkv_has_bias: True and attn_proj_has_bias: True",
        source="InternLM-7B has 7,321,948,160 parameters, biases on q, k, v and o among them",
        trap={"evaluation": None, "rows": {"highest": 90_000},
              "training": {"model": {"model_config": {"vocab_size": 103_168, "qkv_has_bias": True}}}},
        clean={"evaluation": None, "rows": {"highest": 90_000},
               "training": {"model": {"model_config": {"vocab_size": 103_168, "qkv_has_bias": True,
                                                       "attn_proj_has_bias": True}}}},
    ),
    Check(
        "merge_scaling",
        "error",
        _merge_scaling,
        evidence="transform_ckpt_lora.py scales by 1 where nothing is said, though its help says alpha/rank",
        remedy="--lora_scaling alpha/rank, 2 for 8/16; ckpt_tools/merge.py takes it from the adapter",
        source="MindFormers, tools/transform_ckpt_lora.py",
        trap={"lora_scaling": 1.0},
        clean={"lora_scaling": 2.0},
    ),
)  # fmt: skip
