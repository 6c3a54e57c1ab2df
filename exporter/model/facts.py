"""What is known: organisations, what the platform said of them, and the snapshot that holds it all.

Everything here is frozen. A new fact makes a new object; what did not change stays the same object, and the
exposition counts on that identity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from exporter.model.fleet import ALONE, NOBODY, UNJUDGED, FleetJudgement, Surroundings, Tally
from exporter.model.judgement import BLANK, WELL, Connections, Diagnosis, Memory
from exporter.model.moment import Moment
from exporter.model.words import Failure, Freshness, Reason, Sent, SyncStatus, SyncType

BLOCK_SIZE: Final = 256
"""Organisations a block holds. Small enough that a dirty block renders in about a millisecond."""


@dataclass(frozen=True, slots=True)
class Organization:
    """A customer of the platform.

    Attributes:
        id: the platform's own id, matching `words.ORGANIZATION_ID`; the only per-organisation label.
        name: what people call it, any text; None when not configured. Personal: shown only where opted in.
        xero_tenant_id: Xero's id of the connected tenant; None when not configured.
    """

    id: str
    name: str | None = None
    xero_tenant_id: str | None = None


@dataclass(frozen=True, slots=True)
class SyncError:
    """One entry of the platform's ``errors`` list.

    Its texts are foreign and carry e-mail addresses and names: they are shown to people who ask for them, redacted,
    and stand in no label, log line or `repr`.

    Attributes:
        at: when it happened, seconds since 1970 UTC; None when the platform does not say.
        kind: the platform's ``type``; None when it does not say, or when it is not kept.
        message: the platform's ``message``, cut to `upstream.wire.MAX_TEXT`; None when it does not say, or when it is
            not kept.
        reason: why it happened, by these texts.
        sync_type: what was being synchronised, by these texts.
        correlation_id: Xero's id of the request that failed; None when the platform does not give it.
        record_ids: the platform's ids of the records that failed; empty when it does not give them. A retry needs them.
        length: characters of the whole message, kept or not; None when the platform does not say one.
    """

    at: float | None
    kind: str | None = field(default=None, repr=False)
    message: str | None = field(default=None, repr=False)
    reason: Reason = Reason.UNKNOWN
    sync_type: SyncType = SyncType.OTHER
    correlation_id: str | None = None
    record_ids: tuple[str, ...] = ()
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The platform's answer for one organisation. None means that the platform did not say (null or missing).

    Attributes:
        connected: whether the platform holds a connection.
        token_expires_at: seconds since 1970 UTC; may lie past or far in the future.
        last_sync: seconds since 1970 UTC.
        sync_status: the platform's word folded to the closed list.
        pending_syncs: as the platform says; 0 or more.
        failed_syncs: as the platform says; 0 or more.
        errors: well-formed entries, in the platform's order, at most `upstream.wire.MAX_ERRORS`.
        errors_dropped: entries that were malformed, or beyond that bound.
        errors_malformed: those of them that were malformed.
        errors_said: whether there is a list at all.
    """

    connected: bool | None = None
    token_expires_at: float | None = None
    last_sync: float | None = None
    sync_status: SyncStatus | None = None
    pending_syncs: int | None = None
    failed_syncs: int | None = None
    errors: tuple[SyncError, ...] = ()
    errors_dropped: int = 0
    errors_malformed: int = 0
    errors_said: bool = True


