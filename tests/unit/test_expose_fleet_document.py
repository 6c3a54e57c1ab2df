"""The document about all organisations together: whose problem it is, how many, who first."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.expose.fleet_document import WORST, fleet_document, worst
from exporter.expose.verdicts import VERDICTS, verdict_means
from exporter.model.conditions import Conditions, SourceState
from exporter.model.facts import Block, Organization, OrganizationState, Snapshot, Status
from exporter.model.fleet import FleetJudgement, PageSays, Surroundings
from exporter.model.judgement import CONNECTION_ISSUES, ActiveIssue, Because, Connections, Diagnosis
from exporter.model.moment import Moment
from exporter.model.words import Freshness, IncidentKind, Issue, Reason, RosterSource, ServiceStatus, Verdict
from exporter.observe.tally import added, tally_of

AT = Moment(wall=1_736_937_000.0, monotonic=100.0)
CONDITIONS = Conditions(
    poll_interval=60.0,
    stale_after=300.0,
    platform_auth_ok=False,
    paused_until=AT.wall,
    sources=(SourceState(RosterSource.FILE, organizations=5, last_success=AT.wall - 60, rejected=True),),
)


def state_of(organization_id: str, *issues: tuple[Issue, float]) -> OrganizationState:
    """A fresh organisation with these issues, and since when."""
    active = tuple(ActiveIssue(issue, since, Because.ERROR, (Reason.UNKNOWN,)) for issue, since in issues)
    return OrganizationState(
        organization=Organization(organization_id, name="Harbour Rowing Club"),
        first_seen=AT,
        freshness=Freshness.FRESH,
        last_attempt=AT,
        last_success=AT,
        status=Status(connected=True),
        diagnosis=Diagnosis(issues=active),
    )


def snapshot_of(*states: OrganizationState) -> Snapshot:
    """A snapshot of these states, in blocks of two."""
    chunks = [states[start : start + 2] for start in range(0, len(states), 2)]
    blocks = tuple(Block(states=chunk, valid_until=math.inf, tally=tally_of(chunk)) for chunk in chunks)
    return Snapshot(
        blocks=blocks,
        places={state.organization.id: divmod(index, 2) for index, state in enumerate(states)},
        at=AT,
        counts={word: sum(state.freshness is word for state in states) for word in Freshness},
        tally=added([block.tally for block in blocks]),
    )


def test_the_fleet_is_told_whole() -> None:
    """The verdict and its sentence, incidents, counts, the worst, Xero's own view, limits, sources."""
    snapshot = replace(
        snapshot_of(state_of("org-1", (Issue.SYNC_STALE, AT.wall - 60)), state_of("org-2")),
        judgement=FleetJudgement(
            verdict=Verdict.XERO,
            incidents={IncidentKind.SYNC: True, IncidentKind.CONNECTION: None},
            app_refused=True,
        ),
        connections=Connections(frozenset(), count=7, at=AT, valid_until=math.inf),
        surroundings=Surroundings(pages=(PageSays("status.xero.com", ServiceStatus.MAJOR, AT.wall),)),
    )
    document = json.loads(fleet_document(snapshot, CONDITIONS, "1.2.3").model_dump_json())
    assert [row["id"] for row in document.pop("worst")] == ["org-1"]
    assert document == {
        "version": "1.2.3",
        "at": "2025-01-15T10:30:00.000Z",
        "verdict": "xero",
        "verdict_means": VERDICTS[Verdict.XERO].sentence,
        "do_first": VERDICTS[Verdict.XERO].do_first,
        "incidents": {"connection": None, "sync": True},
        "organizations": 2,
        "freshness": {"fresh": 2, "stale": 0, "pending": 0, "not_found": 0},
        "issues": {issue.value: int(issue is Issue.SYNC_STALE) for issue in Issue},
        "affected": {"connection": 0, "sync": 1},
        "doubtful": 0,
        "unanswered": 0,
        "app_credentials_rejected": True,
        "xero": {
            "pages": [{"page": "status.xero.com", "status": "major", "read": "2025-01-15T10:30:00.000Z"}],
            "connections": 7,
            "listed_at": "2025-01-15T10:30:00.000Z",
        },
        "poll_interval_seconds": 60.0,
        "stale_after_seconds": 300.0,
        "platform_auth_ok": False,
        "platform_paused_until": "2025-01-15T10:30:00.000Z",
        "roster": [
            {
                "source": "file",
                "organizations": 5,
                "last_success": "2025-01-15T10:29:00.000Z",
                "rejected": True,
                "held": False,
                "why": None,
            }
        ],
    }


