"""Asks who our organisations are: Prometheus' HTTP service discovery, asked again and again."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from dataclasses import dataclass, replace
from typing import Final, Protocol

import httpx

from exporter.clock import Clock
from exporter.model.facts import UpstreamFailure
from exporter.model.words import Failure, Sent
from exporter.upstream.conditional import Validators
from exporter.upstream.listing import Listing, parse_listing
from exporter.upstream.memberpulse import TokenLike
from exporter.upstream.occasional import OccasionalTransport
from exporter.upstream.transport import Answer
from exporter.upstream.wire import WireError

UPSTREAM: Final = "discovery"
"""What telemetry calls this upstream."""

TIMEOUT: Final = 30.0
"""Seconds for one whole answer. 100,000 ids with names and tenant ids are 15 MB: half a second at 250 Mbit/s."""

MAX_BODY: Final = 50 * 1024 * 1024
"""Bytes of an answer, as of an organisations file: 300,000 ids with names and tenant ids."""

_PER_SECOND: Final = 10.0  # never reached: whoever asks waits a second at least
_NO_TOKEN: Final = UpstreamFailure(
    Failure.AUTH, Sent.NO, detail="the token file of organizations.http cannot be read, so nothing was sent"
)


class Telemetry(Protocol):
    """Whoever counts requests."""

    def request_ended(self, upstream: str, seconds: float, failure: Failure | None) -> None:
        """Counts one request: how long it took, body included, and why it gave no usable answer (None: it did)."""
        ...


@dataclass(frozen=True, slots=True)
class _Known:
    """The last good answer: what it said, and how to tell that the next one says the same."""

    digest: bytes
    validators: Validators
    listing: Listing


class Discovery:
    """One server that lists organisations. Lives in one event loop; to be closed at the end."""

    def __init__(
        self,
        *,
        url: str,
        token: TokenLike | None,
        telemetry: Telemetry,
        clock: Clock,
        timeout: float = TIMEOUT,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Opens nothing yet.

        Args:
            url: where the list is.
            token: read anew for each request; None where none is needed.
            telemetry: told of every request.
            clock: for durations.
            timeout: seconds for one whole answer.
            tls: whom to trust; None is the system's trust store.
        """
        self._url = httpx.URL(url)
        self._token = token
        # Of its own, because a list is much larger than a status, and is asked for one at a time.
        self._transport = OccasionalTransport(
            timeout=timeout,
            max_concurrency=1,
            max_requests_per_second=_PER_SECOND,
            max_body=MAX_BODY,
            tls=tls,
            clock=clock,
        )
        self._telemetry = telemetry
        self._clock = clock
        self._known: _Known | None = None

    async def listing(self) -> Listing | UpstreamFailure:
        """Who is listed now. The same `Listing` object while the answer does not change."""
        headers = {} if self._known is None else dict(self._known.validators.headers)
        if self._token is not None:
            if self._token.value is None:
                return _NO_TOKEN
            headers["Authorization"] = f"Bearer {self._token.value}"
        async with self._transport.permit(suspect=False):
            began = self._clock.now().monotonic
            answer = await self._transport.get(self._url, headers)
            took = self._clock.now().monotonic - began
        if isinstance(answer, UpstreamFailure):
            outcome: Listing | UpstreamFailure = self._unchanged(answer)
        else:
            outcome = await self._read(answer)
        failure = outcome.failure if isinstance(outcome, UpstreamFailure) else None
        self._telemetry.request_ended(UPSTREAM, took, failure)
        return outcome

    def present(self, token: TokenLike | None) -> None:
        """Asks with this token from now on; None where none is needed."""
        self._token = token

    def trust(self, tls: ssl.SSLContext) -> None:
        """Connects with this trust from now on."""
        self._transport.trust(tls)

    async def aclose(self) -> None:
        """Closes its connection."""
        await self._transport.aclose()

    def _unchanged(self, answer: UpstreamFailure) -> Listing | UpstreamFailure:
        """304 is the last list again."""
        return (
            self._known.listing if self._known is not None and self._known.validators.confirmed_by(answer) else answer
        )

    async def _read(self, answer: Answer) -> Listing | UpstreamFailure:
        body, validators = answer.body, Validators.of(answer)
        # In a thread, because both take longer than a tick may when the list is long.
        digest = await asyncio.to_thread(lambda: hashlib.blake2b(body).digest())
        if self._known is not None and digest == self._known.digest:
            self._known = replace(self._known, validators=validators)
            return self._known.listing
        try:
            listing = await asyncio.to_thread(parse_listing, body)
        except WireError as error:
            return UpstreamFailure(
                Failure.INVALID_RESPONSE, Sent.YES, http_status=200, detail=f"the list cannot be used: {error}"
            )
        self._known = _Known(digest, validators, listing)
        return listing
