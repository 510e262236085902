"""Practice retention sets in SQuAD's form and at its dev set's size: articles of made passages with questions."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from typing import Any

from core.text.records import Record
from data_convert.practice.passages import Asked, Passage, Span, language, passage

# SQuAD v1.1 dev: 2,067 paragraphs in 48 articles, 10,570 questions.
PARAGRAPHS, _ARTICLES = 2_067, 48
_FEWEST, _MOST = 3, 7
# In v2.0's training part a third of the questions has no answer.
_UNANSWERED_FOR_EACH = 0.5
_TITLES = {"en": "Practice_passages_{}", "zh": "练习短文_{}"}


def article_count(paragraphs: int) -> int:
    """Return how many articles hold so many paragraphs, in the dev set's proportion."""
    return max(1, round(paragraphs * _ARTICLES / PARAGRAPHS))


def articles(paragraphs: int, seed: int, spoken: str = "en", impossible: bool = False) -> Iterator[dict[str, Any]]:
    """Yield articles as SQuAD's `data` holds them, with `paragraphs` paragraphs in all.

    Args:
        paragraphs: number of paragraphs, no two with the same text.
        seed: the same seed gives the same articles.
        spoken: "en", "zh", or "both" in turn by article.
        impossible: add questions without an answer, as in v2.0.
    """
    rng = random.Random(f"squad:{seed}")
    seen: set[str] = set()
    count = article_count(paragraphs)
    for number in range(count):
        here = ("en", "zh")[number % 2] if spoken == "both" else spoken
        made: list[dict[str, Any]] = []
        while len(seen) < paragraphs * (number + 1) // count:
            item = passage(rng, language(here))
            if item.text not in seen and item.asked:
                seen.add(item.text)
                made.append(_paragraph(item, rng, f"{seed}:{len(seen)}", impossible))
        yield {"title": _TITLES[here].format(number + 1), "paragraphs": made}


def records(article: dict[str, Any]) -> Iterator[Record]:
    """Yield the questions of an article as the kit's records."""
    for paragraph in article["paragraphs"]:
        for row in paragraph["qas"]:
            answers = [answer["text"] for answer in row["answers"]]
            meta = {"passage": paragraph["context"], "answers": answers}
            answer = answers[0] if answers else ""
            yield Record(row["id"], "squad", row["question"], answer, f"practice:{article['title']}", meta)


def _paragraph(item: Passage, rng: random.Random, name: str, impossible: bool) -> dict[str, Any]:
    asked = list(item.asked[: rng.randint(_FEWEST, _MOST)])
    if impossible:
        wanted = sum(rng.random() < _UNANSWERED_FOR_EACH for _ in asked)
        asked += item.unanswered[:wanted]
        rng.shuffle(asked)
    return {
        "context": item.text,
        "qas": [_row(question, f"{name}:{number}", impossible) for number, question in enumerate(asked)],
    }


def _row(question: Asked, name: str, impossible: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"answers": [_span(answer) for answer in question.answers], "question": question.text}
    row["id"] = hashlib.sha256(name.encode()).hexdigest()[:24]
    if impossible:
        row["is_impossible"] = not question.answers
    if question.plausible:
        row["plausible_answers"] = [_span(answer) for answer in question.plausible]
    return row


def _span(span: Span) -> dict[str, Any]:
    return {"answer_start": span.start, "text": span.text}
