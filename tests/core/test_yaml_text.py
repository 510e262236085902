"""Settings as people write them: what a slip is answered with, and that no text at all brings the reader down."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.config import load_contest, load_model, names, settings_in
from core.errors import InputError
from core.places import ROOT
from core.yaml_text import dump_yaml, read_mapping, read_value, read_yaml

SLIPS = [
    ("rank: 4\nalpha: 8\nrank: 2\n", "line 3, column 1: 'rank' stands twice (lines 1 and 3)"),
    ("a: {rank: 4, 'rank': 8}\n", "line 1, column 14: 'rank' stands twice"),
    ("steps:\n- name: a\n  name: b\n", "line 3, column 3: 'name' stands twice (lines 2 and 3)"),
    ("base: &b {x: 1}\nmore:\n  <<: {y: 1, y: 2}\n", "'y' stands twice (lines 3 and 3)"),
    ("train:\n\trank: 4\n", "line 2 begins with a tab"),
    ("train:\n  rank: 4\n \talpha: 8\n", "line 3 begins with a tab"),
    ("title: x\nrank：4\nalpha: 8\n", "line 2, column 5: a full-width colon"),
    ("train:\n  rank：4\n", "line 2, column 3: 'rank：' ends with a full-width colon"),
    ("rank：4\n", "'rank：' ends with a full-width colon; write 'rank: '"),
    ("train: {rank：4}\n", "line 1, column 9: 'rank：' ends with a full-width colon"),
    ("train: {rank: 4，alpha: 8}\n", "line 1, column 16: a full-width comma"),
    ("title: x\nrank:4\nalpha: 8\n", "line 2, column 5: a blank must follow the colon behind 'rank'"),
    ("train:\n  rank:4\n", "line 2, column 3: 'rank:': a blank must follow the colon"),
    ("rank:4", "'rank:': a blank must follow the colon"),
    ("title: 'My team\nrank: 4\n", "line 1, column 8: a quotation mark opens here, and none closes it"),
    ('a: 1\ntitle: "My team\nrank: 4\n', "line 2, column 8: a quotation mark opens here"),
    ("targets: [wq, wv\nrank: 4\n", "line 1, column 10: '[' opens here, and what follows lacks ']'"),
    ("title: stage 1: math\n", "line 1, column 15: a second colon in one value"),
    ("train:\n  rank: 4\n alpha: 8\n", "line 3, column 2: indented otherwise than the lines it belongs to"),
    ("  rank: 4\nalpha: 8\n", "line 2, column 1: indented otherwise"),
    ("rank: 4\n---\nrank: 8\n", "line 2, column 1: a second document begins"),
    ("team: @home\n", "line 1, column 7: a value cannot begin with '@'; put it in quotes"),
    ('file: "C:\\data"\n', "within double quotes write"),
    ("rank\nalpha: 8\ntrain:\n", "line 2, column 6"),
    ("rank: 4\x07\n", "line 1, column 8: the character U+0007 has no place"),
    ('team: "\\ud83d"\n', "line 1, column 7: the character U+D83D cannot be part of a text"),
    ('file: "a\\0b"\n', "line 1, column 7: the character U+0000 cannot be part of a text"),
    ("rank: &a [*a]\n", "has YAML aliases (*name in line 1): write the values out"),
    ("? [a, b]\n: 4\n", "line 1, column 3: a key must be a word"),
    ("a: !!python/name:os.system\n", "line 1, column 4"),
    ("rank: *four\n", "has YAML aliases (*name in line 1): write the values out"),
    ("", "a mapping of settings is expected (it is empty)"),
    ("- rank\n", "a mapping of settings is expected"),
    ("a: " + "[" * 600, "nested too deeply"),
]


@pytest.mark.parametrize(("text", "said"), SLIPS)
def test_a_slip_is_named_with_its_place(text: str, said: str) -> None:
    for ends in ("\n", "\r\n"):
        with pytest.raises(InputError) as caught:
            read_mapping(text.replace("\n", ends), "mine.yaml")
        assert str(caught.value).startswith("mine.yaml: ")
        assert said in str(caught.value)


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(InputError, match="has YAML aliases"):
        read_yaml("\n".join(lines), "mine.yaml")


def test_numbers_are_what_people_mean() -> None:
    text = "{a: 007, b: 1e-4, c: 20_000, d: 2026-01-01, e: 12:30, f: yes, g: true, h: '4', i: .5, j: -3, k: }"
    found = read_mapping(text.replace(", k: }", "}"), "x") | {"k": read_yaml("k:", "x")["k"]}
    assert found == {
        "a": 7,
        "b": 1e-4,
        "c": 20000,
        "d": "2026-01-01",
        "e": "12:30",
        "f": "yes",
        "g": True,
        "h": "4",
        "i": 0.5,
        "j": -3,
        "k": None,
    }


@pytest.mark.parametrize(
    "team", ["404", "007", "1e3", "1_000", "yes", "2026-01-01", "null", "true", "a: b", "we #1", "队"]
)
def test_a_team_may_be_called_anything_on_the_command_line(team: str) -> None:
    assert load_contest("practice_math", [f"submission.team={team}"]).submission.team == team
    assert load_contest("practice_math", [f"submission.team='{team}'"]).submission.team == team


@pytest.mark.parametrize("team", ["404", "007", "1e3", "yes", "2026-01-01", "'404'"])
def test_a_team_may_be_a_number_in_a_file(team: str, tmp_path: Path) -> None:
    text = (ROOT / "configs/contests/practice_math.yaml").read_text(encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text(f"{text}\nsubmission: {{team: {team}}}\n", encoding="utf-8")
    assert load_contest(str(file)).submission.team == team.strip("'")


def test_what_is_no_text_in_a_file_says_how_to_make_it_one(tmp_path: Path) -> None:
    text = (ROOT / "configs/contests/practice_math.yaml").read_text(encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text(f"{text}\nsubmission: {{team: true}}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"submission.team: a text is expected \(it is True\).*put it in quotes"):
        load_contest(str(file))


def test_every_yaml_of_the_kit_is_read_as_before() -> None:
    files = [file for file in ROOT.glob("*/**/*.yaml") if ".venv" not in file.parts and "logs" not in file.parts]
    assert len(files) > 20
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert _plain(read_yaml(text, str(file))) == _plain(yaml.safe_load(text)), file


def _plain(value: Any) -> Any:
    """Numbers that YAML 1.1 takes for texts (1e-5) are texts in neither."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


