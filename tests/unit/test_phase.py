"""Turns are spread, stable, and never lost to rounding."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from exporter.model.moment import Moment
from exporter.observe.phase import Grid, phase_of

IDS = [f"org-{number:05d}" for number in range(10_000)]


def test_no_second_of_a_minute_asks_more_than_three_times_the_mean_of_10000_organisations() -> None:
    """The spread that keeps the platform's load even: 167 requests a second in the mean."""
    grid = Grid.aligned(Moment(wall=1_700_000_000.0, monotonic=50.0), interval=60.0)
    by_second = Counter(int(grid.after(phase_of(name), 50.0)) for name in IDS)
    assert max(by_second.values()) <= 3 * len(IDS) / 60
    assert sum(by_second.values()) == len(IDS)


def test_a_phase_depends_on_the_id_alone() -> None:
    """A restart or a changed roster moves nobody."""
    assert phase_of("org-1") == phase_of("org-1")
    assert phase_of("org-1") != phase_of("org-2")


def test_a_restart_keeps_everybodys_turn() -> None:
    """The grid hangs on the wall clock, not on when the process began."""
    before = Grid.aligned(Moment(wall=1_000_000.0, monotonic=10.0), interval=60.0)
    after = Grid.aligned(Moment(wall=1_000_300.5, monotonic=7.0), interval=60.0)
    wall_before = before.after(0.25, 10.0) - 10.0 + 1_000_000.0
    wall_after = after.after(0.25, 7.0) - 7.0 + 1_000_300.5
    assert (wall_after - wall_before) % 60.0 in (0.0, 60.0)


@given(
    origin=st.floats(-1e9, 1e9),
    interval=st.floats(1.0, 3600.0),
    name=st.text(min_size=1, max_size=20).filter(lambda text: text.isascii()),
    instant=st.floats(-1e6, 1e9),
)
def test_the_next_turn_is_later_and_at_most_an_interval_away(
    origin: float, interval: float, name: str, instant: float
) -> None:
    """Strictly later, or a reading would start itself again at once; never further, or one would be skipped."""
    turn = Grid(origin=origin, interval=interval).after(phase_of(name), instant)
    assert turn > instant
    assert turn - instant <= interval * (1 + 1e-6)


def test_turns_that_passed_while_a_reading_was_under_way_are_counted() -> None:
    """An overrun is a turn that came while the one before was still going on."""
    grid = Grid(origin=0.0, interval=10.0)
    due = grid.after(0.5, 0.0)
    assert due == 5.0
    assert grid.missed(0.5, due, 14.9) == 0
    assert grid.missed(0.5, due, 15.0) == 1
    assert grid.missed(0.5, due, 36.0) == 3
