"""A conversation as a tokenizer's own chat template writes it, in parts: what is the template's, what a speaker said.

The template is another's program (Jinja), run by `core.text.chat_process` in a sandbox and within bounds. It is given
the texts twice, as they are and between three characters that no text holds; where both come out alike, the second
says which stretches are the template's own. So a speaker who writes `<|im_end|>` ends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from core.errors import InputError
from core.text.chat_process import write_conversations
from core.text.rendered import Part, Rendered

ChatValue = str | int | float | bool
Message = dict[str, str]
Answer = tuple[str, bool]
# What is no character of any text (Unicode, "noncharacters"): a speaker's text is put between them, with its number.
_MARKS = "".join(map(chr, range(0xFDD0, 0xFDF0)))


@dataclass(frozen=True)
class Chat:
    """A chat template with what it knows.

    Attributes:
        prompt_name: of the prompt that has it, for messages.
        template: its text (Jinja).
        values: further names that it knows.
    """

    prompt_name: str
    template: str
    values: Mapping[str, ChatValue]

    def prompt(self, system: str, asked: Sequence[str], answers: Sequence[Answer], where: str) -> Rendered:
        """Return the text before the next answer.

        Args:
            system: the system text; "" for none.
            asked: what the user says, one text a round.
            answers: the earlier answers, each with whether it is learned; one fewer than `asked`.
            where: the record, for messages.

        Raises:
            InputError: the template refuses the conversation, goes beyond its bounds, leaves out what was said or
                changes it so that it cannot be told from the template's own text.
        """
        messages = _messages(system, asked, answers)
        text, parts = self._parts(messages, True, where)
        starts = self._starts(messages, text, parts, where)
        learned = {_place(messages, number) for number, (_, wanted) in enumerate(answers) if wanted}
        end = self.end if answers else ""
        return Rendered(_earlier(parts, {place: start for place, (start, _) in starts.items()}, learned, end))

    def answer(self, system: str, asked: Sequence[str], answers: Sequence[Answer], answer: str, where: str) -> Rendered:
        """Return what follows `prompt` in the whole conversation: the last answer and what the template ends it with.

        Raises:
            InputError: as `prompt`; or an answer that is learned does not stand behind what asks for it.
        """
        messages = _messages(system, asked, answers)
        text, parts = self._parts(messages, True, where)
        starts = self._starts(messages, text, parts, where)
        for number, (_, wanted) in enumerate(answers):
            if wanted and not starts[_place(messages, number)][1]:
                raise InputError(
                    f"{where}: {self._name()} writes an earlier answer otherwise than it asks for it, so it cannot be "
                    "learned; data.learned_turns=last learns the last answers alone"
                )
        try:
            return self._written(messages, text, answer, where)
        except InputError:
            # Some write what was said before otherwise once it is answered (the system text goes with the last
            # question, say). How an answer goes on and ends, the last round tells by itself.
            alone = messages[-1:]
            return self._written(alone, self._write([(alone, True)], where)[0], answer, where)

    def _written(self, messages: list[Message], before: str, answer: str, where: str) -> Rendered:
        """Return what a conversation goes on with behind the text `before`, which asks for the answer."""
        whole, parts = self._parts([*messages, {"role": "assistant", "content": answer}], False, where)
        if not whole.startswith(before):
            raise InputError(f"{where}: {self._name()} does not ask for an answer as it writes one; use another prompt")
        return Rendered(_from(parts, len(before)))

    def _starts(
        self, messages: list[Message], text: str, parts: Sequence[_Said], where: str
    ) -> dict[int, tuple[int, bool]]:
        """Return where each earlier answer begins in a conversation, and whether what is before it asks for it.

        An answer begins where the text ends that asks for it: a blank or a mark of the template may come first.
        """
        places = [place for place, message in enumerate(messages) if message["role"] == "assistant"]
        begins = {said.message: begin for begin, said in _begins(parts)}
        asking = self._write([(messages[:place], True) for place in places], where)
        found = {}
        for place, before in zip(places, asking, strict=True):
            begin = begins.get(place, len(text))
            asked = text.startswith(before) and len(before) <= begin
            found[place] = (len(before) if asked else begin, asked)
        return found

    def _parts(self, messages: list[Message], ask: bool, where: str) -> tuple[str, list[_Said]]:
        """Return the conversation as text, and as stretches that a message or the template itself said."""
        held = "".join(message["content"] for message in messages)
        free = [mark for mark in _MARKS if mark not in held][:3]
        if len(free) < 3:
            raise InputError(f"{where}: holds characters that are none (U+FDD0 to U+FDEF); take them out")
        # Many templates take off the blanks around a text; then the marks stand within these.
        tries = [[_between(message, number, free, str) for number, message in enumerate(messages)]]
        if any(message["content"] != message["content"].strip() for message in messages):
            tries.append([_between(message, number, free, str.strip) for number, message in enumerate(messages)])
        text, *others = self._write([(some, ask) for some in (messages, *tries)], where)
        for other in others:
            parts = _taken_apart(other, free)
            if "".join(said.text for said in parts) == text:
                self._check_whole(messages, parts, where)
                return text, parts
        raise InputError(
            f"{where}: {self._name()} looks into what is said and writes it otherwise (takes thoughts out of it, say), "
            "so that its own marks cannot be told from the text; use another prompt"
        )

    def _check_whole(self, messages: Sequence[Message], parts: Sequence[_Said], where: str) -> None:
        """Refuse a template that passes over what was said: a system text, say."""
        written = {said.message for said in parts}
        for number, message in enumerate(messages):
            if message["content"].strip() and number not in written:
                raise InputError(f"{where}: {self._name()} leaves out turn {number}, of the {message['role']}")

    def _write(self, asked: Sequence[tuple[list[Message], bool]], where: str) -> list[str]:
        return write_conversations(self._name(), self.template, self.values, asked, where)

    def _name(self) -> str:
        return f"the chat template of prompt {self.prompt_name!r}"

    @property
    def end(self) -> str:
        """What the template writes behind an answer; InputError where it refuses a short conversation."""
        return _end_of(self.template, tuple(sorted(self.values.items())), self.prompt_name)


@cache
def _end_of(template: str, values: tuple[tuple[str, ChatValue], ...], name: str) -> str:
    """Return what a template writes after the last answer of a conversation."""
    chat = Chat(name, template, dict(values))
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    _, parts = chat._parts(messages, False, "a short conversation")
    places = [number for number, said in enumerate(parts) if said.message == 1]
    return "".join(said.text for said in parts[places[-1] + 1 :]) if places else ""


@dataclass(frozen=True)
class _Said:
    """A stretch of a conversation; `message` is the number of the one that said it, None for the template."""

    text: str
    message: int | None = None


def _messages(system: str, asked: Sequence[str], answers: Sequence[Answer]) -> list[Message]:
    messages = [{"role": "system", "content": system}] if system else []
    for number, text in enumerate(asked):
        messages.append({"role": "user", "content": text})
        if number < len(answers):
            messages.append({"role": "assistant", "content": answers[number][0]})
    return messages


def _place(messages: Sequence[Message], answer: int) -> int:
    """Return where an answer stands among the messages."""
    return (messages[0]["role"] == "system") + 2 * answer + 1


def _between(message: Message, number: int, marks: Sequence[str], core_of: Callable[[str], str]) -> Message:
    """Return a message with its text, or only the core of it, between marks."""
    content = message["content"]
    core = core_of(content)
    if not core:
        return message
    before, _, behind = content.partition(core)
    first, second, last = marks
    return {**message, "content": f"{before}{first}{number}{second}{core}{last}{behind}"}


def _taken_apart(text: str, marks: Sequence[str]) -> list[_Said]:
    """Return the stretches of a marked text; marks that are not whole stay in it, so that it equals no other."""
    first, second, last = map(re.escape, marks)
    own, *rest = re.split(f"{first}([0-9]+){second}([^{''.join(marks)}]*){last}", text)
    found = [_Said(own)]
    for number, said, own in zip(rest[0::3], rest[1::3], rest[2::3], strict=True):
        found += [_Said(said, int(number)), _Said(own)]
    return found


def _begins(parts: Sequence[_Said]) -> Iterator[tuple[int, _Said]]:
    at = 0
    for said in parts:
        yield at, said
        at += len(said.text)


def _earlier(parts: Sequence[_Said], starts: Mapping[int, int], learned: set[int], end: str) -> Iterator[Part]:
    """Yield the parts of a conversation; answers, and what ends them, stand apart, be they learned or not."""
    borders = {start: place for place, start in starts.items()}
    after: int | None = None  # the answer that was just written
    for begin, said in _begins(parts):
        if said.message is not None:
            after = said.message if said.message in starts else None
            is_first = borders.get(begin) == said.message
            yield Part(said.text, apart=is_first, learned=after is not None and said.message in learned)
            continue
        text, own = said.text, Part("", own=True)
        if after is not None:
            size = len(_common(text, end))
            if size:
                yield Part(text[:size], own=True, apart=True, learned=after in learned)
            text, begin, own, after = text[size:], begin + size, Part("", own=True, apart=True), None
        border = next((start for start in borders if begin <= start < begin + len(text)), None)
        if border is None:
            yield own._replace(text=text)
        else:
            yield own._replace(text=text[: border - begin])
            yield Part(text[border - begin :], own=True, apart=True, learned=borders[border] in learned)


def _common(text: str, other: str) -> str:
    """Return what two texts begin with."""
    size = next((at for at, (one, two) in enumerate(zip(text, other, strict=False)) if one != two), None)
    return text[: min(len(text), len(other)) if size is None else size]


def _from(parts: Sequence[_Said], start: int) -> Iterator[Part]:
    """Yield an answer that begins at a place of a conversation, with what is before it there, and its end apart."""
    apart = True
    for begin, said in _begins(parts):
        text = said.text[max(0, start - begin) :]
        if text:
            yield Part(text, own=said.message is None, apart=apart, learned=True)
            apart = said.message is not None
