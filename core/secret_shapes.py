"""What looks like a secret in a text that nobody told the kit of: each shape yields where one stands.

A text is read once. Every shape says which places it takes for a secret (`Span`), and what they cover is blanked in one
step, so that no shape sees what another has left. Most shapes are a pair, a name and a value:

    HF_TOKEN=abcd1234       name "HF_TOKEN", words hf and token, value "abcd1234"
    "password": "a b c"     a value in quotation marks, up to the mark that closes it
    max_tokens: 64          the last word, tokens, is no secret's: stays
    eos_token: </s>         a token of a tokenizer: stays

How sure a name is decides what its value must look like: a password may be any word, what a token or key is has letters
and digits. All patterns have bounds, for they look through texts of any length that others wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

BLANK = "***"
# What stands for a key where a server wants none.
NO_KEYS = {"empty", "none", "null", "dummy", "test", "true", "false", "unused", "disabled", "required", "optional"}
Span = tuple[int, int]

# --- Names ---

# The last word of a name says what its value is; what stands before it, how sure that is.
_PASSWORDS = {"password", "passwd", "passwort", "passphrase", "secret", "secrets", "credential", "credentials", "pwd"}
_PASSWORDS |= {"pass", "apikey", "accesskey", "secretkey", "authtoken", "accesstoken", "pat"}
_ALONE_TOO_SHORT = {"pass", "pat"}  # `pass: 3` counts what passed; `db_pass` is a password
_KEYS = {"key", "token"}
_OF_KEYS = {"api", "access", "secret", "private", "auth", "account", "refresh", "session", "bearer", "client",
            "signing",
            "encryption", "subscription", "license", "service", "admin", "master", "csrf", "xsrf", "security", "ssh",
            "hf", "github", "gitlab", "openai", "id", "webhook", "bot", "deploy", "registry"}  # fmt: skip
# A tokenizer's tokens, and keys that open nothing.
_OF_OTHERS = {"bos", "eos", "pad", "unk", "sep", "cls", "mask", "stop", "special", "start", "end", "next", "first",
              "last",
              "new", "per", "image", "tool", "think", "sort", "cache", "primary", "foreign", "public", "group", "index",
              "dict", "row", "column", "field", "merge", "partition", "lookup", "state", "config", "data",
              "record"}  # fmt: skip
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_NAMED = re.compile(
    r"(?i)(?:key|token|secrets?|passw(?:or)?[dt]|pwd|pass(?:phrase)?|pat|credentials?)(?=(?:[_-]?\d{1,3})?[\\'\"\s:：=,>是为])"
    r"|密码|口令|密钥|令牌"
)
_BEFORE = re.compile(r"[A-Za-z0-9_.-]{0,64}\Z")
_SEPARATOR = re.compile(
    r"(?:[_-]?\d{1,3})?(?:\\{0,3}['\"`])?(?:\s{0,8}(?:=>|:=|={1,2}|(?P<loose>:|：|\bis\s|\bwas\s|是|为))\s{0,8}"
    r"|(?<=['\"])\s{0,4},\s{0,4}(?=[bru]?['\"])|(?P<tag>>))"
)
_AFTER_OPTION = re.compile(r"(?:[_-]?\d{1,3})?(?:\\{0,3}['\"],)?[ \t]{1,8}")
_QUOTE = re.compile(r"[bru]?(\\{0,3})(['\"`])")
# A password may hold `,` and `&`: what follows one of them belongs to it, where it is no name of another value.
_IN_BARE = r"[^\s'\"`<>,;&|)}\]\\"
_BARE = re.compile(rf"{_IN_BARE}]{{1,256}}(?:[,;&|]{_IN_BARE}=:]{{1,256}}(?![^\s,;&|]{{0,64}}[=:])){{0,8}}")
_GOES_ON = re.compile(rf"{_IN_BARE}]{{0,8192}}")
_LONGEST_QUOTED = 4096

# --- Values ---

_LETTER, _DIGIT = re.compile(r"[A-Za-z]"), re.compile(r"[0-9]")
_KEY_TEXT = re.compile(r"[\w.~+/=:@!#%^*?-]{8,}", re.ASCII)
_HASH = re.compile(r"(?:sha\d+:)?[0-9a-f]{16,128}", re.IGNORECASE)
# A variable, a placeholder, a call, a path of words: what stands for a secret in code and settings.
_STANDS_FOR = re.compile(
    r"[$%{<].*|\.{3}|[xX*•_-]+|[A-Za-z_][\w.]*[(\[].*|[A-Z][A-Z0-9]*_(?:[A-Z0-9]+_)*(?:KEY|TOKEN|SECRET|PASSWORD)",
    re.DOTALL,
)
# In code: the type of a name, or where its value comes from.
_IN_CODE = re.compile(r"[A-Za-z_]+(?:\.[A-Za-z_]+)+|SecretStr|string|bytes|undefined")
_PATH = re.compile(r"(?:[/~]|\.{1,2}/).*|[A-Za-z]:[\\/].*", re.DOTALL)
_ENDS = re.compile(r"[ \t]*(?:$|[\n\r,;}\])'\"&|\\])")
_BEGINS = re.compile(r"(?:^|[\n\r{,;(\[?&'\"\\]|--)[ \t]*(?:- |export |set )?\Z")


@dataclass(frozen=True)
class _Name:
    text: str
    sure: bool  # a password's, or that of a key of something; else any key or token
    path_too: bool  # may name the file of one
    begins: bool  # stands where a pair begins, or in capitals: no word of a sentence


def _name_at(text: str, found: re.Match[str]) -> _Name | None:
    """Return the name whose last word was found; None where it is no secret's."""
    if not found[0].isascii():
        return _Name(found[0], sure=False, path_too=False, begins=True)
    before = _BEFORE.search(text, max(0, found.start() - 64), found.start())
    start = before.start() if before else found.start()
    name = text[start : found.end()].lstrip(".-")
    start = found.end() - len(name)
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or (len(words) > 1 and words[-2] in _OF_OTHERS):
        return None
    last, others = words[-1], words[:-1]
    begins = name.isupper() or _BEGINS.search(text, max(0, start - 16), start) is not None
    if last in _PASSWORDS and (others or last not in _ALONE_TOO_SHORT):
        return _Name(name, sure=True, path_too=last in ("pwd", "credential", "credentials"), begins=begins)
    if last in _KEYS:
        sure = others[-1] in _OF_KEYS or name.isupper() if others else name == "TOKEN"
        return _Name(name, sure=sure, path_too=True, begins=begins)
    return None


