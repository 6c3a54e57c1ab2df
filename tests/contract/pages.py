"""Fleets of any kind, and pages of them: what several files here test with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from exporter.expose.exposition import Exposition, Format
from exporter.model.facts import Block, Organization, OrganizationState, Snapshot, Status
from exporter.model.fleet import FleetJudgement, PageSays, Surroundings
from exporter.model.judgement import MAX_ERROR_SERIES, ActiveIssue, Because, Connections, Diagnosis, ErrorCount
from exporter.model.moment import Moment
from exporter.model.words import (
    ORGANIZATION_ID,
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
from exporter.observe.tally import added, tally_of
from exporter.telemetry.metrics import SelfMetrics

AT = Moment(wall=1_760_000_000.0, monotonic=100.0)

YEAR_1, YEAR_9999 = -62_135_596_800.0, 253_402_300_799.999
anything = st.text(st.characters(codec=None, categories=None), max_size=20)
instants = st.none() | st.floats(YEAR_1, YEAR_9999) | st.integers(int(YEAR_1), int(YEAR_9999)).map(float)
moments = st.none() | st.builds(Moment, wall=st.floats(0, 1e11), monotonic=st.floats(0, 1e9))
counts = st.none() | st.integers(-(2**64), 2**64) | st.just(10**400)
statuses = st.builds(
    Status,
    connected=st.none() | st.booleans(),
    token_expires_at=instants,
    last_sync=instants,
    sync_status=st.none() | st.sampled_from(SyncStatus),
    pending_syncs=counts,
    failed_syncs=counts,
)
reasons = st.sampled_from(Reason)
diagnoses = st.builds(
    Diagnosis,
    issues=st.lists(
        st.builds(
            ActiveIssue,
            issue=st.sampled_from(Issue),
            since=st.floats(YEAR_1, YEAR_9999),
            because=st.sampled_from(Because),
            reasons=st.lists(reasons, max_size=3, unique=True).map(tuple),
        ),
        max_size=5,
        unique_by=lambda issue: issue.issue,
    ).map(tuple),
    errors=st.lists(
        st.builds(
            ErrorCount,
            sync_type=st.sampled_from(SyncType),
            reason=reasons,
            count=st.integers(1, 1000),
            newest=st.none() | st.floats(YEAR_1, YEAR_9999),
        ),
        max_size=MAX_ERROR_SERIES,
        unique_by=lambda error: (error.sync_type, error.reason),
    ).map(tuple),
    never_connected=st.booleans(),
)
states = st.builds(
    OrganizationState,
    organization=st.builds(
        Organization,
        id=st.from_regex(ORGANIZATION_ID, fullmatch=True),
        name=st.none() | anything,
        xero_tenant_id=st.none() | anything,
    ),
    first_seen=st.just(AT),
    freshness=st.sampled_from(Freshness),
    last_attempt=moments,
    last_success=moments,
    failure=st.none() | st.sampled_from(Failure),
    status=st.none() | statuses,
    listed=st.none() | st.booleans(),
    diagnosis=diagnoses,
)
judgements = st.builds(
    FleetJudgement,
    verdict=st.sampled_from(Verdict),
    incidents=st.fixed_dictionaries({kind: st.none() | st.booleans() for kind in IncidentKind}),
    app_refused=st.booleans(),
)
surroundings = st.builds(
    Surroundings,
    pages=st.lists(
        st.builds(PageSays, st.text(max_size=20), st.sampled_from(ServiceStatus)),
        max_size=3,
        unique_by=lambda one: one.page,
    ).map(tuple),
)
connections = st.none() | st.builds(
    Connections,
    tenants=st.just(frozenset()),
    count=st.integers(0, 10**6),
    at=st.just(AT),
    valid_until=st.just(9e9),
)
fleets = st.lists(states, max_size=6, unique_by=lambda state: state.organization.id)


def blocks_of(fleet: Sequence[OrganizationState]) -> tuple[Block, ...]:
    """Blocks of two."""
    return tuple(Block(tuple(fleet[start : start + 2]), valid_until=9e9) for start in range(0, len(fleet), 2))


def snapshot_of(blocks: tuple[Block, ...]) -> Snapshot:
    """A snapshot of these blocks."""
    fleet = [state for block in blocks for state in block.states]
    return Snapshot(
        blocks=blocks,
        places={state.organization.id: divmod(index, 2) for index, state in enumerate(fleet)},
        at=AT,
        counts={word: sum(state.freshness is word for state in fleet) for word in Freshness},
        tally=added([tally_of(block.states) for block in blocks]),
    )


class Page:
    """An exposition whose page is the fleet alone: its own metrics are on another registry."""

    def __init__(self, *, names: bool = True) -> None:
        self.own = CollectorRegistry(auto_describe=False)
        self.exposition = Exposition(
            organization_names=names,
            registry=CollectorRegistry(auto_describe=False),
            metrics=SelfMetrics(self.own),
        )

    def render(self, *blocks: Block) -> bytes:
        """Renders a snapshot of these blocks and gives the text page."""
        return self.show(snapshot_of(blocks))

    def show(self, snapshot: Snapshot) -> bytes:
        """Renders this snapshot and gives the text page."""
        self.exposition.render(snapshot)
        return bytes(self.exposition.page(Format.TEXT))

    @property
    def blocks_rendered(self) -> float | None:
        """How many blocks were rendered anew so far."""
        return self.own.get_sample_value("xero_exporter_blocks_rendered_total")

    @property
    def series(self) -> float | None:
        """How many series the fleet is said to have."""
        return self.own.get_sample_value("xero_exporter_series")


def fresh(organization_id: str) -> OrganizationState:
    """An organisation of which everything is known."""
    return OrganizationState(
        organization=Organization(organization_id, name='Harbour "Rowing"\\Club', xero_tenant_id="tenant-1"),
        first_seen=AT,
        freshness=Freshness.FRESH,
        last_attempt=AT,
        last_success=AT,
        listed=True,
        status=Status(
            connected=True,
            token_expires_at=1_737_385_200.0,
            last_sync=1_736_937_000.5,
            sync_status=SyncStatus.HEALTHY,
            pending_syncs=2**63,
            failed_syncs=-2,
        ),
    )


def unwell(organization_id: str) -> OrganizationState:
    """The same, and two kinds of errors make two issues."""
    return replace(
        fresh(organization_id),
        diagnosis=Diagnosis(
            issues=(
                ActiveIssue(Issue.CONTACTS_FAILING, 1_736_937_060.5, Because.ERROR, (Reason.DUPLICATE_CONTACT,)),
                ActiveIssue(Issue.SYNC_STALE, 1_736_937_000.0, Because.NOTHING_SYNCED),
            ),
            errors=(
                ErrorCount(SyncType.CONTACTS, Reason.DUPLICATE_CONTACT, 3, 1_736_937_060.5),
                ErrorCount(SyncType.OTHER, Reason.UNKNOWN, 1, None),
            ),
        ),
    )


A, B, C = (Block((fresh(f"org-{number}"), fresh(f"org-{number + 1}")), 9e9) for number in (1, 3, 5))
