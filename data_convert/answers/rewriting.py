"""Rewriting training records: rationale, rounding, paraphrase, options; every number checked against the solver."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

from core.errors import InputError, KitError
from core.schema_answers import AnswersConfig
from core.tasks import task_of
from core.tasks.math import TEMPLATE_TYPES, MathQuestion, recognise
from core.text.records import Record
from data_convert.answers.draw import draw
from data_convert.answers.options import permuted, with_full_option
from data_convert.answers.paraphrase import paraphrase
from data_convert.answers.rationales import decimals_for, worked
from data_convert.answers.rounding import Rounded, rounded
from data_convert.answers.wording import WORDINGS
from data_convert.typed.check import SOUND, check_against
from data_convert.typed.solver import digits, question_text, value, worded

_CJK = re.compile(r"[\u3400-\u9fff]")
_UNIT = 1 << 32


def variants(record: Record, settings: AnswersConfig, seed: int) -> Iterator[Record]:
    """Yield what becomes of a training record: itself, rewritten, then its copies with permuted options.

    Args:
        record: of the training side; a held-out question must never come here.
        settings: of answer engineering.
        seed: of all draws; what is drawn depends on it and the record's id alone.
    """
    yield rewrite(record, settings, seed)
    if task_of(record.task).has_options:
        for copy in range(1, settings.permute_options + 1):
            made = permuted(record, copy, seed)
            if made is not None:
                yield rewrite(made, settings, seed)


def rewrite(record: Record, settings: AnswersConfig, seed: int) -> Record:
    """Return a training record with question and answer as the settings want them; the same where nothing changes.

    What was done stands in `meta["rewritten"]`; a math record keeps its canonical "type" and "operands" in `meta`.

    Args:
        record: of the training side; a held-out question must never come here.
        settings: of answer engineering.
        seed: of the choice of paraphrases, together with the record's id.

    Raises:
        KitError: a generated text does not end in the solver's value (a defect of the kit).
    """
    task = task_of(record.task)
    if task.has_options:
        return with_full_option(record) if settings.full_option else record
    if not task.has_templates or not settings.changes_math:
        return record
    asked = _question(record)
    if asked.type not in TEMPLATE_TYPES:
        return record
    done: dict[str, Any] = {}
    question = _paraphrased(record, asked, settings, seed, done) if settings.paraphrase else record.question
    spoken = "zh" if _CJK.search(question) else "en"
    language = spoken if settings.language == "question" else settings.language
    try:
        answer = _answer(record, asked, settings, language, done)
    except InputError as error:
        answer, done = record.answer, {**done, "skipped": str(error)}
    if not done:
        return record
    meta = {**record.meta, "type": asked.type, "operands": list(asked.operands), "rewritten": done}
    return Record(record.id, record.task, question, answer, record.source, meta)


def _question(record: Record) -> MathQuestion:
    """Return type and operands: what the question's template says, or what `meta` says of a question in other words."""
    asked = recognise(record.question)
    operands = record.meta.get("operands")
    if asked.type in TEMPLATE_TYPES or not isinstance(operands, list):
        return asked
    stated = MathQuestion(str(record.meta.get("type")), tuple(map(str, operands)))
    with suppress(InputError, IndexError):
        if recognise(question_text(stated)) == stated:
            return stated
    return asked


def _paraphrased(record: Record, asked: MathQuestion, settings: AnswersConfig, seed: int, done: dict[str, Any]) -> str:
    drawn = draw(seed, record.id)
    if drawn % _UNIT >= settings.paraphrase * _UNIT:
        return record.question
    number, language = drawn // _UNIT, settings.paraphrase_language
    if language == "both":
        number, language = number // 2, ("zh", "en")[number % 2]
    done["paraphrase"] = language
    return paraphrase(asked, language, number)


def _answer(record: Record, asked: MathQuestion, settings: AnswersConfig, language: str, done: dict[str, Any]) -> str:
    """Return the answer that the settings want, noting in `done` what was made of the old one."""
    level, decimals = settings.rationale_of(asked.type), settings.decimals_of(asked.type)
    translated = done.get("paraphrase") == "en"
    if level == "none" and decimals is None and not translated:
        return record.answer
    corpus = digits(asked)
    if level == "none":
        result = (
            Rounded(corpus, True) if decimals is None or asked.type == "fraction" else rounded(value(asked), decimals)
        )
        final = _as_in_the_corpus(asked, corpus, result)
        text = _sentence(asked, final, language)
    else:
        wording, decimals = WORDINGS[language], decimals_for(asked, decimals)
        lines, result = worked(asked, wording, level == "steps", decimals)
        final = _as_in_the_corpus(asked, corpus, result)
        text = "\n".join([*lines, (settings.final or wording.final).replace("{value}", final.text)])
    if text == record.answer:
        return text
    _recheck(asked, corpus, text, final)
    done |= {"rationale": level, "decimals": decimals, "exact": final.exact}
    if check_against(asked, corpus, record.answer).verdict not in SOUND:
        done["corrected"] = True
    return text


def _as_in_the_corpus(asked: MathQuestion, corpus: str, result: Rounded) -> Rounded:
    """Return an exact result in the digits of the corpus (-16956.70, 58.0), where these have its value."""
    if not result.exact or asked.type == "fraction" or Decimal(corpus) != Decimal(result.text):
        return result
    return Rounded(corpus, True) if Decimal(corpus) else result


def _sentence(asked: MathQuestion, result: Rounded, language: str) -> str:
    """Return an answer without rationale: the corpus' sentence, or one that says that the value is rounded."""
    wording = WORDINGS[language]
    sentences = wording.exact if result.exact else wording.rounded
    if asked.type in sentences:
        return sentences[asked.type].format(value=result.text)
    return worded(asked, result.text).replace(" = ", f" {result.sign} ")


def _recheck(asked: MathQuestion, corpus: str, text: str, final: Rounded) -> None:
    """Read a generated answer again as a stranger's, and compare what it says with the solver."""
    verdict = check_against(asked, corpus, text)
    sound = ("right", "equal") if final.exact else ("equal", "rounded")
    if verdict.verdict not in sound:
        raise KitError(
            f"the generated answer to {asked} states {verdict.found!r}, which is {verdict.verdict}; expected "
            f"{verdict.expected!r}"
        )