def _value_at(text: str, start: int, sure: bool) -> tuple[Span, bool]:
    """Return where the value that begins at a place stands, and whether it stands in quotation marks."""
    if mark := _QUOTE.match(text, start):
        most = mark.end() + _LONGEST_QUOTED
        closing = text.find(mark[1] + mark[2], mark.end(), most)
        while closing > mark.end() and not mark[1] and (skipped := _no_end(text, closing)):
            closing = text.find(mark[2], closing + skipped, most)
        line = text.find("\n", mark.end(), most)
        if closing >= 0 and not 0 <= line < closing:
            return (mark.end(), closing), True
        start = mark.end()  # a quotation mark that nothing closes
        if sure and mark[2] != "`":
            return (start, min(line if line >= 0 else most, len(text))), True
    bare = _BARE.match(text, start)
    return (bare.span() if bare else (start, start)), False


def _no_end(text: str, mark: int) -> int:
    r"""Return how far the search goes on behind a quotation mark that is a part of the text: `\"`, and `''` in YAML."""
    if text[mark - 1] == "\\" and text[mark - 2] != "\\":
        return 1
    return 2 if text[mark] == "'" and text[mark + 1 : mark + 2] == "'" else 0


def _is_secret(name: _Name, value: str, quoted: bool, loose: bool, alone: bool) -> bool:
    """Tell whether a value is a secret. loose: behind a colon, as in a sentence; alone: nothing follows it."""
    plain = value.strip()
    if BLANK in value or plain.lower() in NO_KEYS or _STANDS_FOR.fullmatch(plain) or plain.lower() == name.text.lower():
        return False
    if not quoted and _IN_CODE.fullmatch(plain):
        return False
    if name.path_too and _PATH.fullmatch(plain):
        return False
    if name.text in ("TOKEN", "TOKENS") and plain.isdigit():
        return False  # a count
    mixed = bool(_LETTER.search(plain)) and bool(_DIGIT.search(plain))
    if not name.sure:
        long = name.begins and alone and len(plain) >= 16 and name.text.lower() == "token"
        return (mixed or long) and _KEY_TEXT.fullmatch(plain) is not None and not _is_other(name, plain)
    if len(plain) < 4:
        return False
    if quoted or not loose:
        return True
    return (bool(_DIGIT.search(plain)) and len(plain) >= (4 if name.begins else 8)) or (
        name.begins and alone and len(plain) >= 6
    )


