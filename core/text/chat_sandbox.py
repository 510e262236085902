"""Jinja as chat templates need it, in its sandbox: the names and filters that transformers gives them, and no more.

Interface: "Chat templates" of transformers' documentation (https://huggingface.co/docs/transformers/chat_templating).
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any, NoReturn

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment


def sandbox() -> ImmutableSandboxedEnvironment:
    """Return the environment in which templates are compiled.

    `strftime_now` is not there: with the day's date in it, a prompt would be another one tomorrow. Templates that ask
    whether it is defined write a date of their own; for others a prompt names one, `chat_values={today: '2024-07-26'}`.
    """
    import_module("jinja2.debug")  # needed where a template fails, when no file can be opened any more
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _Generation])
    made.filters["tojson"] = _to_json
    made.globals["raise_exception"] = _refuse
    return made


class _Generation(Extension):
    """`{% generation %}…{% endgeneration %}` around what the assistant says: the text within it, as it is."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> nodes.Node:
        """Read the block."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_same"), [], [], body).set_lineno(line)

    def _same(self, caller: Macro) -> str:
        return caller()


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Write JSON without HTML's escapes, which Jinja's own filter adds."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)
