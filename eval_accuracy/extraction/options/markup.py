r"""A reply without markup: what Markdown, LaTeX, HTML and JSON say of it becomes plain words.

`\boxed{B}`, `<answer>B</answer>` and `{"answer": "B"}` become labels that clauses can be read by.
"""

from __future__ import annotations

import re
from functools import lru_cache

from eval_accuracy.extraction.numbers import plain
from eval_accuracy.extraction.options import words
from eval_accuracy.extraction.options.marks import PHRASE, PRIVATE

# "So: The right option is B" -> "The right option is "
_PHRASE = re.compile(r"The right option is (?=[A-J](?![A-Za-z]))")
# Letters in circles, squares and brackets, and those of mathematical alphabets.
_ENCLOSED = {
    first + at: f"({chr(ord('A') + at)})"
    for first in (0x24B6, 0x24D0, 0x249C, 0x1F110, 0x1F130, 0x1F150, 0x1F170)
    for at in range(26)
}
_ALPHABETS = {
    first + 52 * style + at: chr(ord("A") + at) for first in (0x1D400,) for style in range(13) for at in range(26)
}
_OTHER_MARKS = dict(zip(map(ord, "〔〕﹙﹚﹝﹞⟨⟩‹›«»『』﹒·•﹕"), "()()()()()()()...:", strict=True))
_ODD_LETTERS = {**_ALPHABETS, **_ENCLOSED, **_OTHER_MARKS, 0x20E3: "", 0xFE0F: ""}
# "ⒷDunmore" -> "Ⓑ"
_ODD = re.compile("[\u249c-\u24e9\U0001d400-\U0001d6a3\U0001f110-\U0001f189\ufe0f\u20e3〔〕﹙﹚﹝﹞⟨⟩‹›«»『』﹒·•﹕]")

# r"\boxed{B}" -> r"\boxed{"
_BOX = re.compile(r"\\?\b(?:boxed|fbox)\s?\{")
# r"\text{B}" -> r"\text{"
_STYLE = re.compile(
    r"\\(?:text\w{0,3}|math\w{0,4}|bold\w{0,6}|bf|rm|underline|emph|left|right|displaystyle)\b\s?\{?|"
    r"\\[()\[\]!,;]|\\quad"
)
# "~~A~~ B" -> "~~A~~"
_STRUCK = re.compile(r"~~[^~\n]{1,200}~~|<(?P<tag>s|del|strike)>[^<\n]{1,200}</(?P=tag)>")
# "<answer>B</answer>" -> {"label": "answer"}
# "<B>" -> {"letter": "B"}
_TAG = re.compile(
    r"</?(?:(?P<label>(?:final[_ ]?|correct[_ ]?)?(?:answer|ans|choice|option|result|letter|答案))|"
    r"(?P<letter>[A-J])(?=>)"
    r"|[A-Za-z][A-Za-z0-9_]{0,20})(?:\s[^<>\n]{0,100})?\s?/?>",
    re.IGNORECASE,
)
# '{"final_answer": "B"}' -> {"key": "final_answer"}
_KEY = re.compile(r"[{,\s]{0,9}[\"'“](?P<key>[A-Za-z_ \u4e00-\u9fff]{1,30})[\"'”]\s{0,9}:\s{0,9}")
# "**B**" -> "**"
_EMPHASIS = re.compile(
    r"\*{1,3}|`{1,3}(?:json|text|xml)?|(?<![A-Za-z0-9])_{1,2}(?=\S)|(?<=\S)_{1,2}(?![A-Za-z0-9_])|\$"
)
# "助手：B" -> "助手："
# "[/INST] B" -> "[/INST]"
_SPEAKER = re.compile(
    r"(?:^|(?<=\n))\s{0,9}(?:\[/INST\]|(?:助手|助理|模型|机器人|回答|答复|回复|输出|(?i:assistant|ai|bot|model|response|reply|"
    r"output|gpt|chatbot))\s?[:：](?!\s?(?:[0-9]|\Z)))"
)
# "## Answer" -> "## "
_LINE_HEAD = re.compile(
    r"(?:^|(?<=\n))[ \t]{0,8}(?:#{1,6}[ \t]*|>[ \t]*|[-•+][ \t]+|\|[ \t]*|[0-9]{1,2}[.)、][ \t]+(?=\S)|"
    r"[一二三四五六七八九十]{1,2}、(?=\S))+"
)
# "A => B" -> "=>"
_ARROW = re.compile(r"[-=]{1,2}>|[→⇒➡👉➜∴]")
# "【答案】B" -> {"label": "答案"}
_BRACKET_LABEL = re.compile(
    r"[【\[〖(](?P<label>(?:最终|正确|参考|标准)?答案|答|(?i:(?:final |correct )?answer)|解析|分析|解答|点评|"
    r"详解)[】\]〗)]\s?:?"
)
_LABEL = (
    r"(?:(?:the )?(?:final |correct |right |best |my )*(?:answer|option|choice|selection|conclusion)(?: choice|"
    r" option| is)?|"
    r"boxed|(?:最终|正确|参考|标准|本题)*(?:答案|选项|结论|选择|答)[是为选]?"
    rf"|{words.any_of(words.ANSWER_OTHER)})"
)
# "Final answer\n\nB" -> "Final answer\n\n"
# "答案:\nB" -> "答案:\n"
_LABEL_LINE = re.compile(rf"(?i:(?:^|(?<=[\n.。!！,，；;])\s?){_LABEL})\s?(?::|=|-)?[ \t]{{0,9}}\n\s{{0,9}}(?=\S)")
# "Q: x\nA: B" -> "A: "
_A_LABEL = re.compile(
    r"(?:^|(?<=\n))\s{0,9}A\s?:\s{0,3}(?=\(?[A-J]\)?(?:[\s.]{0,3}(?:$|\n)|[.。,，](?:\s|[\u3400-\u9fff]))|"
    r"[Tt]he |答案)"
)


