"""The page of metrics, read back by the parsers of both formats: whatever is known, it says exactly that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.expose.catalogue import FLEET_FAMILIES, Sample, organization_families
from exporter.expose.exposition import Exposition, Format
from exporter.expose.reference import all_families
from exporter.model.facts import Block, OrganizationState, Snapshot
from exporter.model.family import Family, Group
from exporter.model.fleet import FleetJudgement, PageSays, Surroundings
from exporter.model.judgement import Connections
from exporter.model.words import ServiceStatus, Verdict
from exporter.telemetry.metrics import SelfMetrics
from tests.contract.pages import (
    A,
    B,
    C,
    Page,
    blocks_of,
    connections,
    fleets,
    judgements,
    snapshot_of,
    states,
    surroundings,
    unwell,
)

PARSERS: dict[Format, Callable[[str], Iterable[Metric]]] = {
    Format.TEXT: parse_text,
    Format.OPENMETRICS: parse_openmetrics,
}
Told = dict[str, list[tuple[dict[str, str], float]]]


def read_back(page: bytes, form: Format) -> Told:
    """What a parser finds on a page: family -> its samples in order."""
    families = PARSERS[form](page.decode())
    return {family.name: [(sample.labels, sample.value) for sample in family.samples] for family in families}


def labelled(family: Family, first: Sequence[str], samples: Iterable[Sample]) -> list[tuple[dict[str, str], float]]:
    """Samples with their labels' names."""
    return [(dict(zip(family.label_names, (*first, *values), strict=True)), value) for values, value in samples]


def catalogue_says(snapshot: Snapshot, *, names: bool) -> Told:
    """What the functions of the catalogue give for a snapshot."""
    told = {entry.family.name: labelled(entry.family, (), entry.samples(snapshot)) for entry in FLEET_FAMILIES}
    for entry in organization_families(names=names):
        told[entry.family.name] = [
            sample
            for block in snapshot.blocks
            for state in block.states
            for sample in labelled(entry.family, (state.organization.id,), entry.samples(state))
        ]
    return told


@pytest.mark.parametrize("form", Format)
@given(fleet=fleets, judgement=judgements, around=surroundings, connections=connections, names=st.booleans())
@settings(deadline=None, max_examples=60)
def test_a_page_says_exactly_what_the_catalogue_says(
    form: Format,
    fleet: list[OrganizationState],
    judgement: FleetJudgement,
    around: Surroundings,
    connections: Connections | None,
    *,
    names: bool,
) -> None:
    """Any name, instant, count and judgement: parsed, it is the same samples in the same order, in both formats."""
    page = Page(names=names)
    known = snapshot_of(blocks_of(fleet))
    snapshot = replace(known, judgement=judgement, surroundings=around, connections=connections)
    page.exposition.render(snapshot)
    said = catalogue_says(snapshot, names=names)
    assert read_back(bytes(page.exposition.page(form)), form) == said
    assert page.series == sum(map(len, said.values()))


@given(fleet=fleets, changed=st.sets(st.integers(0, 2)), other=states)
@settings(deadline=None, max_examples=60)
def test_rendering_what_changed_is_like_rendering_everything(
    fleet: list[OrganizationState], changed: set[int], other: OrganizationState
) -> None:
    """After any change the page equals that of an exposition that never saw the state before it."""
    before = blocks_of(fleet)
    after = tuple(
        Block(tuple(replace(other, organization=state.organization) for state in block.states), block.valid_until)
        if index in changed
        else block
        for index, block in enumerate(before)
    )
    page = Page()
    page.render(*before)
    assert page.render(*after) == Page().render(*after)
    assert page.blocks_rendered == len(before) + len(changed & set(range(len(before))))


def lines_of(page: bytes) -> list[str]:
    """The lines with samples."""
    return [line for line in page.decode().splitlines() if not line.startswith("#")]


