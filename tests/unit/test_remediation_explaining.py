"""What would be done now: what waits already is what would be joined, with all that holds it; and in whose mode."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.clock import SystemClock
from exporter.model.accounts import HEARTBEAT_LATE, GateView
from exporter.model.action import ActionKind, Mode, Parameters, TriggerSource
from exporter.model.asked import PersonRequest
from exporter.model.explanation import Explanation
from exporter.model.holds import Hold
from exporter.model.limits import Fleetwide, Limits
from exporter.model.words import Issue, SyncType
from exporter.remediation.desk import Desk
from exporter.remediation.explaining import explained
from exporter.remediation.policy import Decision, Do, Over, Wait, Wanted
from tests.knowledge import known

ALERT = Wanted(TriggerSource.ALERT, issue=Issue.INVOICES_FAILING)
RETRY = Parameters((SyncType.INVOICES,), record_ids=("uuid-1",))
CALL = Do(ActionKind.RETRY, RETRY)
CALM = Fleetwide(incident=False, known=100, fresh=100, unhealthy=1, target_fresh=True)


@asynccontextmanager
async def ledger(folder: Path, mode: Mode) -> AsyncIterator[Desk]:
    """A new one, in that mode."""
    desk = Desk(f"sqlite:///{folder}/ledger.db", clock=SystemClock(), limits=Limits(mode=mode))
    try:
        yield desk
    finally:
        await desk.aclose()


async def told(desk: Desk, monkeypatch: pytest.MonkeyPatch, *, now: float, wants: Decision = CALL) -> Explanation:
    """What an alert would come to, where that is what policy says: by itself, a retry of one record."""
    monkeypatch.setattr("exporter.remediation.explaining.decide", lambda *_: wants)
    (found,) = await explained(desk, [ALERT], known(None), CALM, now)
    return found


async def test_an_action_that_waits_is_explained_with_what_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not an imagined one, that nothing holds: the next alert joins the one that is there."""
    async with ledger(tmp_path, Mode.APPROVE) as desk:
        now = SystemClock().now().wall
        imagined = await told(desk, monkeypatch, now=now)
        assert Hold.BACK_OFF not in {one.hold for one in imagined.obstacles}
        action = await desk.ask(PersonRequest("org-1", ActionKind.RETRY, RETRY, "ann", ""))
        waiting = replace(action, back_off_until=now + 7200)

        async def actions(**_: object) -> list[object]:
            return [waiting]

        monkeypatch.setattr(desk, "actions", actions)
        found = await told(desk, monkeypatch, now=now)
        assert {one.hold: one.until for one in found.obstacles}[Hold.BACK_OFF] == now + 7200


async def test_what_cannot_help_is_told_of_its_own_issue_beside_a_persons_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That request is another matter."""
    async with ledger(tmp_path, Mode.APPROVE) as desk:
        await desk.ask(PersonRequest("org-1", ActionKind.RETRY, RETRY, "ann", ""))
        now = SystemClock().now().wall
        found = await told(desk, monkeypatch, now=now, wants=Wait(Hold.RETRY_CANNOT_HELP))
        assert (found.issue, found.parameters) == (ALERT.issue, None)


async def test_what_cannot_help_is_explained_with_a_mode_that_is_off_and_what_is_not_needed_with_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Policy's word stands first; where there is nothing to mend nothing holds it."""
    async with ledger(tmp_path, Mode.OFF) as desk:
        now = SystemClock().now().wall
        found = await told(desk, monkeypatch, now=now, wants=Wait(Hold.NO_RECORD_IDS))
        assert [one.hold for one in found.obstacles][:2] == [Hold.NO_RECORD_IDS, Hold.MODE_OFF]
        over = await told(desk, monkeypatch, now=now, wants=Over())
        assert (over.issue, over.obstacles, over.over) == (ALERT.issue, (), "healthy_again")


@pytest.mark.parametrize(
    ("gate", "mode"),
    [
        (GateView(heartbeat_at=1000.0, heartbeat_mode=Mode.AUTO), Mode.AUTO),
        (GateView(heartbeat_at=1000.0 - HEARTBEAT_LATE - 1, heartbeat_mode=Mode.AUTO), Mode.DRY_RUN),
        (GateView(), Mode.DRY_RUN),
    ],
)
def test_the_mode_is_that_of_who_obeys(gate: GateView, mode: Mode) -> None:
    """A file that says dry_run beside an exporter that acts is no promise that nothing is sent."""
    assert gate.mode_in_force(Mode.DRY_RUN, 1000.0) is mode
