"""The report: all sections in both languages, every figure with all its digits."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_folder import STEPS, edit_json

from core.errors import InputError
from submission.package.run_facts import read_run
from submission.report.figures import find_figures, required_figures, resolve, show
from submission.report.report import sources_of, write_report_text

IMAGES = {"loss": "images/loss.png", "scores": "images/scores.png"}


def _report(run: Path, language: str = "en", packed: bool = True) -> str:
    return write_report_text(read_run(run), "梦之队", language, packed, IMAGES, {"ratio": "screenshots/ratio.png"})


@pytest.mark.parametrize(
    ("language", "headings"),
    [
        (
            "en",
            ["1. Fine-tuning algorithm", "2. Hyper-parameters", "3. Fine-tuned weights", "4. Running environment",
             "5. Retention", "6. How inference", "7. Task accuracy", "8. Low-parameter ratio", "9. Best checkpoint"],
        ),
        (
            "zh",
            ["1. 微调算法介绍", "数据集规模与预处理方式", "2. 超参配置介绍", "3. 微调后的权重文件", "4. 运行环境说明",
             "5. 模型微调后原有能力评估得分", "6. 推理方式说明", "准确率", "8. 低参比例", "9. 最优权重"],
        ),
    ],
)  # fmt: skip
def test_sections_and_figures_are_complete(run: Path, language: str, headings: list[str]) -> None:
    text = _report(run, language)
    assert all(heading in text for heading in headings)
    sources = sources_of(read_run(run))
    written = dict(find_figures(text))
    assert set(required_figures(sources)) <= set(written)
    assert all(value == show(resolve(sources, path)) for path, value in written.items())
    assert {
        "run/train/learning_rate",
        "run/method/rank",
        "audit/dropped/overlong",
        "run/eval/squad/max_new_tokens",
    } <= {*written}
    assert "梦之队" in text
    assert "{{" not in text
    assert "{%" not in text


def test_both_languages_show_the_same_figures(run: Path) -> None:
    assert sorted(find_figures(_report(run, "en"))) == sorted(find_figures(_report(run, "zh")))


def test_figures_are_as_measured(run: Path) -> None:
    text = _report(run)
    assert "<!--=squad/checkpoints/base/contest/em-->44.17029511369134<!--/-->" in text
    assert f"<!--=score/best-->step_{STEPS[4]}<!--/-->" in text


def test_a_prompt_with_a_fence_cannot_close_its_block(run: Path) -> None:
    assert "````text\nRead.\n{passage}\n```\n{question}\n````" in _report(run)


def test_tables_have_even_rows(run: Path) -> None:
    for language in ("en", "zh"):
        width = None
        for line in _report(run, language).splitlines():
            if not line.startswith("|"):
                width = None
                continue
            bars = line.replace("\\|", "").count("|")
            assert width in (None, bars), line
            width = bars


def test_no_best_checkpoint_is_said(run: Path) -> None:
    def lose(value: dict[str, object]) -> None:
        value["best"] = None

    edit_json(run / "results" / "score.json", lose)
    assert "none is eligible" in _report(run)
    assert "没有权重通过" in _report(run, "zh")


def test_manifest_mode_says_where_the_weights_are(run: Path) -> None:
    assert "handed in separately" in _report(run, packed=False)


def test_another_language_is_refused(run: Path) -> None:
    with pytest.raises(InputError, match="'fr'"):
        _report(run, "fr")


def test_histograms_and_long_lists_are_counted(run: Path) -> None:
    def grow(value: dict[str, object]) -> None:
        value["lengths"] = {str(length): 1 for length in range(40, 90)}
        value["bad"] = [f"train.jsonl:{line}" for line in range(30)]
        value["few"] = [1, 2]

    edit_json(run / "data" / "audit.json", grow)
    text = _report(run)
    assert "| lengths | [… 50] |" in text
    assert "| bad | [… 30] |" in text
    assert "| few | <!--=audit/few-->1, 2<!--/--> |" in text
    assert "audit/lengths/" not in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_says_how_sure_its_figures_are(run: Path, language: str) -> None:
    def add(path: str, field: str, value: object) -> None:
        def change(held: dict[str, object]) -> None:
            place: object = held
            for name in path.split("/")[1:]:
                assert isinstance(place, dict)
                place = place[name]
            assert isinstance(place, dict)
            place[field] = value

        edit_json(run / "results" / f"{path.split('/')[0]}.json", change)

    best = f"step_{STEPS[4]}"
    add(f"squad/checkpoints/{best}/contest", "em_interval", [40.5, 46.25])
    add(f"squad/checkpoints/{best}/gate", "pass_probability", 0.75)
    add(f"accuracy/checkpoints/{best}", "interval", [0.5, 0.625])
    optimism = {"optimism": 0.0125, "optimism_of_equals": 0.03, "expected": 0.725, "chosen": {best: 1.0}}
    add("score", "best_of", {"of": 5, "accuracy": 0.7375, **optimism})
    text = _report(run, language)
    for figure in (
        f"<!--=squad/checkpoints/{best}/contest/em_interval-->40.5, 46.25<!--/-->",
        f"<!--=squad/checkpoints/{best}/gate/pass_probability-->0.75<!--/-->",
        f"<!--=accuracy/checkpoints/{best}/interval-->0.5, 0.625<!--/-->",
        "<!--=score/best_of/optimism-->0.0125<!--/-->",
        "<!--=score/best_of/expected-->0.725<!--/-->",
    ):
        assert figure in text