def test_what_is_not_known_of_the_fleet_is_null() -> None:
    """Before the first judgement, and without Xero's own list."""
    document = fleet_document(snapshot_of(), CONDITIONS, "1")
    assert document.verdict is Verdict.STARTING
    assert set(document.incidents.values()) == {None}
    assert (document.xero.pages, document.xero.connections, document.xero.listed_at) == ((), None, None)
    assert document.worst == ()


def test_the_worst_are_those_without_a_connection_and_then_the_oldest() -> None:
    """The oldest of several issues counts; the id decides where all else is the same."""
    snapshot = snapshot_of(
        state_of("f", (Issue.SYNC_STALE, 1.0)),
        state_of("e", (Issue.CONTACTS_FAILING, 9.0), (Issue.SYNC_STALE, 2.0)),
        state_of("well"),
        state_of("b", (Issue.TOKEN_EXPIRED, 7.0)),
        state_of("c", (Issue.UNAUTHORIZED, 8.0)),
        state_of("d", (Issue.DISCONNECTED, 8.0)),
        state_of("a", (Issue.TOKEN_EXPIRED, 7.0)),
    )
    assert [state.organization.id for state in worst(snapshot)] == ["a", "b", "c", "d", "f", "e"]


@given(
    st.lists(st.tuples(st.sampled_from(Issue), st.floats(0, 2e9)), max_size=30).map(
        lambda found: [state_of(f"org-{index:02}", one) for index, one in enumerate(found)]
    )
)
def test_at_most_ten_are_named_and_none_that_is_left_out_is_worse(states: list[OrganizationState]) -> None:
    """Whatever is wrong with however many."""
    named = worst(snapshot_of(*states))
    assert len(named) == min(len(states), WORST)
    lacking = [one for one in states if one.diagnosis.issues[0].issue in CONNECTION_ISSUES]
    assert set(named) >= set(lacking) if len(lacking) <= WORST else set(named) <= set(lacking)


def test_names_stay_out_unless_opted_in() -> None:
    """Also in the list of the worst."""
    snapshot = snapshot_of(state_of("org-1", (Issue.SYNC_STALE, 1.0)))
    assert "Harbour" not in fleet_document(snapshot, CONDITIONS, "1").model_dump_json()
    assert "Harbour" in fleet_document(snapshot, CONDITIONS, "1", names=True).model_dump_json()


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_one_sentence_and_what_to_do_first(verdict: Verdict) -> None:
    """Each ends in its full stop, fits a line of a terminal or two, and quotes nothing that YAML or HTML would mind."""
    meaning = VERDICTS[verdict]
    assert verdict_means(verdict) == meaning.sentence
    for text in (meaning.sentence, meaning.do_first):
        assert re.fullmatch(r"[A-Z][^\n\"<>`]{5,118}\.", text)


def test_the_sentences_say_whose_problem_it_is() -> None:
    """Us, Xero, one customer, or nobody; and no two verdicts say the same."""
    assert list(VERDICTS) == list(Verdict)
    assert len({meaning.sentence for meaning in VERDICTS.values()}) == len(Verdict)
    us = {verdict for verdict, meaning in VERDICTS.items() if meaning.sentence.startswith("It is us")}
    assert us == {Verdict.PLATFORM_CREDENTIAL, Verdict.PLATFORM_API, Verdict.XERO_APP}
    assert verdict_means(Verdict.XERO).startswith("It is Xero")
