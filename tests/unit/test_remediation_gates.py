"""Every gate refuses what it is there for, alone, and lets go of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.config.expressions import Expression
from exporter.model.action import ActionKind, Mode, TriggerSource
from exporter.model.holds import EXITS, Hold
from exporter.model.words import SyncType
from exporter.remediation.approval import approves, within
from exporter.remediation.gates import GATES, LOOK_AGAIN, Case, Tallies, Window, judge, without
from tests.unit.acting import AUTO, DAY, HOUR, MINUTE, NOON, OLD_GATE, RESYNC, RETRY, WELL, an_action

GOOD = Case(an_action(), AUTO, WELL, Tallies(OLD_GATE), NOON)


def with_gate(**fields: object) -> Case:
    """The good case, but for what holds everybody."""
    return replace(GOOD, tallies=replace(GOOD.tallies, gate=replace(OLD_GATE, **fields)))  # type: ignore[arg-type]


def with_tallies(**fields: object) -> Case:
    """The good case, but for what was counted."""
    return replace(GOOD, tallies=replace(GOOD.tallies, **fields))  # type: ignore[arg-type]


BAD = {
    Hold.PAUSED: with_gate(paused_at=NOON - 1),
    Hold.MODE_OFF: replace(GOOD, limits=replace(AUTO, mode=Mode.OFF)),
    Hold.CREDENTIAL: with_gate(credential_refused_at=NOON - DAY),
    Hold.BLIND: replace(GOOD, fleet=replace(WELL, fresh=89)),
    Hold.WARMING_UP: replace(GOOD, fleet=replace(WELL, incident=None)),
    Hold.STORM: replace(GOOD, fleet=replace(WELL, unhealthy=21)),
    Hold.BREAKER: with_gate(breaker_opened_at=NOON - MINUTE, breaker_pause=HOUR),
    Hold.QUIET_HOURS: replace(GOOD, limits=replace(AUTO, quiet_hours=((11 * HOUR, 13 * HOUR),))),
    Hold.ORGANIZATION_NOT_ALLOWED: replace(GOOD, limits=replace(AUTO, include=(Expression("org-2"),))),
    Hold.KIND_NOT_ALLOWED: replace(GOOD, action=an_action(kind=ActionKind.RESYNC, parameters=RESYNC)),
    Hold.BUSY: with_tallies(call_under_way=True),
    Hold.BACK_OFF: replace(GOOD, action=an_action(back_off_until=NOON + 1)),
    Hold.COOLDOWN: with_tallies(tried=NOON - 29 * MINUTE),
    Hold.ATTEMPTS: with_tallies(episode=3),
    Hold.ORGANIZATION_BUDGET: with_tallies(organization_day=Window(5, NOON - HOUR)),
    Hold.HOUR_BUDGET: with_tallies(hour=Window(20, NOON - MINUTE)),
    Hold.DAY_BUDGET: with_tallies(day=Window(100, NOON - HOUR)),
    Hold.APPROVAL: replace(GOOD, limits=replace(AUTO, mode=Mode.APPROVE)),
}
"""What each gate is there for."""

MORE = [
    (Hold.BLIND, replace(GOOD, fleet=replace(WELL, target_fresh=False))),
    (Hold.WARMING_UP, with_gate(created_at=NOON - 29 * MINUTE)),
    (Hold.STORM, replace(GOOD, fleet=replace(WELL, incident=True))),
    (Hold.STORM, with_gate(storm_seen_at=NOON - 14 * MINUTE)),
    (
        Hold.BREAKER,
        replace(
            with_gate(breaker_opened_at=NOON - 2 * HOUR, breaker_pause=HOUR),
            tallies=Tallies(replace(OLD_GATE, breaker_opened_at=NOON - 2 * HOUR, breaker_pause=HOUR), True),
        ),
    ),
    (Hold.QUIET_HOURS, replace(GOOD, limits=replace(AUTO, quiet_hours=((22 * HOUR, 13 * HOUR),)))),
    (Hold.ORGANIZATION_NOT_ALLOWED, replace(GOOD, limits=replace(AUTO, include=()))),
    (Hold.ORGANIZATION_NOT_ALLOWED, replace(GOOD, limits=replace(AUTO, exclude=(Expression("org-.*"),)))),
    (
        Hold.KIND_NOT_ALLOWED,
        replace(
            GOOD,
            limits=replace(AUTO, fallback_resync=True),
            action=an_action(kind=ActionKind.RESYNC, source=TriggerSource.RECONNECT),
        ),
    ),
    (Hold.BUSY, with_tallies(last_claim=NOON - 1)),
    (Hold.BUSY, with_tallies(sibling=True)),
]
"""What some are there for besides."""

ENDED = {
    Hold.PAUSED: GOOD,
    Hold.MODE_OFF: GOOD,
    Hold.CREDENTIAL: GOOD,
    Hold.BLIND: replace(GOOD, fleet=replace(WELL, fresh=90)),
    Hold.WARMING_UP: with_gate(created_at=NOON - 30 * MINUTE),
    Hold.STORM: with_gate(storm_seen_at=NOON - 15 * MINUTE),
    Hold.BREAKER: with_gate(breaker_opened_at=NOON - HOUR, breaker_pause=HOUR),
    Hold.QUIET_HOURS: replace(GOOD, limits=replace(AUTO, quiet_hours=((11 * HOUR, 12 * HOUR),))),
    Hold.ORGANIZATION_NOT_ALLOWED: replace(GOOD, limits=replace(AUTO, include=(Expression("org-1"),))),
    Hold.KIND_NOT_ALLOWED: replace(BAD[Hold.KIND_NOT_ALLOWED], limits=replace(AUTO, fallback_resync=True)),
    Hold.BUSY: with_tallies(last_claim=NOON - 2),
    Hold.BACK_OFF: replace(GOOD, action=an_action(back_off_until=NOON)),
    Hold.COOLDOWN: with_tallies(tried=NOON - 30 * MINUTE),
    Hold.ATTEMPTS: with_tallies(episode=2),
    Hold.ORGANIZATION_BUDGET: with_tallies(organization_day=Window(4, NOON - HOUR)),
    Hold.HOUR_BUDGET: with_tallies(hour=Window(19, NOON - MINUTE)),
    Hold.DAY_BUDGET: with_tallies(day=Window(99, NOON - HOUR)),
    Hold.APPROVAL: replace(BAD[Hold.APPROVAL], action=an_action(approved_by="jo")),
}
"""The same, when what holds it has ended."""

BYPASSED = {
    Hold.WARMING_UP,
    Hold.QUIET_HOURS,
    Hold.ORGANIZATION_NOT_ALLOWED,
    Hold.KIND_NOT_ALLOWED,
    Hold.ATTEMPTS,
    Hold.APPROVAL,
}
"""What a person who asks, or approves, has decided."""


def test_a_good_case_passes() -> None:
    """Else none of what follows would say anything."""
    assert judge(GOOD, GATES) is None


def test_every_gate_has_its_case() -> None:
    """A gate that is added needs one here, and its word an exit."""
    gates = [gate.hold for gate in GATES]
    assert list(BAD) == gates
    assert list(ENDED) == gates
    assert set(EXITS) == set(Hold)


@pytest.mark.parametrize(("hold", "case"), [*BAD.items(), *MORE])
def test_each_gate_refuses_and_nothing_else_would(hold: Hold, case: Case) -> None:
    """With this gate removed the case passes: so its removal fails this test, gate by gate."""
    refusal = judge(case, GATES)
    assert refusal is not None
    assert refusal.hold is hold
    assert refusal.until > NOON
    assert judge(case, without(hold)) is None


@pytest.mark.parametrize("hold", [*ENDED])
def test_each_gate_lets_go(hold: Hold) -> None:
    """At the very instant, where there is one."""
    assert judge(ENDED[hold], GATES) is None


@pytest.mark.parametrize("hold", [*BAD])
def test_a_person_decides_some_of_it_and_never_the_rest(hold: Hold) -> None:
    """Budgets, pauses, storms and cooldowns hold people too."""
    case = replace(BAD[hold], action=replace(BAD[hold].action, source=TriggerSource.PERSON))
    assert (judge(case, GATES) is None) is (hold in BYPASSED)


def test_the_first_in_order_speaks() -> None:
    """Of several holds the one is told that has to end first."""
    case = replace(BAD[Hold.PAUSED], fleet=replace(WELL, unhealthy=50), limits=replace(AUTO, mode=Mode.OFF))
    refusal = judge(case, GATES)
    assert refusal is not None
    assert refusal.hold is Hold.PAUSED


@pytest.mark.parametrize(
    ("hold", "until"),
    [
        (Hold.BREAKER, NOON + 59 * MINUTE),
        (Hold.QUIET_HOURS, NOON + HOUR),
        (Hold.COOLDOWN, NOON + MINUTE),
        (Hold.ORGANIZATION_BUDGET, NOON + 23 * HOUR),
        (Hold.HOUR_BUDGET, NOON + 59 * MINUTE),
        (Hold.DAY_BUDGET, NOON + 23 * HOUR),
    ],
)
def test_a_hold_that_ends_by_itself_says_when(hold: Hold, until: float) -> None:
    """So that nobody has to ask in between."""
    refusal = judge(BAD[hold], GATES)
    assert refusal is not None
    assert refusal.until == until


def test_few_stale_or_unhealthy_organisations_are_no_cause() -> None:
    """A share means nothing in a fleet of six."""
    small = replace(WELL, known=6, fresh=4, unhealthy=4)
    assert judge(replace(GOOD, fleet=small), GATES) is None


def test_a_storm_that_lies_in_the_future_ends_after_its_calm() -> None:
    """The clock was set back by a day: nobody waits a day for that."""
    refusal = judge(with_gate(storm_seen_at=NOON + DAY), GATES)
    assert refusal is not None
    assert refusal.until == NOON + 15 * MINUTE


@pytest.mark.parametrize(
    ("case", "until"),
    [
        (with_gate(created_at=NOON + 365 * DAY), LOOK_AGAIN),
        (with_gate(storm_seen_at=NOON + 365 * DAY), 15 * MINUTE),
        (with_gate(breaker_opened_at=NOON + 365 * DAY, breaker_pause=HOUR), HOUR),
        (with_tallies(tried=NOON + MINUTE), 30 * MINUTE),
    ],
)
def test_nobody_waits_for_an_instant_of_a_clock_that_was_ahead(case: Case, until: float) -> None:
    """It begins now at the latest; of an organisation that was tried in a year, nothing is known at all."""
    refusal = judge(case, GATES)
    assert refusal is not None
    assert refusal.until == NOON + until
    assert judge(with_tallies(tried=NOON + 365 * DAY), GATES) is None


@pytest.mark.parametrize(
    ("fields", "approved"),
    [
        ({}, True),
        ({"approved_by": None}, False),
        ({"approved_at": NOON - 4 * HOUR}, False),
        ({"approved_at": NOON + 4 * HOUR}, False),
        ({"kind": ActionKind.RESYNC}, False),
        ({"parameters": None}, False),
        ({"parameters": replace(RETRY, record_ids=("uuid-2",))}, False),
        ({"parameters": replace(RETRY, record_ids=("uuid-1", "uuid-2"))}, True),
        ({"parameters": replace(RETRY, sync_types=(SyncType.INVOICES,))}, False),
        ({"source": TriggerSource.PERSON, "approved_by": None}, True),
    ],
)
def test_an_approval_covers_what_was_shown_and_no_more(fields: dict[str, object], approved: bool) -> None:  # noqa: FBT001 - drawn
    """For some hours from both sides: the clock may have been ahead."""
    action = an_action(**{"approved_by": "jo", "approved_at": NOON} | fields)
    assert approves(action, ActionKind.RETRY, RETRY, AUTO, NOON) is approved


@pytest.mark.parametrize(("since", "covered"), [(NOON - DAY, True), (NOON - HOUR, True), (NOON - DAY - 1, False)])
def test_an_approved_resync_reaches_no_further_back(since: float, covered: bool) -> None:  # noqa: FBT001 - drawn
    """Each hour costs the customer Xero quota."""
    assert within(replace(RESYNC, since=since), RESYNC) is covered
    assert not within(replace(RESYNC, since=None), RESYNC)


def test_a_dry_run_without_a_list_tells_of_everybody() -> None:
    """Nothing is sent, and it is there to show what would be."""
    rehearsal = replace(GOOD, limits=replace(AUTO, mode=Mode.DRY_RUN, include=()))
    assert judge(rehearsal, GATES) is None
    assert rehearsal.rehearsal
