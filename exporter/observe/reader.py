"""The one way to ask about one organisation: whoever wants a reading gets it here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import structlog

from exporter.clock import Clock
from exporter.model.facts import Reading, Status, UpstreamFailure
from exporter.model.words import Failure, Sent
from exporter.upstream.memberpulse import MemberPulse
from exporter.upstream.transport import ReadTransport

_log = structlog.get_logger("reader")

_OUR_FAULT: Final = UpstreamFailure(
    Failure.INVALID_RESPONSE, Sent.MAYBE, detail="this exporter broke while reading it: see reading_broke in its log"
)


class Credential(Protocol):
    """What a reading must know of the token: which one it is, not what it is."""

    @property
    def number(self) -> int:
        """Grows each time the token changes; 0 while there never was one."""
        ...


def _always() -> bool:
    return True


class Reader:
    """Asks the platform for the status of one organisation, under the transport's permits."""

    def __init__(self, platform: MemberPulse, transport: ReadTransport, credential: Credential, clock: Clock) -> None:
        self._platform = platform
        self._transport = transport
        self._credential = credential
        self._clock = clock
        self._next: Reader | None = None

    def give_way_to(self, other: Reader) -> None:
        """Whoever waits here for a permit asks by this other one, which shares the permits, once it has it.

        A queue may be minutes long; by then a token may be the new platform's, and it is not for the old one.
        """
        self._next = other

    async def read(
        self,
        organization_id: str,
        *,
        suspect: bool = False,
        wanted: Callable[[], bool] = _always,
    ) -> Reading | None:
        """One attempt: waits for a permit, asks, and tells how it went. A failure is a reading, not an exception.

        Args:
            organization_id: whose status.
            suspect: it ran into the deadline last time, and must not hold up the others.
            wanted: asked once the permit is there; when it says no, nothing is sent and the answer is None. The
                world may have changed while this one waited: a pause, the brake, a stop.
        """
        async with self._transport.permit(suspect=suspect):
            if not wanted():
                return None
            newest = self
            while newest._next is not None:
                newest = newest._next
            return await newest._read(organization_id)  # noqa: SLF001 - another reader is no stranger

    async def _read(self, organization_id: str) -> Reading:
        began = self._clock.now()
        credential = self._credential.number
        outcome: Status | UpstreamFailure
        try:
            outcome = await self._platform.status(organization_id)
        except Exception:  # noqa: BLE001 - a fault of ours must not look like silence of the platform, or like success
            _log.exception("reading_broke", organization_id=organization_id)
            outcome = _OUR_FAULT
        return Reading(
            organization_id=organization_id,
            began=began,
            ended=self._clock.now(),
            outcome=outcome,
            credential=credential,
            skew=self._platform.skew,
        )
