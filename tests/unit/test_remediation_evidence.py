"""What the executor goes by: reconnects, how the fleet stands, which issues can be seen, what an answer means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from exporter.model.action import ActionKind, AttemptOutcome, Trigger, TriggerSource, TriggerState
from exporter.model.asked import Reconnect
from exporter.model.facts import Organization, Reading, Snapshot, Status, UpstreamFailure
from exporter.model.holds import Hold
from exporter.model.judgement import Thresholds
from exporter.model.moment import Moment
from exporter.model.words import Failure, Issue, Sent, SyncStatus
from exporter.observe.fold import fold, snapshot_of
from exporter.observe.interpret import interpreted
from exporter.remediation.attempting import result_of
from exporter.remediation.evidence import asked_by, fleetwide, presence, wanted_of
from exporter.remediation.ledger.upkeep import Episode
from exporter.remediation.policy import Wanted
from exporter.remediation.reconnects import Reconnects
from tests.knowledge import GONE, HEALTHY, NEVER, NOW, TIMED_OUT, failing
from tests.unit.acting import HOUR, NOON, RETRY, an_action

OUTAGE = "Xero is temporarily unavailable (503 Service Unavailable)"


class Fleet:
    """Organisations that are read, one minute after the other."""

    def __init__(self, *names: str) -> None:
        self.now = NOW
        self.snapshot = snapshot_of([Organization(name) for name in names], None, NOW)

    def read(self, said: Mapping[str, Status | UpstreamFailure]) -> Snapshot:
        """The next minute."""
        self.now = Moment(self.now.wall + 60, self.now.monotonic + 60)
        readings = [
            Reading(name, self.now, self.now, interpreted(one) if isinstance(one, Status) else one)
            for name, one in said.items()
        ]
        self.snapshot = fold(self.snapshot, readings, self.now, Thresholds())
        return self.snapshot


def test_a_connection_that_broke_and_is_well_is_told_once() -> None:
    """With the instant at which it broke."""
    fleet, reconnects = Fleet("a", "b"), Reconnects()
    assert reconnects.look(fleet.read({"a": HEALTHY, "b": HEALTHY})) == []
    broke = fleet.read({"a": GONE, "b": HEALTHY})
    assert reconnects.look(broke) == []
    state = broke.state("a")
    assert state is not None
    (issue,) = state.diagnosis.issues
    assert reconnects.look(fleet.read({"a": GONE})) == []
    found = reconnects.look(fleet.read({"a": HEALTHY}))
    assert found == [Reconnect("a", issue.since)]
    reconnects.recorded(found)
    assert reconnects.look(fleet.read({"a": HEALTHY})) == []


def test_a_break_is_told_until_it_is_recorded() -> None:
    """The ledger may be locked just then; and one that breaks again meanwhile was broken since the first break."""
    fleet, reconnects = Fleet("a"), Reconnects()
    broke = fleet.read({"a": GONE}).state("a")
    reconnects.look(fleet.read({"a": GONE}))
    assert broke is not None
    well = fleet.read({"a": HEALTHY})
    first = Reconnect("a", broke.diagnosis.issues[0].since)
    assert reconnects.look(well) == [first]
    assert reconnects.look(well) == [first]
    assert reconnects.look(fleet.read({"a": GONE})) == []
    assert reconnects.look(fleet.read({"a": HEALTHY})) == [first]


@pytest.mark.parametrize(
    "silence",
    [
        TIMED_OUT,
        NEVER,
        Status(),
        replace(HEALTHY, connected=None),
        Status(connected=True),
        replace(HEALTHY, sync_status=SyncStatus.OTHER),
        replace(HEALTHY, errors=(), errors_dropped=1, errors_malformed=1),
    ],
)
def test_silence_is_no_reconnect(silence: Status | UpstreamFailure) -> None:
    """Nor is a connection that never was."""
    fleet, reconnects = Fleet("a"), Reconnects()
    reconnects.look(fleet.read({"a": GONE}))
    assert reconnects.look(fleet.read({"a": silence})) == []


def test_one_that_is_well_from_the_start_has_not_come_back() -> None:
    """Whatever was before this process is not known."""
    fleet = Fleet("a")
    assert Reconnects().look(fleet.read({"a": HEALTHY})) == []


def test_the_fleet_is_counted_without_those_that_never_connected() -> None:
    """And an incident that nobody can know of yet is unknown, not absent."""
    fleet = Fleet("a", "b", "c")
    snapshot = fleet.read({"a": HEALTHY, "b": failing(OUTAGE, OUTAGE), "c": NEVER})
    found = fleetwide(snapshot, "b")
    assert (found.incident, found.known, found.fresh, found.unhealthy, found.target_fresh) == (None, 2, 2, 1, True)
    assert not fleetwide(snapshot, "unknown").target_fresh


def test_those_in_doubt_are_not_counted_as_seen() -> None:
    """A platform that leaves out what it said before must not look like one customer in trouble among many well."""
    fleet = Fleet("a", "b")
    found = fleetwide(fleet.read({"a": failing(OUTAGE), "b": Status()}), "a")
    assert (found.known, found.fresh, found.unhealthy, found.target_fresh) == (2, 1, 1, True)


def test_absence_has_to_be_seen() -> None:
    """Not while nobody answers, and not behind a broken connection; who has left the roster has no issue any more."""
    names = ("well", "sick", "broken", "silent", "gone", "vague")
    fleet = Fleet(*names[:4], "vague")
    snapshot = fleet.read(
        {"well": HEALTHY, "sick": failing(OUTAGE), "broken": GONE, "silent": TIMED_OUT, "vague": Status(connected=True)}
    )
    episodes = [Episode(number, name, Issue.CONTACTS_FAILING, None) for number, name in enumerate(names)]
    assert presence(episodes, snapshot) == {0: False, 1: True, 4: False}


def test_everybody_who_asks_is_heard_once() -> None:
    """Alerts of one issue are one voice; so are the breaks of a connection, from the first on; a person's is alone."""

    def trigger(number: int, source: TriggerSource = TriggerSource.ALERT, **fields: object) -> Trigger:
        blank = Trigger(number, source, "org-1", None, TriggerState.PLANNED, NOON, NOON)
        return replace(blank, **fields)  # type: ignore[arg-type]

    triggers = [
        trigger(1, issue=Issue.CONTACTS_FAILING),
        trigger(2, TriggerSource.RECONNECT, since=NOON),
        trigger(3, issue=Issue.INVOICES_FAILING),
        trigger(4, issue=Issue.CONTACTS_FAILING),
        trigger(5, TriggerSource.RECONNECT, since=NOON - HOUR),
    ]
    assert list(asked_by(an_action(), triggers).items()) == [
        (Wanted(TriggerSource.ALERT, issue=Issue.CONTACTS_FAILING), [1, 4]),
        (Wanted(TriggerSource.RECONNECT, since=NOON - HOUR), [2, 5]),
        (Wanted(TriggerSource.ALERT, issue=Issue.INVOICES_FAILING), [3]),
    ]
    personal = an_action(source=TriggerSource.PERSON)
    assert asked_by(personal, triggers) == {wanted_of(personal): []}


