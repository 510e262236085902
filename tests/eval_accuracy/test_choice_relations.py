"""Replies that name an option beside others: compared, all but one, supposed, by its own text, before a next task."""

from __future__ import annotations

import pytest

from eval_accuracy.extraction.options.named import options_of
from eval_accuracy.extraction.options.texts import with_texts
from eval_accuracy.judges.choice import judge

ENGLISH = "Question: Which hill is the highest? \nA.Harrow\nB.Ashdown\nC.Linley\nD.Morven"
CHINESE = "Question: 哪座山最高？\nA.东山\nB.西山\nC.南山\nD.北山"
NUMBERS = "How many hills?\nA.8\nB.18\nC.8.5\nD.12"

NAMES_B = {
    "compared": (
        "B is better than A.", "B beats A.", "A is less accurate than B.", "A不如B准确。", "B优于A。", "B比A好。",
        "Both A and B look plausible, yet only B fits.", "可能性最小的是A，最大的是B。", "首选B项，其次才是D。",
        "A is the answer to a different question. Here it is B.", "A is true but irrelevant, whereas B answers it.",
        "Of A and B, B is the stronger.", "A只对了一半，B才完整。",
    ),
    "all but one": (
        "Everything except B is wrong.", "All but B can be eliminated.", "None other than B.", "除了B，其他都错。",
        "除B外，其余选项都不符合。", "B以外的选项都有误。",
    ),
    "likewise wrong": (
        "A can be ruled out right away. So can C. That leaves B.", "A is wrong, and so is C. That leaves B.",
        "A goes. C goes. We keep B.",
    ),
    "supposed": (
        "If it asked for the lowest, the answer would be A. It asks for the highest, so B.",
        "会是A吗？不会。会是B吗？会。",
        "如果问的是最低的，那么选A；但问的是最高的，选B。",
        "Assuming A leads to a contradiction, which is why B is correct.",
        "Let's test A: it fails. Let's test B: it works.", "假如A成立，则不合理，故B。", "即使A说得通，也应选B。",
    ),
    "under no real condition": ("If I had to choose, the answer would be B.", "如果我没理解错，选B。"),
    "verdicts in a row": (
        "A - wrong, B - right, C - wrong", "A: this one does not fit.\nB: this one fits.\nC: it doesn't fit.",
        "A、东山，不成立；B、西山，成立；C、南山，不成立；因此选成立的那一项。",
    ),
    "by its text": (
        "Ashdown, not Harrow.", "Not Harrow but Ashdown.", "Ashdown is correct, Harrow is incorrect.", "Ashdown it is.",
        "I think Ashdown is the highest.", "As the map says, it's Ashdown.",
    ),
    "a label that looks like A": ("A: So, B.", "A: The answer is B", "A: It's B."),
    "before a next task": (
        "B) Ashdown\n\nNext question: Who?\nA) x\nB) y\nA) x", "Answer: B\n\nNow try this one:\nA. x\nB. y\nAnswer: A",
        "B\n\n2. Who came?\nA. x\nB. y\nA. x", "The answer is B.\n\nExercise 5\nWho?\nA. x\nB. y\nThe answer is A.",
    ),
}  # fmt: skip
NAMES_NONE = {
    "several": (
        "(B) Ashdown or (A) Harrow", "B, A", "B; A", "Either B) Ashdown or A) Harrow.", "Ashdown or Harrow",
        "A. correct\nB. correct\nC. incorrect",
    ),
    "no comparison after all": ("B is no better than A.", "B is not better than A."),
    "put aside": (
        "So can B.", "A is wrong. So is B.", "B is the answer to a different question.", "Ashdown is wrong.",
        "Not Ashdown.", "It isn't Ashdown.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "texts"), NAMES_B.items(), ids=NAMES_B)
def test_the_option_meant_is_read(kind: str, texts: tuple[str, ...]) -> None:
    read = {text: judge(CHINESE if "山" in text else ENGLISH, text, "A").span for text in texts}
    assert read == dict.fromkeys(texts, "B")


@pytest.mark.parametrize(("kind", "texts"), NAMES_NONE.items(), ids=NAMES_NONE)
def test_no_option_is_guessed(kind: str, texts: tuple[str, ...]) -> None:
    assert {text: judge(ENGLISH, text, "B").span for text in texts} == dict.fromkeys(texts, "")


@pytest.mark.parametrize(
    ("text", "letter"), [("我认为是西山，不是东山。", "B"), ("不是西山，是东山。", "A"), ("不是西山。", "")]
)
def test_chinese_texts_of_options_are_read_as_their_letters_are(text: str, letter: str) -> None:
    assert judge(CHINESE, text, "B").span == letter


def test_a_number_that_goes_on_is_no_option() -> None:
    options = options_of(NUMBERS)
    assert with_texts("It is 8.25 of 180", options) == ""
    assert judge(NUMBERS, "It is 8.5, not 8.", "A").span == "C"
    assert judge(NUMBERS, "It is 18 rather than 8.", "A").span == "B"


def test_a_text_of_two_options_names_neither() -> None:
    assert with_texts("so x.", {"A": "x1", "B": "The same", "C": "the same"}) == ""
    assert with_texts("It is the same.", {"A": "x1", "B": "The same", "C": "the same"}) == ""