# Without the line ends that only YAML knows: PyYAML itself writes them in keys so that they read back as blanks.
words = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029"), max_size=12)
finite = st.floats(allow_nan=False, allow_infinity=False)
plain_data = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | finite | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=12,
)


@given(plain_data)
@example({"a": "1e4", "b": "007", "c": "yes", "d": "null", "e": "1_0", "f": "~", "g": "<<", "h": "2026-01-01", "": ""})
def test_what_is_written_reads_back_the_same(value: Any) -> None:
    text = dump_yaml({"value": value})
    if any(sign in repr(value) for sign in ("\\x00", "\\ud", "'=", "'<<'")):
        return  # refused as no text of a setting
    found = read_yaml(text, "x")["value"]
    assert found == value
    assert repr(found) == repr(value)
    assert yaml.safe_load(text)["value"] == value


PIECES = (
    *("train", "rank", "x", ":", ": ", "：", "\n", "\n  ", "\n\t", "- ", "[", "]", "{", "}", ",", "，", "'", '"', "#"),
    *("&a", "*a", "<<", "!", "!!int", "!!binary", "|", ">", "?", "%", "@", "`", "---", "...", "4", "1e9", "0x", ".inf"),
    *("\\", "\x85", "\ufeff"),
)
yaml_like = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


def refusal_of(work: Callable[[], object]) -> str | None:
    """Return what the kit says of wrong input; None where there is nothing wrong. Anything else is a defect."""
    try:
        work()
    except InputError as error:
        return str(error)
    return None


@given(yaml_like | st.text(max_size=40))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    for read in (lambda: settings_in(text, "mine.yaml"), lambda: read_value(text)):
        said = refusal_of(read)
        assert said is None or "\n" not in said


@given(
    key=st.sampled_from(["train", "data", "method", "steps", "title", "model", "data.quotas", "prompt"]), text=yaml_like
)
def test_any_setting_is_taken_or_refused(key: str, text: str) -> None:
    said = refusal_of(lambda: load_contest("practice_math", [f"{key}={text}"]))
    assert said is None or "practice_math" in said


@settings(max_examples=40)
@given(text=yaml_like)
def test_any_file_of_a_contest_or_model_is_taken_or_refused(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    shipped = (ROOT / "configs/contests/practice_math.yaml").read_text(encoding="utf-8")
    for content in (text, f"{shipped}\n{text}", f"{text}\n{shipped}"):
        file.write_text(content, encoding="utf-8", errors="replace")
        for load in (load_contest, load_model):
            said = refusal_of(partial(load, str(file)))
            assert said is None or str(file) in said


def test_a_key_that_stands_twice_is_refused_in_every_kind_of_file(tmp_path: Path) -> None:
    for kind in ("contests", "models"):
        text = (ROOT / "configs" / kind / f"{names(kind)[0]}.yaml").read_text(encoding="utf-8")
        file = tmp_path / f"{kind}.yaml"
        file.write_text(f"{text}\ntitle: Another\n", encoding="utf-8")
        with pytest.raises(InputError, match=r"'title' stands twice \(lines \d+ and \d+\)"):
            (load_contest if kind == "contests" else load_model)(str(file))


@pytest.mark.parametrize("text", ["seed: 007\n", "rate: .5\n", "rate: 1e3\n", "big: 1_000\n"])
def test_numbers_are_written_as_they_were_read(text: str) -> None:
    assert dump_yaml(read_yaml(text, "a.yaml")) == text
