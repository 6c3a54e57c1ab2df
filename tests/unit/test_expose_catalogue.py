"""What each family says of one organisation, and when it says nothing."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.expose.catalogue import FLEET_FAMILIES, Sample, organization_families, shown
from exporter.expose.reference import all_families
from exporter.model.facts import Organization, OrganizationState, Snapshot, Status
from exporter.model.family import Family, Group, Kind, Stability
from exporter.model.fleet import NOBODY, FleetJudgement, PageSays, Surroundings
from exporter.model.judgement import (
    MAX_ERROR_SERIES,
    ActiveIssue,
    Because,
    Connections,
    Diagnosis,
    Doubt,
    ErrorCount,
)
from exporter.model.moment import Moment
from exporter.model.words import (
    Failure,
    Freshness,
    IncidentKind,
    Issue,
    Reason,
    ServiceStatus,
    SyncStatus,
    SyncType,
    Verdict,
)

AT = Moment(wall=1_760_000_000.25, monotonic=100.0)
LATER = Moment(wall=1_760_000_060.5, monotonic=160.25)
STATUS = Status(
    connected=True,
    token_expires_at=1_737_385_200.0,
    last_sync=1_736_937_000.0,
    sync_status=SyncStatus.HEALTHY,
    pending_syncs=0,
    failed_syncs=2,
)
PENDING = OrganizationState(organization=Organization("org-1", "Harbour Rowing Club", "tenant-1"), first_seen=AT)
FRESH = replace(PENDING, freshness=Freshness.FRESH, last_attempt=AT, last_success=AT, status=STATUS)
FAILING = replace(FRESH, last_attempt=LATER, failure=Failure.TIMEOUT, failures_in_row=1)
STALE = replace(FAILING, freshness=Freshness.STALE, status=None)

DIAGNOSIS = Diagnosis(
    issues=(
        ActiveIssue(Issue.CONTACTS_FAILING, 1_736_937_060.5, Because.ERROR, (Reason.DUPLICATE_CONTACT,)),
        ActiveIssue(Issue.SYNC_STALE, 1_736_937_000.0, Because.NOTHING_SYNCED),
    ),
    errors=(
        ErrorCount(SyncType.CONTACTS, Reason.DUPLICATE_CONTACT, 3, 1_736_937_060.5),
        ErrorCount(SyncType.OTHER, Reason.UNKNOWN, 1, None),
    ),
)
UNWELL = replace(FRESH, listed=True, diagnosis=DIAGNOSIS)

DATA = {
    "xero_connected",
    "xero_token_expiry_timestamp_seconds",
    "xero_last_sync_timestamp_seconds",
    "xero_sync_status",
    "xero_pending_syncs",
    "xero_failed_syncs",
}


def told(state: OrganizationState, *, names: bool = False) -> dict[str, list[Sample]]:
    """The samples of each family that has any."""
    given = {entry.family.name: list(entry.samples(state)) for entry in organization_families(names=names)}
    return {name: samples for name, samples in given.items() if samples}


def test_an_organisation_never_read_is_only_there() -> None:
    """Before the first attempt nothing is said but that it exists."""
    assert told(PENDING) == {"xero_organization_info": [(("tenant-1",), 1)]}


def test_a_fresh_organisation_tells_all_that_the_platform_said() -> None:
    """The sample answer of the platform's own documentation."""
    assert told(FRESH) == {
        "xero_organization_info": [(("tenant-1",), 1)],
        "xero_poll_success": [((), 1)],
        "xero_poll_last_attempt_timestamp_seconds": [((), AT.wall)],
        "xero_poll_last_success_timestamp_seconds": [((), AT.wall)],
        "xero_connected": [((), 1)],
        "xero_token_expiry_timestamp_seconds": [((), 1_737_385_200.0)],
        "xero_last_sync_timestamp_seconds": [((), 1_736_937_000.0)],
        "xero_sync_status": [
            (("healthy",), 1),
            (("degraded",), 0),
            (("failing",), 0),
            (("disconnected",), 0),
            (("other",), 0),
        ],
        "xero_pending_syncs": [((), 0)],
        "xero_failed_syncs": [((), 2)],
    }


def test_a_failure_keeps_the_last_success_where_it_was() -> None:
    """The attempt moves on, the success does not, the class is told and the data stays."""
    samples = told(FAILING)
    assert samples["xero_poll_success"] == [((), 0)]
    assert samples["xero_poll_failure"] == [(("timeout",), 1)]
    assert samples["xero_poll_last_attempt_timestamp_seconds"] == [((), LATER.wall)]
    assert samples["xero_poll_last_success_timestamp_seconds"] == [((), AT.wall)]
    assert set(samples) >= DATA


