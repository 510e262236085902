"""What the report says: all sections in both languages, every figure rounded in the text and whole beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from run_folder import STEPS, edit_json

from core.errors import InputError
from submission.package.run_facts import read_run
from submission.report.book import Order, sources_of
from submission.report.content import Report
from submission.report.figures import required_figures, resolve
from submission.report.markdown import as_markdown, escaped
from submission.report.notes import Notes, parse_notes
from submission.report.report import make_report

IMAGES = {"loss": "images/loss.png", "scores": "images/scores.png"}


def _made(run: Path, language: str = "en", weights: str = "full", notes: str = "") -> Report:
    order = Order("梦之队", language, weights, IMAGES, {"ratio": "screenshots/ratio.png"}, parse_notes(notes))
    return make_report(read_run(run), order)


def _report(run: Path, language: str = "en", weights: str = "full", notes: str = "") -> str:
    return as_markdown(_made(run, language, weights, notes)).text


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
    assert all(f" {heading}" in text for heading in headings)
    sources = sources_of(read_run(run))
    figures = _made(run, language).figures()
    assert set(required_figures(sources)) <= set(figures)
    assert all(figure.value == resolve(sources, path) for path, figure in figures.items())
    assert {
        "run/train/learning_rate",
        "run/method/rank",
        "audit/dropped/overlong",
        "run/eval/squad/max_new_tokens",
    } <= {*figures}
    assert "梦之队" in text
    assert "{}" not in text


def test_both_languages_show_the_same_figures(run: Path) -> None:
    en, zh = (
        {path: figure.value for path, figure in _made(run, language).figures().items()} for language in ("en", "zh")
    )
    assert en == zh


def test_people_read_rounded_figures_and_no_marks(run: Path) -> None:
    text = _report(run)
    assert "| base model | 200 | 61.31 | 44.17 | 62.31 | 44.17 |" in text
    assert f"| Best checkpoint | **step_{STEPS[4]}** |" in text
    assert "64 ÷ 328 = **19.512 %** (as a fraction 0.1951219512195122)" in text
    assert "<!--" not in text
    front = text.partition("## Appendix")[0].replace("0.1951219512195122", "")
    assert re.findall(r"\d\.\d{6,}", front) == []


def test_the_trained_parameters_are_derived(run: Path) -> None:
    """Four layers, q and v, rank 2, 160 in and out: 4 x 2 x (2 x 160 + 160 x 2) = 5,120."""

    def right(value: dict[str, Any]) -> None:
        value.update(trainable=5120, total=1_619_360, ratio=5120 / 1_619_360)

    assert "lora_a | 2 × 160 |" not in _report(run)  # the counts of this run are others
    edit_json(run / "results" / "ratio.json", right)
    text = _report(run)
    assert "| model.layers.N.attention.wq.mindpet_delta_lora_a | 2 × 160 | 320 | 4 | 1,280 |" in text.replace("`", "")
    assert "| **sum** |  |  |  | 5,120 |" in text


def test_the_score_is_derived(run: Path) -> None:
    assert "(1 − 1.0 × 19.512 %) × 0.3 + 87.00 % × 0.7 = **0.8505**" in _report(run)


def test_a_jurys_questions_come_first(run: Path) -> None:
    summary = _report(run).partition("## 1.")[0]
    for answer in (
        "Practice Llama (1.6 M), LoRA",
        "64 of 328, which is 19.512 %",
        "accuracy from 20.33 % to 87.00 % (300 questions)",
        "95 % interval 82.00 – 92.00 %",
        "yes: F1 56.31 (required 55.18), EM 40.84 (required 39.75)",
        "mostly “value”: 39 questions",
        "100 steps, 0 of which overflowed",
    ):
        assert answer in summary


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
    assert "handed in separately" in _report(run, weights="manifest")


def test_another_language_is_refused(run: Path) -> None:
    with pytest.raises(InputError, match="'fr'"):
        _report(run, "fr")


def test_histograms_and_long_lists_are_counted(run: Path) -> None:
    def grow(value: dict[str, object]) -> None:
        value["lengths"] = {str(length): 1 for length in range(40, 90)}
        value["bad"] = [f"train.jsonl:{line}" for line in range(30)]
        value["few"] = [1, 2]
        value["long"] = "x" * 5000

    edit_json(run / "data" / "audit.json", grow)
    text = _report(run)
    assert "| lengths | `[… 50]` |" in text
    assert "| bad | `[… 30]` |" in text
    assert "| few | 1, 2 |" in text
    assert "| long | `[… 5000]` |" in text


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
    text, figures = _report(run, language), _made(run, language).figures()
    for path, value, shown in (
        (f"squad/checkpoints/{best}/contest/em_interval", [40.5, 46.25], "40.50 – 46.25"),
        (f"squad/checkpoints/{best}/gate/pass_probability", 0.75, "75 %"),
        (f"accuracy/checkpoints/{best}/interval", [0.5, 0.625], "50.00 – 62.50 %"),
        ("score/best_of/optimism", 0.0125, "1.25 %"),
        ("score/best_of/expected", 0.725, "72.50 %"),
    ):
        assert (figures[path].value, figures[path].text) == (value, shown)
        assert shown in text


NOTES = """\
Before any heading.

# Hyper-parameters
We chose the rate by a sweep.

```
# not a heading
```
## 4. 运行环境说明
ssh first
# Thanks
- to all
"""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_teams_words_stand_in_their_sections(run: Path, language: str) -> None:
    text = _report(run, language, notes=NOTES)
    opening, thanks = text.index("Before any heading."), text.index("- to all")
    assert text.index("## ") < opening < text.index("## 1.") > thanks
    where = {"en": ("## 2.", "## 3."), "zh": ("## 4.", "## 5.")}[language]
    mine = {"en": "We chose the rate by a sweep.", "zh": "ssh first"}[language]
    assert text.index(where[0]) < text.index(mine) < text.index(where[1])
    for words in ("We chose the rate by a sweep.", "ssh first", "# not a heading"):
        assert text.count(words) == 1


def test_keys_name_sections_in_any_language() -> None:
    notes = parse_notes("# Algorithm\nour idea\n# 1. 微调算法介绍 #\nmore")
    assert notes.of(["algorithm", "1. 微调算法介绍"]) == ("our idea", "more")
    assert notes.others(["algorithm", "微调算法介绍"]) == {}
    assert parse_notes("\n \n") == Notes()


def test_text_that_markdown_would_read_is_code() -> None:
    assert escaped("step_100") == "step_100"
    assert escaped("a|b") == "`a\\|b`"
    assert escaped("[x](http://e)") == "`[x](http://e)`"
    assert escaped("- a list") == "`- a list`"
