"""Practice multiple choice at the stage-2 corpus' size: true facts, one right option, its counts, CSV folders."""

from __future__ import annotations

import csv
import random
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from core.errors import InputError
from data_convert.practice.choice_folders import LAYOUTS, subjects, write_folder
from data_convert.practice.contest_choice import choice, records
from data_convert.practice.knowledge import Drawn, Table, load, sources
from data_convert.practice.made_choice import MAKERS
from data_convert.readers import read_corpus
from eval_accuracy.judges.choice import judge, reference_letter
from eval_accuracy.scoring.categories import benchmarks, by_category

CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_question_has_four_different_options_and_one_right_one(language: str) -> None:
    rng = random.Random(language)
    for source in sources(language):
        for _ in range(60):
            item = choice(source, rng)
            assert len(set(item.options)) == 4
            assert all(option.strip() == option and "\n" not in option for option in item.options if option)
            assert item.options["ABCD".index(item.letter)] == item.value
            if isinstance(source, Table):
                right = {value for key, value in source.facts if source.ask.format(key=key) == item.question}
                back = {key for key, value in source.facts if source.back.format(value=value) == item.question}
                assert item.value in right | back
                assert not (right | back) & (set(item.options) - {item.value})


@pytest.mark.parametrize("language", ["zh", "en"])
def test_tables_tell_each_fact_once_and_ask_back_only_where_one_key_answers(language: str) -> None:
    tables = [source for source in sources(language) if isinstance(source, Table)]
    assert len({source.subject for source in sources(language)}) >= 20
    for table in tables:
        keys, values = zip(*table.facts, strict=True)
        assert len(set(keys)) == len(keys)
        assert len(set(values)) >= 4
        assert not table.back or len(set(values)) == len(values), table.subject
        # A wrong form must never be a right one.
        for key, value in table.facts:
            assert value not in {form.format(key=key, value=value) for form in table.wrong}


