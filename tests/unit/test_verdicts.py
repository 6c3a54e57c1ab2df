"""What a verdict says beyond its word: what it rests on, and whom it does not cover."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest

from exporter.expose.verdicts import (
    ACCESS_TOKENS_LAST,
    NOBODY,
    VERDICTS,
    XERO_SINCE_UNKNOWN,
    failing_now,
    meaning_of,
    unread_beside,
)
from exporter.model.facts import Block, Organization, OrganizationState, Snapshot, Status
from exporter.model.fleet import FleetJudgement, Surroundings
from exporter.model.judgement import Diagnosis, Doubt
from exporter.model.moment import Moment
from exporter.model.words import Failure, Freshness, IncidentKind, Verdict
from exporter.observe.tally import tally_of

NOW = Moment(wall=1_736_937_000.0, monotonic=100.0)
"""2025-01-15T10:30:00Z."""
STARTED = Surroundings(started=True)
SURE = dict.fromkeys(IncidentKind, False)


def organization(
    freshness: Freshness = Freshness.FRESH, *, doubts: tuple[Doubt, ...] = (), last_sync: float | None = None
) -> OrganizationState:
    """One organisation."""
    return OrganizationState(
        Organization("org"),
        NOW,
        freshness=freshness,
        status=Status(last_sync=last_sync) if freshness is Freshness.FRESH else None,
        diagnosis=Diagnosis(doubts=doubts),
    )


def fleet(
    *states: OrganizationState,
    verdict: Verdict = Verdict.ALL_WELL,
    surroundings: Surroundings = STARTED,
    undecided_until: float | None = None,
    incidents: dict[IncidentKind, bool | None] | None = None,
) -> Snapshot:
    """A fleet of these, judged like this."""
    counts = Counter(state.freshness for state in states)
    return Snapshot(
        blocks=(Block(states, math.inf, tally_of(states)),),
        places={str(place): (0, place) for place in range(len(states))},
        at=NOW,
        counts={word: counts[word] for word in Freshness},
        tally=tally_of(states),
        judgement=FleetJudgement(verdict=verdict, undecided_until=undecided_until, incidents=incidents or dict(SURE)),
        surroundings=surroundings,
    )


@pytest.mark.parametrize("verdict", Verdict)
def test_a_fleet_of_which_all_is_known_is_told_by_the_ordinary_sentence(verdict: Verdict) -> None:
    """Nothing is added where there is nothing to add."""
    known = fleet(organization(), verdict=verdict, incidents={IncidentKind.CONNECTION: True, IncidentKind.SYNC: False})
    if verdict is Verdict.STARTING:
        known = replace(known, surroundings=Surroundings())
    if verdict is Verdict.XERO_APP:
        known = replace(known, tally=replace(known.tally, app_refused=1))
    assert meaning_of(known) is VERDICTS[verdict]


def test_as_many_as_in_an_incident_are_not_called_single_customers_and_it_says_until_when() -> None:
    """Not known yet, how many, why not, and by when; rounded up to the minute."""
    known = fleet(organization(), verdict=Verdict.STARTING, undecided_until=NOW.monotonic + 3601)
    known = replace(known, tally=replace(known.tally, with_issue=600, fresh=1000))
    told = meaning_of(known)
    assert told.sentence == (
        "Not known yet whether it is one incident or single customers: 600 of the 1,000 that are "
        "connected and answered for have an issue, and the exporter "
        "has not watched for long enough to tell a rise from what always was; known by 2025-01-15 11:31 UTC."
    )
    assert told.do_first != VERDICTS[Verdict.STARTING].do_first
    endless = replace(known, judgement=replace(known.judgement, undecided_until=math.inf))
    assert meaning_of(endless).sentence.endswith("what always was.")


def test_xero_before_an_incident_is_known_says_that_it_is_not_known_since_when() -> None:
    """Xero's own words are evidence; the length of our watch is not."""
    unknown: dict[IncidentKind, bool | None] = dict.fromkeys(IncidentKind, None)
    told = meaning_of(fleet(organization(), verdict=Verdict.XERO, incidents=unknown))
    assert told is XERO_SINCE_UNKNOWN
    assert "Since when is not known" in told.sentence


def test_a_roster_of_nobody_is_not_well() -> None:
    """A list that was emptied by mistake looks like a customer base that left."""
    assert meaning_of(fleet(verdict=Verdict.STARTING)) is NOBODY
    assert meaning_of(fleet(verdict=Verdict.STARTING, surroundings=Surroundings())) is VERDICTS[Verdict.STARTING]


