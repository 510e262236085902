"""How questions are put: rotated, option by option, after examples."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import load_contest
from core.errors import InputError
from core.tasks import choice as choice_text
from core.text.prompts import Prompt, render
from core.text.records import Record, write_records
from core.text.tokenizers import SentencePieceTokenizer
from evaluation.asking.requests import FewShot, RequestSettings, letter_answers, option_texts, rotated, target_delimiter
from tests.inference.test_http import asked, serving

ROOT = Path(__file__).resolve().parents[2]
LETTERS = choice_text.LETTERS


def choice(name: str, options: Sequence[str], right: int, subject: str = "law", text: str = "Which?") -> Record:
    meta = {"instruction": choice_text.instruction(subject), "subject": subject}
    question, answer = choice_text.question(text, options), choice_text.answer(LETTERS[right])
    return Record(name, "choice", question, answer, f"made:{name}", meta)


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).map(str.strip).filter(bool)


@given(options=st.lists(TEXT, min_size=4, max_size=4, unique=True), right=st.integers(0, 3))
def test_every_option_meets_every_letter_once_and_the_reference_goes_with_it(options: list[str], right: int) -> None:
    turned = rotated([choice("q", options, right)])
    assert [(record.id, record.meta["of"], record.meta["rotation"]) for record in turned] == [
        (f"q@rot{turn}", "q", turn) for turn in range(4)
    ]
    assert turned[0].question == choice("q", options, right).question
    places = [option_texts(record) for record in turned]
    assert places[1] == [*options[1:], options[0]]
    for record, texts in zip(turned, places, strict=True):
        assert record.answer in letter_answers(record)
        assert texts[letter_answers(record).index(record.answer)] == options[right]
    assert all(len({texts[place] for texts in places}) == 4 for place in range(4))


def test_answers_that_are_scored() -> None:
    record = choice("q", ["red", "green", "a B", "blue "], 2)
    assert letter_answers(record) == [f"The right option is {letter}." for letter in "ABCD"]
    assert RequestSettings("loglikelihood").options(record) == (letter_answers(record), letter_answers(record))
    assert RequestSettings("loglikelihood", "text").options(record)[0] == ["red", "green", "a B", "blue"]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (Record("m", "math", "1 + 1", "2", "f:1"), "f:1: has no options A to D"),
        (Record("c", "choice", "Q \nA.x\nB.y", "A", "f:2"), "f:2: has no options A to D"),
        (Record("c", "choice", "Q \nA.x\nB.y\nC.z\nD.w", "A or B", "f:3"), "f:3: the reference must name one letter"),
    ],
)
def test_questions_that_cannot_be_rotated_are_named(record: Record, said: str) -> None:
    with pytest.raises(InputError, match=said):
        rotated([record])


def test_examples_are_those_of_the_subject_and_never_the_question_itself() -> None:
    shots = [choice(f"s{number}", ["a", "b", "c", "d"], number % 4, subject, f"{subject} {number}?")
             for subject in ("law", "art") for number in range(3)]  # fmt: skip
    known = FewShot(shots, 2, "dev.csv")
    question = choice("q", ["a", "b", "c", "d"], 0, "art", "art 0?")
    assert [shot.id for shot in known.of(question)] == ["s1", "s2"]
    assert [shot.id for shot in known.of(choice("q", "abcd", 0, "law", "new?"))] == ["s0", "s1"]
    with pytest.raises(InputError, match="dev.csv: 0 examples for 'q' of 'music'"):
        known.of(choice("q", "abcd", 0, "music"))
    with pytest.raises(InputError, match="dev.csv: 2 examples for 'q' of 'art', --shots asks for 3"):
        FewShot(shots, 3, "dev.csv").of(question)
    assert FewShot(shots[::-1], 2, "").sha256 != known.sha256


def test_a_prompt_with_examples_reads_as_the_conversation_it_was_trained_on() -> None:
    prompt = load_contest("choice_internlm").prompt
    shot, question = choice("s", ["a", "b", "c", "d"], 1), choice("q", ["e", "f", "g", "h"], 0, text="What?")
    ask = RequestSettings(few_shot=FewShot([shot], 1, ""))
    text = ask.render(prompt, question, " ")
    assert text == f"{render(prompt, shot)} The right option is B.<eoa>\n{render(prompt, question)}"
    assert RequestSettings().render(prompt, question) == render(prompt, question)
    plain = Prompt(name="p", template="{question}\nAnswer:")
    assert ask.render(plain, question).count("\nAnswer:The right option is B.\n\nQuestion: What?") == 1
    assert ask.settings()["shots"] == 1
    assert RequestSettings().settings() == {}


def test_the_delimiter_before_an_answer_is_what_training_made_of_it() -> None:
    tokenizer = SentencePieceTokenizer(ROOT / "assets/practice/tokenizer.model", 1, 2, 3)
    assert target_delimiter(tokenizer) == " "
    apart = tokenizer.encode("### Response:") + tokenizer.encode("The right")
    assert tokenizer.encode("### Response: The right") == apart


def command(*words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(ROOT / "eval_accuracy/run.py"), *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KIT_LOGS", str(tmp_path / "logs"))
    return tmp_path / "logs"


def answering(folder: Path, records: Sequence[Record], right: Sequence[str]) -> Path:
    """Write what a server answers: the reference where the record's id is one of `right`, else always "A"."""
    prompt = load_contest("practice_choice").prompt
    answers = {render(prompt, record): record.answer if record.id in right else "The right option is A."
               for record in records}  # fmt: skip
    path = folder / "answers.json"
    path.write_text(json.dumps(answers), encoding="utf-8")
    return path