def test_a_stale_organisation_keeps_its_freshness_and_no_data() -> None:
    """Values that are too old are withdrawn; since when and why is not."""
    assert set(told(STALE)) == set(told(FAILING)) - DATA


@pytest.mark.parametrize("failure", Failure)
def test_each_failure_class_is_one_series(failure: Failure) -> None:
    """Exactly the present class, never a zero for the others."""
    assert told(replace(FRESH, failure=failure))["xero_poll_failure"] == [((failure,), 1)]


@pytest.mark.parametrize("word", SyncStatus)
def test_exactly_one_sync_status_is_one(word: SyncStatus) -> None:
    """The others are there as zeros."""
    samples = told(replace(FRESH, status=replace(STATUS, sync_status=word)))["xero_sync_status"]
    assert {labels[0]: value for labels, value in samples} == {one: int(one is word) for one in SyncStatus}


def test_null_is_no_sample() -> None:
    """A platform that answers, but says nothing, gives no data sample; the success is told all the same."""
    samples = told(replace(FRESH, status=Status()))
    assert not DATA & set(samples)
    assert samples["xero_poll_success"] == [((), 1)]


def test_not_connected_is_a_zero_and_not_silence() -> None:
    """False and null are two things."""
    assert told(replace(FRESH, status=Status(connected=False)))["xero_connected"] == [((), 0)]


@pytest.mark.parametrize("count", [-(2**63), -1, 0, 2**63, 10**308])
def test_any_count_that_a_sample_can_hold_is_told_as_it_is(count: int) -> None:
    """Negative and large ones too: we do not judge."""
    assert told(replace(FRESH, status=Status(pending_syncs=count)))["xero_pending_syncs"] == [((), count)]


@pytest.mark.parametrize("value", [10**309, -(10**400), float("nan"), float("inf"), float("-inf")])
def test_what_no_sample_can_hold_is_left_out(value: float) -> None:
    """One value beyond a float64 would spoil the scrape of the whole fleet."""
    status = Status(failed_syncs=value, last_sync=value)  # type: ignore[arg-type]  # what a hole in the parser could give
    assert not DATA & set(told(replace(FRESH, status=status)))


def test_what_is_wrong_is_told_by_words_and_instants() -> None:
    """Each issue is a 1 with its beginning, each kind of error its count; one with nothing wrong has no series."""
    judged = {name: samples for name, samples in told(UNWELL).items() if name not in told(FRESH)}
    assert judged == {
        "xero_connection_authorized": [((), 1)],
        "xero_recent_errors": [(("contacts", "duplicate_contact"), 3), (("other", "unknown"), 1)],
        "xero_issue": [(("contacts_failing",), 1), (("sync_stale",), 1)],
        "xero_issue_since_timestamp_seconds": [
            (("contacts_failing",), 1_736_937_060.5),
            (("sync_stale",), 1_736_937_000.0),
        ],
    }


@pytest.mark.parametrize("issue", Issue)
def test_every_issue_can_be_told(issue: Issue) -> None:
    """By its own word, and no other has a sample."""
    diagnosis = Diagnosis(issues=(ActiveIssue(issue, 5.0, Because.ERROR),))
    samples = told(replace(FRESH, diagnosis=diagnosis))
    assert samples["xero_issue"] == [((issue,), 1)]
    assert samples["xero_issue_since_timestamp_seconds"] == [((issue,), 5.0)]


@pytest.mark.parametrize(("listed", "samples"), [(True, [((), 1)]), (False, [((), 0)]), (None, None)])
def test_xeros_own_view_is_told_only_where_it_is_known(
    listed: bool | None,  # noqa: FBT001 - a parameter of the test
    samples: list[Sample] | None,
) -> None:
    """Not listed is a zero, not known is silence; and it does not need an answer of the platform."""
    for state in (PENDING, FRESH, STALE):
        assert told(replace(state, listed=listed)).get("xero_connection_authorized") == samples


def test_every_kind_of_error_that_is_counted_is_told() -> None:
    """As many as a diagnosis may hold, each once."""
    kinds = [(sync_type, reason) for sync_type in SyncType for reason in Reason][:MAX_ERROR_SERIES]
    errors = tuple(ErrorCount(sync_type, reason, 2, None) for sync_type, reason in kinds)
    samples = told(replace(FRESH, diagnosis=Diagnosis(errors=errors)))
    assert samples["xero_recent_errors"] == [(kind, 2) for kind in kinds]
    assert "xero_issue" not in samples