def test_a_roster_that_grew_says_how_many_are_new() -> None:
    """After the start it is no start."""
    told = meaning_of(fleet(organization(), organization(Freshness.PENDING), verdict=Verdict.STARTING))
    assert told.sentence == "Not known yet: 1 of 2 organisations are new and were not asked."


@pytest.mark.parametrize("verdict", [Verdict.ALL_WELL, Verdict.CUSTOMERS, Verdict.INCIDENT])
def test_those_who_could_not_be_read_are_told_beside_the_verdict(verdict: Verdict) -> None:
    """Unknown is not broken, and not healthy."""
    states = [organization(), *map(organization, [Freshness.STALE, Freshness.STALE, Freshness.NOT_FOUND])]
    states += [organization(Freshness.PENDING), organization(doubts=(Doubt.LIST_UNREAD,))]
    told = meaning_of(fleet(*states, verdict=verdict)).sentence
    assert told.endswith(
        "Not known of 1 not read yet, 2 not answered for lately, 1 unknown to the platform, 1 in doubt."
    )
    assert not told.startswith("All is well")
    assert unread_beside(fleet(organization())) == ""


@pytest.mark.parametrize(
    "verdict", [Verdict.ALL_WELL, Verdict.CUSTOMERS, Verdict.INCIDENT, Verdict.STARTING, Verdict.XERO_APP]
)
def test_a_platform_that_stops_answering_is_told_before_data_is_too_old(verdict: Verdict) -> None:
    """The word itself is by what is known, which for some minutes is what was said before."""
    missed = [replace(organization(), failure=Failure.NETWORK) for _ in range(3)]
    told = meaning_of(fleet(*missed, organization(), verdict=verdict)).sentence
    assert told.endswith(
        "The platform gave no status of 3 of 4 organisations when they were last asked: what is told of them is what "
        "it said before, and is withdrawn if that goes on."
    )
    assert not told.startswith("All is well")


def test_those_who_were_not_asked_yet_are_no_failures() -> None:
    """A roster that grew by a quarter is no platform that stops answering."""
    missed = replace(organization(), failure=Failure.NETWORK)
    grown = fleet(missed, *(organization() for _ in range(9)), *(organization(Freshness.PENDING) for _ in range(4)))
    assert failing_now(grown) == ""


def test_one_reading_in_five_that_fails_is_told_by_its_own_organisation_alone() -> None:
    """Some reading fails every minute in a fleet of ten thousand."""
    missed = replace(organization(), failure=Failure.NETWORK)
    told = meaning_of(fleet(missed, *(organization() for _ in range(4)), verdict=Verdict.ALL_WELL))
    assert told is VERDICTS[Verdict.ALL_WELL]


def own_refused(*states: OrganizationState) -> Snapshot:
    """A fleet while Xero refuses the credentials that we were given, for an hour."""
    around = replace(STARTED, app_refused=True, app_refused_since=NOW.wall - 3600)
    return fleet(*states, verdict=Verdict.XERO_APP, surroundings=around)


def test_our_own_credentials_being_refused_does_not_say_that_no_customer_can_sync() -> None:
    """What was seen, both things that it may be, how to tell them apart, and where to mend."""
    told = meaning_of(own_refused(organization(last_sync=NOW.wall - 3600 + ACCESS_TOKENS_LAST)))
    for words in ("xero.app", "no organisation reports it", "Either that secret is wrong, or the app's was revoked"):
        assert words in told.sentence
    assert told.sentence.startswith("It is us")
    assert "client_secret_file" in told.do_first
    assert "if they go on, only the exporter's secret is wrong" in told.do_first


def test_syncs_that_go_on_longer_than_a_token_lasts_are_told_as_evidence_against() -> None:
    """Then the platform got new tokens from Xero with its own credentials."""
    synced = organization(last_sync=NOW.wall - 3600 + ACCESS_TOKENS_LAST + 1)
    told = meaning_of(own_refused(synced, organization(last_sync=None), organization(Freshness.STALE)))
    assert "1 synced long after that began" in told.sentence
    assert "what the exporter was given is wrong" in told.sentence
    assert "customers need nothing" in told.do_first


def test_organisations_that_report_it_make_it_the_platforms_app() -> None:
    """One of many is told; as many as it takes, and it is the ordinary sentence."""
    one = own_refused(*[organization()] * 9)
    one = replace(one, tally=replace(one.tally, app_refused=1))
    assert "of all organisations only 1 say so too" in meaning_of(one).sentence
    three = replace(one, tally=replace(one.tally, app_refused=3))
    assert meaning_of(three) is VERDICTS[Verdict.XERO_APP]
