"""MemberPulse's admin API: the status of one organisation's Xero integration."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import httpx

from exporter.clock import Clock
from exporter.model.facts import Status, UpstreamFailure
from exporter.model.moment import Moment
from exporter.model.words import NO_FURTHER_WORDS, Failure, Sent, SyncStatus
from exporter.upstream.connecting import Target
from exporter.upstream.transport import Answer, ReadTransport
from exporter.upstream.wire import RECORD_ID_FIELDS, WireError, parse_status

UPSTREAM: Final = "memberpulse"
"""What telemetry calls this upstream."""

_HALF_A_SECOND: Final = 0.5  # the Date header has whole seconds, cut off: on average its clock is half a second further
_NO_TOKEN: Final = UpstreamFailure(
    Failure.AUTH, Sent.NO, detail="the token file of the platform cannot be read, so nothing was sent"
)


class TokenLike(Protocol):
    """A token that may change between two calls."""

    @property
    def value(self) -> str | None:
        """The token; None while there is none."""
        ...

    @property
    def number(self) -> int:
        """Grows each time the token changes."""
        ...


class Telemetry(Protocol):
    """Whoever counts requests."""

    def request_ended(self, upstream: str, seconds: float, failure: Failure | None) -> None:
        """Counts one request: how long it took, body included, and why it gave no usable answer (None: it did)."""
        ...

    def clock_skew(self, seconds: float) -> None:
        """Says how far the platform's clock is ahead of ours; negative when behind."""
        ...


def as_it_is(status: Status) -> Status:
    """The status as the platform gave it."""
    return status


@dataclass(slots=True)
class _Known:
    """What is kept of one organisation: where to ask, and the last good answer to skip parsing it again.

    Of the body only a digest: it holds names and addresses. 0.7 us for the sample of the troubleshooting page, 8 us
    for a parse.
    """

    target: Target
    digest: bytes = b""
    status: Status | None = None


class MemberPulse:
    """Asks the platform. Keeps no knowledge of organisations but what makes asking cheap."""

    def __init__(
        self,
        *,
        base_url: str,
        status_path: str,
        token: TokenLike,
        transport: ReadTransport,
        telemetry: Telemetry,
        clock: Clock,
        interpret: Callable[[Status], Status] = as_it_is,
        record_id_fields: Sequence[str] = RECORD_ID_FIELDS,
        sync_status_words: Mapping[str, SyncStatus] = NO_FURTHER_WORDS,
    ) -> None:
        """Opens nothing.

        Args:
            base_url: of the platform, with or without a path and a slash at its end.
            status_path: begins with a slash and holds ``{organization_id}``.
            token: read anew for each request.
            transport: whose permit the caller of `status` holds.
            telemetry: told of every request.
            clock: for durations and for the platform's clock skew.
            interpret: what becomes of each newly parsed status; an answer with the same bytes is not parsed again.
            record_id_fields: fields of an error that may hold ids of records.
            sync_status_words: what words of this platform for how syncs go mean, in small letters.
        """
        self._sync_status_words = sync_status_words
        self._record_id_fields = tuple(record_id_fields)
        self._template = base_url.rstrip("/") + status_path
        self._token = token
        self._transport = transport
        self._telemetry = telemetry
        self._clock = clock
        self._interpret = interpret
        self._known: dict[str, _Known] = {}
        self.skew: float | None = None
        """How far the platform's clock was ahead of ours, seconds, by the last answer that said; None before."""

    async def status(self, organization_id: str) -> Status | UpstreamFailure:
        """``GET /api/admin/integrations/xero/{organization_id}/status``, by the configured path.

        Must be called inside a permit of the transport. An answer with the same bytes as the last good one is the
        same `Status` object.

        Args:
            organization_id: matches `words.ORGANIZATION_ID`, so it stands in the path as it is.
        """
        token = self._token.value
        if token is None:
            return _NO_TOKEN
        known = self._known_of(organization_id)
        began = self._clock.now()
        answer = await self._transport.get(known.target, {"Authorization": f"Bearer {token}"})
        ended = self._clock.now()
        outcome = answer if isinstance(answer, UpstreamFailure) else self._read(answer.body, known)
        failure = outcome.failure if isinstance(outcome, UpstreamFailure) else None
        self._telemetry.request_ended(UPSTREAM, ended.monotonic - began.monotonic, failure)
        if isinstance(answer, Answer) and answer.date is not None:
            self.skew = skew(answer.date, began, ended)
            self._telemetry.clock_skew(self.skew)
        return outcome

    def keep_only(self, organization_ids: Iterable[str]) -> None:
        """Forgets all organisations but these."""
        for gone in self._known.keys() - set(organization_ids):
            del self._known[gone]

    def _read(self, body: bytes, known: _Known) -> Status | UpstreamFailure:
        digest = hashlib.blake2b(body, digest_size=16).digest()
        if known.status is not None and digest == known.digest:
            return known.status
        try:
            status = self._interpret(parse_status(body, self._record_id_fields, self._sync_status_words))
        except WireError as error:
            return UpstreamFailure(Failure.INVALID_RESPONSE, Sent.YES, http_status=200, detail=str(error))
        known.digest, known.status = digest, status
        return status

    def _known_of(self, organization_id: str) -> _Known:
        known = self._known.get(organization_id)
        if known is None:
            known = _Known(Target.of(httpx.URL(self._template.replace("{organization_id}", organization_id))))
            self._known[organization_id] = known
        return known


def skew(date: float, began: Moment, ended: Moment) -> float:
    """How far the other side's clock is ahead of ours, seconds, by its Date header and the middle of the call."""
    return date + _HALF_A_SECOND - (began.wall + ended.wall) / 2
