"""What tests of judgement are written with: instants, statuses, and one organisation that is read and grows older."""

from __future__ import annotations

from exporter.model.facts import Organization, OrganizationState, Reading, Status, SyncError, UpstreamFailure
from exporter.model.judgement import ActiveIssue, Diagnosis, Thresholds
from exporter.model.moment import Moment
from exporter.model.words import Failure, Issue, Reason, Sent, SyncStatus, SyncType
from exporter.observe.fold import absorb, age

NOON = 1_700_000_000.0
"""Where the tests' stories begin, seconds since 1970; all instants in them are seconds from here."""

MINUTE = 60.0
HOUR = 3600.0
DAY = 24 * HOUR

HEALTHY, DEGRADED, FAILING = SyncStatus.HEALTHY, SyncStatus.DEGRADED, SyncStatus.FAILING
RULES = Thresholds()


def at(second: float) -> Moment:
    """A moment of the story, on two clocks that agree about it."""
    return Moment(wall=NOON + second, monotonic=second)


def error(
    second: float | None, reason: Reason = Reason.DUPLICATE_CONTACT, sync_type: SyncType = SyncType.CONTACTS
) -> SyncError:
    """An entry of the platform's list; None: it does not say when."""
    return SyncError(at=None if second is None else NOON + second, reason=reason, sync_type=sync_type)


def status(
    sync_status: SyncStatus | None = HEALTHY,
    *,
    last_sync: float | None = 0.0,
    expires: float | None = None,
    failed: int | None = 0,
    pending: int | None = 0,
    connected: bool | None = True,
    errors: tuple[SyncError, ...] = (),
) -> Status:
    """What the platform says; instants in seconds of the story."""
    return Status(
        connected=connected,
        token_expires_at=None if expires is None else NOON + expires,
        last_sync=None if last_sync is None else NOON + last_sync,
        sync_status=sync_status,
        pending_syncs=pending,
        failed_syncs=failed,
        errors=errors,
    )


class Watched:
    """One organisation that is read and grows older, through the fold."""

    def __init__(self, rules: Thresholds = RULES) -> None:
        self.rules = rules
        self.state = OrganizationState(Organization("a"), first_seen=at(0), valid_until=0.0)

    def read(self, second: float, said: Status, *, skew: float | None = 0.0, ours: float = 0.0) -> Watched:
        """A reading; `ours` is how far our own wall clock is off then."""
        moment = Moment(at(second).wall + ours, second)
        reading = Reading("a", moment, moment, said, skew=skew)
        self.state = age(absorb(self.state, reading, self.rules), moment, self.rules)
        return self

    def fail(self, second: float, failure: Failure = Failure.TIMEOUT) -> Watched:
        """A reading that gives no status."""
        reading = Reading("a", at(second), at(second), UpstreamFailure(failure, Sent.MAYBE))
        self.state = age(absorb(self.state, reading, self.rules), at(second), self.rules)
        return self

    def wait(self, second: float, *, ours: float = 0.0) -> Watched:
        """Nothing but time."""
        self.state = age(self.state, Moment(at(second).wall + ours, second), self.rules)
        return self

    @property
    def diagnosis(self) -> Diagnosis:
        """What is wrong now."""
        return self.state.diagnosis

    @property
    def issues(self) -> list[Issue]:
        """Which issues it has now."""
        return [one.issue for one in self.diagnosis.issues]

    @property
    def only(self) -> ActiveIssue:
        """The one issue that it has now."""
        (issue,) = self.diagnosis.issues
        return issue

    @property
    def since(self) -> dict[Issue, float]:
        """When each began, seconds of the story."""
        return {one.issue: one.since - NOON for one in self.diagnosis.issues}
