"""What the address of a server says: where its interface begins, and which of its two forms is meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from core.errors import InputError

Api = Literal["completions", "chat"]
PATHS: dict[Api, str] = {"chat": "/chat/completions", "completions": "/completions"}
# Other ends of addresses that examples show, and where the interface is then.
_OTHERS = ("/models", "/embeddings", "/responses", "/messages", "/completion", "/chat", "/generate")


@dataclass(frozen=True)
class Address:
    """A server's address.

    Attributes:
        base: where the interface begins, such as http://127.0.0.1:8000/v1.
        api: the form that the address names, where it is a whole endpoint (…/v1/chat/completions).
        query: what stands after its question mark, which every request repeats.
    """

    base: str
    api: Api | None = None
    query: str = ""

    def endpoint(self, api: Api) -> str:
        """Return where requests of a form are posted."""
        return f"{self.base}{PATHS[api]}" + (f"?{self.query}" if self.query else "")


def parse_address(url: str) -> Address:
    """Read an address as users have it: of a host, of an interface (…/v1), or of a whole endpoint.

    /v1 is added to a host alone.

    Raises:
        InputError: it is not http(s), or ends in another interface's name.
    """
    shown = repr(url[:200])
    try:
        parts = urlsplit(url.strip())
        _ = parts.port, (parts.hostname or "").encode("idna")
    except ValueError as error:  # a port such as abc or 999999, half an IPv6 address, a name of empty parts
        raise InputError(f"server address {shown} must look like http://host:8000/v1 ({error})") from error
    if not f"{parts.path}{parts.query}".isascii() or not url.strip().isprintable() or " " in url.strip():
        raise InputError(f"server address {shown}: what follows the host must be of visible ASCII characters")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"server address {shown} must look like http://host:8000/v1")
    if parts.username or parts.password:
        raise InputError(
            "the server's address holds a user or password: leave it out, and name the environment variable that holds "
            "the key with eval.http.api_key_env"
        )
    root, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    for api, end in PATHS.items():
        if path.endswith(end):
            return Address(f"{root}{path.removesuffix(end)}", api, parts.query)
    other = next((end for end in _OTHERS if path.endswith(end)), None)
    if other:
        raise InputError(
            f"server address {shown} ends in {other}, which is another interface: give the address up to /v1, or "
            f"{' or '.join(PATHS.values())} behind it"
        )
    return Address(f"{root}{path or '/v1'}", None, parts.query)
