"""Xero's token endpoint: an access token of the platform's app itself, of no customer.

RFC 6749, 4.4 (client credentials). Such a token can list the app's connections. There is no refresh token, and nothing
of a customer's grant is touched.
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol
from urllib.parse import quote_plus, urlencode

import aiohttp

from exporter import __version__
from exporter.clock import Clock
from exporter.model.facts import UpstreamFailure
from exporter.model.words import Failure, Sent
from exporter.upstream.failures import RAISED, classify_answer, classify_exception
from exporter.upstream.memberpulse import TokenLike
from exporter.upstream.transport import CONNECT_SHARE
from exporter.upstream.wire import WireError, decoded

UPSTREAM: Final = "xero_identity"
"""What telemetry calls this upstream."""

PATH: Final = "/connect/token"
"""Below ``xero.identity_url``."""

SCOPE: Final = "app.connections"
"""What the token may do: list the app's connections (and remove them, which is never done here)."""

TIMEOUT: Final = 10.0
"""Seconds for the whole call."""

MAX_BODY: Final = 64 * 1024
"""Bytes of an answer; a token of Xero is some 1.5 KiB."""

MARGIN: Final = 60.0
"""Seconds before its end at which a token is used no more: a call with it takes half of that at most."""

_LONGEST_LIFE: Final = 86_400.0
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,16384}")  # it becomes a header
_UNAUTHORIZED: Final = 401
_REFUSING: Final = (400, _UNAUTHORIZED, 403)
_NO_SECRET: Final = UpstreamFailure(
    Failure.AUTH, Sent.NO, detail="the file of xero.app.client_secret_file cannot be read, so nothing was sent"
)


class Rejection(StrEnum):
    """Why Xero gives the app no token, in the words of RFC 6749, 5.2. A person must change the app or its secret."""

    INVALID_CLIENT = "invalid_client"
    """Unknown id, or another secret."""
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    """The app may not ask for a token of its own."""
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    """As above, from servers that say it so."""
    INVALID_SCOPE = "invalid_scope"
    """The app may not list its connections."""


_WORDS: Final = {**{word.value: word for word in Rejection}, "unauthorised_client": Rejection.UNAUTHORIZED_CLIENT}


@dataclass(frozen=True, slots=True)
class Rejected:
    """Xero refuses the app itself: no outage, and no customer's trouble.

    Attributes:
        rejection: why.
        failure: the same as any failed request has it.
    """

    rejection: Rejection
    failure: UpstreamFailure


class Telemetry(Protocol):
    """Whoever counts requests."""

    def request_ended(self, upstream: str, seconds: float, failure: Failure | None) -> None:
        """Counts one request: how long it took, body included, and why it gave no usable answer (None: it did)."""
        ...


@dataclass(frozen=True, slots=True)
class _Held:
    """A token, until when (monotonic seconds) it is used, and the number of the secret that it was got with."""

    value: str = field(repr=False)
    until: float
    secret: int


