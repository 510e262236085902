"""One request to a server and its answer, in bounded time, again where a fault may pass."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from core.errors import InputError
from core.files import read_at_most
from core.secrets import blanked, keep_secret
from core.untrusted import Bounds, load_json
from inference.http.answers import Answer, IsChat

_RETRIED = {408, 409, 425, 429, 500, 502, 503, 504}
# The log-probabilities of a prompt of 128,000 tokens take 10 MB and 600,000 values.
_MAX_ANSWER = Bounds(16 << 20, 1_000_000)
_MOST_TOLD = 4096  # bytes of an answer that is no completion
_LONGEST_PAUSE = 30.0
_LONGEST_WAIT = 300.0  # a server may ask for more; then the evaluation stops and says so


def check_key(key: str, variable: str) -> None:
    """Make sure that a key can be sent in a header; InputError, which does not repeat it, names the variable."""
    wrong = next((place for place, char in enumerate(key) if not "!" <= char <= "~"), None)
    if wrong is not None:
        what = "a line break" if key[wrong] in "\r\n" else "a blank" if key[wrong].isspace() else "no letter of ASCII"
        raise InputError(
            f"the API key in {variable} has {what} as character {wrong + 1} of {len(key)}: a key is one word of ASCII; "
            f"set {variable} again, without what stands around the key"
        )


class Refused(InputError):
    """The server will not answer this request, however often it is sent.

    Attributes:
        status: the answer's; 200 where it is sound and something else than was asked for.
        told: what the server says.
    """

    def __init__(self, what: str, status: int, told: str = "") -> None:
        super().__init__(what)
        self.status, self.told = status, told


class _Passing(Exception):
    """A fault that may be gone at the next attempt.

    Attributes:
        after: seconds that the server asks to wait (Retry-After).
    """

    def __init__(self, what: str, after: float | None = None) -> None:
        super().__init__(what)
        self.after = after


class Connection:
    """The way to a server.

    Args:
        address: where requests are posted.
        read: turns the JSON of an answer into what it says; ValueError where it says nothing of the kind.
        timeout: seconds for one attempt, from connecting to the last byte of its answer.
        retries: most further attempts.
        pause: seconds before the second attempt; twice as long before each further one.
        key: sent as a bearer token where given.
    """

    def __init__(
        self,
        address: str,
        read: Callable[[Any], Answer],
        timeout: float,
        retries: int,
        pause: float,
        key: str | None,
    ) -> None:
        self._address, self._read, self._shown = address, read, address.partition("?")[0]
        self._timeout, self._retries, self._pause = timeout, retries, pause
        self._stopped = threading.Event()
        self._open: set[socket.socket] = set()
        if key:
            check_key(key, "its environment variable")
            keep_secret(key)
        self._headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}

    def stop(self) -> None:
        """Give up every request, those under way and those to come: nobody waits for the answers any more."""
        self._stopped.set()
        for connected in list(self._open):
            _cut(connected)

    def ask(self, fields: Mapping[str, Any], name: str) -> Answer:
        """Send one request, again where a fault may pass.

        Args:
            fields: the request.
            name: what it is called in messages.

        Raises:
            Refused: the server refuses it.
            InputError: it still fails after all attempts.
        """
        body = json.dumps(fields, allow_nan=False).encode()
        pause = self._pause
        for left in range(self._retries, -1, -1):
            try:
                return self._attempt(body, name)
            except _Passing as error:
                after = error.after or 0.0
                if not left or after > _LONGEST_WAIT or self._stopped.is_set():
                    more = f" and asks to wait {after:g} s" if after > _LONGEST_WAIT else ""
                    times = self._retries + 1 - left
                    raise InputError(
                        f"{self._shown}: {error}{more}, {times} times for {name}; is the server healthy? "
                        "Answers so far are saved: run the same command again to resume"
                    ) from error
                self._stopped.wait(max(after, min(pause, _LONGEST_PAUSE)))
                pause *= 2
        raise AssertionError("unreachable")

    def _attempt(self, body: bytes, name: str) -> Answer:
        status, after, data = self._post(body)
        if status in _RETRIED:
            raise _Passing(f"answered with status {status}", after)
        # Blanked before it is cut: half a key would not be known as one.
        told = " ".join(blanked(data[:_MOST_TOLD].decode("utf-8", "replace")).split())[:200]
        if status in (401, 403):
            raise Refused(f"{self._shown}: rejects the API key (status {status}); set eval.http.api_key_env", status)
        if status != 200:
            hint = "; is the address right, and the model's name? It mostly ends in /v1" if status == 404 else ""
            raise Refused(f"{self._shown}: refused {name} with status {status} ({told}){hint}", status, told)
        try:
            return self._read(load_json(data, "the answer", _MAX_ANSWER, any_number=True, surrogates=True))
        except IsChat as error:
            raise Refused(
                f"{self._shown}: answers as a chat; give its address up to /v1, and eval.http.api=chat", status, told
            ) from error
        except (ValueError, InputError) as error:
            raise _Passing(f"returned no completion ({told or 'nothing'})") from error

    def _post(self, body: bytes) -> tuple[int, float | None, bytes]:
        """Post the body; return status, Retry-After and answer within the timeout."""
        parts = urlsplit(self._address)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self._timeout)
        late = threading.Event()
        connected: socket.socket | None = None
        try:
            connection.connect()
            connected = connection.sock
            self._open.add(connected)
            with _deadline(connected, self._timeout, late):
                connection.request("POST", f"{parts.path}{parts.query and '?'}{parts.query}", body, self._headers)
                response = connection.getresponse()
                data = self._body(response, late)
            fault = ""
        except TimeoutError:
            late.set()
        except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: a piece of a negative length
            fault = " ".join(str(error).split()) or type(error).__name__
        finally:
            if connected is not None:
                self._open.discard(connected)
            connection.close()
        if late.is_set():
            raise _Passing(f"did not answer within {self._timeout:g} s")
        if fault:
            raise _Passing(f"connection failed ({fault})")
        return response.status, _seconds(response.headers.get("Retry-After")), data

    def _body(self, response: http.client.HTTPResponse, late: threading.Event) -> bytes:
        """Read an answer's body; _Passing where it is cut off, Refused where it is too large."""
        data = read_at_most(response, _MAX_ANSWER.size + 1)
        if len(data) > _MAX_ANSWER.size:
            said = f"sent more than {_MAX_ANSWER.size >> 20} MiB for one request"
            raise Refused(f"{self._shown}: {said}", response.status)
        if response.length and not late.is_set():
            raise _Passing("cut the connection")
        return data


def _seconds(header: str | None) -> float | None:
    """Read Retry-After where it gives seconds; a date is passed over."""
    return float(header) if header is not None and header.strip().isascii() and header.strip().isdigit() else None


@contextmanager
def _deadline(connected: socket.socket, seconds: float, late: threading.Event) -> Iterator[None]:
    """Cut a connection after `seconds`: its own timeout begins anew with every byte that drips in."""

    def cut() -> None:
        late.set()
        _cut(connected)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
