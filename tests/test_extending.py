"""docs/extending.md, followed to the letter: the files written, the commands run, what they print, files counted."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.config import load_model
from core.models import family_of
from core.places import ROOT
from tests.recipes import PAGE, Recipe, prints, recipes

# Each of them follows a recipe with the commands that it names.
pytestmark = pytest.mark.slow

# | a judge | 1 module in `eval_accuracy/judges/` |
_ROW = re.compile(r"^\| (an? [^|]+) \| ([^|]*\b1 (?:YAML|module|entry)\b[^|]*) \|$", re.MULTILINE)
_TRIALS = [
    pytest.param(title, number, id=f"{title}-{number}")
    for title, recipe in recipes().items()
    for number, (commands, _) in enumerate(recipe.trials)
    # The main job that trains is started by tests/pipeline/test_other_steps.py.
    if "--contest accuracy_only" not in commands
]
# Where the last lines before the constant of a mapping stand.
_ENDS = {"eval_accuracy/judges/equality.py": "}\n\n\ndef difference", "pipeline/steps.py": ")\nSTEPS:"}


def kit_copy(folder: Path) -> Path:
    """Copy the kit's files to a folder: what cannot come from outside is added there."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("git does not read this checkout")
    for name in filter(None, done.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def added_in_kit(recipe: Recipe, folder: Path) -> Path:
    """Follow a recipe in a copy of the kit; return it."""
    kit = recipe.write(kit_copy(folder))
    for name, text in recipe.entries.items():
        before, end, after = (kit / name).read_text(encoding="utf-8").partition(_ENDS[name])
        assert end, f"{name}: {_ENDS[name]!r} is gone"
        (kit / name).write_text(before + text + end + after, encoding="utf-8")
    return kit


def run(words: list[str], kit: Path, home: Path, timeout: int = 240) -> str:
    """Run a command in the kit's folder as its user would, plug-ins in ~/mine; return all that it says."""
    environment = {
        **os.environ,
        "HOME": str(home),
        "KIT_PLUGINS": str(home / "mine"),
        "KIT_LOGS": str(kit / "logs" if kit != ROOT else home / "logs"),
        "KIT_PYTHON": sys.executable,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(words, cwd=kit, env=environment, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(("title", "number"), _TRIALS)
def test_a_recipe_followed_to_the_letter_does_what_the_page_says(title: str, number: int, tmp_path: Path) -> None:
    recipe = recipes()[title]
    kit, mine = ROOT, tmp_path / "mine"
    mine.mkdir()
    if recipe.entries:
        kit = added_in_kit(recipe, tmp_path / "kit")
    else:
        recipe.write(mine)
    commands, lines = recipe.trials[number]
    assert lines, "what a recipe prints is shown"
    prints(run(["bash", "-ec", commands], kit, tmp_path), lines)


def test_the_table_promises_as_many_files_as_the_recipes_touch() -> None:
    rows = dict(_ROW.findall((ROOT / "docs" / "design.md").read_text(encoding="utf-8")))
    assert list(rows) == list(recipes())
    for title, touch in rows.items():
        files = [*recipes()[title].files, *recipes()[title].entries]
        assert len(files) == len(re.findall(r"\b1 (?:YAML|module|entry|command)\b", touch)), title
        for place in re.findall(r"`([\w/.]+)`", touch):
            assert any(name.startswith(place) for name in files), f"{title}: nothing in {place}"
        assert all((name in touch) or (f"{Path(name).parent}/" in touch) or "its room" in touch for name in files)


def test_what_the_page_shows_is_clean(tmp_path: Path) -> None:
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    for recipe in recipes().values():
        recipe.write(tmp_path)
    rooms = [str(room) for room in tmp_path.iterdir() if room.is_dir()]
    # The rooms of the kit are the page's own too, so its imports stand in one group.
    words = ["check", "--ignore", "D101,D102", "--no-cache", "--config", f"src=['{ROOT}', '{tmp_path}']", *rooms]
    done = subprocess.run([sys.executable, "-m", "ruff", *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_contract_test_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"tests/[\w/]+\.py", PAGE.read_text(encoding="utf-8")))
    assert len(named) > 8
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


@pytest.mark.mindspore
@pytest.mark.timeout(600)
def test_what_the_recipes_add_keeps_the_contracts_that_the_page_names(tmp_path: Path) -> None:
    """All of them in one process: MindSpore is imported once."""
    for recipe in recipes().values():
        recipe.write(tmp_path / "mine")
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    named = re.findall(r"`KIT_PLUGINS=~/mine python -m pytest (tests/[\w/]+\.py)(?: -k (\w+))?`", text)
    assert len(named) == len([recipe for recipe in recipes().values() if not recipe.entries]) - 1, (
        "hra is told of twice"
    )
    chosen = " or ".join(name or Path(file).stem for file, name in [*named, ("", "hra")])
    files = sorted({file for file, _ in named})
    pytest_command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-vv"]
    output = run([*pytest_command, *files, "-k", chosen], ROOT, tmp_path, timeout=540)
    for name in (
        "lora_raw",
        "hra",
        "qwen2",
        "glm3",
        "v2_2",
        "asked",
        "contains",
        "entities",
        "vote",
        "high_rate",
        "accuracy_only",
    ):
        assert re.search(rf"{name}.* PASSED", output), f"{name}: no test was about it\n{output}"
    assert " FAILED" not in output


@pytest.mark.mindspore
def test_the_family_of_another_shape_has_the_tensors_of_mindformers_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes()["a model family of another shape"].write(tmp_path)
    monkeypatch.setenv("KIT_PLUGINS", str(tmp_path))
    sizes = {"hidden_size": 64, "num_layers": 2, "num_heads": 4, "n_kv_heads": 2, "vocab_size": 100}
    model = load_model("glm3_6b").model_copy(update={**sizes, "intermediate_size": 96})
    family = family_of(model)
    import mindformers

    made = getattr(mindformers, family.configuration)(**sizes, seq_length=32, **family.trainer(model))
    held = {one.name: tuple(one.shape) for one in getattr(mindformers, family.network)(made).get_parameters()}
    assert {name: shape for name, shape in held.items() if "_cache" not in name} == family.parameter_shapes(model)
