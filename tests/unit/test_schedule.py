"""Turns come out in order of time, once, and only for those who still have one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporter.observe.schedule import Schedule


def test_what_is_due_comes_out_once_in_order_of_time() -> None:
    """And what is not due stays."""
    schedule = Schedule()
    for name, at in (("b", 2.0), ("a", 1.0), ("c", 3.0)):
        schedule.put(name, at)
    assert schedule.take_due(2.0) == [(1.0, "a"), (2.0, "b")]
    assert schedule.take_due(2.0) == []
    assert schedule.at("c") == 3.0
    assert schedule.at("a") is None


def test_a_new_turn_replaces_the_old_one() -> None:
    """Earlier or later."""
    schedule = Schedule()
    schedule.put("a", 5.0)
    schedule.put("a", 1.0)
    schedule.put("b", 1.0)
    schedule.put("b", 5.0)
    assert schedule.take_due(4.0) == [(1.0, "a")]
    assert schedule.take_due(9.0) == [(5.0, "b")]


def test_the_removed_and_the_not_kept_do_not_come_out() -> None:
    """Their turns are gone."""
    schedule = Schedule()
    for name in "abc":
        schedule.put(name, 1.0)
    schedule.remove("a")
    schedule.keep_only({"b"})
    assert schedule.take_due(9.0) == [(1.0, "b")]


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 100)), max_size=2000))
def test_replacing_turns_for_ever_does_not_grow_the_heap(moves: list[tuple[str, float]]) -> None:
    """The last turn of each counts, and the memory is bounded by the fleet, not by the moves."""
    schedule = Schedule()
    for name, at in moves:
        schedule.put(name, at)
    assert len(schedule._heap) <= 64 + 4 * 8 + 1
    assert {name: at for at, name in schedule.take_due(100.0)} == dict(moves)