@dataclass(frozen=True, slots=True)
class UpstreamFailure:
    """A request that gave no usable answer.

    Attributes:
        failure: the failure class.
        sent: whether the other side can have received it.
        http_status: the status of the answer; None when there was none.
        retry_after: seconds the other side asked us to wait (429 and 503); None when it did not ask.
        detail: where exactly, in our own words, such as ``failed_syncs: not a whole number``; never foreign text.
    """

    failure: Failure
    sent: Sent
    http_status: int | None = None
    retry_after: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One attempt to get the status of one organisation.

    Attributes:
        organization_id: of whom.
        began: when the request was let go (after waiting for a permit).
        ended: when the outcome was known.
        outcome: the status, or why there is none.
        credential: number of the token that was used; grows when the token file changes. Answers given to an old
            token say nothing about the new one.
    """

    organization_id: str
    began: Moment
    ended: Moment
    outcome: Status | UpstreamFailure
    credential: int = 0
    skew: float | None = None

    @property
    def failure(self) -> Failure | None:
        """The failure class, None after a success."""
        return self.outcome.failure if isinstance(self.outcome, UpstreamFailure) else None

    @property
    def duration(self) -> float:
        """Seconds from beginning to end, on the clock that never steps."""
        return self.ended.monotonic - self.began.monotonic


@dataclass(frozen=True, slots=True, eq=False)
class OrganizationState:
    """What is known now about one organisation; compared by identity.

    Attributes:
        organization: of whom.
        first_seen: when it came onto the roster.
        freshness: how much to trust the rest.
        last_attempt: end of the last reading; None before the first.
        last_success: end of the last successful reading; a failure never moves it.
        failure: failure class of the last reading; None before the first and after a success.
        failures_in_row: readings that failed since the last success.
        status: what the platform said last; None when it never did or when that is older than stale_after
            (withdrawn: what is too old is not told).
        skew: how far the platform's clock was ahead of ours at the last success, seconds; None when it did not say.
        listed: whether Xero's own list of connections has its tenant; None while that is not known.
        unlisted: whether that list misses it although it was asked for after the platform said connected.
        missed_at: while there is no list to go by any more, and the last one missed it: when that was asked for.
        diagnosis: what is wrong with it; nothing while it is not fresh.
        memory: what the next diagnosis needs.
        valid_until: monotonic second at which time alone changes this state; infinite when nothing will.
    """

    organization: Organization
    first_seen: Moment
    freshness: Freshness = Freshness.PENDING
    last_attempt: Moment | None = None
    last_success: Moment | None = None
    failure: Failure | None = None
    failures_in_row: int = 0
    status: Status | None = None
    skew: float | None = None
    listed: bool | None = None
    unlisted: bool = False
    missed_at: Moment | None = None
    diagnosis: Diagnosis = WELL
    memory: Memory = BLANK
    valid_until: float = float("inf")


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Up to `BLOCK_SIZE` neighbours in phase. Compared and hashed by identity: the same object did not change.

    Attributes:
        states: in order of phase.
        valid_until: the least `valid_until` of its states, monotonic seconds.
        tally: its states counted for judging the fleet.
        counts: number of its states by freshness, in the order of `Freshness`.
    """

    states: tuple[OrganizationState, ...]
    valid_until: float
    tally: Tally = NOBODY
    counts: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        found = Counter(state.freshness for state in self.states)
        object.__setattr__(self, "counts", tuple(found[word] for word in Freshness))


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """All that is known at one moment; replaced whole, never changed.

    Attributes:
        blocks: in order of phase.
        places: organization_id -> (index of its block, index in the block); shared by snapshots of one roster.
        at: when it was folded.
        counts: number of organisations by freshness, every word present.
        tally: all organisations counted for judging the fleet.
        judgement: what is concluded of all of them together.
        connections: Xero's own list, by which the organisations were judged; None while there is none to go by.
        surroundings: what else the judgement went by.
    """

    blocks: tuple[Block, ...]
    places: Mapping[str, tuple[int, int]]
    at: Moment
    counts: Mapping[Freshness, int]
    tally: Tally = NOBODY
    judgement: FleetJudgement = UNJUDGED
    connections: Connections | None = None
    surroundings: Surroundings = ALONE

    def __len__(self) -> int:
        return len(self.places)

    def state(self, organization_id: str) -> OrganizationState | None:
        """The state of one organisation, None when it is not on the roster."""
        place = self.places.get(organization_id)
        return None if place is None else self.blocks[place[0]].states[place[1]]


@dataclass(frozen=True, slots=True)
class PastReading:
    """What is remembered of a reading: how it went, not what the platform said.

    Attributes:
        at: when it ended, seconds since 1970 UTC.
        duration: seconds.
        failure: why it gave no status; None when it gave one.
    """

    at: float
    duration: float
    failure: UpstreamFailure | None


@dataclass(frozen=True, slots=True)
class History:
    """The bounded memory of one organisation, oldest first.

    Attributes:
        recent: its last readings, whatever their outcome.
        failures: its last failed readings, kept longer than `recent`.
    """

    recent: tuple[PastReading, ...] = ()
    failures: tuple[PastReading, ...] = ()
