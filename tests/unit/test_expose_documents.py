"""The JSON documents: what they say, in which order, and what never stands in them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.expose.documents import (
    OrganizationsDocument,
    organization_document,
    organizations_document,
    rfc3339,
)
from exporter.model.facts import (
    Block,
    History,
    Organization,
    OrganizationState,
    PastReading,
    Snapshot,
    Status,
    SyncError,
    UpstreamFailure,
)
from exporter.model.judgement import WELL, ActiveIssue, Because, Diagnosis, ErrorCount
from exporter.model.moment import Moment
from exporter.model.words import Failure, Freshness, Issue, Reason, Sent, SyncStatus, SyncType

AT = Moment(wall=1_736_937_000.0, monotonic=100.0)
EARLIER = Moment(wall=1_736_936_940.5, monotonic=40.5)
STATUS = Status(
    connected=True,
    token_expires_at=1_737_385_200.0,
    last_sync=1_736_937_000.0,
    sync_status=SyncStatus.HEALTHY,
    pending_syncs=0,
    failed_syncs=2,
    errors=(
        SyncError(at=1_736_932_500.0),
        SyncError(at=1_736_932_560.0),
        SyncError(at=None),
    ),
    errors_dropped=1,
)


def state_of(organization_id: str, status: Status | None = STATUS, name: str | None = None) -> OrganizationState:
    """An organisation that answered once; stale when it has no status."""
    return OrganizationState(
        organization=Organization(organization_id, name),
        first_seen=EARLIER,
        freshness=Freshness.FRESH if status else Freshness.STALE,
        last_attempt=AT,
        last_success=EARLIER,
        failure=None if status else Failure.TIMEOUT,
        failures_in_row=0 if status else 3,
        status=status,
    )


def snapshot_of(*states: OrganizationState) -> Snapshot:
    """A snapshot of these states, in blocks of two."""
    chunks = [states[start : start + 2] for start in range(0, len(states), 2)]
    return Snapshot(
        blocks=tuple(Block(states=chunk, valid_until=9e9) for chunk in chunks),
        places={state.organization.id: divmod(index, 2) for index, state in enumerate(states)},
        at=AT,
        counts={word: sum(state.freshness is word for state in states) for word in Freshness},
    )


def ids(document: OrganizationsDocument) -> list[str]:
    """The ids on one page."""
    return [row.id for row in document.organizations]


FLEET = snapshot_of(
    state_of("org-7", name="Harbour Rowing Club"),
    state_of("org-3", None),
    state_of("Org-5", replace(STATUS, connected=False, sync_status=SyncStatus.DISCONNECTED)),
    state_of("org-1", Status()),
    state_of("club-2", name="Østerbro Tennis"),
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1_736_937_000.0, "2025-01-15T10:30:00.000Z"),
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1.001, "1970-01-01T00:00:01.001Z"),
        (-62_135_596_800.0, "0001-01-01T00:00:00.000Z"),
        (253_402_300_799.0, "9999-12-31T23:59:59.000Z"),
        (253_402_300_800.0, None),
        (-62_135_596_801.0, None),
        (float("inf"), None),
        (float("nan"), None),
        (None, None),
    ],
)
def test_instants_are_utc_with_milliseconds_or_null(seconds: float | None, text: str | None) -> None:
    """From year 1 to 9999, and null beyond."""
    assert rfc3339(seconds) == text


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_number_breaks_an_instant(seconds: float) -> None:
    """Any float gives an instant of one shape, or null."""
    text = rfc3339(seconds)
    assert text is None or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)


def test_one_organisation_is_told_whole() -> None:
    """Facts, how reading it goes, and its last readings, newest first."""
    failure = UpstreamFailure(
        Failure.INVALID_RESPONSE, Sent.YES, http_status=200, detail="failed_syncs: not a whole number"
    )
    unanswered = UpstreamFailure(Failure.NETWORK, Sent.NO)
    good, bad, dead = (PastReading(AT.wall, 0.5, outcome) for outcome in (None, failure, unanswered))
    document = organization_document(
        FLEET.blocks[0].states[0], History(recent=(dead, bad, good), failures=(dead, bad)), AT.wall + 60, names=True
    )
    bad_shown = {
        "at": "2025-01-15T10:30:00.000Z",
        "duration_seconds": 0.5,
        "outcome": "invalid_response",
        "http_status": 200,
        "detail": "failed_syncs: not a whole number",
    }
    dead_shown = {**bad_shown, "outcome": "network", "http_status": None, "detail": None}
    told = json.loads(document.model_dump_json())
    assert told.pop("diagnosis")["summary"] == "Nothing is wrong."
    assert told == {
        "id": "org-7",
        "name": "Harbour Rowing Club",
        "xero_tenant_id": None,
        "freshness": "fresh",
        "polling": {
            "first_seen": "2025-01-15T10:29:00.500Z",
            "last_attempt": "2025-01-15T10:30:00.000Z",
            "last_success": "2025-01-15T10:29:00.500Z",
            "failure": None,
            "failures_in_row": 0,
            "data_withdrawn": False,
            "next_attempt": "2025-01-15T10:31:00.000Z",
        },
        "facts": {
            "connected": True,
            "token_expires_at": "2025-01-20T15:00:00.000Z",
            "last_sync": "2025-01-15T10:30:00.000Z",
            "sync_status": "healthy",
            "pending_syncs": 0,
            "failed_syncs": 2,
            "errors_reported": 3,
            "newest_error_at": "2025-01-15T09:16:00.000Z",
            "errors_dropped": 1,
        },
        "recent": [{**bad_shown, "outcome": "success", "detail": None}, bad_shown, dead_shown],
        "failures": [bad_shown, dead_shown],
    }


def test_withdrawn_facts_are_null_and_said_to_be_withdrawn() -> None:
    """Its freshness and failures stay."""
    document = organization_document(state_of("org-3", None), History(), None, names=False)
    assert document.facts is None
    assert document.polling.data_withdrawn
    assert document.polling.failure is Failure.TIMEOUT
    assert document.polling.last_success == "2025-01-15T10:29:00.500Z"
    assert document.polling.next_attempt is None


def test_an_organisation_never_read_has_nothing_to_withdraw() -> None:
    """Unknown is not withdrawn."""
    document = organization_document(OrganizationState(Organization("org-9"), AT), History(), None, names=False)
    assert document.facts is None
    assert not document.polling.data_withdrawn
    assert document.freshness is Freshness.PENDING


@pytest.mark.parametrize("names", [False, True])
def test_no_error_text_stands_in_any_document(*, names: bool) -> None:
    """Their number and the newest instant do; texts, types, e-mail addresses and names in them do not."""
    whole = organization_document(FLEET.blocks[0].states[0], History(), None, names=names).model_dump_json()
    listed = organizations_document(FLEET, names=names).model_dump_json()
    assert '"errors_reported":3' in whole
    assert '"errors_reported":3' in listed
    for text in ("Duplicate", "@", "Jane", "contact_sync", "message"):
        assert text not in whole + listed


def test_a_name_is_null_unless_opted_in() -> None:
    """In the list and in the document of one."""
    whole = organization_document(FLEET.blocks[0].states[0], History(), None, names=False)
    assert whole.name is None
    assert "Harbour" not in organizations_document(FLEET, names=False).model_dump_json()
    assert "Harbour" in organizations_document(FLEET, names=True).model_dump_json()


def test_a_hostile_name_can_be_written_as_json() -> None:
    """A lone surrogate, which UTF-8 cannot hold, is replaced."""
    document = organization_document(state_of("org-1", name="a\ud800\x1b"), History(), None, names=True)
    assert json.loads(document.model_dump_json())["name"] == "a\ufffd\ufffd"


def test_organisations_come_in_order_of_their_ids() -> None:
    """Whatever their phase; by code point, so that pages never overlap."""
    document = organizations_document(FLEET, names=False)
    assert ids(document) == ["Org-5", "club-2", "org-1", "org-3", "org-7"]
    assert (document.total, document.next) == (5, None)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
def test_pages_walk_over_every_organisation_once(limit: int) -> None:
    """Each `next` is the `after` of the following page, and the last page has none."""
    seen: list[str] = []
    after: str | None = None
    for _ in range(5):
        document = organizations_document(FLEET, names=False, limit=limit, after=after)
        assert document.total == 5
        assert len(document.organizations) <= limit
        seen += ids(document)
        after = document.next
        if after is None:
            break
    assert seen == ["Org-5", "club-2", "org-1", "org-3", "org-7"]


def test_a_cursor_that_is_gone_still_has_a_place() -> None:
    """An organisation that left the roster between two pages does not break the walk."""
    assert ids(organizations_document(FLEET, names=False, after="org-2")) == ["org-3", "org-7"]
    assert ids(organizations_document(FLEET, names=False, after="zzz")) == []


def test_each_filter_keeps_what_it_names_and_nothing_else() -> None:
    """Withdrawn and null are neither connected nor not connected."""
    assert ids(organizations_document(FLEET, names=False, freshness=Freshness.STALE)) == ["org-3"]
    assert ids(organizations_document(FLEET, names=False, failure=Failure.TIMEOUT)) == ["org-3"]
    assert ids(organizations_document(FLEET, names=False, failure=Failure.AUTH)) == []
    assert ids(organizations_document(FLEET, names=False, connected=False)) == ["Org-5"]
    assert ids(organizations_document(FLEET, names=False, connected=True)) == ["club-2", "org-7"]
    assert ids(organizations_document(FLEET, names=False, sync_status=SyncStatus.DISCONNECTED)) == ["Org-5"]


def unwell(organization_id: str, *issues: ActiveIssue, errors: tuple[ErrorCount, ...] = ()) -> OrganizationState:
    """An organisation that has these issues and recent errors."""
    return replace(state_of(organization_id), diagnosis=Diagnosis(issues=issues, errors=errors))


DUPLICATES = ErrorCount(SyncType.CONTACTS, Reason.DUPLICATE_CONTACT, 3, AT.wall)
UNKNOWN_ERRORS = ErrorCount(SyncType.INVOICES, Reason.UNKNOWN, 1, None)
JUDGED = snapshot_of(
    unwell(
        "org-1",
        ActiveIssue(Issue.CONTACTS_FAILING, AT.wall, Because.ERROR, (Reason.DUPLICATE_CONTACT,)),
        ActiveIssue(Issue.SYNC_STALE, EARLIER.wall, Because.NOTHING_SYNCED),
        errors=(DUPLICATES, UNKNOWN_ERRORS),
    ),
    unwell("org-2", ActiveIssue(Issue.SYNC_FAILING, AT.wall, Because.NO_TEXT, (Reason.UNSPECIFIED,))),
    unwell("org-3", errors=(UNKNOWN_ERRORS,)),
    state_of("org-4"),
    state_of("org-5", None),
)


def test_a_row_says_what_is_wrong_since_when_and_why() -> None:
    """The gravest issue first, the oldest instant of all; reasons of issues, never of errors that stand beside one."""
    rows = json.loads(organizations_document(JUDGED, names=False).model_dump_json())["organizations"]
    told = {row["id"]: (row["issues"], row["since"], row["reasons"]) for row in rows}
    assert told == {
        "org-1": (["contacts_failing", "sync_stale"], "2025-01-15T10:29:00.500Z", ["duplicate_contact"]),
        "org-2": (["sync_failing"], "2025-01-15T10:30:00.000Z", ["unspecified"]),
        "org-3": ([], None, ["unknown"]),
        "org-4": ([], None, []),
        "org-5": (None, None, None),
    }


@pytest.mark.parametrize("freshness", [Freshness.STALE, Freshness.PENDING, Freshness.NOT_FOUND])
def test_who_is_not_fresh_is_not_called_well(freshness: Freshness) -> None:
    """Unknown is neither broken nor healthy: null, and not an empty list."""
    state = replace(state_of("org-1"), freshness=freshness, diagnosis=WELL)
    (row,) = organizations_document(snapshot_of(state), names=False).organizations
    assert (row.issues, row.since, row.reasons) == (None, None, None)


def test_organisations_are_found_by_what_is_wrong_and_why() -> None:
    """By issue, by reason, by type of sync; type and reason together mean the same errors."""
    found = partial(organizations_document, JUDGED, names=False)
    assert ids(found(issue=Issue.SYNC_STALE)) == ["org-1"]
    assert ids(found(issue=Issue.DISCONNECTED)) == []
    assert ids(found(reason=Reason.UNKNOWN)) == ["org-1", "org-3"]
    assert ids(found(reason=Reason.UNSPECIFIED)) == ["org-2"]
    assert ids(found(sync_type=SyncType.CONTACTS)) == ["org-1"]
    assert ids(found(sync_type=SyncType.INVOICES)) == ["org-1", "org-3"]
    assert ids(found(sync_type=SyncType.CONTACTS, reason=Reason.UNKNOWN)) == []
    assert ids(found(sync_type=SyncType.INVOICES, reason=Reason.UNKNOWN)) == ["org-1", "org-3"]
    assert ids(found(issue=Issue.CONTACTS_FAILING, reason=Reason.UNKNOWN, search="1")) == ["org-1"]


def test_filters_combine() -> None:
    """Each must hold, and the total counts what matches."""
    document = organizations_document(FLEET, names=False, connected=True, search="ORG", limit=1)
    assert (ids(document), document.total, document.next) == (["org-7"], 1, None)


def test_search_looks_into_names_only_where_they_are_shown() -> None:
    """Or a search would tell what the page hides."""
    assert ids(organizations_document(FLEET, names=True, search="rowing")) == ["org-7"]
    assert ids(organizations_document(FLEET, names=True, search="øSTER")) == ["club-2"]
    assert ids(organizations_document(FLEET, names=False, search="rowing")) == []


def test_an_empty_search_finds_all() -> None:
    """As if it were not given."""
    assert organizations_document(FLEET, names=False, search="").total == 5


def test_an_empty_fleet_has_an_empty_page() -> None:
    """Nothing matches, and there is no next page."""
    document = organizations_document(snapshot_of(), names=False)
    assert (ids(document), document.total, document.next) == ([], 0, None)


def test_documents_cannot_be_changed() -> None:
    """They are values."""
    document = organizations_document(FLEET, names=False)
    with pytest.raises(ValueError, match="frozen"):
        document.total = 0
