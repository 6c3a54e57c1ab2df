"""Whatever breaks in a turn, the executor goes on with the next: nobody waits for an attempt that nobody makes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.model.action import Action, ActionKind, ActionState, AttemptOutcome, Parameters
from exporter.model.facts import Organization, OrganizationState, Reading
from exporter.model.holds import Hold
from exporter.model.judgement import Thresholds
from exporter.model.moment import Moment
from exporter.observe.fold import fold, snapshot_of
from exporter.observe.interpret import interpreted
from exporter.remediation.attempting import Attempting
from exporter.remediation.desk import Desk
from exporter.remediation.executor import Executor
from exporter.remediation.gates import without
from exporter.remediation.ledger.claiming import Claim
from exporter.remediation.ledger.recording import Result
from exporter.remediation.ledger.work import Work
from tests.knowledge import HEALTHY, NOW, failing
from tests.unit.acting import AUTO, DAY, HOUR, MINUTE, alert

OUTAGE = "Xero is temporarily unavailable (503 Service Unavailable)"
SICK = ("org-1", "org-2")
NAMES = (*SICK, *(f"well-{number}" for number in range(12)))


def reading_of(name: str) -> Reading:
    """Two organisations have records that failed in an outage which is over."""
    return Reading(name, NOW, NOW, interpreted(failing(OUTAGE) if name in SICK else HEALTHY))


def nothing() -> None:
    """Nothing breaks."""


class Room:
    """An executor at a ledger in a file; the platform counts calls, and a clock that only tests move tells the time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.wall = NOW.wall - DAY
        self.calls: list[str] = []
        self.while_reading: Callable[[], None] = nothing
        self.while_calling: Callable[[], None] = nothing
        blank = snapshot_of([Organization(name) for name in NAMES], None, NOW)
        self.snapshot = fold(blank, [reading_of(name) for name in NAMES], NOW, Thresholds())
        self.desk = Desk(f"sqlite:///{path}", clock=self, limits=replace(AUTO, fallback_resync=True, expires=2 * DAY))
        self.attempting = Attempting(
            desk=self.desk,
            knowledge=self,
            reader=self,
            remedies=self,
            rules=Thresholds(),
            clock=self,
            credential=lambda: "token 1",
        )
        self.executor = Executor(
            desk=self.desk,
            knowledge=self,
            attempting=self.attempting,
            clock=self,
            credential=lambda: "token 1",
            keep=90 * DAY,
            gates=without(Hold.WARMING_UP),  # an incident needs a memory, and this fleet has none
        )

    def now(self) -> Moment:
        """What the clock shows."""
        return Moment(self.wall, self.wall)

    def state(self, organization_id: str) -> OrganizationState | None:
        """What is known of one."""
        return self.snapshot.state(organization_id)

    def receive(self, reading: Reading) -> None:
        """It says nothing new."""

    async def read(self, organization_id: str) -> Reading:
        """The fresh reading."""
        self.while_reading()
        return reading_of(organization_id)

    async def call(self, organization_id: str, kind: ActionKind, parameters: Parameters, idempotency_key: str) -> int:
        """The one call."""
        assert (kind, parameters.since is not None, idempotency_key != "") == (ActionKind.RESYNC, True, True)
        self.calls.append(organization_id)
        self.while_calling()
        return 202

    async def turn(self, after: float = MINUTE) -> None:
        """Time passes, and the executor has its turn."""
        self.wall += after
        await self.executor.turn()

    async def newest(self, organization_id: str) -> Action:
        """The last action of one."""
        return (await self.desk.actions(organization_id=organization_id, limit=1))[0]


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """It has begun a day ago."""
    room = Room(tmp_path / "ledger.db")
    await room.turn(0.0)
    room.wall = NOW.wall
    yield room
    await room.desk.aclose()


def broken() -> None:
    """A fault of ours."""
    raise KeyError("a fault")


async def test_it_calls_once_and_waits_for_readings_to_tell(room: Room) -> None:
    """Else nothing of what follows would say anything."""
    await room.desk.deliver([alert()])
    for _ in range(5):
        await room.turn()
    assert room.calls == ["org-1"]
    assert (await room.newest("org-1")).state is ActionState.ACCEPTED


async def test_a_fault_before_the_call_holds_one_attempt_and_nobody_else(room: Room) -> None:
    """Its word is `fault`; the next organisation has its turn, and this one after the cooldown."""
    room.while_reading = broken
    await room.desk.deliver([alert()])
    await room.turn()
    assert room.calls == []
    first = await room.newest("org-1")
    assert (first.state, first.hold) == (ActionState.HELD, Hold.FAULT)
    room.while_reading = nothing
    await room.desk.deliver([alert("org-2")])
    await room.turn()
    await room.turn(HOUR)
    assert room.calls == ["org-2", "org-1"]


async def test_a_ledger_that_fails_at_the_last_look_is_told_as_such(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not the platform that could not be read."""

    def gone() -> None:
        room.path.unlink()

    room.while_reading = gone
    await room.desk.deliver([alert()])
    ended: list[Result] = []
    close = room.desk.close_attempt

    async def closed(claim: Claim, result: Result) -> Action | None:
        ended.append(result)
        return await close(claim, result)

    monkeypatch.setattr(room.desk, "close_attempt", closed)
    await room.turn()
    assert room.calls == []
    assert ended == [Result(AttemptOutcome.NOT_CALLED, hold=Hold.LEDGER)]


async def test_what_breaks_an_attempt_from_outside_leaves_what_a_crash_does(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows how far it came: unknown, and the others go on."""

    async def breaks(_: Claim) -> Result:
        raise KeyError("a fault around the attempt")

    await room.desk.deliver([alert()])
    with monkeypatch.context() as patch:
        patch.setattr(room.attempting, "result", breaks)
        with pytest.raises(KeyError):
            await room.turn()
    await room.desk.deliver([alert("org-2")])
    await room.turn()
    assert (await room.newest("org-1")).state is ActionState.UNKNOWN
    assert room.calls == ["org-2"]


async def test_a_ledger_that_is_put_aside_for_another_during_a_call_stops_nothing(room: Room) -> None:
    """What came of the call is in no ledger, and the log says so; the other one is used at once."""

    def put_aside() -> None:
        for end in ("", "-wal", "-shm"):
            Path(f"{room.path}{end}").rename(f"{room.path}.aside{end}")
        another = Work(f"sqlite:///{room.path}", now=lambda: room.wall)
        another.gate()
        another.close()

    room.while_calling = put_aside
    await room.desk.deliver([alert()])
    await room.turn()
    assert room.calls == ["org-1"]
    room.while_calling = nothing
    await room.turn()
    assert room.executor.problem is None
    assert (await room.desk.gate()).obeyed(room.wall)
    await room.desk.deliver([alert("org-2")])
    await room.turn()
    assert room.calls == ["org-1", "org-2"]
