"""Xero's own view: when to ask for it, and what may be concluded from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from exporter.clock import Clock
from exporter.config.xero import XeroApp
from exporter.model.facts import UpstreamFailure
from exporter.model.judgement import Connections
from exporter.model.moment import Moment
from exporter.model.words import Failure
from exporter.observe.reader import Credential
from exporter.telemetry.metrics import SelfMetrics
from exporter.upstream.connections import ConnectionList
from exporter.upstream.identity import Rejection
from exporter.upstream.xero import Asked

GOOD_FOR: Final = 3
"""Refreshes for which a list counts: two may fail, and a customer who left is not called connected for long."""

FIRST_RETRY: Final = 10.0
"""Seconds after which the first failure in a row is asked about again: many are over by then."""

LEAST_WAIT: Final = 60.0
"""Seconds between two asks after more failures, and after a refusal; doubled each time, up to the refresh."""

LONGEST_WAIT: Final = 86_400.0
"""The most seconds that a Retry-After can hold us back: Xero's daily limit says up to a day."""

_DOUBLINGS: Final = 11  # bounds the power; long before, the refresh of a day at most does
_NEVER: Final = float("inf")

_log = structlog.get_logger("xero")


class Lister(Protocol):
    """Whoever can ask Xero for the app's connections."""

    async def connections(self) -> Asked:
        """Whom Xero lists now."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class XeroView:
    """What Xero says, as far as it counts at one moment; compared by identity.

    Attributes:
        connections: the last good list, the same object as long as it counts; None when there is none, or when it is
            too old to conclude from.
        rejection: how Xero refuses the app's own credentials; None when it does not, or that is not known.
        rejected_since: since when it refuses them in that way; None when it does not.
        valid_until: monotonic second at which time alone changes this; infinite when nothing will.
    """

    connections: Connections | None = field(default=None, repr=False)
    rejection: Rejection | None = None
    rejected_since: Moment | None = None
    valid_until: float = _NEVER


NOTHING: Final = XeroView()
"""The view of whoever does not ask Xero, and before the first answer."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the answers so far come to.

    Attributes:
        connections: the last good list.
        accepted: what Xero last said of the app's credentials; None when it never did.
        rejection: how it last refused them; None when it last accepted them.
        rejected_since: when the unbroken row of refusals of that kind began; None where there is none.
        said: when it last said that.
        failures_in_row: asks without a list, up to the last.
    """

    connections: Connections | None = field(default=None, repr=False)
    accepted: bool | None = None
    rejection: Rejection | None = None
    rejected_since: Moment | None = None
    said: Moment | None = None
    failures_in_row: int = 0


class XeroWatch:
    """Knows when to ask Xero, and what the answers so far come to. At most one `ask` may be under way at a time."""

    def __init__(
        self,
        settings: XeroApp,
        *,
        xero: Lister,
        credential: Credential,
        clock: Clock,
        metrics: SelfMetrics,
        least_wait: float = LEAST_WAIT,
    ) -> None:
        """Asks nothing yet; the first `ask` is due at once.

        Args:
            settings: how often to ask.
            xero: is asked.
            credential: says when the secret changed.
            clock: tells the time.
            metrics: told of the last list.
            least_wait: seconds between two asks that go wrong.
        """
        self._refresh = settings.refresh
        self._good_for = GOOD_FOR * settings.refresh
        self._xero = xero
        self._credential = credential
        self._clock = clock
        self._metrics = metrics
        self._least_wait = least_wait
        self._known = Known()
        self._view = NOTHING
        self._under_way = False
        self._refused_with: int | None = None
        self._next = float("-inf")
        metrics.connections_listed(None)

    def due(self, now: Moment) -> bool:
        """Whether to `ask` now: its turn has come, or there is another secret than the one that was refused."""
        if self._under_way:
            return False
        return now.monotonic >= self._next or self._refused_with not in (None, self._credential.number)

    async def ask(self) -> None:
        """Asks once. A failure is news, not an exception."""
        self._under_way = True
        # Should asking break, Xero is not asked again and again.
        self._next = self._clock.now().monotonic + self._least_wait
        try:
            credential = self._credential.number
            asked = await self._xero.connections()
        finally:
            self._under_way = False
        now = self._clock.now()
        self._refused_with = None if _has_credentials(asked) else credential
        before, self._known = self._known, learned(self._known, asked, now, self._good_for)
        failure = asked.outcome if isinstance(asked.outcome, UpstreamFailure) else None
        self._next = next_ask(
            now.monotonic,
            refresh=self._refresh,
            failures_in_row=self._known.failures_in_row,
            refused=self._refused_with is not None,
            retry_after=None if failure is None else failure.retry_after,
            least_wait=self._least_wait,
        )
        self._tell(before, failure)
        self._view = view_of(self._known, now, self._good_for)

    def view(self, now: Moment) -> XeroView:
        """What Xero says, as far as it counts now; the same object while that does not change."""
        if now.monotonic >= self._view.valid_until:
            self._view = view_of(self._known, now, self._good_for)
        return self._view

    def _tell(self, before: Known, failure: UpstreamFailure | None) -> None:
        """Logs what changed, and only that: an outage is told once."""
        now = self._known
        if now.rejection is not None and now.rejection is not before.rejection:
            _log.error("xero_app_rejected", why=now.rejection)
        elif before.rejection is not None and now.accepted:
            _log.info("xero_app_accepted")
        if now.connections is not None and failure is None:
            self._metrics.connections_listed(now.connections.at.wall)
            if before.connections is None or before.failures_in_row:
                _log.info("xero_connections_listed", connections=now.connections.count)
        elif failure is not None and not before.failures_in_row and now.rejection is None:
            _log.warning("xero_connections_failed", failure=failure.failure, why=failure.detail)


def learned(known: Known, asked: Asked, now: Moment, good_for: float) -> Known:
    """What an answer adds to what was known. A failure takes nothing away: time does, after `good_for` seconds."""
    spoken = asked.accepted is not None
    listed = asked.outcome if isinstance(asked.outcome, ConnectionList) else None
    return Known(
        connections=known.connections if listed is None else _connections(listed, good_for),
        accepted=asked.accepted if spoken else known.accepted,
        rejection=asked.rejection if spoken else known.rejection,
        rejected_since=_rejected_since(known, asked, now) if spoken else known.rejected_since,
        said=now if spoken else known.said,
        failures_in_row=known.failures_in_row + 1 if listed is None else 0,
    )


def _rejected_since(known: Known, asked: Asked, now: Moment) -> Moment | None:
    same = asked.rejection is known.rejection and known.rejected_since is not None
    return known.rejected_since if same else None if asked.rejection is None else now


def _connections(listed: ConnectionList, good_for: float) -> Connections:
    return Connections(listed.tenants, listed.count, listed.at, listed.at.monotonic + good_for)


def view_of(known: Known, now: Moment, good_for: float) -> XeroView:
    """What of it counts now: what was said longer than `good_for` seconds ago is not known any more."""
    instant = now.monotonic
    list_ends = _NEVER if known.connections is None else known.connections.valid_until
    said_ends = _NEVER if known.said is None else known.said.monotonic + good_for
    current = known.said is not None and instant < said_ends
    return XeroView(
        connections=known.connections if instant < list_ends else None,
        rejection=known.rejection if current else None,
        rejected_since=known.rejected_since if current else None,
        valid_until=min((end for end in (list_ends, said_ends) if end > instant), default=_NEVER),
    )


def next_ask(
    ended: float, *, refresh: float, failures_in_row: int, refused: bool, retry_after: float | None, least_wait: float
) -> float:
    """When to ask again, monotonic seconds.

    Args:
        ended: when the last ask ended, monotonic seconds.
        refresh: seconds between two asks that go well.
        failures_in_row: up to and with the last.
        refused: for want of credentials, which no waiting mends: no quick second try.
        retry_after: seconds for which Xero wants to be left alone.
        least_wait: seconds after the second failure in a row.
    """
    if not failures_in_row:
        wait = refresh
    elif failures_in_row == 1 and not refused:
        wait = min(FIRST_RETRY, refresh)
    else:
        doubled = least_wait * 2 ** min(failures_in_row - (1 if refused else 2), _DOUBLINGS)
        wait = max(least_wait, min(doubled, refresh))
    return ended + max(wait, min(retry_after or 0.0, LONGEST_WAIT))


def _has_credentials(asked: Asked) -> bool:
    """Whether the app's credentials are there and not refused, as far as this ask tells."""
    if asked.accepted is None:
        # Without a secret nothing was asked; that is the only refusal before Xero said anything.
        return not (isinstance(asked.outcome, UpstreamFailure) and asked.outcome.failure is Failure.AUTH)
    return asked.accepted