def questions(folder: Path) -> tuple[Path, list[Record]]:
    records = [choice(f"q{number}", ["a", "b", "c", "d"], number % 4, text=f"Number {number}?") for number in range(4)]
    write_records(folder / "choice.jsonl", records)
    return folder / "choice.jsonl", records


def result(*words: object) -> dict[str, Any]:
    return dict(json.loads(command(*words, "--json").stdout))


def test_a_server_is_asked_plainly_and_under_rotation(tmp_path: Path, logs: Path) -> None:
    data, records = questions(tmp_path)
    turned = rotated(records)
    # Right under every rotation: q1. Else always the first letter: right once in four.
    known = [record.id for record in turned if record.id.startswith("q1@")] + ["q1"]
    with serving("--answers", str(answering(tmp_path, [*records, *turned], known))) as url:
        words = ["--server", url, "--model", "m", "--contest", "practice_choice", "--data", data]
        plain = result(*words)
        circular = result(*words, "--mode", "circular")
        assert len(asked(url)["seen"]) == 4 * 4  # rotation 0 is the plain question
    assert plain["correct"] == 2
    assert circular["rules"]["phrase"] == 0.5
    assert circular["rules"]["circular_phrase"] == 0.25
    assert plain["predictions"] != circular["predictions"]
    lines = Path(logs / "served" / "practice_choice").glob("predictions/*circular*.jsonl")
    assert [len(path.read_text(encoding="utf-8").splitlines()) for path in lines] == [16]


def test_a_server_scores_options(tmp_path: Path, logs: Path) -> None:
    data, records = questions(tmp_path)
    with serving() as url:
        words = ["--server", url, "--model", "m", "--contest", "practice_choice", "--data", data]
        found = result(*words, "--mode", "loglikelihood", "--score-options", "text")
        # Every character is as likely as any other, and all options are as long: no option is the likeliest.
        assert (found["mode"], found["correct"], found["unparsable"]) == ("ppl", 0, 4)
    (path,) = (logs / "served" / "practice_choice" / "predictions").glob("*.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    # The practice model's answers begin with a space: a character of the text, but none of the kit's own tokens.
    assert [row["scores"] for row in rows] == [[-1.0] * 4] * 4
    with serving("--refuse-echo") as url:
        words[1] = url
        said = command(*words, "--mode", "loglikelihood", code=2).stderr
        assert "without `echo` and `logprobs`" in said


def test_the_former_name_of_an_option_is_read_and_not_shown(tmp_path: Path, logs: Path) -> None:
    data, _ = questions(tmp_path)
    line = ["--server", "http://127.0.0.1:9", "--model", "m", "--contest", "practice_choice", "--data", data]
    shown = command(*line, "--dry-run", "--mode", "loglikelihood", "--weigh", "text").stdout
    assert "score_options: text" in shown
    assert "--weigh" not in command("--help").stdout


def test_a_prediction_that_repeats_the_prompt_is_judged_by_what_comes_after_it(tmp_path: Path) -> None:
    data, records = questions(tmp_path)
    prompt = load_contest("choice_internlm").prompt
    # The prompt's own instruction holds "The right option is", and what comes after names no option.
    echoed = {
        record.id: render(prompt, record) + end for record, end in zip(records, ("A.", "B.", "?", "D."), strict=True)
    }
    there = tmp_path / "echo.json"
    there.write_text(json.dumps(echoed), encoding="utf-8")
    found = result("--predictions", there, "--data", data, "--contest", "choice_internlm")
    assert (found["rules"]["letter"], found["unparsable"]) == (0.75, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--shots", "5"], "--shots and --shots-from belong together"),
        (["--shots", "0", "--shots-from", "DATA"], "at least 1 example"),
        (["--shots", "9", "--shots-from", "DATA"], "3 examples for 'q0' of 'law'"),
        (["--set", "eval.accuracy.temprature=1"], "did you mean 'eval.accuracy.temperature'"),
        (["--set", "eval.http.api_key_env=NO_SUCH_KEY"], "NO_SUCH_KEY, which is not set"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(tmp_path: Path, logs: Path, words: list[str], said: str) -> None:
    data, _ = questions(tmp_path)
    more = [str(data) if word == "DATA" else word for word in words]
    line = ["--server", "http://127.0.0.1:9", "--model", "m", "--contest", "practice_choice", "--data", data]
    shown = command(*line, *more, code=2).stderr
    assert said in shown
    assert "Traceback" not in shown


def test_modes_are_for_models_and_a_model_name_for_servers(tmp_path: Path) -> None:
    data, _ = questions(tmp_path)
    there = tmp_path / "p.json"
    there.write_text('{"q0": "A"}', encoding="utf-8")
    words = ["--predictions", there, "--data", data]
    assert "answers already" in command(*words, "--mode", "circular", code=2).stderr
    assert "give --server URL" in command(*words, "--model", "m", code=2).stderr
    assert "give --ckpt or --server" in command(*words, "--dry-run", code=2).stderr


def test_a_dry_run_shows_the_first_prompt_and_asks_nothing(tmp_path: Path, logs: Path) -> None:
    data, records = questions(tmp_path)
    line = ["--server", "http://127.0.0.1:9", "--model", "m", "--contest", "practice_choice", "--data", data]
    shown = command(*line, "--dry-run", "--mode", "circular").stdout
    assert "engine: http" in shown
    assert "questions: 16" in shown
    assert "mode: circular" in shown
    assert not logs.exists()
