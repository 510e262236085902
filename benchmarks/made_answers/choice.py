"""Made replies to multiple-choice questions: the letter that each names is known by construction."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from types import ModuleType

from benchmarks.made_answers import Made, choice_four, choice_one, choice_three, choice_two
from benchmarks.made_answers.choice_questions import LETTERS, Asked, draw

_SETS: dict[str, ModuleType] = {"one": choice_one, "two": choice_two, "three": choice_three, "four": choice_four}
_MARK = re.compile("@(Oi|[LTMUKSQO])")
_FULL_WIDTH = str.maketrans(LETTERS, "ＡＢＣＤＥＦＧＨＩＪ")
_CIRCLED = str.maketrans(LETTERS, "ⒶⒷⒸⒹⒺⒻⒼⒽⒾⒿ")


def answers(count: int, name: str, seed: str) -> Iterator[Made]:
    """Yield `count` made replies of set `name`, the kinds in turn; the same for the same seed."""
    rng = random.Random(f"choice:{name}:{seed}")
    forms = _SETS[name]
    kinds = [*forms.NAMED, *forms.NOTHING, "hard: list of verdicts", "hard: prompt said again", "odd letters"]
    for number in range(count):
        yield _made(rng, forms, kinds[number % len(kinds)])


def _made(rng: random.Random, forms: ModuleType, kind: str) -> Made:
    language = rng.choice(("zh", "en"))
    asked = draw(rng, language)
    named, *others = rng.sample(range(len(asked.options)), 3)
    prompt = None
    letter: str | None = LETTERS[named]
    if kind in forms.NAMED:
        form = rng.choice(forms.NAMED[kind][language])
        text = _fill(form, asked, named, others)
    elif kind in forms.NOTHING:
        form = rng.choice(forms.NOTHING[kind][language])
        text, letter = _fill(form, asked, named, others), None
    elif kind == "hard: list of verdicts":
        form, text = _list(rng.choice(forms.LISTS[language]), asked, named)
    elif kind == "odd letters":
        form = rng.choice(forms.NAMED["naming"][language])
        odd = rng.choice((_FULL_WIDTH, _CIRCLED) if language == "zh" else (_CIRCLED,))
        text = _fill(form.replace("@L", LETTERS[named].translate(odd)), asked, named, others)
    else:
        form, text, prompt = _echo(rng, forms, asked, named, language)
    gold = LETTERS[named] if letter is None or rng.random() < 0.5 else LETTERS[others[0]]
    return Made(f"choice: {kind}", form[:40], asked.text, gold, text, letter == gold, letter, prompt)


def _fill(form: str, asked: Asked, named: int, others: Sequence[int]) -> str:
    marks = {
        "L": LETTERS[named],
        "T": asked.options[named],
        "M": LETTERS[others[0]],
        "U": asked.options[others[0]],
        "K": LETTERS[others[1]],
        "S": asked.options[others[1]],
        "Q": asked.text,
        "O": asked.listed(),
        "Oi": "、".join(LETTERS[: len(asked.options)]),
    }
    return _MARK.sub(lambda match: marks[match[1]], form)


def _list(form: tuple[str, str, str, str, str], asked: Asked, named: int) -> tuple[str, str]:
    before, right, wrong, between, behind = form
    lines = [
        (right if at == named else wrong).replace("@I", LETTERS[at]).replace("@X", option)
        for at, option in enumerate(asked.options)
    ]
    return right, before + between.join(lines) + behind


def _echo(
    rng: random.Random, forms: ModuleType, asked: Asked, named: int, language: str
) -> tuple[str, str, str | None]:
    """Return a few-shot prompt said again in another spelling with the reply behind; and the prompt, where known."""
    drawn = [draw(rng, language) for _ in range(rng.randint(2, 4))]
    examples = [example for example in drawn if example.stem != asked.stem]  # else two questions would be one
    letters = [rng.choice(LETTERS[: len(example.options)]) for example in examples]
    layout, style = rng.choice(forms.ECHOES)
    naming = rng.choice(forms.NAMED["naming"][language])

    def say(question: Asked, answer: str) -> str:
        return str(layout).format(q=question.stem, o=question.listed(style), a=answer)

    told = [say(example, letter) for example, letter in zip(examples, letters, strict=True)]
    text = "\n\n".join([*told, say(asked, _fill(naming, asked, named, (named, named)))])
    asked_for = [
        f"{example.text}\nThe right option is {letter}." for example, letter in zip(examples, letters, strict=True)
    ]
    prompt = "\n\n".join([*asked_for, asked.text + "\n"])
    return layout[:20], text, prompt if rng.random() < 0.7 else None