# The options of one question are asked for again and again, a reply at each of its stages.
@lru_cache(maxsize=512)
def tidy(text: str) -> str:
    """Return a text without marks of style, in plain characters."""
    return _EMPHASIS.sub("", _STYLE.sub("", plain(text)) if "\\" in text else plain(text)).strip(" \t\n.。}")


@lru_cache(maxsize=512)
def bare(text: str) -> str:
    """Return the text in plain characters, without markup; labels stand on lines of their own."""
    text = PRIVATE.sub(" ", plain(text))
    if _ODD.search(text):
        text = text.translate(_ODD_LETTERS)
    text = _PHRASE.sub(rf"\g<0>{PHRASE}", text)
    if "\\" in text or "boxed" in text:
        text = _STYLE.sub("", _BOX.sub(" boxed: ", text)).replace("}", "")
    if "~~" in text or "</" in text:
        text = _STRUCK.sub(" ", text)
    if "<" in text:
        text = _TAG.sub(_of_tag, text)
    if '":' in text or "':" in text or '" :' in text or "”:" in text:
        text = _KEY.sub(lambda match: f"\n{match['key'].replace('_', ' ')}: ", text).replace("{", "").replace("}", "")
    if "【" in text or "[" in text or "(" in text or "〖" in text:
        text = _BRACKET_LABEL.sub(_of_bracket, text)
    text = _SPEAKER.sub("", _A_LABEL.sub("answer: ", _EMPHASIS.sub("", text)))
    text = _LINE_HEAD.sub("", _ARROW.sub(" => ", text))
    return _LABEL_LINE.sub(lambda match: f"{match[0].strip().rstrip(':=-')}: ", text)


def _of_tag(match: re.Match[str]) -> str:
    if match["label"]:
        return "\n" if match[0][1] == "/" else "\nfinal answer: "
    if match["letter"] and f"</{match['letter']}>" not in match.string and match["letter"].isupper():
        return f" ({match['letter']}) "
    return "\n" if match[0].lower() in ("<br>", "</p>", "<br/>", "</div>", "</li>") else " "


def _of_bracket(match: re.Match[str]) -> str:
    label = match["label"]
    return "\n最终答案: " if label in ("答案", "最终答案", "正确答案", "参考答案", "标准答案") else f"\n{label}: "
