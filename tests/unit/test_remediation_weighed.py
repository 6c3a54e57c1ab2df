"""What would be done now, and every hold that stands in the way of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.model.action import Mode, TriggerSource
from exporter.model.explanation import Obstacle
from exporter.model.holds import Hold
from exporter.model.words import Issue
from exporter.remediation.explaining import unweighed, weighed
from exporter.remediation.gates import GATES, LOOK_AGAIN, Case
from exporter.remediation.policy import Over, Wait, Wanted
from tests.unit.acting import AUTO, NOON
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


def test_what_policy_holds_or_calls_off_needs_no_gate() -> None:
    """No call could help, or none is needed."""
    wanted = Wanted(TriggerSource.ALERT, issue=Issue.CONTACTS_FAILING)
    held = unweighed(wanted, Wait(Hold.RETRY_CANNOT_HELP), NOON)
    assert (held.obstacles, held.over) == ((Obstacle(Hold.RETRY_CANNOT_HELP, NOON + LOOK_AGAIN),), None)
    over = unweighed(wanted, Over(), NOON)
    assert (over.issue, over.obstacles, over.over) == (Issue.CONTACTS_FAILING, (), "healthy_again")