def test_the_name_is_a_label_only_where_opted_in() -> None:
    """The default has no label for it at all."""
    default, opted_in = (organization_families(names=names)[0] for names in (False, True))
    assert default.family.label_names == ("organization_id", "xero_tenant_id")
    assert "Harbour" not in str(told(FRESH, names=False))
    assert opted_in.family.label_names == ("organization_id", "xero_tenant_id", "name")
    assert told(FRESH, names=True)["xero_organization_info"] == [(("tenant-1", "Harbour Rowing Club"), 1)]


def test_an_organisation_without_name_and_tenant_has_empty_labels() -> None:
    """An empty label is the same as none to Prometheus, and the label names of a family never vary."""
    bare = replace(FRESH, organization=Organization("org-1"))
    assert told(bare, names=True)["xero_organization_info"] == [(("", ""), 1)]


@pytest.mark.parametrize(
    "name", ["Café del Mar", "東京\N{IDEOGRAPHIC SPACE}クラブ", "م\u200cی", 'a "b" \\ c', "⛵\ufe0f"]
)
def test_names_of_any_language_are_shown_as_they_are(name: str) -> None:
    """Joiners, wide spaces, quotes and emoji are text."""
    assert shown(name) == name


@pytest.mark.parametrize("name", ["a\x1b[31mb", "a\nb", "a\x00b", "a\u202eb", "a\ud800b", "a\x85b"])
def test_what_is_not_text_is_replaced(name: str) -> None:
    """Escape sequences, control characters, overrides of direction and lone surrogates."""
    assert re.fullmatch(r"a\ufffd(\[31m)?b", shown(name))


@given(st.text(st.characters(codec=None, categories=None)))
def test_whatever_is_shown_can_be_written(name: str) -> None:
    """Any text becomes valid UTF-8 on one line, and showing it twice changes nothing more."""
    assert "\n" not in shown(name)
    assert shown(name).encode().decode() == shown(shown(name))


NOTHING_KNOWN = Snapshot(blocks=(), places={}, at=AT, counts=dict.fromkeys(Freshness, 0))


def fleet_told(snapshot: Snapshot) -> dict[str, list[Sample]]:
    """The samples of each family about all organisations together."""
    return {entry.family.name: list(entry.samples(snapshot)) for entry in FLEET_FAMILIES}


def test_a_fleet_of_nobody_is_told_in_zeros() -> None:
    """Zero-filled where the words are known; nothing where nothing is known; one verdict from the first fold on."""
    assert fleet_told(NOTHING_KNOWN) == {
        "xero_organizations": [((word,), 0) for word in Freshness],
        "xero_issue_organizations": [((issue,), 0) for issue in Issue],
        "xero_organizations_affected": [((kind,), 0) for kind in IncidentKind],
        "xero_incident": [],
        "xero_fleet_verdict": [((verdict,), int(verdict is Verdict.STARTING)) for verdict in Verdict],
        "xero_app_credentials_rejected": [((), 0)],
        "xero_service_status": [],
        "xero_app_connections": [],
    }


def test_the_fleet_is_counted_by_every_freshness() -> None:
    """A word without organisations has a 0."""
    counts = {**dict.fromkeys(Freshness, 0), Freshness.STALE: 3}
    samples = fleet_told(replace(NOTHING_KNOWN, counts=counts))
    assert samples["xero_organizations"] == [(("fresh",), 0), (("stale",), 3), (("pending",), 0), (("not_found",), 0)]


def test_the_fleet_is_counted_by_issue_and_by_kind() -> None:
    """As the tally says."""
    tally = replace(
        NOBODY,
        issues={**NOBODY.issues, Issue.TOKEN_EXPIRED: 2, Issue.SYNC_FAILING: 5, Issue.SYNC_STALE: 4},
        affected={IncidentKind.CONNECTION: 2, IncidentKind.SYNC: 7},
    )
    samples = fleet_told(replace(NOTHING_KNOWN, tally=tally))
    assert dict(samples["xero_issue_organizations"]) == {(issue,): count for issue, count in tally.issues.items()}
    assert samples["xero_organizations_affected"] == [(("connection",), 2), (("sync",), 7)]


@pytest.mark.parametrize("verdict", Verdict)
def test_exactly_one_verdict_is_one(verdict: Verdict) -> None:
    """The others are there as zeros."""
    samples = fleet_told(replace(NOTHING_KNOWN, judgement=FleetJudgement(verdict=verdict)))["xero_fleet_verdict"]
    assert {labels[0]: value for labels, value in samples} == {one: int(one is verdict) for one in Verdict}


