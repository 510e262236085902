"""What `config.json` (Hugging Face) and `params.json` (Meta) say of a model, as the kit's `ModelConfig` says it."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ckpt_tools.formats.regular import open_regular, read_regular_json
from core.errors import InputError
from core.schema import ModelConfig

# Biases of (q, k, v) and of o: what each model type's class has, or the key of config.json that says so.
_BIASES: dict[str, tuple[str | bool, str | bool]] = {
    "llama": ("attention_bias", "attention_bias"),
    "internlm": ("bias", "bias"),
    "qwen2": (True, False),
    "mistral": (False, False),
}
_KEYS = {
    "hidden_size": "hidden_size",
    "num_hidden_layers": "num_layers",
    "num_attention_heads": "num_heads",
    "num_key_value_heads": "n_kv_heads",
    "vocab_size": "vocab_size",
    "intermediate_size": "intermediate_size",
    "tie_word_embeddings": "tie_word_embeddings",
    "rms_norm_eps": "rms_norm_eps",
}
_REQUIRED = ("hidden_size", "num_layers", "num_heads", "vocab_size", "intermediate_size")
_KINDS: dict[str, tuple[type, ...]] = {
    "tie_word_embeddings": (bool,),
    "qkv_has_bias": (bool,),
    "attn_proj_has_bias": (bool,),
    "rms_norm_eps": (int, float),
    "theta": (int, float),
}
_PARAMS = {
    "dim": "hidden_size",
    "n_layers": "num_layers",
    "n_heads": "num_heads",
    "n_kv_heads": "n_kv_heads",
    "norm_eps": "rms_norm_eps",
    "rope_theta": "theta",
}
_TYPES = ("float32", "float16", "bfloat16")


def settings_beside(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """Return the file that describes the checkpoint in `folder` and what it says, None where there is none.

    Raises:
        InputError: a malformed file, or a model that MindFormers' Llama cannot express.
    """
    for name, read in (("config.json", hf_settings), ("params.json", meta_settings)):
        path = folder / name
        if path.is_file():
            return path, read(path)
    return None


def hf_settings(path: Path) -> dict[str, Any]:
    """Read the structure of a model from Hugging Face's config.json.

    Returns:
        Fields of `ModelConfig`: the sizes, biases, `tie_word_embeddings`, `rms_norm_eps` and `theta`.

    Raises:
        InputError: malformed, or of a model that MindFormers' Llama cannot express (which setting, and why).
    """
    config = _object(path)
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in _BIASES:
        raise InputError(
            f"{path}: model_type {reprlib.repr(kind)}; MindFormers' Llama can express {', '.join(_BIASES)}, no other"
        )
    _refuse_inexpressible(path, config)
    found = {ours: config[theirs] for theirs, ours in _KEYS.items() if config.get(theirs) is not None}
    missing = [theirs for theirs, ours in _KEYS.items() if ours in _REQUIRED and ours not in found]
    if missing:
        raise InputError(f"{path}: {missing[0]!r} is missing")
    biases = [key if isinstance(key, bool) else bool(config.get(key, kind == "internlm")) for key in _BIASES[kind]]
    rope = config.get("rope_parameters", config.get("rotary"))
    theta = rope.get("rope_theta", rope.get("base")) if isinstance(rope, dict) else config.get("rope_theta")
    settings = {
        # Absent keys have these values in transformers' classes.
        "n_kv_heads": found["num_heads"],
        "tie_word_embeddings": False,
        "rms_norm_eps": 1e-6,
        **found,
        "theta": 10000.0 if theta is None else theta,
        "qkv_has_bias": biases[0],
        "attn_proj_has_bias": biases[1],
    }
    for key, value in settings.items():
        if type(value) not in _KINDS.get(key, (int,)):
            raise InputError(f"{path}: {key} is {str(value)[:80]!r}, which is of the wrong type")
    return settings


def meta_settings(path: Path) -> dict[str, Any]:
    """Read from Meta's params.json the fields of `ModelConfig` that it fixes (the feed-forward width is not there)."""
    params = _object(path)
    found = {ours: params[theirs] for theirs, ours in _PARAMS.items() if params.get(theirs) is not None}
    if "num_heads" in found:
        found.setdefault("n_kv_heads", found["num_heads"])
    if params.get("use_scaled_rope"):
        raise InputError(f"{path}: use_scaled_rope is set; the kit's models have no scaling of the rotary embedding")
    return found


def refuse_other(settings: Mapping[str, Any], path: Path, model: ModelConfig) -> None:
    """Raise InputError where what a file says differs from the model chosen; names up to three settings."""
    chosen = model.model_dump() | {"n_kv_heads": model.n_kv_heads or model.num_heads}
    faults = [
        f"{key} is {value!r}, not {chosen[key]!r}"
        for key, value in settings.items()
        if value is not None and value != chosen[key]
    ]
    if faults:
        more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise InputError(f"{path} does not fit model {model.name}: {'; '.join(faults[:3])}{more}")


