"""What is remembered of the fleet for the charts of the page, and how it is drawn."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from exporter.model.facts import Snapshot
from exporter.model.fleet import NOBODY, Surroundings
from exporter.model.moment import Moment
from exporter.model.words import Freshness, Issue
from exporter.observe.trend import POINT, POINTS, Trend, remembered
from exporter.web.pages.sparkline import sparkline, width_for

STALE = tuple(Issue).index(Issue.SYNC_STALE)


def at(second: float, stale: int, *, known: int = 100, fresh: int = 100, started: bool = True) -> Snapshot:
    """A snapshot in which so many organisations are not synced any more."""
    tally = replace(NOBODY, known=known, fresh=fresh, issues={**NOBODY.issues, Issue.SYNC_STALE: stale})
    return Snapshot(
        blocks=(),
        places={},
        at=Moment(wall=1_700_000_000 + second, monotonic=second),
        counts=dict.fromkeys(Freshness, 0),
        tally=tally,
        surroundings=Surroundings(started=started),
    )


def trend_of(*snapshots: Snapshot) -> Trend:
    """What is remembered of these."""
    trend: Trend = ()
    for one in snapshots:
        trend = remembered(trend, one)
    return trend


def test_a_minute_is_remembered_by_its_most() -> None:
    """What was bad for a few seconds is not lost between two minutes."""
    trend = trend_of(at(0, 1), at(10, 40), at(20, 2), at(60, 3))
    assert [point.most and point.most[STALE] for point in trend] == [40, 3]


def test_too_few_fresh_or_a_start_is_not_known_and_no_recovery() -> None:
    """A count that falls because nobody answers is no count."""
    trend = trend_of(at(0, 0, started=False), at(60, 40), at(120, 5, fresh=79), at(180, 40))
    assert [None if point.most is None else point.most[STALE] for point in trend] == [None, 40, None, 40]
    assert sparkline(trend, STALE, 240, 15).path.count("M") == 2


def test_a_tick_in_which_nothing_changes_costs_no_memory() -> None:
    """It is the very same object."""
    trend = trend_of(at(0, 5))
    assert remembered(trend, at(1, 5)) is trend


def test_the_chart_grows_with_what_is_remembered() -> None:
    """A quarter of an hour, an hour, six hours; its line ends at the right edge."""
    trend = trend_of(at(0, 1), at(60, 4))
    assert [width_for(trend, second) for second in (120, 901, 3601, 10**6)] == [15, 60, 360, 360]
    assert sparkline(trend, STALE, 120, 15).path == "M13.0 23.0H14.0V2.0H15.0"


@given(st.lists(st.tuples(st.floats(0.5, 2000), st.integers(0, 100)), max_size=600))
def test_the_memory_is_bounded_and_the_line_stays_in_its_frame(steps: list[tuple[float, int]]) -> None:
    """Whatever the rhythm: at most so many points, none older than the hours that are drawn, none left of the edge."""
    second = 0.0
    trend: Trend = ()
    for step, count in steps:
        second += step
        trend = remembered(trend, at(second, count))
    assert len(trend) <= POINTS
    assert all(second - point.began <= POINT * (POINTS + 1) for point in trend)
    drawn = sparkline(trend, STALE, second, width_for(trend, second))
    for part in drawn.path.replace("M", " ").replace("H", " ").replace("V", " ").split():
        assert 0 <= float(part) <= POINTS
    assert drawn.most == max((point.most[STALE] for point in trend if point.most is not None), default=0)
