"""Which option a reply names: forms of both languages, what names none, and each stage of the reading alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_accuracy.extraction.options.answer import chosen
from eval_accuracy.extraction.options.by_text import by_text
from eval_accuracy.extraction.options.kinds import namings
from eval_accuracy.extraction.options.letters import marked
from eval_accuracy.extraction.options.marks import readable
from eval_accuracy.extraction.options.named import letters_of, options_of
from eval_accuracy.extraction.options.parts import sentences
from eval_accuracy.extraction.options.reader import asks_wrong, read
from eval_accuracy.judges.choice import explain, judge

ENGLISH = "Question: Which hill is the highest? \nA.Harrow\nB.Ashdown\nC.Linley\nD.Morven"
CHINESE = "Question: 哪座山最高？\nA.东山\nB.西山\nC.南山\nD.北山"
WRONG_ASKED = "Question: 下列说法错误的是\nA.东山很高\nB.西山很低\nC.南山很远\nD.北山很近"
NOT_ASKED = "Question: Which of these is NOT a hill?\nA.Harrow\nB.Ashdown\nC.Linley\nD.Morven"

# {} is a letter; what is named must be read whatever letter it is.
ENGLISH_FORMS = (
    "{}", "({})", "{}.", "{}!", "[{}]", "**{}**", "`{}`", "Option {}", "option {}.", "({}) it is", "{} definitely",
    "The answer is {}", "The answer is ({}).", "The answer is **{}**.", "the answer is: {}",
    "The answer is most likely {}.",
    "The correct answer is therefore {}", "The answer to this question must be {}.", "The answer would be ({})",
    "Answer: {}", "Answer: ${}", "ANSWER: [{}]", "Ans: {}", "answer={}", "Final answer: {}", "## Answer\n\n{}",
    "**Answer:**\n{}", "The final answer is $\\boxed{{{}}}$.", "\\boxed{{\\text{{{}}}}}", "#### {}", "=> {}", "∴ {}",
    "<answer>{}</answer>", "<b>{}</b>", '{{"answer": "{}"}}', "{{'choice': '{}', 'why': 'height'}}",
    "Antwort: {}", "Réponse : {}", "La respuesta correcta es {}.", "Ответ: {}",
    "I choose {}", "I'd go with {}.", "My choice would be {}", "Let's go with option {}.",
    "I am fairly sure it's {}.",
    "So {}", "Therefore, option {} is correct.", "It must be {}.", "Most likely {}", "Only {} is correct",
    "{} is correct", "{} is the best choice", "{} fits best.", "{}, because it is the highest", "{} because it is so",
    "Looking at the map, the answer is {}.", "If we look at the map, the answer is {}.", "All signs point to {}.",
    "It follows that {} is correct.", "That makes {} the correct answer.", "We are left with {}",
    "The hill is {}", "Verdict: {}", "Is it {}? Yes.",
)  # fmt: skip
CHINESE_FORMS = (
    "选{}", "故选{}。", "应选择{}", "我选{}", "答：{}", "答案是{}。", "答案：{}", "答案选项为{}",
    "答案应该是选项{}", "正确答案是{}选项",
    "【答案】{}", "（{}）", "{}项正确", "{}是对的", "选项{}符合题意", "因此，{}正确", "所以答案是{}",
    "综上所述，本题选{}", "只有{}是对的",
    "我认为是{}", "很可能是{}", "显然是{}", "可见{}正确", "最合适的是{}", "最高的是{}", "正解：{}",
    "{}，因为它最高", "选{}因为它最高",
    "毫无疑问，选{}", "答案非{}莫属", "应填{}", "用排除法，选{}", "本人选{}", "{}当选",
)  # fmt: skip
REMARKS = (
    "", "\nI hope this helps.", "\n\nThank you!", "\n\nExplanation: the height was measured.",
    "\n\n解析：高度已经量过。", "</s> more",
    "\n\nQuestion: Who?\nA. x\nB. y\nC. z\nD. w\nAnswer: D", "\n\n题目：谁？\n答案：C",
)  # fmt: skip

# What is right is B.
NAMES_B = {
    "a list with verdicts": (
        "A. 错误\nB. 正确", "A. wrong\nB. right\nC. wrong\nD. wrong", "A错，B对，C错，D错",
        "A: No. B: Yes. C: No. D: No.",
        "A) Harrow - incorrect\nB) Ashdown - correct\nC) Linley - incorrect", "A ✗\nB ✓\nC ✗\nD ✗",
        "| A | wrong |\n| B | right |\n| C | wrong |", "A项，东山不高，错误；B项，西山最高，正确。",
        "(A) wrong (B) right (C) wrong",
        "A. Harrow is low. This is wrong.\nB. Ashdown is high. This is right.",
    ),
    "others put aside": (
        "不应该选A，应该选B", "排除A、C、D，选B", "不是A，而是B", "Not A, but B.", "not A, B", "B, not A",
        "B rather than A",
        "A, C and D are wrong, so B is correct.", "ACD错误，故选B", "A doesn't fit. B does.",
        "Eliminating A, C and D leaves B.",
        "The answer is B and A is wrong.", "B，A、C、D都不对", "I prefer B to A",
    ),
    "taken back": (
        "The answer is A. Wait, that is wrong. The answer is B.", "A. Actually, B.", "A... no, B.",
        "The answer is A. No, it's B.",
        "The answer is A. Correction: B.", "答案是A。不对，应该是B。", "选A……等等，应该选B",
        "我选A，抱歉，我选错了，应该是B",
        "The right option is A. Wait, that's not right. The right option is B.", "\\boxed{A} is wrong. \\boxed{B}",
        "I thought A at first. Now I think B.", "一开始我以为是A，后来发现是B",
        "A is correct. No wait, A is wrong. B is correct.",
    ),
    "supposed, asked, thought by others": (
        "If the answer were A, it would be low. So the answer is B.", "假设答案是A，则矛盾。所以答案是B。",
        "如果选A，不高，所以选B",
        "Is it A? No. Is it B? Yes.", "A还是B？我选B", "A or B? B.", "Many students choose A. The answer is B.",
        "有人选A，但正确答案是B", "选A的人很多。【答案】B", "It is tempting to choose A, but B is correct.",
    ),
    "the last word": (
        "A项说法正确但与题意无关，选B。\n【答案】B", "It could be A or C. Final answer: B",
        "Draft answer: A\nFinal answer: B",
        "Both A and B look right, but B is better.", "I'm torn between A and B, but I'll go with B.",
        "It is A or B. I think B.",
        "A, B, C and D were looked at. I choose B.",
    ),
    "decoding that did not stop": (
        "The right option is B. The right option is C.", "The answer is B. The answer is C. The answer is D.",
        "B\nC\nD",
        "答案：B\n\n2. 哪条河？\nA. x\nB. y\nC. z\nD. w\n答案：A", "Answer: B\n\nQ: Who?\nA: C",
    ),
    "the option's text": (
        "Ashdown", "It is Ashdown.", "A hill. I would say Ashdown", "The answer is Ashdown (B).",
        "Ashdown is the correct answer.",
        "B Ashdown", "(B) Ashdown, since it is high", "⒝ Ashdown", "My choice would be ⒷAshdown",
        "{\"answer\": \"Ashdown\"}",
    ),
    "other signs": ("Ⓑ", "🅑", "Ｂ。", "𝐁", "⟨B⟩", "b", "(b)", "b) Ashdown", "the answer is b.",
    "Option b is correct", "选b", "B B B"),
}  # fmt: skip
NAMES_NONE = {
    "begins a word": (
        "答案是C语言", "The answer is A change in height", "The answer is A Tale of Two Cities", "答案是B超检查",
        "选A股", "C++", "A4",
        "The answer is D-day", "The answer is vitamin C", "维生素C", "答案是维生素C", "A hill", "An A",
        "Plan B is good", "A.D. 500",
    ),
    "no choice": ("人选A", "首选A", "当选A", "候选A", "选手A", "误选A"),
    "put aside": (
        "Answer A can be eliminated", "Option A is too broad.", "The answer is not A", "I don't think it's A",
        "It cannot be A.",
        "排除A", "不选A", "A选项错误", "选A是错的", "答案不是A", "A过于片面", "A项与题意无关", "Anything but A",
        "The wrong answer is A",
        "错误的是A", "Any option but A", "A has been ruled out", "B is the most common wrong answer", "A不可能是答案",
    ),
    "supposed": (
        "假设答案是A，则不高。", "If A, it would be low.", "Suppose the answer is A.", "如果选A",
        "Were it B, it would be low.",
        "I'm not sure whether it is A",
    ),
    "asked": ("Is the answer A? No.", "Is it A?", "答案是A吗？", "A还是B？", "Why not A?", "难道是A？",
    "选A还是选B？"),
    "thought by others": ("Some say A", "有人选A", "很多同学会误选A", "The trap is B", "At first glance A",
    "没人选A"),
    "two letters": (
        "C和D中的一个", "The answer is (A) Harrow or (B) Ashdown",
        "The answer is either (A) the low one or (B) the high one",
        "A和C", "AC", "A, B", "A/B", "A through D", "The answer is B, C", "B, or maybe C", "B. Or C.",
        "Maybe B, maybe C",
        "A is correct and B is correct", "B is correct and so is C", "A对，B也对", "可能是A，也可能是B",
        "不是A就是B", "要么A要么B",
        "The answer is between A and B", "Harrow or Ashdown", "\\boxed{A, B}", "[B, C]", "A、B二选一",
        "It might be B, but it might also be C.", "A和B都是正确的，C和D可能是错误的。",
    ),
    "taken back": (
        "The answer is A. Wait, that is wrong.", "答案是A。不对。", "A. Scratch that.",
        "I would say B, but that is wrong.",
    ),
    "nothing said": (
        "Option A is about hills.", "选项A讲的是山", "A描述了山", "None of the above", "I don't know",
        "以上都不对", "Option two",
        "A. Harrow B. Ashdown C. Linley D. Morven", "A.\nB.\nC.\nD.", "Let's look at B", "Ashdown is not high.",
        "Ashdowns",
    ),
    "no option's letter": ("E", "The answer is E", "А", "The answer is А", "В", "С", "I", "Answer: [E]"),
}  # fmt: skip


def letter_of(text: str, question: str = ENGLISH) -> str:
    return judge(question, text, "The right option is A.").span


@pytest.mark.parametrize("form", ENGLISH_FORMS)
def test_a_letter_is_read_in_english_forms_whatever_follows(form: str) -> None:
    for letter in "ABCD":
        for remark in REMARKS:
            assert letter_of(form.format(letter) + remark) == letter, (letter, remark)


@pytest.mark.parametrize("form", CHINESE_FORMS)
def test_a_letter_is_read_in_chinese_forms_whatever_follows(form: str) -> None:
    wide = str.maketrans("ABCD", "ＡＢＣＤ")
    for letter in "ABCD":
        for remark in REMARKS:
            assert letter_of(form.format(letter) + remark, CHINESE) == letter, (letter, remark)
        assert letter_of(form.format(letter).translate(wide), CHINESE) == letter


@pytest.mark.parametrize(("kind", "texts"), NAMES_B.items(), ids=NAMES_B)
def test_the_letter_meant_is_read_among_others(kind: str, texts: tuple[str, ...]) -> None:
    assert {text: letter_of(text) for text in texts} == dict.fromkeys(texts, "B")


@pytest.mark.parametrize(("kind", "texts"), NAMES_NONE.items(), ids=NAMES_NONE)
def test_what_names_no_option_is_not_read(kind: str, texts: tuple[str, ...]) -> None:
    assert {text: letter_of(text) for text in texts} == dict.fromkeys(texts, "")


@pytest.mark.parametrize(
    ("question", "text", "letter"),
    [
        (WRONG_ASKED, "A正确，B错误，C正确，D正确", "B"),
        (WRONG_ASKED, "A. 正确\nB. 不正确\nC. 正确\nD. 正确", "B"),
        (WRONG_ASKED, "只有B错误", "B"),
        (WRONG_ASKED, "错误的是B", "B"),
        (WRONG_ASKED, "答案是B，B说法错误", "B"),
        (CHINESE, "只有B错误", ""),
        (CHINESE, "错误的是B", ""),
        (NOT_ASKED, "A, C and D are true. B is false.", "B"),
        (NOT_ASKED, "The answer is B. This is incorrect because it is a lake.", "B"),
        (NOT_ASKED, "B is the exception", "B"),
        (ENGLISH, "B is the exception", ""),
    ],
)
def test_a_question_may_ask_for_what_does_not_hold(question: str, text: str, letter: str) -> None:
    assert letter_of(text, question) == letter
    assert asks_wrong(question) == (question in (WRONG_ASKED, NOT_ASKED))


@pytest.mark.parametrize(
    ("question", "options"),
    [
        (ENGLISH, ["Harrow", "Ashdown", "Linley", "Morven"]),
        ("Which?\n(A) one\n(B) two\n(C) six", ["one", "two", "six"]),
        ("Which?\nA) one\nB) two", ["one", "two"]),
        ("哪个？\nA、一\nB、二\nC、三\nD、四\nE、五", ["一", "二", "三", "四", "五"]),
        ("哪个？\nA：一\nB：二", ["一", "二"]),
        ("哪个？\n（A）一\n（B）二", ["一", "二"]),
        ("Which? A. one B. two C. six", ["one", "two", "six"]),
        ("**A.** one\n**B.** two", ["one", "two"]),
        ("\n".join(["?", *(f"{letter}. no {letter}" for letter in "ABCDEFGHIJ")]), [f"no {x}" for x in "ABCDEFGHIJ"]),
        ("Which?\nA. one\nC. two", []),
        ("A question without options", []),
    ],
)  # fmt: skip
def test_options_are_found_in_any_spelling(question: str, options: list[str]) -> None:
    assert list(options_of(question).values()) == options
    assert len(letters_of(question)) == (len(options) or 4)


def test_letters_are_those_of_the_question() -> None:
    six = "Which?\n" + "\n".join(f"({letter}) item {letter.lower()}" for letter in "ABCDEF")
    assert judge(six, "The answer is F.", "F").rules == {"phrase": False, "letter": True}
    assert judge(six, "The right option is E.", "The right option is E.").rules == {"phrase": True, "letter": True}
    assert letter_of("The answer is G", six) == ""
    assert letter_of("The answer is D", "Which?\nA) one\nB) two\nC) six") == ""
    ten = "Which?\n" + "\n".join(f"{letter}. item {number}" for number, letter in enumerate("ABCDEFGHIJ"))
    assert [letter_of(text, ten) for text in ("J", "I", "The answer is I.", "I think B", "I do not know")] == [
        *"JII",
        "B",
        "",
    ]


def test_an_option_may_be_a_word_that_others_would_be_read_by() -> None:
    judging = "Is it so?\nA. 正确\nB. 错误"
    assert [letter_of(text, judging) for text in ("A. 正确", "错误", "B. 错误", "答案是正确")] == [*"ABBA"]
    languages = "Which language?\nA.Java\nB.C++\nC.C语言\nD.Both A and B"
    assert [letter_of(text, languages) for text in ("答案是C语言", "C++", "Both A and B", "D. Both A and B")] == [
        *"CBDD"
    ]
    numbers = "How much?\nA.1\nB.-3\nC.-1\nD.3"
    assert [letter_of(text, numbers) for text in ("-1", "It is -3.", "1", "31")] == ["C", "B", "A", ""]


def test_letters_are_marked_and_lists_of_them_too() -> None:
    options = options_of(ENGLISH)
    shown = [
        ("The answer is (B) Ashdown, not A or C", "The answer is ⟨B⟩, not ⟨AC⟩"),
        ("A change, C语言", "A change, C语言"),
        ("B, A is wrong", "⟨B⟩, ⟨A⟩ is wrong"),
        ("A. wrong B. right", "⟨A⟩: wrong\n⟨B⟩: right"),
        (r"\boxed{\text{B}}", "boxed: ⟨B⟩"),
    ]
    assert [(text, readable(marked(text, "ABCD", options))) for text, _ in shown] == shown


def test_clauses_and_what_they_do() -> None:
    text = marked("If A, it is low. A is wrong; is it C? The answer is B, because D is far.", "ABCD", {})
    parts = sentences(text)
    assert [sentence.asks for sentence in parts] == [False, False, True, False]
    assert [(naming.kind, naming.letters) for naming in namings(parts) if naming.letters] == [
        ("supposed", "A"), ("wrong", "A"), ("asked", "C"), ("announced", "B"), ("mentioned", "D"),
    ]  # fmt: skip


def test_the_answer_is_the_surest_naming_that_stands() -> None:
    def rule(text: str) -> tuple[str, str]:
        choice = chosen(namings(sentences(marked(text, "ABCD", {}))), letters="ABCD")
        return (choice.naming.letters if choice.naming else "", choice.rule)

    assert rule("The answer is B.") == ("B", "one letter named")
    assert rule("The answer is A. That is wrong. The answer is B.") == ("B", "others taken back")
    assert rule("A is correct. The final answer is B.") == ("B", "surest naming")
    assert chosen(namings(sentences(marked("A or B", "ABCD", {})))).several


def test_an_option_is_known_by_its_text() -> None:
    options = options_of(ENGLISH)
    assert by_text("The answer is Ashdown.", options) == ("B", "The answer is Ashdown.")
    assert by_text("Ashdown or Harrow", options) == ("", "")
    assert by_text("It is Ashdown", {"A": "ashdown", "B": "Ashdown"}) == ("", "")


def test_the_verdict_says_how_it_came_about() -> None:
    verdict = judge(ENGLISH, "A is low. I would say: the answer is B.", "B")
    assert (verdict.clause, verdict.rule, verdict.stage) == ("the answer is ⟨B⟩", "one letter named", "announced")
    verdict = judge(ENGLISH, "A or B", "B")
    assert (verdict.reason, verdict.rule, verdict.stage) == ("unparsable", "several letters", "")
    names = [name for name, _ in explain(ENGLISH, "A is low. B.", "B")]
    assert names == ["own text", "options", "letters", "clauses", "what they do", "answer"]
    assert explain(ENGLISH, "A is low. B.", "B")[-1][1] == ["B (bare letter): ⟨B⟩"]


def test_a_repeated_prompt_with_examples_is_no_answer_in_any_spelling() -> None:
    spelled = ENGLISH.replace("A.", "A. ").replace("B.", "B. ").replace("C.", "C. ").replace("D.", "D. ")
    shots = "Question: Which river?\nA. x\nB. y\nC. z\nD. w\nAnswer: D\n\n"
    assert letter_of(f"{shots}{spelled}\nAnswer: B") == "B"
    assert judge(ENGLISH, f"{shots}Question: Which lake?\nAnswer:", "A").seems_prompt
    assert not judge(ENGLISH, "The answer is B.", "A").seems_prompt


@given(
    st.lists(
        st.sampled_from(
            [*"ABCD", "not ", "or ", "和", "不是", "答案是", "is ", "wrong", ". ", "，", "\n", "wait ", "?"]
        )
    )
)
def test_a_letter_is_one_that_stands_in_the_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    letter = read(text, "Which?", "ABCD").letter
    assert letter == "" or letter in text


@pytest.mark.parametrize(
    "unit", ["A ", "A和B，", "not A, but ", "因为A错，", "应该", "so then ", "A? Yes. ", "A. x\n", "\\boxed{", "[",
    "题目：\n", "|", "最"]
)  # fmt: skip
def test_a_hundred_thousand_repetitions_cost_a_moment(unit: str) -> None:
    start = time.process_time()
    judge(ENGLISH, unit * 100_000, "A")
    assert time.process_time() - start < 10


def test_the_last_word_of_a_very_long_reply_counts() -> None:
    assert letter_of("The hills were measured. " * 20_000 + "The answer is B.") == "B"
