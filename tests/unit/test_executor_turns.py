"""The executor's turn: what goes wrong in one leaves nothing open, nothing lost, and nothing done twice."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from exporter.model.action import ActionKind, ActionState, Parameters, TriggerSource
from exporter.model.facts import Organization, Reading, Status, UpstreamFailure
from exporter.model.holds import Hold
from exporter.model.judgement import Thresholds
from exporter.model.limits import Limits
from exporter.model.moment import Moment
from exporter.model.words import Failure, Sent, SyncStatus
from exporter.observe.fleet import Fleet
from exporter.remediation.attempting import Attempting
from exporter.remediation.desk import Desk
from exporter.remediation.executor import Executor
from exporter.remediation.ledger.work import Work
from tests.unit.acting import AUTO, DAY, NOON, a_request

ORG = "org-1"
WELL = Status(
    connected=True,
    token_expires_at=NOON + 10 * DAY,
    last_sync=NOON,
    sync_status=SyncStatus.HEALTHY,
    pending_syncs=0,
    failed_syncs=0,
    errors=(),
)


@dataclass
class Watch:
    """A clock that only the test moves."""

    wall: float = NOON - DAY

    def now(self) -> Moment:
        """The present."""
        return Moment(self.wall, self.wall)


@dataclass
class Platform:
    """What is asked of it, and how it answers."""

    clock: Watch
    answer: Callable[[], int | UpstreamFailure] = lambda: 202
    calls: list[str] = field(default_factory=list)
    status: Status = WELL
    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def read(self, organization_id: str) -> Reading:
        """As it says it is."""
        now = self.clock.now()
        return Reading(organization_id, now, now, self.status, skew=0.0)

    async def call(self, _: str, __: ActionKind, ___: Parameters, idempotency_key: str) -> int | UpstreamFailure:
        """Counts the call."""
        self.calls.append(idempotency_key)
        if self.meanwhile is not None:
            await self.meanwhile()
        return self.answer()


@dataclass
class Machine:
    """An executor on a real ledger; the platform is a list of calls."""

    folder: Path
    clock: Watch
    desk: Desk
    fleet: Fleet
    platform: Platform
    executor: Executor
    token: str = "first"

    async def ask(self, organization_id: str = ORG) -> None:
        """A person asks for a retry."""
        await self.desk.ask(a_request(organization_id))

    async def action(self) -> tuple[ActionState, Hold | None]:
        """How the newest action stands."""
        (action,) = await self.desk.actions(limit=1)
        return action.state, action.hold

    async def turn(self, seconds: float = 60.0) -> None:
        """Time passes, the organisation is read, and the executor has its turn."""
        self.clock.wall += seconds
        self.fleet.receive(await self.platform.read(ORG))
        self.fleet.fold(self.clock.now())
        await self.executor.turn()


@asynccontextmanager
async def machine(folder: Path, limits: Limits = AUTO) -> AsyncIterator[Machine]:
    """An executor that has been at work for a day."""
    clock = Watch()
    desk = Desk(f"sqlite:///{folder}/ledger.db", clock=clock, limits=limits)
    rules = Thresholds()
    fleet = Fleet(rules)
    fleet.replace_roster([Organization(ORG)], clock.now())
    platform = Platform(clock)
    its: Machine

    def credential() -> str:
        return its.token

    attempting = Attempting(
        desk=desk,
        knowledge=fleet,
        reader=platform,
        remedies=platform,
        rules=rules,
        clock=clock,
        credential=credential,
    )
    executor = Executor(
        desk=desk, knowledge=fleet, attempting=attempting, clock=clock, credential=credential, keep=90 * DAY
    )
    its = Machine(folder, clock, desk, fleet, platform, executor)
    await executor.turn()
    clock.wall = NOON
    yield its
    await desk.aclose()


async def test_one_call_is_made_and_recorded(tmp_path: Path) -> None:
    """Else none of what follows would say anything."""
    async with machine(tmp_path) as its:
        await its.ask()
        await its.turn()
        assert await its.action() == (ActionState.ACCEPTED, None)
        assert len(its.platform.calls) == 1


async def test_a_ledger_that_is_replaced_during_the_call_does_not_stop_the_next(tmp_path: Path) -> None:
    """What came of the call cannot be recorded; the new ledger begins as one that remembers nothing."""
    async with machine(tmp_path) as its:

        async def replaced() -> None:
            for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
                (tmp_path / name).unlink(missing_ok=True)
            another = Work(f"sqlite:///{tmp_path}/ledger.db", now=lambda: its.clock.wall)
            another.gate()
            another.close()

        its.platform.meanwhile = replaced
        await its.ask()
        await its.turn()
        its.platform.meanwhile = None
        assert list(await its.desk.actions()) == []
        await its.ask()
        await its.turn()
        assert its.executor.problem is None
        assert await its.action() == (ActionState.ACCEPTED, None)


async def test_after_the_word_to_stop_nothing_is_claimed(tmp_path: Path) -> None:
    """The turn that is under way ends, and what waits waits for the next start."""
    async with machine(tmp_path) as its:
        await its.ask()
        its.executor.stop()
        await its.turn()
        assert (await its.action())[0] is ActionState.PLANNED
        assert its.platform.calls == []


async def test_a_reconnect_is_kept_until_it_is_on_the_record(tmp_path: Path) -> None:
    """It is seen once: a ledger that is locked at that moment must not lose it."""
    async with machine(tmp_path, replace(AUTO, catch_up_resync=True)) as its:
        its.platform.status = replace(WELL, connected=False, sync_status=SyncStatus.DISCONNECTED)
        await its.turn()
        its.platform.status = replace(WELL, last_sync=its.clock.wall)
        other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await its.turn()
        assert its.executor.problem is not None
        other.close()
        await its.turn()
        assert its.executor.problem is None
        (action,) = await its.desk.actions()
        assert (action.organization_id, action.source) == (ORG, TriggerSource.RECONNECT)


async def test_a_token_that_is_replaced_during_the_call_is_not_the_one_that_was_refused(tmp_path: Path) -> None:
    """Its change has happened already: whoever waited for another one would wait for ever."""
    async with machine(tmp_path) as its:

        async def rotated() -> None:
            its.token = "second"

        its.platform.meanwhile = rotated
        its.platform.answer = lambda: UpstreamFailure(Failure.AUTH, sent=Sent.YES, http_status=401)
        await its.ask()
        await its.turn()
        assert await its.action() == (ActionState.HELD, Hold.CREDENTIAL)
        its.platform.answer = lambda: 202
        await its.turn(1900)
        assert await its.action() == (ActionState.ACCEPTED, None)
