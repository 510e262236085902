"""What looks like a secret is blanked, in any spelling of a pair; what only looks like one to a careless eye stays."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from attacks.bounded import ROOT
from hypothesis import given
from hypothesis import strategies as st

from core.secret_shapes import looks_secret
from core.secrets import BLANK, blanked

SECRET = "Zq9xW3mK7vT"
NAMES = ["API_KEY", "api_key", "Api-Key", "apiKey", "x-api-key", "OPENAI_API_KEY", "openai_api_key", "TOKEN", "token",
         "accessToken", "HF_TOKEN", "hf_token", "auth_token", "PASSWORD", "password", "db_password", "passwd",
         "DB_PASS",
         "secret", "CLIENT_SECRET", "clientSecret", "AWS_SECRET_ACCESS_KEY", "private_key", "credential", "API_KEY_2",
         "AccountKey", "X-Auth-Token", "MYSQL_PWD"]  # fmt: skip
FORMS = ["{n}={v}", "{n} = {v}", "{n}: {v}", "{n}:{v}", "export {n}={v}", "{n}='{v}'", '{n}="{v}"', '{n}: "{v}"',
         '"{n}": "{v}"', "'{n}': '{v}'", '{{"{n}": "{v}", "n": 1}}', '{{\\"{n}\\": \\"{v}\\"}}', "{n} := {v}",
         "{n} => '{v}'",
         "<{n}>{v}</{n}>", "--{n} {v}", "--{n}={v}", '["--{n}", "{v}"]', '("{n}", "{v}")', "- {n}: {v}",
         "run {n}={v} now",
         "{n}：{v}", "error: {n}: {v}, wrong", "set({n}={v!r})", "b'{n}': b'{v}'", "?{n}={v}&b=2"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", FORMS)
def test_a_pair_is_blanked_in_any_case_and_spelling(name: str, form: str) -> None:
    left = blanked(form.format(n=name, v=SECRET))
    assert SECRET not in left
    assert left == form.format(n=name, v="Value").replace("Value", BLANK)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("curl -u li:pw https://h/x", "curl -u li:*** https://h/x"),
        ("curl -sSu li:p@:w https://h", "curl -sSu li:*** https://h"),
        ("curl --user 'li:two words' h", "curl --user 'li:***' h"),
        ('subprocess: ["curl", "-u", "li:pw", "h"]', 'subprocess: ["curl", "-u", "li:***", "h"]'),
        ("curl --proxy-user=li:pw h", "curl --proxy-user=li:*** h"),
        ("curl -b 'sid=ab; csrf=cd' h", "curl -b '***' h"),
        ("wget --password=abcd h", "wget --password=*** h"),
        ("http -a li:pw GET h", "http -a li:*** GET h"),
        ("sshpass -p hunter ssh li@h", "sshpass -p *** ssh li@h"),
        ("machine h login li password pw", "machine h login li password ***"),
        ("Cookie: session=abc; theme=dark", "Cookie: ***"),
        ("cookie: a=b\nHost: h", "cookie: ***\nHost: h"),
        ("< Set-Cookie: id=a3fWa; Path=/; HttpOnly\r\n", "< Set-Cookie: ***\r\n"),
        ("curl -H 'Cookie: a=b; c=d' https://h", "curl -H 'Cookie: ***' https://h"),
        ('{"Cookie": "a=b; c=d", "n": 1}', '{"Cookie": "***", "n": 1}'),
        ("send: b'Cookie: a=b\\r\\nHost: h'", "send: b'Cookie: ***\\r\\nHost: h'"),
        ("get(url, cookies={'sid': 'abc'})", "get(url, cookies={***})"),
        ('password="correct horse battery"', 'password="***"'),
        ("PASSWORD='it is; a, secret' run", "PASSWORD='***' run"),
        ('{"password": "a \\" b c", "n": 1}', '{"password": "***", "n": 1}'),
        ('{"text": "{\\"password\\": \\"a b c\\"}"}', '{"text": "{\\"password\\": \\"***\\"}"}'),
        ("passphrase: 'eins zwei drei'", "passphrase: '***'"),
        ("password: correcthorse", "password: ***"),
        ("password=hunt", "password=***"),
        ("http://li:p@s/s@host:80/x", "http://***@host:80/x"),
        ("http://li:p/s@s@host/x", "http://***@host/x"),
        ("postgres://li:a/b?c#d@db.example/x", "postgres://***@db.example/x"),
        ("redis://:p/w@h:6379/0", "redis://***@h:6379/0"),
        ("from https://li:a/b@h/x to https://h2/y", "from https://***@h/x to https://h2/y"),
        ("密码：Zq9xW3mK7", "密码：***"),
        ("Authorization: Basic dXNlcjpwYXNz0\n", "Authorization: Basic ***\n"),
        ("密码是 Zq9xW3mK7", "密码是 ***"),
        ("the password is hunter2secret", "the password is ***"),
        ("password: Tr0ub4dor&3,x", "password: ***"),
        ("password=a,b,c1234,user=li", "password=***,user=li"),
        ("password: 'it''s a secret'", "password: '***'"),
        ('password="never closed, it is', 'password="***'),
        ("Authorization: Token abcdefgh", "Authorization: Token ***"),
        ("smtp://li:123/4@mail.example:25", "smtp://***@mail.example:25"),
        ("http://li:12/3@4@h.example/x", "http://***@h.example/x"),
        ("TOKEN: abcdefghijkl", "TOKEN: ***"),
        ("token: 123e4567-e89b-12d3-a456-426614174000", "token: ***"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE/x\n-----END RSA PRIVATE KEY-----", "***"),
        ("token=$(cat f) token=abcd1234e", "token=$(cat f) token=***"),
    ],
)  # fmt: skip
def test_a_secret_is_blanked_where_it_stands(text: str, wanted: str) -> None:
    assert blanked(text) == wanted
    assert blanked(wanted) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "token 5", "token: 5", "token = 12", "password-free", "the password is free", "max_tokens: 64",
        "max_new_tokens=512",
        "token_ids: [1, 2, 3]", '"token_ids": [31, 7]', "n_tokens=5", "api: chat", "key: value", "key = value2",
        "keys: [a1]",
        "eos_token: </s>", "eos_token=<|endoftext|>", '"bos_token": "<|begin_of_text|>"', "pad_token: '[PAD]1234'",
        '"unk_token": "<unk>"', "stop_token: im_end_2024", "sort_key: name2024x", "cache_key=9f86d081884c7d65",
        "num_key_value_heads: 8", "key_value: 32", "key: layers.0.attention.wq", "key: model/layers/0/wq.lora_a",
        'key: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        '"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
        "token: step_250", "TOKEN: 1024", "http://reg:5000/img@sha256:9f86", "tokens per second: 1024",
        "Token: hello", "token='word'", "monkey=12345678a", "turkey: abc12345",
        "pass: 3", "pass=12345678", "passed: 200 of 300", "gate: pass", "compass: north12345", "pat: abc", "auth: none",
        "password: null", "password: ''", 'password: ""', "api_key=None", "api_key=$OPENAI_API_KEY", "api_key: ${KEY}",
        "api_key={key}", "password=getpass.getpass()", "api_key=os.environ['X']", "token=token", "password: <password>",
        "api_key_env: KIT_API_KEY", "password=***", "password: ****", "--password PASSWORD", "--api-key KEY",
        "-u 5 --token 7",
        "BACKWARD_PASS : tl.constexpr", "password=config.password", "api_key: SecretStr", "password: string",
        "private_key: /home/li/.ssh/id_rsa", "credentials: ./gcp.json", "PWD=/data/li", "docker run -u 1000:1000 image",
        "docker run --user app:app image", "the secret of 5: add 2 and 3", "Secret: it is 42.", "cookie: eat one",
        "Set-Cookie was sent", "a cookie costs 3 = 1 + 2", "http://host:8000/a@b", "https://host:8000/v1?x=a@b",
        "https://h/@user/x", "git+https://github.com/x/y@v1.2", "see //a/b: c@d", "10:20 @ 5", "3:4/5@6",
        "key: 3 = 1 + 2; token: x = 12", "密码锁有4位：1234", "密码：1234", "the bearer shall pay 5", "Key: A",
        "KEY: 1, 2, 3",
        "Answer key: B", "答案 key：12", "pwd: /work", "password: please ask", "a password: it opens doors",
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(text: str) -> None:
    assert blanked(text) == text
    assert blanked(f"step 5, {text}") == f"step 5, {text}"


def test_settings_and_pages_of_the_kit_stay() -> None:
    """Thousands of lines as people write them, on keys and tokens too."""
    files = [file for folder in ("configs", "docs") for file in sorted((ROOT / folder).rglob("*.*"))]
    files += [file for file in (ROOT / "core").rglob("*.py") if file.name != "secret_shapes.py"]
    wrong = [
        (file.name, line[start:end])
        for file in files
        if file.suffix in (".yaml", ".md", ".py")
        for line in file.read_text(encoding="utf-8").splitlines()
        for start, end in looks_secret(line)
    ]
    assert wrong == []


def test_a_manifest_stays(tmp_path: Path) -> None:
    rows = [
        {"path": f"checkpoints/step_{n}.ckpt", "sha256": f"{n:x}" * 64, "tokens": 5, "key": f"{n}ab" * 10}
        for n in range(9)
    ]
    text = json.dumps({"files": rows, "token_ids": [1, 2], "max_tokens": 64, "prompt_tokens": 11}, indent=1)
    assert blanked(text) == text


@given(
    st.sampled_from(NAMES),
    st.sampled_from(FORMS),
    st.from_regex(r"[A-Za-z][A-Za-z0-9_~+/.-]{6,20}[0-9][A-Za-z]", fullmatch=True),
    st.sampled_from(["{}", "`{}`", "({})", "[{}](z)", "{}; {}", "| {} |", "x {}\n{}", "2026-11-28 [INFO] {}"]),
)
def test_what_is_blanked_once_stays(name: str, form: str, value: str, frame: str) -> None:
    once = blanked(frame.format(*[form.format(n=name, v=value)] * 2))
    assert blanked(once) == once


@pytest.mark.parametrize(
    "piece",
    ["password=", "key:", "token", "pass'", '"token": "', "cookie: ", "Cookie='", "curl -u a:", "curl ", "-u a:",
    "http://a:",
     "//a:b/", "login a password ", "--token ", "<key>", "api_key=\\\\", "-----BEGIN PRIVATE KEY-----", "密码：",
     "a.key", "_key"],
)  # fmt: skip
def test_a_long_text_is_looked_through_once(piece: str) -> None:
    text = "//@=\\%&\n" + piece * (60_000 // len(piece))
    began = time.process_time()
    blanked(text)
    assert time.process_time() - began < 1
