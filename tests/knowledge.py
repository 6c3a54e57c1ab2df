"""What is known of one organisation after one reading, judged by the real functions."""

from __future__ import annotations

from exporter.model.facts import Organization, OrganizationState, Reading, Status, SyncError, UpstreamFailure
from exporter.model.fleet import PageSays, Surroundings
from exporter.model.judgement import Connections, Thresholds
from exporter.model.moment import Moment
from exporter.model.words import Failure, Sent, ServiceStatus, SyncStatus
from exporter.observe.fold import fold, snapshot_of
from exporter.observe.interpret import interpreted

NOW = Moment(wall=1_736_937_000.0, monotonic=1_000.0)
"""2025-01-15T10:30:00Z."""

TENANT = "fe79f7dd-b6d4-4a92-ba7b-538af6289c58"
NAME = "Jane Canary's Choir"
MAIL = "jane.canary@example.com"
CANARY = f"Duplicate contact: {MAIL}"
"""A text that a rule knows, and a person in it."""
STRANGE = f"Zorblax of {MAIL} failed"
"""A text that no rule knows."""

TIMED_OUT = UpstreamFailure(Failure.TIMEOUT, Sent.MAYBE, detail="no whole answer within the deadline")
OUTAGE = Surroundings(started=True, pages=(PageSays("status.xero.com", ServiceStatus.MAJOR, NOW.wall - 40),))
CALM = Surroundings(started=True, pages=(PageSays("status.xero.com", ServiceStatus.NONE, NOW.wall - 40),))


def minutes_ago(minutes: float) -> float:
    """Seconds since 1970 UTC, so long before `NOW`."""
    return NOW.wall - 60 * minutes


def failing(*messages: str | None, kind: str | None = "contact_sync", **more: object) -> Status:
    """A status with these errors, a minute apart, the newest last."""
    count = len(messages)
    errors = tuple(
        SyncError(minutes_ago(count - place), kind=kind, message=message) for place, message in enumerate(messages)
    )
    known = {
        "connected": True,
        "token_expires_at": NOW.wall + 1200,
        "last_sync": minutes_ago(60),
        "sync_status": SyncStatus.DEGRADED,
        "pending_syncs": 0,
        "failed_syncs": count,
        "errors": errors,
    }
    return Status(**{**known, **more})  # type: ignore[arg-type]


HEALTHY = Status(
    connected=True,
    token_expires_at=NOW.wall + 1200,
    last_sync=minutes_ago(5),
    sync_status=SyncStatus.HEALTHY,
    pending_syncs=0,
    failed_syncs=0,
)
GONE = Status(
    connected=False, token_expires_at=minutes_ago(30), last_sync=minutes_ago(60), sync_status=SyncStatus.DISCONNECTED
)
NEVER = Status(connected=False)
EXPIRED = Status(
    connected=True, token_expires_at=minutes_ago(40), last_sync=minutes_ago(60), sync_status=SyncStatus.FAILING
)
STALE_SYNC = Status(
    connected=True,
    token_expires_at=NOW.wall + 1200,
    last_sync=minutes_ago(60 * 30),
    sync_status=SyncStatus.HEALTHY,
    pending_syncs=4,
)


def known(
    outcome: Status | UpstreamFailure | None,
    *,
    organization_id: str = "org-1",
    listed: bool | None = None,
    after: float = 0.0,
) -> OrganizationState:
    """The state of an organisation that was read once at `NOW`.

    Args:
        outcome: what came of it; None: it was not read yet.
        organization_id: of whom.
        listed: whether Xero's own list, asked for afterwards, has it; None: there is no list.
        after: seconds that passed since.
    """
    organization = Organization(organization_id, NAME, TENANT)
    later = Moment(NOW.wall + after + 1, NOW.monotonic + after + 1)
    tenants = frozenset({TENANT.replace("-", "")} if listed else ())
    connections = None if listed is None else Connections(tenants, 1, later, float("inf"))
    came_in = [] if outcome is None else [Reading(organization_id, NOW, NOW, _taken(outcome))]
    snapshot = fold(
        snapshot_of([organization], None, NOW), came_in, later, Thresholds(), connections=connections, surroundings=CALM
    )
    state = snapshot.state(organization_id)
    assert state is not None
    return state


def _taken(outcome: Status | UpstreamFailure) -> Status | UpstreamFailure:
    return interpreted(outcome) if isinstance(outcome, Status) else outcome
