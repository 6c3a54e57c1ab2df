"""Xero's own list of the app's connections. Only ever listed: the same token could remove them."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Final

import httpx

from exporter.clock import Clock
from exporter.model.facts import UpstreamFailure
from exporter.model.moment import Moment
from exporter.model.words import Failure, Sent
from exporter.upstream import identity
from exporter.upstream.connections import ConnectionList, parse_connections
from exporter.upstream.identity import Identity, Rejected, Rejection, Telemetry
from exporter.upstream.memberpulse import TokenLike
from exporter.upstream.transport import Answer, ReadTransport
from exporter.upstream.wire import WireError

UPSTREAM: Final = "xero"
"""What telemetry calls this upstream."""

PATH: Final = "/connections"
"""Below ``xero.api_url``."""

TIMEOUT: Final = 30.0
"""Seconds for a whole list. 10,000 connections, the most that an app can have, are 3.2 MB."""

MAX_BODY: Final = 32 * 1024 * 1024
"""Bytes of a list: ten times the largest."""

_PER_SECOND: Final = 10.0  # never reached: whoever asks waits a second at least
_UNAUTHORIZED: Final = 401


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking Xero.

    Attributes:
        outcome: the list, or why there is none.
        accepted: whether Xero gave the app a token; None when that was not learned (an outage, no secret).
        rejection: why Xero refuses the app; None when it does not, or when that was not learned.
    """

    outcome: ConnectionList | UpstreamFailure
    accepted: bool | None
    rejection: Rejection | None = None


class Xero:
    """Asks Xero with the platform's app. Lives in one event loop; to be closed at the end."""

    def __init__(
        self,
        *,
        api_url: str,
        identity_url: str,
        client_id: str,
        secret: TokenLike,
        telemetry: Telemetry,
        clock: Clock,
        timeout: float = TIMEOUT,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Opens nothing yet.

        Args:
            api_url: of Xero's API, without a slash at its end.
            identity_url: of Xero's identity service, likewise.
            client_id: of the app.
            secret: of the app, read anew for each token. It goes to `identity_url` alone.
            telemetry: told of every request.
            clock: tells the time.
            timeout: seconds for a whole list; for a token at most `identity.TIMEOUT` of them.
            tls: whom to trust; None is the system's trust store (or SSL_CERT_FILE), as the platform's own authorities
                have nothing to do with Xero.
        """
        tls = ssl.create_default_context() if tls is None else tls
        self._url = httpx.URL(api_url + PATH)
        self._identity = Identity(
            url=identity_url,
            client_id=client_id,
            secret=secret,
            telemetry=telemetry,
            clock=clock,
            timeout=min(timeout, identity.TIMEOUT),
            tls=tls,
        )
        self._transport = ReadTransport(
            timeout=timeout,
            max_concurrency=1,
            max_requests_per_second=_PER_SECOND,
            max_body=MAX_BODY,
            tls=tls,
            clock=clock,
        )
        self._telemetry = telemetry
        self._clock = clock

    async def connections(self) -> Asked:
        """Whom Xero lists now. A token that Xero does not take any more is replaced once."""
        held = self._identity.holds_token
        asked = await self._ask()
        if held and _refused(asked):
            asked = await self._ask()
        return asked

    async def aclose(self) -> None:
        """Closes its connection."""
        await self._transport.aclose()

    async def _ask(self) -> Asked:
        token = await self._identity.token()
        if isinstance(token, Rejected):
            return Asked(token.failure, accepted=False, rejection=token.rejection)
        if isinstance(token, UpstreamFailure):
            return Asked(token, accepted=None)
        asked = Asked(await self._list(token), accepted=True)
        if _refused(asked):
            self._identity.forget()
        return asked

    async def _list(self, token: str) -> ConnectionList | UpstreamFailure:
        async with self._transport.permit(suspect=False):
            began = self._clock.now()
            answer = await self._transport.get(self._url, {"Authorization": f"Bearer {token}"})
            took = self._clock.now().monotonic - began.monotonic
        outcome = answer if isinstance(answer, UpstreamFailure) else await _read(answer, began)
        self._telemetry.request_ended(UPSTREAM, took, outcome.failure if isinstance(outcome, UpstreamFailure) else None)
        return outcome


async def _read(answer: Answer, asked: Moment) -> ConnectionList | UpstreamFailure:
    try:
        # In a thread, because a long list takes longer than a tick may.
        return await asyncio.to_thread(parse_connections, answer.body, asked)
    except WireError as error:
        return UpstreamFailure(
            Failure.INVALID_RESPONSE,
            Sent.YES,
            http_status=200,
            detail=f"the list of connections cannot be used: {error}",
        )


def _refused(asked: Asked) -> bool:
    """Whether a token was there and the list was refused to it."""
    failure = asked.outcome
    return bool(asked.accepted) and isinstance(failure, UpstreamFailure) and failure.http_status == _UNAUTHORIZED
