"""Days of simulated time: what platforms say, read at fixed intervals, folded as the exporter does. No sockets.

Who polls every five minutes here and every minute in life meets the same rules: all of them go by instants of the
platform or by what a reading saw, and ten minutes, the shortest of them, are longer than either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from exporter.model.facts import Organization, Reading, Status, SyncError, UpstreamFailure
from exporter.model.fleet import Surroundings
from exporter.model.judgement import Diagnosis, Thresholds
from exporter.model.moment import Moment
from exporter.model.words import Failure, IncidentKind, Issue, Reason, Sent, SyncStatus, SyncType, Verdict
from exporter.observe.fleet import Fleet
from exporter.observe.phase import phase_of

MIDNIGHT = 1_700_006_400.0
"""Seconds since 1970 at which the first day begins: a midnight in UTC. Instants of the stories count from here."""

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
ACCESS_TOKEN = 30 * MINUTE
"""How long Xero's access tokens live."""

Life: TypeAlias = Callable[[float], Status | None]
"""What the platform says of an organisation at a second of the story; None: it does not answer."""

RULES = Thresholds()
_UNREACHABLE = UpstreamFailure(Failure.TIMEOUT, Sent.MAYBE)


@lru_cache(maxsize=100_000)  # the same answer is the same object, as an answer with the same bytes is
def says(
    last_sync: float | None,
    expires: float | None = None,
    sync_status: SyncStatus | None = SyncStatus.HEALTHY,
    *,
    failed: int = 0,
    pending: int = 0,
    errors: tuple[tuple[float, Reason, SyncType], ...] = (),
    connected: bool = True,
) -> Status:
    """An answer; instants in seconds of the story."""
    return Status(
        connected=connected,
        token_expires_at=None if expires is None else MIDNIGHT + expires,
        last_sync=None if last_sync is None else MIDNIGHT + last_sync,
        sync_status=sync_status,
        pending_syncs=pending,
        failed_syncs=failed,
        errors=tuple(SyncError(MIDNIGHT + at, reason=reason, sync_type=kind) for at, reason, kind in errors),
    )


def clock(second: float) -> str:
    """A second of the story as people say it: day, hour and minute, and the second where there is one."""
    day, rest = divmod(second, DAY)
    text = f"{int(day)}d {int(rest // HOUR):02}:{int(rest % HOUR // MINUTE):02}"
    return text if rest % MINUTE == 0 else f"{text}:{rest % MINUTE:04.1f}"


@dataclass
class Days:
    """A fleet that is watched, and what was told of it, changes only.

    Attributes:
        lives: organisation -> what the platform says of it.
        every: seconds between its readings.
        surroundings: at a second of the story.
        skew: how far the platform's clock is ahead of ours at a second of the story; ours is the one that is off.
        stagger: whether readings are spread over the interval by phase; else all are at its end, where it is folded.
        told: organisation -> (when, issues), one for each change.
        incidents: kind -> (when, whether), one for each change.
        verdicts: (when, verdict), one for each change.
    """

    lives: Mapping[str, Life]
    every: float = MINUTE
    surroundings: Callable[[float], Surroundings] = lambda _: Surroundings(started=True)
    skew: Callable[[float], float] = lambda _: 0.0
    rules: Thresholds = RULES
    stagger: bool = True
    now: float = 0.0
    told: dict[str, list[tuple[str, list[Issue]]]] = field(default_factory=dict)
    incidents: dict[IncidentKind, list[tuple[str, bool | None]]] = field(default_factory=dict)
    verdicts: list[tuple[str, Verdict]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._last: dict[str, Diagnosis] = {}
        self.restart()

    def restart(self) -> None:
        """Another process: nothing is remembered but what this story writes down."""
        self.fleet = Fleet(self.rules)
        self.fleet.replace_roster([Organization(name) for name in self.lives], self._moment(self.now))
        offsets = {name: phase_of(name) * self.every if self.stagger else self.every for name in self.lives}
        self._order = sorted((offset, name) for name, offset in offsets.items())

    def until(self, second: float) -> Days:
        """Reads and folds until then: each organisation once an interval, one fold at the end of each."""
        while self.now < second:
            begin, self.now = self.now, self.now + self.every
            for offset, name in self._order:
                asked = begin + offset
                moment, skew = self._moment(asked), self.skew(asked)
                outcome = self.lives[name](asked) or _UNREACHABLE
                self.fleet.receive(Reading(name, moment, moment, outcome, skew=skew))
            self._fold()
        return self

    def asleep_until(self, second: float) -> Days:
        """Nobody reads until then."""
        self.now = second
        return self

    @property
    def issues(self) -> list[Issue]:
        """All issues that were ever told, of anybody."""
        return sorted({issue for changes in self.told.values() for _, issues in changes for issue in issues})

    def _fold(self) -> None:
        self.fleet.fold(self._moment(self.now), surroundings=self.surroundings(self.now))
        snapshot = self.fleet.snapshot
        assert snapshot is not None
        when = clock(self.now)
        for block in snapshot.blocks:
            for state in block.states:
                name, diagnosis = state.organization.id, state.diagnosis
                if diagnosis is self._last.get(name):
                    continue
                self._last[name] = diagnosis
                issues = [one.issue for one in diagnosis.issues]
                changes = self.told.setdefault(name, [])
                if issues != (changes[-1][1] if changes else []):
                    changes.append((when, issues))
        for kind, stands in snapshot.judgement.incidents.items():
            seen = self.incidents.setdefault(kind, [])
            if not seen or seen[-1][1] is not stands:
                seen.append((when, stands))
        if not self.verdicts or self.verdicts[-1][1] is not snapshot.judgement.verdict:
            self.verdicts.append((when, snapshot.judgement.verdict))

    def since(self, name: str) -> dict[Issue, str]:
        """When the issues that an organisation has now began."""
        state = self.fleet.state(name)
        assert state is not None
        return {one.issue: clock(one.since - MIDNIGHT) for one in state.diagnosis.issues}

    def _moment(self, second: float) -> Moment:
        return Moment(MIDNIGHT + second - self.skew(second), second)