class Identity:
    """Gets tokens, and holds the present one. Nothing of secret or token is in any text that it gives."""

    def __init__(
        self,
        *,
        url: str,
        client_id: str,
        secret: TokenLike,
        telemetry: Telemetry,
        clock: Clock,
        timeout: float = TIMEOUT,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Opens nothing.

        Args:
            url: of Xero's identity service, without a slash at its end.
            client_id: of the app.
            secret: of the app, read anew for each call.
            telemetry: told of every call.
            clock: for durations, and the life of tokens.
            timeout: seconds for the whole call.
            tls: whom to trust; None is the system's trust store (or SSL_CERT_FILE).
        """
        self._url = url + PATH
        self._client_id = client_id
        self._secret = secret
        self._telemetry = telemetry
        self._clock = clock
        self._timeout = timeout
        self._tls = ssl.create_default_context() if tls is None else tls
        self._held: _Held | None = None

    @property
    def holds_token(self) -> bool:
        """Whether `token` can answer without a call."""
        held = self._held
        return held is not None and held.secret == self._secret.number and self._clock.now().monotonic < held.until

    def forget(self) -> None:
        """Holds no token any more: Xero refused it, whatever its end."""
        self._held = None

    async def token(self) -> str | Rejected | UpstreamFailure:
        """A token that lives for `MARGIN` at least; the one that is held while it does."""
        if self._held is not None and self.holds_token:
            return self._held.value
        self._held = None
        secret, number = self._secret.value, self._secret.number
        if secret is None:
            return _NO_SECRET
        began = self._clock.now().monotonic
        answer = await self._post(secret)
        outcome = answer if isinstance(answer, UpstreamFailure) else self._read(*answer, began, number)
        ended = self._clock.now().monotonic
        self._telemetry.request_ended(UPSTREAM, ended - began, _failure_of(outcome))
        if isinstance(outcome, _Held):
            self._held = outcome
            return outcome.value
        return outcome

    async def _post(self, secret: str) -> tuple[int, Mapping[str, str], bytes] | UpstreamFailure:
        form = urlencode({"grant_type": "client_credentials", "scope": SCOPE}).encode()
        headers = {
            "Authorization": basic(self._client_id, secret),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"xero-exporter/{__version__}",
        }
        connecting = aiohttp.ClientTimeout(total=None, connect=self._timeout * CONNECT_SHARE)
        try:
            # A session for each call: there is one in half an hour, and a connection that was kept that long is dead.
            async with (
                asyncio.timeout(self._timeout),
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(ssl=self._tls, force_close=True),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    timeout=connecting,
                    auto_decompress=False,
                ) as session,
                session.post(self._url, data=form, headers=headers, allow_redirects=False) as answer,
            ):
                body = b""
                async for chunk in answer.content.iter_any():
                    body += chunk
                    if len(body) > MAX_BODY:
                        return _invalid(answer.status, f"larger than {MAX_BODY // 1024} KiB")
                return answer.status, answer.headers, body
        except RAISED as error:
            return classify_exception(error)

    def _read(
        self, status: int, headers: Mapping[str, str], body: bytes, began: float, secret: int
    ) -> _Held | Rejected | UpstreamFailure:
        failure = classify_answer(status, headers, self._clock.now().wall)
        if failure is None:
            return _granted(body, began, secret)
        rejection = _rejection(status, body)
        if rejection is None:
            return failure
        detail = f"Xero refuses the app and its secret: {rejection}"
        return Rejected(rejection, UpstreamFailure(Failure.AUTH, Sent.YES, http_status=status, detail=detail))


def basic(client_id: str, secret: str) -> str:
    """The Authorization header of a client: each part form-urlencoded, then both in Base64 (RFC 6749, 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _granted(body: bytes, began: float, secret: int) -> _Held | UpstreamFailure:
    """The token in an answer with status 200 (RFC 6749, 5.1)."""
    try:
        document = decoded(body)
    except WireError as error:
        return _invalid(200, str(error))
    if not isinstance(document, dict):
        return _invalid(200, "not a JSON object")
    token, kind, life = (document.get(name) for name in ("access_token", "token_type", "expires_in"))
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return _invalid(200, "access_token: not visible ASCII")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return _invalid(200, "token_type: not Bearer")
    # Whoever does not say how long it lives gives a token for one use.
    seconds = life if isinstance(life, int | float) and not isinstance(life, bool) else 0
    return _Held(token, began + max(0.0, min(seconds, _LONGEST_LIFE)) - MARGIN, secret)


def _rejection(status: int, body: bytes) -> Rejection | None:
    """Why the app is refused; None when something else is: an outage, a proxy, a call that is wrong."""
    if status not in _REFUSING:
        return None
    try:
        document = decoded(body)
    except WireError:
        document = None
    word = document.get("error") if isinstance(document, dict) else None
    found = _WORDS.get(word) if isinstance(word, str) else None
    return Rejection.INVALID_CLIENT if found is None and status == _UNAUTHORIZED else found


def _failure_of(outcome: _Held | Rejected | UpstreamFailure) -> Failure | None:
    if isinstance(outcome, Rejected):
        return outcome.failure.failure
    return outcome.failure if isinstance(outcome, UpstreamFailure) else None


def _invalid(status: int, what: str) -> UpstreamFailure:
    return UpstreamFailure(
        Failure.INVALID_RESPONSE, Sent.YES, http_status=status, detail=f"the answer for a token cannot be used: {what}"
    )
