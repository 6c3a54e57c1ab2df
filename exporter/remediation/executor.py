"""Acts: claims, reads afresh, judges again, calls once, records, and looks later whether it helped.

One turn after the other, never two at once. No call is made in a transaction, none without an attempt that is
committed, and none a second time: what is not known to have been unsent is left to observation.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from exporter.clock import Clock
from exporter.errors import LedgerError
from exporter.model.action import Effect, Mode
from exporter.model.facts import Snapshot
from exporter.remediation.attempting import Attempting, Knowledge, unheard
from exporter.remediation.desk import Desk
from exporter.remediation.evidence import asked_by, fleetwide, presence
from exporter.remediation.gates import GATES, Gate
from exporter.remediation.ledger.claiming import Claim, Judged
from exporter.remediation.ledger.planning import Planned
from exporter.remediation.ledger.recording import Result
from exporter.remediation.outcome import effect
from exporter.remediation.policy import Wanted, decide, opinions
from exporter.remediation.reconnects import Reconnects

HEARTBEAT: Final = 10.0
"""Seconds between two signs that this executor obeys the gate; `model.accounts.HEARTBEAT_LATE` allows three."""

UPKEEP: Final = 60.0
"""Seconds between two looks at which episodes go on."""

FORGET: Final = 3600.0
"""Seconds between two removals of what is too old."""

TRIGGERS_A_TURN: Final = 500
"""Triggers that are planned in one turn, 0.2 s of the ledger's thread; 10,000 are planned in 20 turns."""

ACTIONS_A_TURN: Final = 50
"""Actions that are judged in one turn."""

_LOST: Final = "the ledger is another one than at the claim: what came of the call is in no ledger"

_log = structlog.get_logger("remediation")


class Executor:
    """The only one who acts on a ledger. Lives in one asyncio loop."""

    def __init__(
        self,
        *,
        desk: Desk,
        knowledge: Knowledge,
        attempting: Attempting,
        clock: Clock,
        credential: Callable[[], str],
        keep: float,
        gates: Sequence[Gate] = GATES,
        told: Callable[[str], None] = unheard,
    ) -> None:
        """Does nothing yet.

        Args:
            desk: of its ledger.
            knowledge: what is known, by which the first judgement is made.
            attempting: makes the last judgement, and the call.
            clock: tells the time.
            credential: which token calls carry, so that another one is told from it; never the token.
            keep: seconds that what has ended is kept.
            gates: what a claim has to pass.
            told: hears each step as it is reached: claimed, recorded; and of an attempt: read, confirmed, called.
        """
        self.problem: str | None = None
        """Why nothing can be recorded, and so nothing is done; None while it can."""
        self.elsewhere = False
        """Whether another process is the executor of this ledger."""
        self.attempting = attempting
        self.keep = keep
        self._desk = desk
        self._knowledge = knowledge
        self._clock = clock
        self._credential = credential
        self._gates = gates
        self._told = told
        self._begun = False
        self._stopping = False
        self._pending: tuple[Claim, Result] | None = None
        self._reconnects = Reconnects()
        self._told_mode: Mode | None = None
        self._next = {"beat": 0.0, "upkeep": 0.0, "forget": 0.0}

    async def turn(self) -> None:
        """Everything that is due, and at most one call. Never raises for the ledger: `problem` says what it has."""
        try:
            await self._turn()
        except LedgerError as error:
            if self.problem is None:
                _log.error("ledger_unusable", problem=str(error), consequence="nothing is done until it can be used")
            self.problem = str(error)
            # What this process knows of the ledger may be wrong now: it begins again with what a crash leaves.
            self._begun = False
        except Exception:
            # A fault of ours is as a crash: an attempt that it left open would hold everything as busy for ever.
            self._begun = False
            raise
        else:
            if self.problem is not None:
                _log.info("ledger_usable")
            self.problem = None

    def stop(self) -> None:
        """Claims nothing any more; the action in flight ends."""
        self._stopping = True

    async def end(self) -> None:
        """After the last turn: records what is not, and is the executor no more."""
        try:
            await self._record_pending()
            await self._desk.end(os.getpid())
        except LedgerError:
            _log.error("ledger_unusable", consequence="the next start finds what was under way, and calls it unknown")

    async def _turn(self) -> None:
        await self._record_pending()
        if not self._begun and not await self._begin():
            return
        snapshot = self._knowledge.snapshot
        await self._beat()
        if snapshot is None:
            return
        await self._keep_up(snapshot)
        await self._verify()
        await self._plan(snapshot)
        claim = None if self._stopping else await self._claim(snapshot)
        if claim is not None:
            self._told("claimed")
            self._pending = claim, await self.attempting.result(claim)
            await self._record_pending()

    async def _begin(self) -> bool:
        self._begun = await self._desk.begin()
        if self.elsewhere is self._begun:
            self.elsewhere = not self._begun
            if self.elsewhere:
                _log.warning("executor_elsewhere", consequence="another process acts on this ledger; this one does not")
        return self._begun

    async def _beat(self) -> None:
        mode = self._desk.limits.mode
        # At once when it is another mode: whoever asks is told what is obeyed now.
        if self._due("beat", HEARTBEAT) or mode is not self._told_mode:
            await self._desk.beat(mode, os.getpid(), self._credential())
            self._told_mode = mode

    async def _keep_up(self, snapshot: Snapshot) -> None:
        if self._desk.limits.catch_up_resync and (found := self._reconnects.look(snapshot)):
            await self._desk.reconnected(found)
            self._reconnects.recorded(found)
        if self._due("upkeep", UPKEEP) and (present := presence(await self._desk.episodes(), snapshot)):
            await self._desk.seen(present)
        if self._due("forget", FORGET):
            await self._desk.forget(self.keep)

    async def _verify(self) -> None:
        now = self._clock.now().wall
        for action in await self._desk.watched():
            found = effect(action, self._knowledge.state(action.organization_id), now)
            if found is not Effect.WAITING:
                after = await self._desk.judge_effect(action, found)
                _log.info("action_ended", action=after.id, organization_id=after.organization_id, state=after.state)

    async def _plan(self, snapshot: Snapshot) -> None:
        waiting = await self._desk.waiting(TRIGGERS_A_TURN)
        if not waiting:
            return
        now = self._clock.now().wall
        planned = [
            Planned(
                one,
                decide(
                    Wanted(one.source, issue=one.issue, since=one.since),
                    snapshot.state(one.organization_id),
                    self._desk.limits,
                    now,
                ),
            )
            for one in waiting
        ]
        await self._desk.plan(planned)

    async def _claim(self, snapshot: Snapshot) -> Claim | None:
        due = await self._desk.due(ACTIONS_A_TURN)
        if not due:
            return None
        now = self._clock.now().wall
        judged = [
            Judged(
                action,
                opinions(asked_by(action, triggers), snapshot.state(action.organization_id), self._desk.limits, now),
                fleetwide(snapshot, action.organization_id),
            )
            for action, triggers in due
        ]
        return await self._desk.settle(judged, self._gates)

    async def _record_pending(self) -> None:
        if self._pending is not None:
            claim, result = self._pending
            after = await self._desk.close_attempt(claim, result)
            self._pending = None
            self._told("recorded")
            if after is None:
                _log.error("attempt_lost", action=claim.action.id, outcome=result.outcome, consequence=_LOST)
                return
            _log.info("attempt_ended", action=after.id, state=after.state, hold=after.hold, outcome=result.outcome)

    def _due(self, what: str, every: float) -> bool:
        now = self._clock.now().monotonic
        if now < self._next[what]:
            return False
        self._next[what] = now + every
        return True
