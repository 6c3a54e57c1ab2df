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
from exporter.model.moment import Moment
from exporter.model.words import Failure, Freshness, SyncStatus

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


def test_the_fleet_is_counted_by_every_freshness() -> None:
    """Zero-filled: a word without organisations has a 0."""
    counts = {**dict.fromkeys(Freshness, 0), Freshness.STALE: 3}
    snapshot = Snapshot(blocks=(), places={}, at=AT, counts=counts)
    (entry,) = FLEET_FAMILIES
    assert list(entry.samples(snapshot)) == [
        (("fresh",), 0),
        (("stale",), 3),
        (("pending",), 0),
        (("not_found",), 0),
    ]


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
    """Every family of the organisations and the fleet is."""
    families = [family for family in all_families() if family.group is not Group.EXPORTER]
    assert len(families) == 12
    assert {family.stability for family in families} == {Stability.STABLE}


def test_data_families_say_that_they_are_polled() -> None:
    """And the others do not pretend to come from the platform."""
    polled = {
        entry.family.name for entry in organization_families(names=False) if "polled and cached" in entry.family.help
    }
    assert polled == DATA


@pytest.mark.parametrize("state", [PENDING, FRESH, FAILING, STALE])
@pytest.mark.parametrize("names", [False, True])
def test_samples_have_as_many_values_as_their_family_has_labels(state: OrganizationState, *, names: bool) -> None:
    """In the same order, after organization_id."""
    for entry in organization_families(names=names):
        for values, _ in entry.samples(state):
            assert len(values) == len(entry.family.label_names) - 1