def test_the_lines_are_those_that_people_expect() -> None:
    """Whole numbers without exponent, instants with a fraction, quotes and backslashes escaped."""
    lines = lines_of(Page().render(Block((unwell("org-1"),), 9e9)))
    assert [line for line in lines if "org-1" in line] == [
        r'xero_organization_info{organization_id="org-1",xero_tenant_id="tenant-1",name="Harbour \"Rowing\"\\Club"} 1',
        'xero_poll_success{organization_id="org-1"} 1',
        'xero_poll_last_attempt_timestamp_seconds{organization_id="org-1"} 1760000000.0',
        'xero_poll_last_success_timestamp_seconds{organization_id="org-1"} 1760000000.0',
        'xero_connected{organization_id="org-1"} 1',
        'xero_token_expiry_timestamp_seconds{organization_id="org-1"} 1737385200.0',
        'xero_last_sync_timestamp_seconds{organization_id="org-1"} 1736937000.5',
        'xero_sync_status{organization_id="org-1",status="healthy"} 1',
        'xero_sync_status{organization_id="org-1",status="degraded"} 0',
        'xero_sync_status{organization_id="org-1",status="failing"} 0',
        'xero_sync_status{organization_id="org-1",status="disconnected"} 0',
        'xero_sync_status{organization_id="org-1",status="other"} 0',
        'xero_pending_syncs{organization_id="org-1"} 9223372036854775808',
        'xero_failed_syncs{organization_id="org-1"} -2',
        'xero_connection_authorized{organization_id="org-1"} 1',
        'xero_recent_errors{organization_id="org-1",sync_type="contacts",reason="duplicate_contact"} 3',
        'xero_recent_errors{organization_id="org-1",sync_type="other",reason="unknown"} 1',
        'xero_issue{organization_id="org-1",issue="contacts_failing"} 1',
        'xero_issue{organization_id="org-1",issue="sync_stale"} 1',
        'xero_issue_since_timestamp_seconds{organization_id="org-1",issue="contacts_failing"} 1736937060.5',
        'xero_issue_since_timestamp_seconds{organization_id="org-1",issue="sync_stale"} 1736937000.0',
    ]


def test_the_lines_about_the_fleet_are_those_that_people_expect() -> None:
    """Zero-filled, without organizations; the address of a page is a label value."""
    known = snapshot_of((Block((unwell("org-1"),), 9e9),))
    pages = (PageSays("status.xero.com", ServiceStatus.MINOR),)
    judged = replace(known, judgement=FleetJudgement(verdict=Verdict.CUSTOMERS), surroundings=Surroundings(pages=pages))
    assert [line for line in lines_of(Page().show(judged)) if "org-1" not in line] == [
        'xero_organizations{freshness="fresh"} 1',
        'xero_organizations{freshness="stale"} 0',
        'xero_organizations{freshness="pending"} 0',
        'xero_organizations{freshness="not_found"} 0',
        'xero_issue_organizations{issue="disconnected"} 0',
        'xero_issue_organizations{issue="token_expired"} 0',
        'xero_issue_organizations{issue="unauthorized"} 0',
        'xero_issue_organizations{issue="contacts_failing"} 1',
        'xero_issue_organizations{issue="invoices_failing"} 0',
        'xero_issue_organizations{issue="reconciliation_failing"} 0',
        'xero_issue_organizations{issue="sync_failing"} 0',
        'xero_issue_organizations{issue="sync_stale"} 1',
        'xero_organizations_affected{kind="connection"} 0',
        'xero_organizations_affected{kind="sync"} 1',
        'xero_fleet_verdict{verdict="starting"} 0',
        'xero_fleet_verdict{verdict="platform_credential"} 0',
        'xero_fleet_verdict{verdict="platform_api"} 0',
        'xero_fleet_verdict{verdict="xero_app"} 0',
        'xero_fleet_verdict{verdict="xero"} 0',
        'xero_fleet_verdict{verdict="incident"} 0',
        'xero_fleet_verdict{verdict="customers"} 1',
        'xero_fleet_verdict{verdict="all_well"} 0',
        "xero_app_credentials_rejected 0",
        'xero_service_status{page="status.xero.com",status="none"} 0',
        'xero_service_status{page="status.xero.com",status="minor"} 1',
        'xero_service_status{page="status.xero.com",status="major"} 0',
        'xero_service_status{page="status.xero.com",status="critical"} 0',
        'xero_service_status{page="status.xero.com",status="unknown"} 0',
    ]


def test_every_family_has_its_help_and_type_also_without_samples() -> None:
    """An empty roster shows what could be there."""
    page = Page().render().decode()
    families = [family for family in all_families() if family.group is not Group.EXPORTER]
    for family in families:
        assert f"# HELP {family.name} {family.help}\n# TYPE {family.name} gauge\n" in page
    assert page.count("# TYPE") == len(families)


