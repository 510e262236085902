"""Counting: the published figures, MindFormers' own model, files and logs, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_tools import count
from ckpt_tools.counting import counts
from ckpt_tools.counting.counts import Count
from ckpt_tools.merging.adapter import TENSORS
from core.errors import GateError, InputError, run_command
from core.methods.lora import lora_parameters
from core.models import total_parameters
from core.models.llama import Shape, parameter_shapes, target_linears
from core.score import parameter_ratio

ROOT = Path(count.__file__).resolve().parent.parent
LLAMA3_8B = Shape(4096, 32, 32, 8, 128256, 14336)
INTERNLM_7B = Shape(4096, 32, 32, 32, 103168, 11008, qkv_has_bias=True, attn_proj_has_bias=True)
Make = Callable[..., Path]
QKVO = ".*wq|.*wk|.*wv|.*wo"


def test_totals_of_the_contests_models() -> None:
    assert total_parameters(LLAMA3_8B) == 8_030_261_248
    assert total_parameters(INTERNLM_7B) == 7_321_948_160
    assert total_parameters(replace(INTERNLM_7B, n_kv_heads=None)) == 7_321_948_160
    tied = replace(LLAMA3_8B, tie_word_embeddings=True)
    assert total_parameters(tied) == 8_030_261_248 - 128256 * 4096


@pytest.mark.parametrize(
    ("rank", "targets", "trainable", "published"),
    [
        (64, QKVO, 54_525_952, "0.00679028"),
        (16, QKVO, 13_631_488, "0.00169757"),
        (8, ".*wq|.*wv", 3_407_872, "0.000424393"),
        (16, ".*wq|.*wv", 6_815_744, "0.000848785"),
        (12, ".*wq|.*wv", 5_111_808, "0.000636589"),
        (4, ".*wq|.*wv", 1_703_936, "0.000212196"),
        (8, ".*wq|.*wv|.*wo", 5_505_024, "0.000685557"),
        (8, QKVO, 6_815_744, "0.000848785"),
        (8, QKVO + "|.*w1|.*w2|.*w3", 20_971_520, "0.00261165"),
        (1, "wq|wv", 425_984, "5.30491e-05"),
    ],
)
def test_published_ratios_of_stage_1(rank: int, targets: str, trainable: int, published: str) -> None:
    assert lora_parameters(LLAMA3_8B, rank, targets) == trainable
    assert f"{parameter_ratio(trainable, 8_030_000_000):.6g}" == published


@pytest.mark.parametrize(
    ("rank", "targets", "trainable", "published"),
    [
        (8, QKVO + "|.*w1|.*w2|.*w3", 19_988_480, "0.00273029"),
        (16, QKVO, 16_777_216, "0.00229166"),
        (8, ".*wk|.*wo", 4_194_304, "0.00057291"),
        (4, QKVO, 4_194_304, "0.00057291"),
        (8, QKVO, 8_388_608, "0.00114583"),
    ],
)
def test_published_ratios_of_stage_2(rank: int, targets: str, trainable: int, published: str) -> None:
    assert lora_parameters(INTERNLM_7B, rank, targets) == trainable
    assert parameter_ratio(trainable, 7_321_000_000) == pytest.approx(float(published), abs=1e-8)


@pytest.mark.parametrize(
    ("targets", "what"),
    [
        ("*.wv", "not a regular expression"),
        (".*wq | .*wv", "adapt no linear layer"),
        ("attention.wq", "no path in it"),
        (".*layers.0.*wq", "adapt no linear layer"),
        (".*", "container 'layers'"),
        ("lm_head", "adapt no linear layer"),
        ("", "container 'layers'"),
        ("w|attention|feed_forward", "adapt no linear layer"),
    ],
)
def test_targets_that_adapt_nothing_are_refused(targets: str, what: str) -> None:
    with pytest.raises(InputError) as caught:
        lora_parameters(LLAMA3_8B, 8, targets)
    assert what in str(caught.value)
    assert repr(targets) in str(caught.value)


def test_wrong_shapes_and_ranks_are_refused() -> None:
    for wrong in (
        replace(LLAMA3_8B, num_layers=0),
        replace(LLAMA3_8B, num_heads=33),
        replace(LLAMA3_8B, n_kv_heads=7),
        replace(LLAMA3_8B, n_kv_heads=0),
        replace(LLAMA3_8B, vocab_size=-1),
    ):
        with pytest.raises(InputError, match="model: "):
            total_parameters(wrong)
    for call in (
        lambda: lora_parameters(LLAMA3_8B, 0, "wq"),
        lambda: parameter_ratio(1, 0),
        lambda: parameter_ratio(-1, 5),
    ):
        with pytest.raises(InputError):
            call()


@pytest.mark.mindspore
@pytest.mark.slow
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("tied", [False, True])
def test_mindformers_own_model_has_these_parameters(tiny: Shape, bias: bool, tied: bool) -> None:
    from mindformers import LlamaConfig, LlamaForCausalLM
    from mindformers.pet import get_pet_model

    shape = replace(tiny, qkv_has_bias=bias, attn_proj_has_bias=bias, tie_word_embeddings=tied)
    for targets in (
        ".*wq|.*wv",
        "w",
        "wq|layers",
        ".*",
        "w|0",
        "w|attention",
        "w|feed_forward|1",
        "lm_head",
        "w[qv]|model",
    ):
        model = LlamaForCausalLM(LlamaConfig(seq_length=32, use_flash_attention=False, **vars(shape)))
        built = {parameter.name: tuple(parameter.shape) for parameter in model.get_parameters()}
        assert list(built.items()) == list(parameter_shapes(shape).items())
        pet = get_pet_model(
            model,
            {"pet_type": "lora", "lora_rank": 4, "lora_alpha": 8, "lora_dropout": 0.0, "target_modules": targets},
        )
        trainable = {parameter.name: tuple(parameter.shape) for parameter in pet.trainable_params()}
        if not trainable:
            with pytest.raises(InputError):
                lora_parameters(shape, 4, targets)
            continue
        expected = {}
        for weight, (out, into) in target_linears(shape, targets).items():
            layer = weight.removesuffix("weight")
            expected |= {f"{layer}mindpet_delta_lora_a": (4, into), f"{layer}mindpet_delta_lora_b": (out, 4)}
        assert trainable == expected
        assert sum(parameter.size for parameter in pet.trainable_params()) == lora_parameters(shape, 4, targets)


@pytest.mark.parametrize(
    ("line", "value", "exact"),
    [
        ("2024-07-01 - mindformers[x.py:543] - INFO - Network Parameters: 3 M.", 3_000_000, False),
        ("2024-07-01 - mindformers[x.py:543] - INFO - Network Parameters: 3407872.", 3_407_872, True),
        ("INFO - Network Parameters: 0 M.", 0, False),
        ("Network Parameters: 5111808", 5_111_808, True),
        ("Network Parameters:  12  M .", 12_000_000, False),
    ],
)
def test_log_lines(tmp_path: Path, line: str, value: int, exact: bool) -> None:
    log = tmp_path / "worker_0.log"
    log.write_bytes(b"noise \xff\xfe\n" + line.encode() + b"\r\nmore\n")
    assert counts.count_log(log) == Count(value, f"{log}:2", exact)


def test_log_without_or_with_contradicting_lines(tmp_path: Path) -> None:
    log = tmp_path / "worker_0.log"
    with pytest.raises(InputError, match="cannot be read"):
        counts.count_log(log)
    log.write_text("Parameters: 3\n")
    with pytest.raises(InputError, match="has no line"):
        counts.count_log(log)
    log.write_text("Network Parameters: 3 M.\nNetwork Parameters: 3407872.\n")
    assert counts.count_log(log).value == 3_407_872
    log.write_text("Network Parameters: 3 M.\nNetwork Parameters: 3407872.\nNetwork Parameters: 6 M.\n")
    with pytest.raises(InputError, match=r"worker_0\.log:3: 6000000 .*worker_0\.log:2 says 3407872"):
        counts.count_log(log)


@given(st.integers(0, 10**10), st.integers(0, 10**10))
def test_millions_agree_as_mindformers_rounds(one: int, other: int) -> None:
    logged = Count(other // 1_000_000 * 1_000_000, "log", exact=False)
    assert Count(one, "file").agrees(logged) == logged.agrees(Count(one, "file")) == (one // 10**6 == other // 10**6)
    assert Count(one, "file").agrees(Count(other, "plan")) == (one == other)


def test_files_count_like_the_configuration(
    tmp_path: Path, tiny: Shape, make_base: Callable[..., Path], make_adapter: Callable[..., Path]
) -> None:
    import numpy as np

    base = make_base(changes={"adam_m.model.norm_out.weight": np.ones(64, np.float32), "global_step": np.array(3)})
    assert counts.count_checkpoint(base) == (Count(0, str(base)), Count(total_parameters(tiny), str(base)))
    adapter = make_adapter(base, 1) / TENSORS
    assert counts.count_checkpoint(adapter)[0].value == lora_parameters(tiny, 4, ".*wq|.*wv")


def test_published_forms_count_alike(tmp_path: Path, tiny: Shape, make_base: Make, make_adapter: Make) -> None:
    import numpy as np

    from ckpt_tools.conversion.rewrite import convert
    from ckpt_tools.formats.tensors import open_tensors, write_tensors
    from ckpt_tools.peft import to_peft

    base = make_base()
    folder = tmp_path / "published"
    for dialect, name in (("hf", "model.safetensors"), ("meta", "consolidated.safetensors")):
        with open_tensors(base) as tensors:
            convert(tensors, tiny, dialect, folder / name)  # type: ignore[arg-type]
        assert counts.count_checkpoint(folder / name)[1].value == total_parameters(tiny)
    assert counts.count_checkpoint(folder)[1].value == total_parameters(tiny)
    with open_tensors(folder / "model.safetensors") as tensors:
        arrays = {name: tensors.read(name) for name in tensors}
    arrays["model.layers.0.self_attn.rotary_emb.inv_freq"] = np.ones(8, np.float32)
    write_tensors(folder / "model.safetensors", arrays)
    assert counts.count_checkpoint(folder)[1].value == total_parameters(tiny)
    to_peft(make_adapter(base, 1), tmp_path / "peft", "")
    trainable, total = counts.count_checkpoint(tmp_path / "peft")
    assert (trainable.value, total.value) == (lora_parameters(tiny, 4, ".*wq|.*wv"), 0)
    write_tensors(tmp_path / "else.ckpt", {"global_step": np.array(3)})
    with pytest.raises(InputError, match="holds no parameter of a.* Llama"):
        counts.count_checkpoint(tmp_path / "else.ckpt")


# Rank and targets of the twenty, as their YAML files or reports state them.
RANKS = {1: (64, QKVO), 2: (16, QKVO), 7: (16, ".*wq|.*wv"), 12: (12, ".*wq|.*wv"), 15: (4, ".*wq|.*wv"),
         18: (8, ".*wq|.*wv|.*wo")}  # fmt: skip


def test_the_twenty_published_ratios_come_out(shared_data: Path) -> None:
    rows = json.loads((shared_data / "contest/leaderboard_stage1.json").read_text(encoding="utf-8"))
    assert len(rows) == 20
    for row in rows:
        trainable = lora_parameters(LLAMA3_8B, *RANKS.get(row["rank"], (8, ".*wq|.*wv")))
        assert f"{parameter_ratio(trainable, 8_030_000_000):.6g}" == row["low_param_ratio"]


def test_models_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    for name, total in (("llama3_8b", 8_030_261_248), ("internlm_7b", 7_321_948_160)):
        assert run_command(count.main, ["--model", name, "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"total": total}
    path = str(ROOT / "configs/models/llama3_8b.yaml")
    assert run_command(count.main, ["--model", path, "--rank", "8", "--targets", ".*wq|.*wv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trainable"] == 3_407_872
    assert run_command(count.main, ["--model", "llama3"]) == 2
    assert "unknown model 'llama3'" in capsys.readouterr().err


def test_command(
    tmp_path: Path,
    make_base: Callable[..., Path],
    make_adapter: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    base = make_base()
    adapter = make_adapter(base, 1) / TENSORS
    model = ["hidden_size=64", "num_layers=2", "num_heads=4", "n_kv_heads=2", "vocab_size=100", "intermediate_size=96"]
    model += ["qkv_has_bias=true", "attn_proj_has_bias=true"]
    words = ["--model", *model, "--rank", "4", "--targets", ".*wq|.*wv", "--ckpt", str(base), "--adapter", str(adapter)]
    assert run_command(count.main, [*words, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result == {"trainable": 1792, "trainable_exact": True, "total": 74_944, "ratio": 1792 / 74_944}
    log = tmp_path / "worker_0.log"
    log.write_text("Network Parameters: 3 M.\n")
    assert run_command(count.main, [*words, "--log", str(log)]) == 3
    error = capsys.readouterr().err
    assert "the configuration says 1792" in error
    assert f"{log}:1 says 3 M" in error
    words[words.index("vocab_size=100")] = "vocab_size=101"
    assert run_command(count.main, words) == 3
    error = capsys.readouterr().err
    assert "the configuration says 75072" in error
    assert f"{base} says 74944" in error
    for wrong in ([], ["--rank", "8", "--log", str(log)], ["--model", "hidden=3"], ["--model", "hidden_size=x"]):
        assert run_command(count.main, wrong) == 2
        assert capsys.readouterr().err.startswith("error: ")


def test_disagreement_names_both() -> None:
    with pytest.raises(GateError, match="plan says 5, file says 6"):
        counts.agreed([Count(5, "plan"), Count(6, "file")], "trainable")


def test_counting_from_the_configuration_needs_no_numpy() -> None:
    code = "import sys; from ckpt_tools import count, schedule; print({'numpy', 'mindspore'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
