"""What a set of forms for contest answers consists of.

A form is a text with marks, which `contest.py` fills in; `LANGUAGES` each:

    @v  the announced value, spelled any way, often with its unit        @w  another value (where the announced one is
    @n  the same as plain digits                                             wrong, often the gold one)
    @t  the same as LaTeX without dollars, @T with its unit              @W  the same as LaTeX
    @e  what is equal to the answer ("3 + 4"), @E as LaTeX               @s  what is asked for ("面积", "sum")
    @q  the question, @p the question in other spacing and signs         @a @b  two of its numbers, @A @B rounded
    @j @k  figures of steps in between (@m: @A + @B)              @r  the number of decimals, @R as 0.01
    @X @Y  another question and its answer                               @c  the value in another unit, @x rounded
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

ByLanguage = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Forms:
    """The forms of one set; see the module for the marks.

    Attributes:
        plain: ways to spell numbers that are used everywhere (names of `values.spell`).
        special: ways that are drawn for kind "numerals" alone.
        fractions: ways to spell p/q.
        bare: the value alone, on a line of its own.
        announce: sentences and phrases that announce it.
        layouts: markdown, tags, JSON, tables, LaTeX, several lines: the whole answer.
        steps: what stands before; those that end in a line break may be followed by a bare value.
        checks: what stands behind.
        rounding: remarks of rounding behind; `rounding_before` the same before.
        twice: the value and, as @x, its rounding.
        reasons: reasons and conditions behind.
        corrections: @w is announced first and taken back.
        rejects: @w is named and rejected.
        doubles: hedges and bounds; none is an answer.
        refusals: no answer, though a number may be named.
        suppositions: @w is supposed and found to be wrong.
        echoes: the question is said again, or parts of it.
        examples: how a few-shot prompt is written: before a question, before an answer, between two examples.
        runs_on: another question behind.
        unfinished: nothing is announced yet.
        closers: polite words behind.
        conversions: by type, the value in other units behind, with the factor that gives @c.
        scales: by type, the announced digits in a wrong unit of scale: wrong.
        units: by type, the announced digits in the right unit, spelled otherwise.
    """

    plain: Sequence[str]
    special: Sequence[str]
    fractions: Sequence[str]
    bare: Sequence[str]
    announce: ByLanguage
    layouts: ByLanguage
    steps: ByLanguage
    checks: ByLanguage
    rounding: ByLanguage
    rounding_before: ByLanguage
    twice: Sequence[str]
    reasons: ByLanguage
    corrections: ByLanguage
    rejects: ByLanguage
    doubles: ByLanguage
    refusals: ByLanguage
    suppositions: ByLanguage
    echoes: ByLanguage
    examples: Sequence[tuple[str, str, str]]
    runs_on: ByLanguage
    unfinished: ByLanguage
    closers: ByLanguage
    conversions: Mapping[str, Mapping[str, Sequence[tuple[str, str]]]] = field(default_factory=dict)
    scales: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    units: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