def test_an_incident_that_is_not_known_is_silence() -> None:
    """Standing, none and unknown are three things."""
    incidents = {IncidentKind.CONNECTION: None, IncidentKind.SYNC: True}
    samples = fleet_told(replace(NOTHING_KNOWN, judgement=FleetJudgement(incidents=incidents)))
    assert samples["xero_incident"] == [(("sync",), 1)]
    calm = FleetJudgement(incidents=dict.fromkeys(IncidentKind, False))
    samples = fleet_told(replace(NOTHING_KNOWN, judgement=calm))
    assert samples["xero_incident"] == [(("connection",), 0), (("sync",), 0)]


@pytest.mark.parametrize("word", ServiceStatus)
def test_each_status_page_has_exactly_one_status(word: ServiceStatus) -> None:
    """Zero-filled for each page that is configured, also for one that could not be read."""
    pages = (PageSays("status.xero.com", word), PageSays("status.developer.xero.com", ServiceStatus.UNKNOWN))
    samples = dict(fleet_told(replace(NOTHING_KNOWN, surroundings=Surroundings(pages=pages)))["xero_service_status"])
    assert samples == {(page, one): int(one is now) for page, now, _ in pages for one in ServiceStatus}


def test_what_xero_says_of_the_app_is_told() -> None:
    """Refused or not is always told; connections only while there is a list to go by."""
    connections = Connections(frozenset({"tenant-1"}), count=7, at=AT, valid_until=9e9)
    refused = replace(NOTHING_KNOWN, judgement=FleetJudgement(app_refused=True), connections=connections)
    samples = fleet_told(refused)
    assert samples["xero_app_credentials_rejected"] == [((), 1)]
    assert samples["xero_app_connections"] == [((), 7)]


@pytest.mark.parametrize("family", all_families(), ids=lambda family: family.name)
def test_every_family_keeps_the_rules_of_names(family: Family) -> None:
    """Our prefix, no suffix that means another type, a help of one plain sentence, documented labels."""
    assert re.fullmatch(r"xero_[a-z_]+[a-z]", family.name)
    assert family.name.endswith("_total") is (family.kind is Kind.COUNTER)
    assert not family.name.endswith(("_count", "_sum", "_bucket", "_created"))
    assert "age" not in family.name.split("_")
    assert re.fullmatch(r"[A-Z0-9][^\\\n\"]*\.", family.help)
    assert all(re.fullmatch(r"[a-z_]+", name) and meaning for name, meaning in family.labels)


def test_no_family_stands_twice() -> None:
    """The fleet's and the exporter's own share one page, and a family twice is a parse error."""
    assert max(Counter(family.name for family in all_families()).values()) == 1


def test_what_users_alert_on_is_stable() -> None:
    """Every family of the organisations and the fleet is, but the one that is new: why something is not known."""
    families = [family for family in all_families() if family.group is not Group.EXPORTER]
    assert len(families) == 24
    assert [family.name for family in families if family.stability is not Stability.STABLE] == ["xero_doubt"]


def test_what_is_in_doubt_is_told_beside_what_is_wrong() -> None:
    """A series for each doubt, only while there is one."""
    assert "xero_doubt" not in told(UNWELL)
    samples = told(replace(UNWELL, diagnosis=replace(DIAGNOSIS, doubts=tuple(Doubt))))
    assert samples["xero_doubt"] == [
        ((doubt,), 1)
        for doubt in (
            "list_unread",
            "connection_not_said",
            "syncs_not_said",
            "status_word",
            "unexplained",
            "errors_unread",
            "sync_ahead",
        )
    ]
    assert samples["xero_issue"] == told(UNWELL)["xero_issue"]


def test_what_others_said_is_said_to_be_polled() -> None:
    """And what the exporter itself knows at the moment does not pretend to come from others."""
    ours = {"xero_organization_info", "xero_issue_since_timestamp_seconds", "xero_organizations", "xero_fleet_verdict"}
    families = [family for family in all_families() if family.group is not Group.EXPORTER]
    polled = {family.name for family in families if "polled and cached" in family.help}
    assert polled >= DATA
    assert {family.name for family in families} - polled == ours | {
        name for name in told(FAILING) if name.startswith("xero_poll_")
    }


@pytest.mark.parametrize("state", [PENDING, FRESH, FAILING, STALE, UNWELL])
@pytest.mark.parametrize("names", [False, True])
def test_samples_have_as_many_values_as_their_family_has_labels(state: OrganizationState, *, names: bool) -> None:
    """In the same order, after organization_id."""
    for entry in organization_families(names=names):
        for values, _ in entry.samples(state):
            assert len(values) == len(entry.family.label_names) - 1