def _is_other(name: _Name, value: str) -> bool:
    """Tell whether what an unsure name has is no key: the sum of a file, or words such as layers.0.wq."""
    words = [word for word in re.split(r"[._/:=+*-]+", value) if word]
    if name.text.lower().endswith("key") and _HASH.fullmatch(value):
        return True
    return len(words) > 1 and all(len(word) < 4 or word.isalpha() or word.isdigit() for word in words)


def _pairs(text: str) -> Iterator[Span]:
    """Yield the values of names that say that they are secret."""
    at = 0
    for found in _NAMED.finditer(text):
        if found.start() < at:
            continue
        separator = _SEPARATOR.match(text, found.end())
        option = separator is None and _is_option(text, found.start())
        if option:
            separator = _AFTER_OPTION.match(text, found.end())
        name = _name_at(text, found) if separator else None
        if separator is None or name is None:
            continue
        span, quoted = _value_at(text, separator.end(), name.sure)
        if not option and separator["tag"]:
            end = text.find("</", separator.end(), separator.end() + _LONGEST_QUOTED)
            span, quoted = (separator.end(), max(end, separator.end())), True
        loose = not quoted and not option and separator["loose"] is not None
        alone = _ENDS.match(text, span[1]) is not None
        if span[0] < span[1] and _is_secret(name, text[slice(*span)], quoted, loose, alone):
            rest = None if quoted else _GOES_ON.match(text, span[1])  # what tells a secret stands at its beginning
            at = rest.end() if rest else span[1]
            yield span[0], at


def _is_option(text: str, end: int) -> bool:
    before = _BEFORE.search(text, max(0, end - 64), end)
    return before is not None and before[0].startswith("--")


# --- Addresses ---

_ADDRESS = re.compile(r"(?i)(?:\b[a-z][a-z0-9+.-]{0,20}:/{2,9}|(?<![\w:/])//(?=[^\s/?#'\"<>@:]*:))")
_NEXT_ADDRESS = re.compile(r"[a-zA-Z0-9+.-]{1,20}://|[\s'\"<>`]")
_LONGEST_ADDRESS = 4096
_PORT = re.compile(r"\d{1,5}(?=[/?#])")
_HOST_NAME = re.compile(r"(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,}(?=[:/?#]|$)|[\w.-]{1,99}:\d{1,5}(?!\w)|(?:\d{1,3}\.){3}\d")
_HOST = re.compile(r"@(?=[\w.\[-])")
_QUERY = re.compile(
    r"(?i)[?&;#](?:[\w.-]{0,64}[_.-]|access|auth|client|id|refresh|session)?"
    r"(?:api_?-?key|key|token|secret|passw(?:or)?d|pwd|auth|sig|signature)=([^&\s#'\"<>;`]+)"
)