def drawn(language: str, make: str) -> list[tuple[str, str, tuple[str, ...]]]:
    rng = random.Random(make)
    found = [source for source in sources(language) if isinstance(source, Drawn) and source.make == make]
    return [
        (item.question, item.value, item.options)
        for source in found
        for item in (choice(source, rng) for _ in range(60))
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_drawn_questions_are_right_by_recomputation(language: str) -> None:
    def ints(text: str) -> list[int]:
        return list(map(int, re.findall(r"\d+", text.replace("m/s²", "").replace("kg/m³", ""))))

    for operation, compute in (
        ("add", lambda a, b: a + b),
        ("subtract", lambda a, b: a - b),
        ("multiply", lambda a, b: a * b),
        ("perimeter", lambda a, b: a + a + b + b),
        ("angle", lambda a, b: 180 - a - b),
    ):
        for question, value, _ in drawn(language, operation):
            assert int(value) == compute(*ints(question)), question
    for question, value, _ in drawn(language, "divide"):
        a, b = ints(question)
        assert int(value) * b == a
    for _, value, options in drawn(language, "largest"):
        assert all(Fraction(value) > Fraction(option) for option in options if option != value)
    for _, value, options in drawn(language, "smallest"):
        assert all(Fraction(value) < Fraction(option) for option in options if option != value)
    for _, value, options in drawn(language, "prime"):
        prime = {option for option in options if all(int(option) % n for n in range(2, int(option)))}
        assert prime == {value}
    for question, value, _ in drawn(language, "binary"):
        assert int(value, 2) == ints(question)[0]
    for question, value, _ in drawn(language, "hexadecimal"):
        assert int(value, 16) == ints(question)[0]
    for question, value, _ in drawn(language, "equation"):
        a, b, c = ints(question)
        assert a * int(value) + b == c
    for question, value, _ in drawn(language, "mean"):
        assert sum(ints(question)) == int(value) * len(ints(question))
    for question, value, _ in drawn(language, "median"):
        assert sum(n < int(value) for n in ints(question)) == sum(n > int(value) for n in ints(question)) == 2
    for question, value, _ in drawn(language, "divisor"):
        a, b = ints(question)
        assert int(value) == max(n for n in range(1, a + 1) if a % n == b % n == 0)
    for question, value, _ in drawn(language, "multiple"):
        a, b = ints(question)
        assert int(value) == next(n for n in range(a, a * b + 1, a) if n % b == 0)
    for question, value, _ in drawn(language, "percent"):
        a, b = ints(question)
        assert int(value) * 100 == a * b
    for question, value, _ in drawn(language, "fractions"):
        a, b = (Fraction(text) for text in re.findall(r"\d+(?:/\d+)?", question))
        assert Fraction(value) == a + b
    for question, value, _ in drawn(language, "letter"):
        (start,) = re.findall(r"(?<![A-Za-z])[A-Z](?![A-Za-z])", question)
        assert ord(value) - ord(start) == ints(question)[0]
    for question, value, _ in drawn(language, "clock"):
        hour, minute, later = ints(question)
        then = (hour * 60 + minute + later) % 1440
        assert value == f"{then // 60:02d}:{then % 60:02d}"
    for question, value, _ in drawn(language, "roman"):
        assert _from_roman(value) == ints(question)[0]


def _from_roman(text: str) -> int:
    sizes = [{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}[letter] for letter in text]
    return sum(-size if size < after else size for size, after in zip(sizes, [*sizes[1:], 0], strict=True))


def test_every_maker_has_words_in_both_languages() -> None:
    rows = load("choice_made.yaml")
    assert {row["make"] for row in rows} == set(MAKERS)
    assert all(CHINESE.search(row["zh"]) or row["zh"] == row["en"] for row in rows)
    assert not any(CHINESE.search(row["en"]) for row in rows)


def test_counts_copies_languages_and_letters_are_the_corpus() -> None:
    made = list(records(27_604, 1))
    texts = Counter(record.question for record in made)
    assert len(made) == 27_604
    assert len(texts) == 27_562
    assert sum(bool(CHINESE.search(record.question)) for record in made) / len(made) == pytest.approx(0.419, abs=0.015)
    letters = Counter(reference_letter(record.answer) for record in made)
    for letter, published in {"A": 466, "B": 504, "C": 510, "D": 520}.items():
        assert letters[letter] / len(made) == pytest.approx(published / 2000, abs=0.012)
    assert len({record.meta["subject"] for record in made}) > 50
    assert made == list(records(27_604, 1))
    assert len({record.question for record in records(3000, 2, "zh", unique=True)}) == 3000


def test_records_are_judged_right_and_near_misses_occur() -> None:
    close = 0
    for record in records(2000, 3):
        assert judge(record.question, record.answer, record.answer).rules["phrase"]
        letter = reference_letter(record.answer)
        options = dict(re.findall(r"^([A-D])\.(.*)$", record.question, re.MULTILINE))
        assert set(options) == set("ABCD")
        close += any(options[letter] in option for name, option in options.items() if name != letter)
    assert close > 40


@pytest.mark.parametrize(
    ("benchmark", "files", "rows"), [("mmlu", 57, 14_042), ("cmmlu", 67, 11_582), ("ceval", 52, 1_346)]
)
def test_folders_have_the_benchmarks_files_rows_and_forms(
    tmp_path: Path, benchmark: str, files: int, rows: int
) -> None:
    layout = LAYOUTS[benchmark]
    folder = tmp_path / benchmark
    assert layout.rows == rows
    assert write_folder(benchmark, folder, rows, 1) == rows + 5 * files
    assert len(list((folder / "dev").iterdir())) == len(list((folder / layout.split).iterdir())) == files
    read = list(read_corpus(folder))
    assert len(read) == rows + 5 * files
    assert {record.meta["subject"].replace(" ", "_") for record in read} == set(subjects(benchmark))
    assert all(reference_letter(record.answer) in "ABCD" for record in read)
    texts = Counter((record.meta["subject"], record.question) for record in read)
    assert max(texts.values()) == 1
    with (folder / "dev" / layout.name.format(subject=sorted(subjects(benchmark))[0], split="dev")).open() as stream:
        first = next(csv.reader(stream))
    assert len(first) == {"mmlu": 6, "cmmlu": 7, "ceval": 8}[benchmark]
    assert first[-1] in "ABCD" if benchmark == "mmlu" else first[1].lower() == "question"


@pytest.mark.parametrize("benchmark", list(LAYOUTS))
def test_folders_try_out_the_tables_by_category(tmp_path: Path, benchmark: str) -> None:
    known = next(item for item in benchmarks() if item.key == benchmark)
    assert set(subjects(benchmark)) == known.subjects
    write_folder(benchmark, tmp_path / benchmark, 140, 1)
    asked = [record for record in read_corpus(tmp_path / benchmark) if record.meta["split"] != "dev"]
    table = by_category(asked, [1.0] * len(asked))
    assert list(table) == [benchmark]
    assert set(table[benchmark].categories) == set(known.categories)


def test_a_folder_is_not_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "mmlu"
    with pytest.raises(InputError, match="57 subjects"):
        write_folder("mmlu", folder, 56, 1)
    assert list(tmp_path.iterdir()) == []
    write_folder("mmlu", folder, 57, 1)
    with pytest.raises(InputError, match="exists"):
        write_folder("mmlu", folder, 57, 1)
