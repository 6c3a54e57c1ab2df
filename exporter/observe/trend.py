"""How many organisations had which issue over the last hours: a bounded memory for the page. Pure.

Prometheus remembers better, and longer. This is for whoever opens the page at night and has no dashboard at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from exporter.model.facts import Snapshot
from exporter.model.words import Issue
from exporter.observe.incidents import ENOUGH_FRESH

POINT: Final = 60.0
"""Seconds that one point stands for."""

POINTS: Final = 360
"""Points remembered, six hours: 72 kB, whatever the size of the fleet."""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One minute.

    Attributes:
        began: monotonic second of its first snapshot.
        wall: the same as seconds since 1970 UTC.
        most: the most organisations that had each issue in that minute, in the order of `Issue`; None when too few were
            fresh to say: a count that falls because nobody answers must not look like a recovery.
    """

    began: float
    wall: float
    most: tuple[int, ...] | None


Trend = tuple[TrendPoint, ...]
"""Oldest first, at most `POINTS`; where two are more than `POINT` apart, nothing is known of the time between."""


def remembered(trend: Trend, snapshot: Snapshot) -> Trend:
    """The trend with what `snapshot` shows; what is older than `POINTS` minutes is gone."""
    counts = _counts(snapshot)
    began, wall = snapshot.at.monotonic, snapshot.at.wall
    if not trend or began - trend[-1].began >= POINT:
        oldest = began - POINT * POINTS
        # Each point begins within a tick of the end of the one before, so the bound is one of time and of number.
        return (*(point for point in trend[1 - POINTS :] if point.began > oldest), TrendPoint(began, wall, counts))
    last = trend[-1]
    # A minute of which a part is not known is not known.
    most = None if counts is None or last.most is None else tuple(map(max, last.most, counts))
    return trend if most == last.most else (*trend[:-1], TrendPoint(last.began, last.wall, most))


def _counts(snapshot: Snapshot) -> tuple[int, ...] | None:
    tally = snapshot.tally
    if not snapshot.surroundings.started or tally.fresh < ENOUGH_FRESH * tally.known:
        return None
    return tuple(tally.issues[issue] for issue in Issue)