def test_a_block_that_did_not_change_is_not_rendered_again() -> None:
    """Identity decides: a new block of the same states is rendered, the same object is not."""
    page = Page()
    page.render(A, B, C)
    assert page.blocks_rendered == 3
    bytes_of_a = page.exposition._rendered[0]
    page.render(A, B, C)
    assert page.blocks_rendered == 3
    page.render(A, replace(B), C)
    assert page.blocks_rendered == 4
    assert page.exposition._rendered[0] is bytes_of_a


def test_what_left_the_roster_leaves_the_page_and_the_memory() -> None:
    """Its bytes are dropped, and the count of series with them."""
    page = Page()
    page.render(A, B, C)
    fleet = 4 + 8 + 2 + 8 + 1
    assert page.series == fleet + 6 * 15
    assert page.render(B) == Page().render(B)
    assert page.series == fleet + 2 * 15
    assert len(page.exposition._rendered) == 1
    page.render(A, B)
    assert page.blocks_rendered == 4, "a block that comes back is rendered again"


def test_the_page_does_not_move_between_two_renderings() -> None:
    """Scrapes of one tick see one snapshot, in both formats the same bytes."""
    page = Page()
    text = page.render(A, B)
    assert bytes(page.exposition.page(Format.TEXT)) == text
    assert bytes(page.exposition.page(Format.OPENMETRICS)) == text + b"# EOF\n"


@pytest.fixture
def whole() -> Exposition:
    """An exposition as the exporter has it: its own metrics on the page too."""
    registry = CollectorRegistry(auto_describe=False)
    return Exposition(organization_names=False, registry=registry, metrics=SelfMetrics(registry))


@pytest.mark.parametrize("form", Format)
def test_before_the_first_snapshot_the_page_is_the_exporters_own(whole: Exposition, form: Format) -> None:
    """It can be scraped from the first second, and claims nothing about organisations."""
    told = read_back(bytes(whole.page(form)), form)
    assert "xero_exporter_build_info" in told
    assert not {entry.family.name for entry in organization_families(names=False)} & set(told)
    assert "xero_organizations" not in told


@pytest.mark.parametrize("form", Format)
def test_a_whole_page_has_every_documented_family_and_no_other(whole: Exposition, form: Format) -> None:
    """The loop is closed: the reference and the page have the same families, each once."""
    whole.render(snapshot_of((A, B)))
    page = bytes(whole.page(form)).decode()
    named = [line.split()[2] for line in page.splitlines() if line.startswith("# TYPE xero_")]
    documented = [family.name for family in all_families()]
    if form is Format.OPENMETRICS:
        documented = [name.removesuffix("_total") for name in documented]
    assert named == documented
    assert len(read_back(page.encode(), form)) == page.count("# TYPE ")


def test_openmetrics_ends_in_its_end_and_text_has_none(whole: Exposition) -> None:
    """Exactly one, in the last line: nothing may come after it."""
    whole.render(snapshot_of((A,)))
    assert bytes(whole.page(Format.OPENMETRICS)).count(b"# EOF") == 1
    assert bytes(whole.page(Format.OPENMETRICS)).endswith(b"\n# EOF\n")
    assert b"# EOF" not in bytes(whole.page(Format.TEXT))


@pytest.mark.parametrize("form", Format)
def test_no_page_has_a_blank_line_or_a_series_twice(whole: Exposition, form: Format) -> None:
    """Both are parse errors somewhere."""
    whole.render(snapshot_of((A, B, C)))
    lines = bytes(whole.page(form)).decode().removesuffix("\n").split("\n")
    assert "" not in lines
    series = [line.rpartition(" ")[0] for line in lines if not line.startswith("#")]
    assert len(series) == len(set(series))


def test_the_exporters_own_metrics_are_those_of_the_moment() -> None:
    """What changed since the last scrape is on the next page, although no block was rendered."""
    registry = CollectorRegistry(auto_describe=False)
    metrics = SelfMetrics(registry)
    exposition = Exposition(organization_names=False, registry=registry, metrics=metrics)
    exposition.render(snapshot_of((A,)))
    assert b"\nxero_exporter_readings_in_flight 0.0\n" in bytes(exposition.page(Format.TEXT))
    metrics.readings_in_flight(7)
    assert b"\nxero_exporter_readings_in_flight 7.0\n" in bytes(exposition.page(Format.TEXT))


def test_names_stay_off_the_page_unless_opted_in(whole: Exposition) -> None:
    """The label is not there at all."""
    whole.render(snapshot_of((A,)))
    assert b"Harbour" not in bytes(whole.page(Format.TEXT))
    assert b"name=" not in bytes(whole.page(Format.TEXT))
