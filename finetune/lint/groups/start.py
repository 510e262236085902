"""Whether a training begins at all, and reads what the YAML says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from backend.versions import numbers
from backend.versions.dialect import ANY_MODEL, MODEL_1_1, MODEL_1_6, STRICT_1_9
from finetune.lint import Check, Found
from finetune.lint.facts import Facts

_TEMPLATE = "MindFormers 1.5 and later, tools/register/template.py"
# Keys that hold numbers, at the end of a dotted key.
_NUMBERS = (
    "learning_rate lr_end warmup_ratio warmup_steps total_steps weight_decay eps epochs batch_size sink_size rank "
    "lora_rank lora_alpha lora_dropout seq_length hidden_size num_layers num_heads n_kv_heads vocab_size theta "
    "rms_norm_eps save_checkpoint_steps keep_checkpoint_max data_parallel model_parallel pipeline_stage seed "
    "max_grad_norm max_new_tokens min_new_tokens"
).split()
_LIKE_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
# What the YAMLs of MindFormers hold at their top besides what 1.9's template names.
_OTHER_GROUPS = frozenset(
    "train_dataset_task eval_dataset_task lr_schedule layer_scale layer_decay lr_scale auto_tune filepath_prefix "
    "autotune_per_step src_strategy_path_or_dir remote_save_url save_ckpt_config eval_step_interval base_config "
    "init_start_profile profile_communication profile_memory transform_process_num moe_config wrapper".split()
)


def _only_save_strategy(facts: Facts) -> Iterator[Found]:
    if facts.training.on("only_save_strategy"):
        yield facts.training.where("only_save_strategy"), "is true: nothing is trained"


def _number_as_text(facts: Facts) -> Iterator[Found]:
    for yaml in facts.yamls:
        for settings in (yaml, *yaml.callbacks()):
            for key, value in settings.leaves():
                if isinstance(value, str) and key.rpartition(".")[2] in _NUMBERS and _LIKE_NUMBER.fullmatch(value):
                    yield settings.where(key), f"is the text {value!r}, and no number"


def _key_twice(facts: Facts) -> Iterator[Found]:
    for one in facts.repeated:
        yield one, "stands twice: only the last one counts"


def _output_dir(facts: Facts) -> Iterator[Found]:
    if facts.before("1.2") and not facts.by_kit and facts.training.get("output_dir", "./output") != "./output":
        said = f"is {facts.training.get('output_dir')!r}: the contest's run_llama3.py ends with an error"
        yield facts.training.where("output_dir"), said


def _needed_key(facts: Facts) -> Iterator[Found]:
    for key, value in facts.version.dialect.needed.items():
        if facts.training.get(key) is None:
            yield facts.training.where(key), f"is missing; MindFormers {facts.bundle} needs it, such as {key}: {value}"


def _class_of_another_version(facts: Facts) -> Iterator[Found]:
    lacking = facts.version.dialect.lacking
    yaml = facts.training
    places = [("optimizer.type", yaml), (yaml.model("type"), yaml), ("model.arch.type", yaml)]
    places += [("type", one) for one in yaml.callbacks()]
    for key, settings in places:
        name = settings.text(key)
        if name in lacking:
            yield settings.where(key), f"MindFormers {facts.bundle} has no {name}; write {lacking[name]}"


def _refused_key(facts: Facts) -> Iterator[Found]:
    for group, known in facts.version.dialect.strict.items():
        for key in facts.training.group(group) if group else ():
            if key not in known:
                said = f"is no key of MindFormers {facts.bundle}: training ends with a KeyError{_nearest(key, known)}"
                yield facts.training.where(f"{group}.{key}"), said


def _misspelt_key(facts: Facts) -> Iterator[Found]:
    """Find keys of no version that are nearly one: of groups where an unknown key is passed over without a word."""
    model = MODEL_1_1 | MODEL_1_6 | ANY_MODEL
    adapter = frozenset(
        "pet_type lora_rank lora_alpha lora_dropout target_modules exclude_layers freeze_include".split()
    )
    adapter |= frozenset("freeze_exclude param_init_type compute_dtype lora_a_init lora_b_init".split())
    strict = facts.version.dialect.strict
    groups = {"": STRICT_1_9[""] | _OTHER_GROUPS}
    if facts.is_llama:
        groups[facts.training.model("x")[:-2]] = model
    groups[facts.training.model("pet_config")] = adapter
    groups |= {group: keys for group, keys in STRICT_1_9.items() if group and group not in strict}
    for group, known in groups.items():
        for key in facts.training.group(group) if group else facts.training.value:
            if key not in known and (near := _nearest(str(key), known)):
                dotted = f"{group}.{key}" if group else str(key)
                yield facts.training.where(dotted), f"is no key of any MindFormers and passed over{near}"


def _nearest(key: str, known: frozenset[str]) -> str:
    close = get_close_matches(str(key), sorted(known), n=1, cutoff=0.85)
    return f"; did you mean {close[0]!r}?" if close else ""


# Keys that other checks are about.
_ELSEWHERE = ("attn_proj_has_bias", "load_ckpt_format")


def _key_without_effect(facts: Facts) -> Iterator[Found]:
    for key, what in facts.version.dialect.unread.items():
        if not key.endswith(_ELSEWHERE) and facts.training.get(key) not in (None, False):
            yield facts.training.where(key), f"{what} by MindFormers {facts.bundle}"
    grouped = "grouped_lr_schedule"
    if facts.before("1.8") and grouped not in facts.version.dialect.unread and facts.training.has(grouped):
        yield facts.training.where(grouped), f"is read from 1.8 on, and not by {facts.bundle}"


def _weights_format(facts: Facts) -> Iterator[Found]:
    formats = facts.version.dialect.formats
    path = facts.training.text("load_checkpoint")
    asked = facts.training.text("load_ckpt_format")
    if ".safetensors" not in formats and (path.endswith(".safetensors") or asked == "safetensors"):
        key = "load_checkpoint" if path.endswith(".safetensors") else "load_ckpt_format"
        yield facts.training.where(key), f"MindFormers {facts.bundle} reads {', '.join(formats)} only"


def _resume_file(facts: Facts) -> Iterator[Found]:
    path = facts.training.text("load_checkpoint")
    if facts.training.on("resume_training") and not facts.version.dialect.resumes_file and path.endswith(".ckpt"):
        said = f"is a file; resume_training: true wants its folder with MindFormers {facts.bundle}"
        yield facts.training.where("load_checkpoint"), said


def _cpu(facts: Facts) -> Iterator[Found]:
    yaml = facts.training
    if yaml.text("context.device_target").upper() != "CPU":
        return
    faults = {
        "runner_config.sink_mode": yaml.get("runner_config.sink_mode", True) is True and "true: the CPU cannot sink",
        yaml.model("use_flash_attention"): yaml.on(yaml.model("use_flash_attention")) and "has no kernel on the CPU",
        yaml.model("compute_dtype"): yaml.text(yaml.model("compute_dtype")) == "bfloat16"
        and "bfloat16 has no Gather on the CPU",
        yaml.model("use_rope_slice"): not yaml.on(yaml.model("use_rope_slice"))
        and "must be true: the other rotary path has no kernel on the CPU",
        "parallel.parallel_mode": yaml.get("parallel.parallel_mode") not in (None, 0)
        and facts.is_parallel
        and "only 0 (data parallel) runs on the CPU",
        "runner_wrapper.type": yaml.text("runner_wrapper.type") == "MFTrainOneStepCell"
        and "asks the NPU for its float status; PortableTrainOneStepCell of the kit does not",
    }
    yield from ((yaml.where(key), said) for key, said in faults.items() if said)


def _imports(facts: Facts) -> Iterator[Found]:
    if (2, 0) <= numbers(facts.bundle) < (2, 1):
        yield "MindFormers", f"{facts.bundle} does not import without hyper-parallel, which PyPI does not have"


CHECKS = (
    Check(
        "only_save_strategy",
        "error",
        _only_save_strategy,
        evidence="the process compiles and ends with exit code 0; two hand-ins of the 2024 contest had it, and so had "
        "the organiser's guide (1.5.5)",
        remedy="only_save_strategy: False",
        source="MindFormers 1.1.0, trainer/utils.py:347: sys.exit(0)",
        trap={"training": {"only_save_strategy": True}},
        clean={"training": {"only_save_strategy": None}},
    ),
    Check(
        "number_as_text",
        "error",
        _number_as_text,
        evidence="PyYAML's numbers have a point: it reads 1e-5 as a text, and MindFormers refuses it or compares texts",
        remedy="write 1.0e-5, without quotation marks",
        source="YAML 1.1 as PyYAML reads it, resolver.py",
        trap={"training": {"lr_schedule": {"learning_rate": "1e-5"}}},
        clean={"training": {"lr_schedule": {"learning_rate": 1e-5}, "trainer": {"model_name": "8"}}},
    ),
    Check(
        "key_twice",
        "warning",
        _key_twice,
        evidence="PyYAML takes the last one without a word; a change of the first has no effect",
        remedy="keep one of them",
        source="PyYAML, constructor.py",
        trap={"repeated": ("training.yaml: lora_rank (line 90)",)},
        clean={"repeated": ()},
    ),
    Check(
        "output_dir",
        "error",
        _output_dir,
        evidence="the script raises before anything is trained",
        remedy="output_dir: './output'",
        source="the contest's run_llama3.py (research/llama3)",
        trap={"bundle": "1.1.0", "training": {"output_dir": "/data/output"}},
        clean={"training": {"output_dir": "/data/output"}},
    ),
    Check(
        "needed_key",
        "error",
        _needed_key,
        evidence="TypeError: '>' not supported between instances of 'NoneType' and 'int'",
        remedy="write the key; it does no harm with other versions",
        source="MindFormers 1.1.0, trainer/base_trainer.py:396; 1.3.2 likewise; run with both",
        trap={"bundle": "1.1.0", "training": {"micro_batch_interleave_num": None}},
        clean={"bundle": "1.6.0", "training": {"micro_batch_interleave_num": None}},
    ),
    Check(
        "class_of_another_version",
        "error",
        _class_of_another_version,
        evidence="MindFormers ends with: Can't find class type …; in 1.1.0 the checkpoint monitor is called "
        "CheckpointMointor, and AdamW is not there",
        remedy="write what this version has, or name another one with --bundle",
        source="the wheels' core/optim and core/callback",
        trap={"training": {"optimizer": {"type": "FP32StateAdamWeightDecay"}}},
        clean={"bundle": "1.1.0", "training": {"optimizer": {"type": "FP32StateAdamWeightDecay"}}},
    ),
    Check(
        "refused_key",
        "error",
        _refused_key,
        evidence="KeyError: The config 'runner_config' gets an unexpected key; versions before 1.5 pass such keys over",
        remedy="take the key out, or write what was meant",
        source=_TEMPLATE,
        trap={"training": {"runner_config": {"sink_sise": 2}}},
        clean={"training": {"runner_config": {"stop_step": 0}}},
    ),
    Check(
        "misspelt_key",
        "warning",
        _misspelt_key,
        evidence="an unknown key of the model, the adapter or the top level is taken without a word",
        remedy="write what was meant",
        source="MindFormers' LlamaConfig and LoraConfig, which keep what they do not know",
        trap={"training": {"model": {"model_config": {"intermediate_sizes": 14_336}}}},
        clean={"training": {"model": {"model_config": {"my_own_note": 1}}}},
    ),
    Check(
        "key_without_effect",
        "warning",
        _key_without_effect,
        evidence="the key is known to other versions, so it is copied; here nothing reads it",
        remedy="take it out, or use a version that reads it",
        source="MindFormers' wheels, key by key",
        trap={"bundle": "1.1.0", "training": {"model": {"model_config": {"tie_word_embeddings": True}}}},
        clean={"bundle": "1.3.2", "training": {"model": {"model_config": {"tie_word_embeddings": True}}}},
    ),
    Check(
        "weights_format",
        "error",
        _weights_format,
        evidence="the weights are not found, or training begins from fresh ones",
        remedy="convert them: python ckpt_tools/convert.py base.safetensors --out base.ckpt",
        source="MindFormers 1.1.0, trainer/utils.py:733; safetensors came after 1.3.2",
        trap={"bundle": "1.3.2", "training": {"load_checkpoint": "base.safetensors"}},
        clean={"bundle": "1.6.0", "training": {"load_checkpoint": "base.safetensors"}},
    ),
    Check(
        "resume_file",
        "error",
        _resume_file,
        evidence="is_hf_checkpoint: 'not a directory'",
        remedy="load_checkpoint: the folder above rank_0, and resume_training: NAME.ckpt",
        source="MindFormers 1.9, trainer/utils.py:785; run",
        trap={"training": {"resume_training": True, "load_checkpoint": "out/rank_0/a-1_2.ckpt",
                           "model": {"model_config": {"pet_config": {"lora_dropout": 0.0}}}}},
        clean={"bundle": "1.8.0",
               "training": {"resume_training": True, "load_checkpoint": "out/rank_0/a-1_2.ckpt",
                            "model": {"model_config": {"pet_config": {"lora_dropout": 0.0}}}}},
    ),
    Check(
        "cpu_lacks",
        "error",
        _cpu,
        evidence="training stops with a kernel that is not there",
        remedy="write what the CPU has, as python finetune/run.py --contest practice_math --dry-run composes it",
        source="run on MindSpore 2.9.0 and 2.7.2",
        trap={"training": {"context": {"device_target": "CPU"}}},
        clean={
            "training": {
                "context": {"device_target": "CPU"},
                "runner_config": {"sink_mode": False},
                "runner_wrapper": {"type": "PortableTrainOneStepCell"},
                "model": {
                    "model_config": {"use_flash_attention": False, "use_rope_slice": True, "compute_dtype": "float32"}
                },
            }
        },
    ),
    Check(
        "bundle_imports",
        "error",
        _imports,
        evidence="No module named 'hyper_parallel'",
        remedy="MindFormers 2.1 or 1.9",
        source="MindFormers 2.0.0 on MindSpore 2.10.0; run",
        trap={"bundle": "2.0.0"},
        clean={"bundle": "2.1.0"},
    ),
)  # fmt: skip
