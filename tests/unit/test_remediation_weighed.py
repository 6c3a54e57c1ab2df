"""What would be done now, and every hold that stands in the way of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.model.action import Mode
from exporter.model.explanation import Obstacle
from exporter.model.holds import Hold
from exporter.remediation.explaining import helpless, weighed
from exporter.remediation.gates import FLEET_WIDE, GATES, LOOK_AGAIN, Case
from tests.unit.acting import AUTO
from tests.unit.test_remediation_gates import BAD, GOOD


def test_a_call_that_nothing_holds_has_no_obstacle() -> None:
    """It is told with all that it would carry."""
    found = weighed(GOOD)
    assert found.obstacles == ()
    assert (found.issue, found.kind, found.parameters) == (
        GOOD.action.issue,
        GOOD.action.kind,
        GOOD.action.parameters,
    )
    assert found.over is None


@pytest.mark.parametrize(("hold", "case"), [*BAD.items()])
def test_each_hold_that_stands_in_the_way_is_named_with_its_end(hold: Hold, case: Case) -> None:
    """In the word and with the instant of its gate."""
    (until,) = [gate.until(case) for gate in GATES if gate.hold is hold]
    assert until is not None
    assert weighed(case).obstacles == (Obstacle(hold, until),)


def test_all_that_stand_in_the_way_are_named_in_the_order_of_the_gates() -> None:
    """Whoever ends the first hold must not be surprised by the next."""
    case = replace(
        BAD[Hold.PAUSED],
        fleet=BAD[Hold.STORM].fleet,
        action=BAD[Hold.BACK_OFF].action,
        limits=BAD[Hold.QUIET_HOURS].limits,
    )
    holds = [one.hold for one in weighed(case).obstacles]
    assert holds == [Hold.PAUSED, Hold.STORM, Hold.QUIET_HOURS, Hold.BACK_OFF]


def test_the_dry_run_is_the_last_obstacle() -> None:
    """All the others are told as they would be in earnest."""
    case = replace(BAD[Hold.STORM], limits=replace(AUTO, mode=Mode.DRY_RUN))
    assert [one.hold for one in weighed(case).obstacles] == [Hold.STORM, Hold.DRY_RUN]


@pytest.mark.parametrize(("hold", "case"), [*BAD.items()])
def test_what_no_call_could_help_is_told_with_what_holds_everybody(hold: Hold, case: Case) -> None:
    """Whoever mends the reason must not be surprised by a pause; the gates of a call of its own have none to judge."""
    found = helpless(case, Hold.RETRY_CANNOT_HELP)
    assert found.parameters is None
    assert found.obstacles[0] == Obstacle(Hold.RETRY_CANNOT_HELP, case.now + LOOK_AGAIN)
    assert [one.hold for one in found.obstacles[1:]] == [hold] * (hold in FLEET_WIDE)
