"""Holds what is known now: the current snapshot, and a bounded memory of readings for each organisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog

from exporter.model.facts import (
    History,
    Organization,
    OrganizationState,
    PastReading,
    Reading,
    Snapshot,
    UpstreamFailure,
)
from exporter.model.fleet import ALONE, Surroundings
from exporter.model.judgement import Connections, Thresholds
from exporter.model.moment import Moment
from exporter.model.words import Failure
from exporter.observe.fold import fold, judged_anew, snapshot_of
from exporter.observe.listed import fits
from exporter.observe.news import Change, changes_between
from exporter.observe.trend import Trend, remembered

RECENT_READINGS: Final = 8
"""Readings remembered of each organisation: 0.1 kB each, 10 MB for 10,000 organisations."""

FAILED_READINGS: Final = 16
"""Failed readings remembered of each organisation, however long ago they were."""

WEIGH_AGAIN: Final = 30.0
"""Seconds after which a list of Xero's that was found unlikely is weighed again: 3 ms for 10,000 organisations."""

_NOTHING: Final = History()
_log = structlog.get_logger("fleet")


class Fleet:
    """The only writer of the snapshot. Readings come in at any time; the snapshot is replaced once a tick."""

    def __init__(self, rules: Thresholds) -> None:
        self._rules = rules
        self._snapshot: Snapshot | None = None
        self._came_in: list[Reading] = []
        self._memory: dict[str, History] = {}
        self._offered: Connections | None = None
        self._usable: Connections | None = None
        self._weigh_again = 0.0
        self._trend: Trend = ()

    @property
    def snapshot(self) -> Snapshot | None:
        """What is known now; None before the first roster."""
        return self._snapshot

    @property
    def trend(self) -> Trend:
        """How many had which issue over the last hours."""
        return self._trend

    def state(self, organization_id: str) -> OrganizationState | None:
        """What is known of one organisation; None when it is not ours."""
        return None if self._snapshot is None else self._snapshot.state(organization_id)

    def history(self, organization_id: str) -> History:
        """The remembered readings of one organisation; empty when there are none."""
        return self._memory.get(organization_id, _NOTHING)

    def replace_roster(self, organizations: Sequence[Organization], now: Moment) -> None:
        """From now on exactly these organisations are ours. What is known of those who stay is kept."""
        self._snapshot = snapshot_of(organizations, self._snapshot, now)
        ours = self._snapshot.places
        self._offered = None
        self._memory = {name: history for name, history in self._memory.items() if name in ours}

    def change_rules(self, rules: Thresholds, now: Moment) -> None:
        """From now on judges by these. What was withdrawn stays so until it is read again."""
        if rules != self._rules:
            self._rules = rules
            if self._snapshot is not None:
                self._snapshot = judged_anew(self._snapshot, now)

    def receive(self, reading: Reading) -> None:
        """Takes a reading in; it is part of the snapshot from the next fold. Not ours (any more): ignored."""
        if self.state(reading.organization_id) is None:
            return
        self._came_in.append(reading)
        self._memory[reading.organization_id] = remember(self.history(reading.organization_id), reading)

    def fold(
        self, now: Moment, connections: Connections | None = None, surroundings: Surroundings = ALONE
    ) -> Sequence[Change]:
        """Replaces the snapshot by one that knows what came in and what time it is; returns what changed by that.

        Args:
            now: the present.
            connections: Xero's own list of connections; None while there is none.
            surroundings: what else the judgement of the fleet needs.
        """
        if self._snapshot is None:
            return ()
        came_in, self._came_in = self._came_in, []
        before = self._snapshot
        usable = self._weighed(connections, before, now)
        self._snapshot = fold(before, came_in, now, self._rules, connections=usable, surroundings=surroundings)
        self._trend = remembered(self._trend, self._snapshot)
        return changes_between(before, self._snapshot)

    def _weighed(self, connections: Connections | None, snapshot: Snapshot, now: Moment) -> Connections | None:
        """The list, or None when it cannot be that of our app; weighed again as more of the fleet becomes known."""
        if connections is self._offered and (self._usable is connections or now.monotonic < self._weigh_again):
            return self._usable
        new = connections is not self._offered
        self._offered = connections
        self._usable = connections if connections is None or fits(connections, snapshot) else None
        self._weigh_again = now.monotonic + WEIGH_AGAIN
        if new and self._usable is not connections:
            _log.warning("xero_lists_too_few_of_ours", consequence="not used: is xero.app the platform's app?")
        return self._usable

    def failures_in_row(self, reading: Reading) -> int:
        """How many readings of its organisation failed since the last success, this one included."""
        if reading.failure is None:
            return 0
        state = self.state(reading.organization_id)
        return 1 + (state.failures_in_row if state is not None else 0)

    def is_suspect(self, organization_id: str) -> bool:
        """Whether the last two readings of this organisation failed, and the last one ran into the deadline.

        Once is a hiccup, and no cause to queue behind those that hang for hours.
        """
        state = self.state(organization_id)
        return state is not None and state.failure is Failure.TIMEOUT and state.failures_in_row > 1


def remember(history: History, reading: Reading) -> History:
    """The history with one more reading, within its bounds."""
    failure = reading.outcome if isinstance(reading.outcome, UpstreamFailure) else None
    past = PastReading(at=reading.ended.wall, duration=reading.duration, failure=failure)
    recent = (*history.recent[1 - RECENT_READINGS :], past)
    if failure is None:
        return History(recent=recent, failures=history.failures)
    return History(recent=recent, failures=(*history.failures[1 - FAILED_READINGS :], past))
