"""`eval_accuracy/guner.py`: the organiser's scorer byte for byte, and the strict mode."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fuzz_guner import check

from core.errors import InputError, run_command
from core.places import ROOT
from core.text.markup import parse
from eval_accuracy.guner import main
from eval_accuracy.ner.measures import errors, measured, paired
from eval_accuracy.ner.organiser import scored, written
from eval_accuracy.ner.report import strict

GOLD = "{王|PER}為{太守|OFI}，讀{易|BOOK}。\n無實體。\n"
TEXT = "王為太守，讀易。\n無實體。\n"


def files(folder: Path, gold: str, response: str) -> tuple[Path, Path]:
    paths = folder / "gold.txt", folder / "resp.txt"
    for path, text in zip(paths, (gold, response), strict=True):
        path.write_bytes(text.encode())
    return paths


def called(folder: Path, request: object) -> tuple[int, Path]:
    """Call the command as the platform does."""
    given, out = folder / "in.json", folder / "out.json"
    given.write_text(request if isinstance(request, str) else json.dumps(request), encoding="utf-8")
    return run_command(main, [str(given), str(out)]), out


@pytest.mark.parametrize("start", range(0, 400, 100))
def test_made_pairs_are_scored_as_a_plain_implementation_scores_them(
    start: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    successes = sum(check(seed) for seed in range(start, start + 100))
    assert 20 < successes < 80, "both outcomes must be tried"


def test_the_organisers_cases_come_out_to_the_byte(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cases = json.loads((shared_data / "guner" / "scorer_cases.json").read_text(encoding="utf-8"))
    assert len(cases) == 49
    for case in cases:
        files(tmp_path, case["gold"], case["response"])
        code, out = called(tmp_path, {"fileData": {"standardFilePath": "gold.txt", "userFilePath": "resp.txt"}})
        assert (code, out.read_bytes()) == (0, json.dumps(case["output"]).encode()), case["name"]


def test_as_the_platform_calls_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    gold, response = files(tmp_path, GOLD, GOLD.replace("BOOK", "PER"))
    code, out = called(tmp_path, {"fileData": {"standardFilePath": str(gold), "userFilePath": str(response)}})
    assert code == 0
    assert capfd.readouterr() == (f"Read standard from {gold}\nRead user submit file from {response}\n", "")
    assert out.read_text() == (
        '{"success": true, "score": 66.6667, "scoreJson": {"score": 66.6667, "recall": 66.6667, "precision": 66.6667}}'
    )
    response.unlink()
    code, out = called(tmp_path, {"fileData": {"standardFilePath": str(gold), "userFilePath": str(response)}})
    said = f"[Errno 2] No such file or directory: '{response}'"
    assert code == 0
    assert out.read_text() == json.dumps(
        {"errorDetail": said, "errorMsg": said, "score": 0, "scoreJson": {}, "success": False}
    )


@pytest.mark.parametrize(
    ("request_", "printed"),
    [
        ("not JSON", ""),
        ("[]", ""),
        ("{}", ""),
        ('{"fileData": {}}', ""),
        ('{"fileData": {"standardFilePath": "g"}}', "Read standard from g\n"),
        ('{"fileData": null}', ""),
    ],
)
def test_what_ends_the_organisers_scorer_writes_nothing_and_ends_with_1(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], request_: str, printed: str
) -> None:
    code, out = called(tmp_path, request_)
    said = capfd.readouterr()
    assert (code, said.out, out.exists()) == (1, printed, False)
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("path", [None, 1.5, ["a"], 99, ""])
def test_a_path_that_is_none_is_an_error_that_is_written(path: object) -> None:
    result = scored(path, path)
    assert (result["success"], result["errorDetail"] == result["errorMsg"] != "") == (False, True)
    assert written(result) == json.dumps(result)


def test_a_file_of_224_lines_is_judged_in_less_than_50_milliseconds(tmp_path: Path) -> None:
    line = "時{太祖|PER}以{丞相|OFI}{伯顏|PER}為{右丞相|OFI}，讀{易|BOOK}，命以所部兵取寧國，" * 3
    gold, response = files(tmp_path, f"{line}\n" * 224, f"{line.replace('BOOK', 'PER')}\n" * 224)
    times = []
    for _ in range(5):
        started = time.process_time()
        assert scored(gold, response)["score"] == 80.0
        times.append(time.process_time() - started)
    assert min(times) < 0.05


BAD = {
    "{王|PER}為{太守|OFI}，讀{易|BOOK。\n無實體。\n": [(1, 19, "unclosed")],
    "{王|PER}為{太守|OFI}，讀{易|BOOKS}。\n{無|LOC}{實{體|PER}。\n": [
        (1, 19, "unknown type"), (2, 1, "unknown type"), (2, 8, "nested"),
    ],
    "{王|PER}為{太守|OFI}，读{易|BOOK}。\n無實體\n": [(1, 18, "text"), (2, 4, "text")],
    f"\ufeff{TEXT}": [(1, 1, "text")],
    "王為太守，讀易。\t\n無實體。\u3000\n": [(1, 9, "text"), (2, 5, "text")],
    "王為太守，讀易。\n": [(2, 1, "missing line")],
    "王為太守，讀易。\n\n無實體。\n": [(2, 1, "extra line")],
    "王為太守，讀易。\n無實體。\n\n": [(3, 1, "extra line")],
    "王為太守，\r讀易。\n無實體。\n": [(1, 6, "text"), (2, 1, "extra line")],
    "": [(1, 1, "missing line"), (1, 1, "missing line")],
    "王為太守，讀易}。\n|無實體。\n": [(1, 8, "text"), (2, 1, "text")],
    "{|PER}王為太守，讀易。\n無實體。\n": [(1, 1, "empty")],
}  # fmt: skip


@pytest.mark.parametrize("response", BAD)
def test_every_fault_of_a_response_is_reported_at_once_with_its_place(tmp_path: Path, response: str) -> None:
    paths = files(tmp_path, GOLD, response)
    found = strict(*paths, repair=tmp_path / "fixed.txt")
    assert [(fault["line"], fault["column"], fault["kind"]) for fault in found["faults"]] == BAD[response]
    assert all(fault["said"] and fault["repair"] for fault in found["faults"])
    assert "figures" not in found
    assert not found["scorer"]["success"] or BAD[response][0][2] == "empty"
    assert strict(tmp_path / "gold.txt", tmp_path / "fixed.txt")["faults"] == []


@pytest.mark.parametrize("seed", range(60))
def test_where_strict_mode_finds_nothing_the_scorer_gives_a_score(seed: int, tmp_path: Path) -> None:
    from fuzz_guner import pair

    gold, response = pair(seed)
    paths = tmp_path / "gold.txt", tmp_path / "resp.txt"
    for path, raw in zip(paths, (gold, response), strict=True):
        path.write_bytes(raw)
    try:
        found = strict(*paths)
    except InputError:  # the gold file itself is faulty
        return
    if not found["faults"]:
        assert found["scorer"]["success"]
        assert found["scorer"]["score"] == found.get("figures", {"f1": 0.0})["f1"]
    elif {fault["kind"] for fault in found["faults"]}.isdisjoint({"empty", "blank", "no type", "nested"}):
        assert not found["scorer"]["success"]


def test_the_command_says_all_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold, response = files(tmp_path, GOLD, GOLD.replace("{易|BOOK}", "{易|BOKO}").replace("無", "{無"))
    assert main(["--strict", str(gold), str(response)]) == 3
    assert capsys.readouterr().out == (
        f"{response}: 2 faults; the organiser's scorer gives no score: Error in line 0 of file {response} : Parsed "
        "entity type is invalid. Must be in {PER, OFI, BOOK}. This might be caused by mishandled labels. Abort "
        "scoring.\n"
        "  line 1, column 19: type 'BOKO' is unknown, at '…{太守|OFI}，讀{易|BOKO}。'\n"
        "      write {易|BOOK}\n"
        "  line 2, column 1: '{' has no '}', at '{無實體。'\n"
        "      write '}' behind the type, or leave out the '{'\n"
    )
    given = tmp_path / "in.json"
    given.write_text(json.dumps({"fileData": {"standardFilePath": str(gold), "userFilePath": str(response)}}))
    assert main(["--strict", str(given), str(tmp_path / "out.json"), "--json"]) == 3
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    with pytest.raises(InputError, match="--train goes with --strict"):
        main([str(given), str(tmp_path / "out.json"), "--train", str(gold)])


def test_figures_by_type_length_and_novelty_and_the_kinds_of_errors() -> None:
    gold = [parse("{王安石|PER}見{太守|OFI}讀{易|BOOK}於{王|PER}"), parse("無")]
    response = [parse("{王安石|OFI}見{太|OFI}守讀{易|BOOK}於王"), parse("{無|PER}")]
    shown = measured(gold, response, known={"易", "王安石"})
    assert (shown["f1"], shown["recall"], shown["precision"]) == (25.0, 25.0, 25.0)
    assert (shown["lines"], shown["lines_right"]) == (2, 0)
    assert shown["by_type"]["BOOK"]["f1"] == 100.0
    assert [(name, row["expected"], row["found"]) for name, row in shown["by_length"].items()] == [
        ("1", 2, 3), ("2", 1, 0), ("3", 1, 1),
    ]  # fmt: skip
    assert {name: row["expected"] for name, row in shown["by_novelty"].items()} == {"seen": 2, "unseen": 2}
    assert shown["errors"] == {"type": 1, "boundary": 1, "boundary and type": 0, "spurious": 1, "missed": 1}
    low, high = shown["interval"]
    assert low <= 25.0 <= high


def test_a_span_that_overlaps_others_of_another_type_differs_in_both() -> None:
    assert errors([parse("{王|PER}{安|OFI}")], [parse("{王安|BOOK}")])["boundary and type"] == 1


def test_two_responses_are_compared_on_the_same_lines() -> None:
    gold = [parse("{王|PER}{易|BOOK}")] * 40
    better, worse = [parse("{王|PER}{易|BOOK}")] * 40, [parse("{王|PER}易")] * 30 + [parse("{王|PER}{易|BOOK}")] * 10
    shown = paired(gold, worse, better)
    assert (shown["only_a"], shown["only_b"]) == (0, 30)
    assert shown["mcnemar_p"] < 1e-8
    low, high = shown["interval"]
    assert 0 < low < shown["difference"] < high
    assert paired(gold, better, better)["interval"] == [0.0, 0.0]


def test_changes_against_an_earlier_file_are_shown_without_gold_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, response = files(tmp_path, TEXT, "{王|PER}為太守，讀{易|BOOK}。\n無實體。\n")
    (tmp_path / "old.txt").write_text("{王|OFI}為太守，讀易。\n無實體。\n", encoding="utf-8")
    assert main(["--strict", str(text), str(response), "--against", str(tmp_path / "old.txt")]) == 0
    said = capsys.readouterr().out
    assert said.endswith("old.txt: 1\n  line 1: -王|OFI at 1, +王|PER at 1, +易|BOOK at 7\n")
    (tmp_path / "old.txt").write_text("王\n", encoding="utf-8")
    with pytest.raises(InputError, match="old.txt:1: column 2: the text is changed"):
        main(["--strict", str(text), str(response), "--against", str(tmp_path / "old.txt")])


def test_blanks_at_both_ends_of_a_line_are_not_seen(tmp_path: Path) -> None:
    paths = files(tmp_path, "  {王|PER}為 \n", "{王|PER}為   \r\n")
    assert strict(*paths)["figures"]["f1"] == 100.0 == strict(*paths)["scorer"]["score"]


def test_real_hand_ins_are_fit_for_the_public_text(shared_data: Path) -> None:
    text = shared_data / "guner" / "test_public.txt"
    found = [strict(text, file) for file in sorted((shared_data / "guner" / "submissions").glob("*.txt"))]
    assert len(found) == 12
    assert all(shown["faults"] == [] and "figures" not in shown for shown in found)


@pytest.mark.slow
def test_it_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    gold, response = files(tmp_path, GOLD, "x\n")
    (tmp_path / "in.json").write_text(
        json.dumps({"fileData": {"standardFilePath": str(gold), "userFilePath": str(response)}})
    )
    words = [sys.executable, str(ROOT / "eval_accuracy/guner.py"), "in.json", "out.json"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"Read standard from {gold}\nRead user submit file from {response}\n"
    assert json.loads((tmp_path / "out.json").read_text())["errorMsg"].startswith("Response must have same number")