def model_from(path: Path, name: str, checkpoint: Path) -> ModelConfig:
    """Make a model's configuration of Hugging Face's config.json and the tokenizer beside it.

    Args:
        path: config.json.
        name: the model's name in the kit.
        checkpoint: where the converted weights lie.

    Raises:
        InputError: malformed, not expressible, without special ids, or without a tokenizer beside it.
    """
    settings, config = hf_settings(path), _object(path)
    eos = config.get("eos_token_id")
    eos = eos[0] if isinstance(eos, list) and eos else eos
    dtype = str(config.get("dtype", config.get("torch_dtype")) or "float32")
    types = dict.fromkeys(("param_dtype", "compute_dtype"), dtype) if dtype in _TYPES else {}
    pad = config.get("pad_token_id")
    try:
        return ModelConfig.model_validate(
            {
                "name": name,
                "title": name,
                "checkpoint": str(checkpoint.absolute()),
                "tokenizer": _tokenizer(path.parent),
                **settings,
                "bos_token_id": config.get("bos_token_id"),
                "eos_token_id": eos,
                "pad_token_id": eos if pad is None else pad,
                **types,
                "max_length": config.get("max_position_embeddings", 2048),
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def hf_config(model: ModelConfig, dtype: str) -> dict[str, Any]:
    """Return the content of a config.json with which transformers loads the converted checkpoint.

    Args:
        model: the model.
        dtype: type of the weights.

    Raises:
        InputError: biases that no class of transformers with these names has.
    """
    biases = (model.qkv_has_bias, model.attn_proj_has_bias)
    if biases == (False, True):
        raise InputError(f"model {model.name}: a bias on o alone has no class in transformers; no config.json for it")
    qwen = biases == (True, False)
    config: dict[str, Any] = {theirs: getattr(model, ours) for theirs, ours in _KEYS.items()}
    return {
        "architectures": ["Qwen2ForCausalLM" if qwen else "LlamaForCausalLM"],
        "model_type": "qwen2" if qwen else "llama",
        **config,
        "num_key_value_heads": model.n_kv_heads or model.num_heads,
        **({} if qwen else {"attention_bias": biases[0]}),
        "hidden_act": "silu",
        "rope_theta": model.theta,
        "max_position_embeddings": model.max_length,
        "bos_token_id": model.bos_token_id,
        "eos_token_id": model.eos_token_id,
        "pad_token_id": model.pad_token_id,
        "torch_dtype": dtype,
    }


def _refuse_inexpressible(path: Path, config: Mapping[str, Any]) -> None:
    """Raise InputError for a setting that changes the function in a way MindFormers' Llama does not know."""
    scaling = config.get("rope_scaling") or config.get("rope_parameters") or {}
    kind = scaling.get("rope_type", scaling.get("type", "default")) if isinstance(scaling, dict) else scaling
    hidden, heads = config.get("hidden_size"), config.get("num_attention_heads")
    head_size = config.get("head_dim")
    slides = config.get("use_sliding_window", config.get("model_type") != "qwen2")
    window = config.get("sliding_window") if slides else None
    faults = {
        f"hidden_act {config.get('hidden_act')!r} (only silu)": config.get("hidden_act", "silu") != "silu",
        f"rotary scaling {kind!r}": kind != "default",
        "a bias in the feed-forward block (mlp_bias)": bool(config.get("mlp_bias")),
        f"head_dim {head_size} other than hidden_size / num_attention_heads": head_size is not None
        and isinstance(hidden, int)
        and isinstance(heads, int)
        and head_size * heads != hidden,
        f"a sliding window of {window}": window is not None,
        "quantised weights": config.get("quantization_config") is not None,
    }
    named = [fault for fault, present in faults.items() if present]
    if named:
        raise InputError(f"{path}: the model has {named[0]}, which the kit's Llama cannot express")


def _tokenizer(folder: Path) -> dict[str, str]:
    """Find the tokenizer beside a config.json; return the fields of `TokenizerConfig`."""
    for name in ("tokenizer.model", "original/tokenizer.model", "tokenizer.json"):
        path = folder / name
        if path.is_file():
            with open_regular(path) as stream:
                # A sentencepiece model is a protobuf; a tiktoken one lines of base64 text.
                first = stream.read(1)
            kind = "hf" if path.suffix == ".json" else "sentencepiece" if first == b"\n" else "tiktoken"
            return {"kind": kind, "file": str(path.absolute())}
    raise InputError(f"{folder}: holds no tokenizer.model and no tokenizer.json, which a model's YAML has to name")


def _object(path: Path) -> dict[str, Any]:
    value = read_regular_json(path)
    if not isinstance(value, dict):
        raise InputError(f"{path}: must be a JSON object")
    return value