def test_only_a_persons_word_names_the_call() -> None:
    """Of an alert, policy does, each time anew."""
    assert wanted_of(an_action()) == Wanted(TriggerSource.ALERT, issue=Issue.CONTACTS_FAILING)
    assert wanted_of(an_action(source=TriggerSource.PERSON, issue=None)) == Wanted(
        TriggerSource.PERSON, kind=ActionKind.RETRY, parameters=RETRY
    )


@pytest.mark.parametrize(
    ("answer", "outcome", "hold"),
    [
        (200, AttemptOutcome.ACCEPTED, None),
        (204, AttemptOutcome.ACCEPTED, None),
        (UpstreamFailure(Failure.AUTH, Sent.YES, 401), AttemptOutcome.REFUSED, Hold.CREDENTIAL),
        (UpstreamFailure(Failure.AUTH, Sent.NO), AttemptOutcome.NOT_CALLED, Hold.CREDENTIAL),
        (UpstreamFailure(Failure.NOT_FOUND, Sent.YES, 404), AttemptOutcome.REFUSED, None),
        (UpstreamFailure(Failure.UNEXPECTED_STATUS, Sent.YES, 302), AttemptOutcome.REFUSED, None),
        (UpstreamFailure(Failure.RATE_LIMITED, Sent.YES, 429), AttemptOutcome.RATE_LIMITED, None),
        (UpstreamFailure(Failure.SERVER_ERROR, Sent.YES, 503), AttemptOutcome.UNKNOWN, None),
        (UpstreamFailure(Failure.NETWORK, Sent.NO), AttemptOutcome.NOT_SENT, None),
        (UpstreamFailure(Failure.TIMEOUT, Sent.NO), AttemptOutcome.NOT_SENT, None),
        (UpstreamFailure(Failure.NETWORK, Sent.MAYBE), AttemptOutcome.UNKNOWN, None),
        (UpstreamFailure(Failure.NETWORK, Sent.YES), AttemptOutcome.UNKNOWN, None),
        (UpstreamFailure(Failure.TIMEOUT, Sent.MAYBE), AttemptOutcome.UNKNOWN, None),
        (UpstreamFailure(Failure.INVALID_RESPONSE, Sent.MAYBE), AttemptOutcome.UNKNOWN, None),
    ],
)
def test_only_what_was_certainly_not_sent_may_be_tried_again(
    answer: int | UpstreamFailure, outcome: AttemptOutcome, hold: Hold | None
) -> None:
    """And 429, which says that nothing was done."""
    result = result_of(answer, "mark")
    assert (result.outcome, result.hold) == (outcome, hold)
