"""Asks again and again who our organisations are, and takes the answers into the roster as they deserve."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final, Protocol

import structlog

from exporter.clock import Clock
from exporter.config.schema import Discovery as Settings
from exporter.model.facts import UpstreamFailure
from exporter.model.moment import Moment
from exporter.model.words import Failure, RosterSource
from exporter.observe.cadence import LONGEST_WAIT
from exporter.observe.grace import Decision, Known, Verdict, believe, decide
from exporter.observe.phase import Grid, phase_of
from exporter.observe.reader import Credential
from exporter.observe.roster import Roster
from exporter.telemetry.metrics import SelfMetrics
from exporter.upstream.listing import Listing

FIRST_RETRY: Final = 1.0
"""Seconds after which it is asked again while it never answered; doubled each time."""

LONGEST_RETRY: Final = 30.0
"""The most seconds between two of these: nobody is watched meanwhile, and a server needs a minute to start."""

_DOUBLINGS: Final = 8  # bounds the power; long before, the longest retry does

_log = structlog.get_logger("discovery")


class Lister(Protocol):
    """Whoever can say who our organisations are."""

    async def listing(self) -> Listing | UpstreamFailure:
        """Who is listed now; the same object while that does not change."""
        ...


class Discoverer:
    """Knows when to ask and what the answers so far come to. At most one `ask` may be under way at a time."""

    def __init__(
        self,
        settings: Settings,
        *,
        discovery: Lister,
        credential: Credential | None,
        roster: Roster,
        changing: asyncio.Lock,
        clock: Clock,
        metrics: SelfMetrics,
        known: Known | None = None,
    ) -> None:
        """Asks nothing yet; the first `ask` is due at once.

        Args:
            settings: when to ask, and how many answers must miss somebody.
            discovery: is asked.
            credential: says when its token changed; None where it has none.
            roster: takes what it lists.
            changing: held by whoever changes the roster.
            clock: tells the time.
            metrics: counts the answers.
            known: who is in force already, though this server did not list them; nobody by default.
        """
        self._discovery = discovery
        self._credential = credential
        self._roster = roster
        self._changing = changing
        self._clock = clock
        self._metrics = metrics
        self._grid = Grid.aligned(clock.now(), settings.refresh)
        self._phase = phase_of(settings.url)
        self._grace = settings.missing_grace
        self._known = known or Known()
        self._failures_in_row = 0
        self._refused_with: int | None = None
        self._retry_after: float | None = None
        self._ended: float | None = None
        self._next = float("-inf")

    @property
    def known(self) -> Known:
        """What the answers so far come to."""
        return self._known

    def reconfigure(self, settings: Settings, credential: Credential | None, now: Moment) -> None:
        """From now on asks at this pace, with this grace. What is known stays, for the server is the same.

        Args:
            settings: with the same URL as before.
            credential: says when its token changed; None where it has none.
            now: the present.
        """
        self._credential, self._grace = credential, settings.missing_grace
        if settings.refresh != self._grid.interval:
            self._grid = Grid.aligned(now, settings.refresh)
            self._plan()

    def due(self, now: Moment) -> bool:
        """Whether to `ask` now: its turn has come, or there is another token than the one that was refused."""
        return now.monotonic >= self._next or self._refused_with not in (None, self._credential_number())

    async def ask(self) -> None:
        """Asks once, and takes what it says into the roster. A failure is news, not an exception."""
        credential = self._credential_number()
        answer = await self._discovery.listing()
        failure = answer if isinstance(answer, UpstreamFailure) else None
        self._failures_in_row = 0 if failure is None else self._failures_in_row + 1
        self._refused_with = credential if failure is not None and failure.failure is Failure.AUTH else None
        self._retry_after = None if failure is None else failure.retry_after
        self._ended = self._clock.now().monotonic
        self._plan()
        async with self._changing:
            if isinstance(answer, UpstreamFailure):
                self._failed(answer)
            else:
                # In a thread, because it compares whole lists.
                now = self._clock.now().monotonic
                self._decided(await asyncio.to_thread(decide, self._known, answer, now, self._grace), answer)

    async def believe(self) -> None:
        """Takes over what is held, because a person says that it is right; nothing happens when nothing is held."""
        async with self._changing:
            decision = believe(self._known, self._grace)
            if decision.verdict is Verdict.BELIEVED:
                self._take(decision)
                self._metrics.discovery_stands(held=False, missing=len(self._known.missing))

    def _plan(self) -> None:
        """Says when to ask next, by how the last ask ended; before the first, at once."""
        if self._ended is not None:
            self._next = next_ask(
                self._grid,
                self._phase,
                self._ended,
                failures_in_row=self._failures_in_row,
                loaded=self._known.answer is not None or not self._failures_in_row,
                retry_after=self._retry_after,
            )

    def _credential_number(self) -> int:
        return 0 if self._credential is None else self._credential.number

    def _failed(self, failure: UpstreamFailure) -> None:
        if (hold := self._known.hold) is not None:
            # The hour is one of answers: a server that comes and goes must not have its empty list believed.
            self._known = replace(self._known, hold=replace(hold, since=self._clock.now().monotonic))
        rejected = failure.failure is Failure.INVALID_RESPONSE
        keeps = len(self._known.organizations)
        if rejected:
            self._metrics.roster_rejected(RosterSource.HTTP)
            _log.error("roster_rejected", source=RosterSource.HTTP, why=failure.detail, organizations_kept=keeps)
        else:
            _log.warning("discovery_failed", failure=failure.failure, why=failure.detail, organizations_kept=keeps)
        self._roster.keep(
            rejected=rejected,
            held=self._known.hold is not None,
            why=f"its newest answer was refused: {failure.detail}" if rejected else f"no answer: {failure.detail}",
        )

    def _decided(self, decision: Decision, answer: Listing) -> None:
        held = decision.verdict is Verdict.HELD
        missing = len(decision.known.missing)
        self._metrics.discovery_answered(held=held, missing=missing, ids_rejected=answer.ids_rejected)
        self._tell_of_rejected(answer)
        if held:
            self._known = decision.known
            self._roster.keep(rejected=False, held=True, why=decision.why)
            kept = len(decision.known.organizations)
            _log.error("roster_held", source=RosterSource.HTTP, missing=missing, organizations_kept=kept)
        else:
            self._take(decision)

    def _take(self, decision: Decision) -> None:
        before, self._known = self._known, decision.known
        if before.hold is not None:
            _log.warning("roster_hold_ended", source=RosterSource.HTTP, believed=decision.verdict is Verdict.BELIEVED)
        if len(before.missing) != len(self._known.missing):
            _log.info("organizations_missing", organizations_kept_all_the_same=len(self._known.missing))
        if before.answer is not None and before.organizations is self._known.organizations:
            self._roster.confirm()
        else:
            self._roster.take(tuple(self._known.organizations.values()))

    def _tell_of_rejected(self, answer: Listing) -> None:
        """Once for each answer that is another one than before: they are often the same for days."""
        before = self._known.answer if self._known.hold is None else self._known.hold.newest
        if answer is not before and (answer.ids_rejected or answer.attributes_rejected):
            _log.warning("discovery_ids_rejected", ids=answer.ids_rejected, attributes=answer.attributes_rejected)


def next_ask(
    grid: Grid, phase: float, ended: float, *, loaded: bool, failures_in_row: int, retry_after: float | None
) -> float:
    """When to ask again, monotonic seconds: soon while there never was an answer, else at the next turn.

    Args:
        grid: turns, one refresh apart.
        phase: where in the refresh the turn is.
        ended: when the last ask ended, monotonic seconds.
        loaded: whether there ever was a good answer.
        failures_in_row: up to and with the last.
        retry_after: seconds for which the server wants to be left alone.
    """
    at = grid.after(phase, ended)
    if not loaded:
        doubled = FIRST_RETRY * 2 ** min(failures_in_row - 1, _DOUBLINGS)
        at = ended + min(doubled, LONGEST_RETRY, grid.interval)
    return max(at, ended + min(retry_after or 0.0, LONGEST_WAIT))