def _addresses(text: str) -> Iterator[Span]:
    """Yield user and password of addresses; a password may hold `@`, `/`, `?` and `#`."""
    for found in _ADDRESS.finditer(text):
        start = found.end()
        stop = _NEXT_ADDRESS.search(text, start, start + _LONGEST_ADDRESS)
        run = text[start : stop.start() if stop else start + _LONGEST_ADDRESS]
        authority = re.split(r"[/?#]", run, maxsplit=1)[0]
        user, colon, rest = run.partition(":")
        whole = bool(colon) and not re.search(r"[/?#@]", user) and user != BLANK
        places = [at.start() for at in _HOST.finditer(run)]
        if not (whole and places and not (_PORT.match(rest) and not _is_login(found[0], user, run[places[-1] + 1 :]))):
            places = [at.start() for at in _HOST.finditer(authority)]
        if places and places[-1] > 0:
            yield start, start + places[-1]


def _is_login(scheme: str, user: str, behind: str) -> bool:
    """Tell `li:12/a@h.example`, which has a password of digits, from `h:8000/a@b`, which has a port."""
    named = "." in user or user.lower() == "localhost" or user.startswith("[")
    return not named and (not scheme.lower().startswith(("http", "ws", "//")) or _HOST_NAME.match(behind) is not None)


def _queries(text: str) -> Iterator[Span]:
    for found in _QUERY.finditer(text):
        yield found.span(1)


# --- Headers, cookies, options of commands ---

# A digit in it tells a token from the next word of a sentence.
_AUTHORIZATION = r"\bauthorization\\{0,3}['\"]?\s{0,8}[:=,]\s{0,8}\\{0,3}['\"]?"
_HEADER = re.compile(
    rf"(?i)(?:\bbearer\s{{1,8}}|{_AUTHORIZATION}(?:(?:bearer|basic|digest|token)\s{{1,8}})?)"
    r"(?=[\w.~+/=-]{0,100}\d)([\w.~+/=-]{4,})"
    rf"|{_AUTHORIZATION}(?:bearer|basic|digest|token|apikey)[ \t]{{1,8}}([^\s'\",;\\]{{4,}})"
)
_COOKIE = re.compile(
    r"(?i)(?P<open>\\{0,3}['\"])?\b(?:set-)?cookies?2?(?P<close>\\{0,3}['\"])?\s{0,8}[:=,]\s{0,8}(?P<mark>\\{0,3}['\"]|\{)?"
)
_LINE_ENDS = re.compile(r"[\r\n]|\\[rn]")
_BLANKS = re.compile(r"['\" ]{0,8}")
_HAS_VALUE = re.compile(r"[\w$.!~*%-]{1,128}['\"]?\s?[=:]")
# The line's command is one that has such an option: `docker -u 1000:1000` names no password.
_COMMAND = re.compile(r"(?i)\b(?:curl|wget|httpie|https?|xh|aria2c)\b")
_USER = re.compile(
    r"(?<![\w-])(?:-[a-zA-Z]{0,6}u|-U|-a|--(?:proxy-)?user|--auth|--http-user)(?:['\"],?)?[\s=]{0,8}"
    r"(?P<mark>['\"])?(?P<user>[^\s:'\"/]{1,128}):"
)
_JAR = re.compile(r"(?<![\w-])(?:-b|--cookie)(?:['\"],?)?[\s=]{0,8}(?P<mark>['\"])?(?=[^\s'\"=]{1,128}=)")
_NETRC = re.compile(
    r"\blogin\s{1,8}\S{1,128}\s{1,8}password\s{1,8}(\S{1,256})|\bsshpass\s{1,8}-p\s{0,8}['\"]?([^\s'\"]{1,256})"
)
_REST = re.compile(r"[^\s'\"]{1,4096}")


def _headers(text: str) -> Iterator[Span]:
    for found in _HEADER.finditer(text):
        yield found.span(1) if found[1] else found.span(2)


