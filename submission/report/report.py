"""The report: the sections that the contest asks for, filled from the run, in Chinese or English."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from core.errors import InputError
from core.terminal import visible
from submission.package import layout
from submission.package.run_facts import RunFacts
from submission.report.book import Book, Order
from submission.report.content import Block, Report, Section, Words
from submission.report.examples import Examples
from submission.report.notes import Notes
from submission.report.parts import front, middle, results

LANGUAGES = ("zh", "en")


def make_report(facts: RunFacts, order: Order, examples: Examples | None = None) -> Report:
    """Return what the report of a run says.

    Args:
        facts: the run.
        order: language, team, pictures, the team's own words.
        examples: of training records and answers.

    Raises:
        InputError: another language.
    """
    if order.language not in LANGUAGES:
        raise InputError(f"submission.language is {order.language!r}, it must be one of {', '.join(LANGUAGES)}")
    book = Book(facts, order)
    sections = tuple(_sections(book, examples or Examples()))
    title = book.say(f"{facts.config.title}：微调报告", f"{facts.config.title}: fine-tuning report")
    return Report(order.language, visible(title), _with_notes(book, sections, order.notes))


def _sections(book: Book, examples: Examples) -> Iterator[Section]:
    steps = book.config.steps
    yield front.summary(book)
    yield front.algorithm(book, examples.rows)
    if "train" in steps:
        yield front.hyper(book)
    if book.facts.checkpoints:
        yield middle.weights(book)
    yield middle.environment(book, layout.team_file_name(book.order.team))
    if book.has("squad"):
        yield results.retention(book)
    yield middle.inference(book)
    if book.has("accuracy"):
        yield results.accuracy(book, examples.answers)
    if book.has("ratio") or book.has("score"):
        yield results.ratio_and_score(book)
    yield from book.others()
    if book.has("score"):
        yield results.best(book)
    yield results.logs(book)
    yield results.appendix(book)


def _with_notes(book: Book, sections: tuple[Section, ...], notes: Notes) -> tuple[Section, ...]:
    """Put a team's words at the end of the sections that they name, and the others behind the summary."""
    known: list[str] = []

    def filled(section: Section) -> Section:
        names = (section.key, section.title)
        known.extend(names)
        lines = notes.of(names)
        more: tuple[Block, ...] = (Words(lines),) if lines else ()
        return replace(section, blocks=section.blocks + more, parts=tuple(map(filled, section.parts)))

    done = [filled(section) for section in sections]
    own = [
        Section(f"notes_{number}", visible(title) or book.say("团队说明", "From the team"), (Words(lines),))
        for number, (title, lines) in enumerate(notes.others(known).items(), 1)
    ]
    return (*done[:1], *own, *done[1:])