def _cookies(text: str) -> Iterator[Span]:
    """Yield all that a header of cookies says, up to the end of its line or the quotation mark around it."""
    at = 0
    for found in _COOKIE.finditer(text):
        start = found.end()
        if start < at or not _HAS_VALUE.match(text, _BLANKS.match(text, start).end()):  # type: ignore[union-attr]
            continue
        ends = "}" if found["mark"] == "{" else found["mark"] or ("" if found["close"] else found["open"] or "")
        most = min(len(text), start + _LONGEST_QUOTED)
        closing = text.find(ends, start, most) if ends else -1
        end = closing if closing >= 0 else most
        line = _LINE_ENDS.search(text, start, end)
        end = line.start() if line else end
        at = end
        yield start, end


def _commands(text: str) -> Iterator[Span]:
    """Yield what `-u user:password` and `-b cookie=value` say in lines of commands that fetch addresses."""
    for line in re.finditer(r"[^\n]+", text):
        command = _COMMAND.search(line[0])
        for pattern in (_USER, _JAR) if command else ():
            for found in pattern.finditer(text, line.start() + command.end() if command else 0, line.end()):
                mark = found["mark"]
                closing = text.find(mark, found.end(), line.end()) if mark else -1
                rest = _REST.match(text, found.end())
                end = closing if closing >= 0 else rest.end() if rest else found.end()
                if found.end() < end:
                    yield found.end(), end
    for found in _NETRC.finditer(text):
        yield found.span(1) if found[1] else found.span(2)


# --- Words and blocks ---

_SHAPES = re.compile(
    r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}|\bhf_[A-Za-z0-9]{16,}|\bgh[pousr]_[A-Za-z0-9]{16,}|\bgithub_pat_\w{16,}"
    r"|\bglpat-[\w-]{16,}|\bxox[abprs]-[\w-]{10,}|\bA[KS]IA[A-Z0-9]{16}\b|\bAIza[\w-]{30,}|\bLTAI[A-Za-z0-9]{12,}\b"
    r"|\bAKID[A-Za-z0-9]{13,}\b|\b(?:gsk|npm|r8)_[A-Za-z0-9]{20,}|\b(?:nvapi|pypi)-[\w-]{20,}|\bya29\.[\w-]{20,}"
    r"|\beyJ[\w-]{8,400}\.[\w-]{8,}\.[\w-]{8,}"
    r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,20000}(?:-----END [A-Z ]{0,40}-----)?"
)
_PREFIXES = ("sk", "pk", "rk", "hf_", "gh", "glpat-", "xox", "AKI", "ASIA", "AIza", "LTAI", "eyJ", "npm_", "r8_",
             "nvapi-",
             "pypi-", "ya29.", "gsk_", "PRIVATE KEY")  # fmt: skip


def _shapes(text: str) -> Iterator[Span]:
    for found in _SHAPES.finditer(text):
        yield found.span()


# --- All of them ---

_PAIR_HINTS = ("key", "token", "secret", "pass", "pwd", "pat", "credential", "密", "口令", "令牌")


def looks_secret(text: str) -> list[Span]:
    """Return where a text has what looks like secrets: places in order, none of which touch each other."""
    lower = text.lower()

    def has(*words: str) -> bool:
        return any(word in lower for word in words)

    # The patterns are slow, and most texts have nothing of what each needs.
    looking: list[tuple[bool, Callable[[str], Iterator[Span]]]] = [
        ("//" in text and "@" in text, _addresses),
        ("=" in text, _queries),
        (has(*_PAIR_HINTS), _pairs),
        (has("bearer", "authorization"), _headers),
        ("cookie" in lower, _cookies),
        (has("curl", "wget", "http", "xh", "aria2c", "login", "sshpass"), _commands),
        (any(prefix in text for prefix in _PREFIXES), _shapes),
    ]
    # What is blanked once stays as it is: a text is blanked where it is made, and again where it is written.
    found = (span for wanted, shape in looking if wanted for span in shape(text))
    spans = sorted(span for span in found if not text.startswith(BLANK, span[0]))
    joined: list[Span] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def without_looks(text: str) -> str:
    """Return a text with `***` in the place of all that looks like a secret."""
    pieces, at = [], 0
    for start, end in looks_secret(text):
        pieces += [text[at:start], BLANK]
        at = end
    return "".join([*pieces, text[at:]]) if pieces else text
