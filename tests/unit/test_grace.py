"""What an answer of discovery changes, as a pure function: comings, goings, grace, and answers that are held."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.model.facts import Organization
from exporter.observe.grace import HELD_FOR, Decision, Known, Verdict, believe, decide
from exporter.upstream.listing import Listing

GRACE = 3


def answer(ids: Iterable[str | int], name: str | None = None) -> Listing:
    """An answer that lists these."""
    return Listing(tuple(Organization(f"org-{one}", name) for one in ids))


def known(ids: Iterable[str | int]) -> Known:
    """What is known after one answer that lists these."""
    return decide(Known(), answer(ids), 0.0, GRACE).known


def ids(of: Known | Decision) -> set[str]:
    """Who is in force, without the prefix."""
    return {name.removeprefix("org-") for name in (of.known if isinstance(of, Decision) else of).organizations}


def test_the_first_answer_is_taken_whatever_it_lists() -> None:
    """There is nothing yet that it could drop."""
    for listed in ([], [1], range(1000)):
        decision = decide(Known(), answer(listed), 0.0, GRACE)
        assert (decision.verdict, decision.why) == (Verdict.TAKEN, "")
        assert len(decision.known.organizations) == len(listed)
        assert decision.known.answer is not None


def test_whoever_comes_is_in_force_at_once() -> None:
    """A new customer waits for nothing."""
    assert ids(decide(known([1, 2]), answer([1, 2, 3]), 1.0, GRACE)) == {"1", "2", "3"}


def test_whoever_is_missing_is_kept_until_the_third_answer_in_a_row() -> None:
    """And not one answer longer."""
    now = known(range(4))
    for times, kept in ((1, True), (2, True), (3, False)):
        decision = decide(now, answer(range(3)), float(times), GRACE)
        now = decision.known
        assert ("3" in ids(now)) is kept
        assert len(now.missing) == kept
        assert decision.verdict is Verdict.TAKEN


def test_one_answer_that_lists_it_again_gives_the_whole_grace_anew() -> None:
    """Successive means successive."""
    now = known(range(4))
    for listed in (3, 3, 4, 3, 3):
        now = decide(now, answer(range(listed)), 1.0, GRACE).known
    assert ids(now) == {"0", "1", "2", "3"}
    assert "3" not in ids(decide(now, answer(range(3)), 1.0, GRACE))


def test_a_grace_of_one_drops_at_once() -> None:
    """For those whose server is always right."""
    assert ids(decide(known([1, 2]), answer([1]), 1.0, 1)) == {"1"}


@pytest.mark.parametrize(
    ("of", "listed", "verdict"),
    [
        (10, 5, Verdict.TAKEN),  # half is not more than half
        (10, 4, Verdict.HELD),
        (9, 4, Verdict.HELD),
        (9, 5, Verdict.TAKEN),
        (5, 1, Verdict.TAKEN),  # four are fewer than five
        (6, 1, Verdict.HELD),
        (5, 0, Verdict.HELD),
        (1, 0, Verdict.HELD),  # an empty list is a drop of all, however few they are
        (0, 0, Verdict.TAKEN),
        (10_000, 5_000, Verdict.TAKEN),
        (10_000, 4_999, Verdict.HELD),
    ],
)
def test_an_answer_that_drops_more_than_half_and_five_at_least_is_held(of: int, listed: int, verdict: Verdict) -> None:
    """And an empty one; nobody is dropped, and it says why."""
    decision = decide(known(range(of)), answer(range(listed)), 1.0, GRACE)
    assert decision.verdict is verdict
    assert len(decision.known.organizations) == of
    assert bool(decision.why) is (verdict is Verdict.HELD)
    if decision.why:
        assert decision.why.startswith(f"its newest answer misses {of - listed:,} of {of:,} organisations")


def test_those_who_are_missing_already_count_for_a_hold() -> None:
    """Two answers that each drop 40 % are together more than half."""
    first = decide(known(range(100)), answer(range(60)), 1.0, GRACE)
    assert first.verdict is Verdict.TAKEN
    second = decide(first.known, answer(range(36)), 2.0, GRACE)
    assert second.verdict is Verdict.HELD
    assert len(second.known.organizations) == 100


def test_nothing_of_a_held_answer_is_taken_over_not_even_those_who_come() -> None:
    """It may be the list of another platform altogether."""
    decision = decide(known(range(10)), answer(["new", 1], name="new name"), 1.0, GRACE)
    assert decision.verdict is Verdict.HELD
    assert ids(decision) == {str(number) for number in range(10)}
    assert decision.known.organizations["org-1"].name is None


def test_an_answer_with_everybody_ends_the_hold_as_if_it_had_not_been() -> None:
    """The server is back; comings since are taken."""
    held = decide(known(range(10)), answer([]), 1.0, GRACE)
    decision = decide(held.known, answer(range(11)), 2.0, GRACE)
    assert (decision.verdict, decision.known.hold, dict(decision.known.missing)) == (Verdict.TAKEN, None, {})
    assert len(decision.known.organizations) == 11


def test_a_list_that_fills_again_after_a_hold_drops_nobody_at_once() -> None:
    """A server that restarts: nothing, nothing, a tenth, then half, and soon all."""
    now = known(range(100))
    for at, listed in enumerate((0, 0, 10)):
        now = decide(now, answer(range(listed)), float(at), GRACE).known
        assert len(now.organizations) == 100
    decision = decide(now, answer(range(51)), 4.0, GRACE)
    assert decision.verdict is Verdict.TAKEN
    assert len(decision.known.organizations) == 100
    assert len(decide(decision.known, answer(range(100)), 5.0, GRACE).known.organizations) == 100


def test_held_answers_are_believed_after_an_hour_and_not_before() -> None:
    """Half of the customers may really have gone."""
    now = known(range(10))
    for at in (0.0, 300.0, HELD_FOR - 1):
        decision = decide(now, answer(range(4)), at, GRACE)
        assert decision.verdict is Verdict.HELD
        now = decision.known
    decision = decide(now, answer(range(4)), HELD_FOR, GRACE)
    assert decision.verdict is Verdict.BELIEVED
    assert ids(decision) == {"0", "1", "2", "3"}
    assert not decision.known.missing


def test_a_good_answer_in_between_makes_the_hour_begin_anew() -> None:
    """It must repeat for the whole hour."""
    now = decide(known(range(10)), answer([]), 0.0, GRACE).known
    now = decide(now, answer(range(10)), 1800.0, GRACE).known
    decision = decide(now, answer([]), HELD_FOR, GRACE)
    assert decision.verdict is Verdict.HELD
    assert decision.known.hold is not None
    assert decision.known.hold.since == HELD_FOR


def test_even_when_asked_once_an_hour_two_answers_are_enough() -> None:
    """The hold itself is grace: all held answers missed those who are dropped."""
    held = decide(known(range(10)), answer(range(4)), 0.0, GRACE)
    decision = decide(held.known, answer(range(4)), HELD_FOR, GRACE)
    assert decision.verdict is Verdict.BELIEVED
    assert len(decision.known.organizations) == 4


def test_whoever_came_and_went_during_the_hold_has_the_grace_of_its_own() -> None:
    """Only those are dropped whom every held answer missed."""
    now = known(range(12))
    now = decide(now, answer([0, 1]), 0.0, GRACE).known
    now = decide(now, answer([0, 1, 2]), 1800.0, GRACE).known
    decision = decide(now, answer([0, 1]), HELD_FOR, GRACE)
    assert decision.verdict is Verdict.BELIEVED
    assert ids(decision) == {"0", "1", "2"}
    assert decision.known.missing == {"org-2": 1}


def test_a_person_who_reloads_has_the_held_answer_believed_at_once() -> None:
    """After one answer as after ten."""
    held = decide(known(range(10)), answer(["new", 1]), 1.0, GRACE)
    decision = believe(held.known, GRACE)
    assert decision.verdict is Verdict.BELIEVED
    assert ids(decision) == {"new", "1"}
    assert decision.known.hold is None


def test_a_reload_changes_nothing_while_nothing_is_held() -> None:
    """Nor does it take anybody's grace away."""
    now = decide(known(range(4)), answer(range(3)), 1.0, GRACE).known
    assert believe(now, GRACE) == Decision(now, Verdict.TAKEN)


def test_new_attributes_are_taken_and_those_of_the_missing_kept() -> None:
    """The newest word on each."""
    decision = decide(known([1, 2]), answer([1], name="new"), 1.0, GRACE)
    assert {one.id: one.name for one in decision.known.organizations.values()} == {"org-1": "new", "org-2": None}


def test_what_does_not_change_stays_the_same_object() -> None:
    """So that whoever holds it need not look: the same list again, the same answer again, one that is kept."""
    before = known(range(4))
    for again in (answer(range(4)), answer(reversed(range(4))), answer(range(3)), before.answer):
        assert again is not None
        assert decide(before, again, 1.0, GRACE).known.organizations is before.organizations


IDS = st.integers(0, 15)
ANSWERS = st.lists(st.tuples(st.frozensets(IDS, max_size=16), st.floats(1.0, 1500.0)), max_size=30)


@settings(deadline=None)
@given(ANSWERS, st.integers(1, 5))
def test_nobody_who_is_listed_is_dropped_and_nobody_outlives_the_grace_unless_held(
    answers: list[tuple[frozenset[int], float]], grace: int
) -> None:
    """Of any answers in any rhythm."""
    now, at = Known(), 0.0
    misses: dict[str, int] = {}
    for listed, seconds in answers:
        at += seconds
        before, was_held = set(now.organizations), now.hold is not None
        decision = decide(now, answer(listed), at, grace)
        now = decision.known
        given_ids = {f"org-{one}" for one in listed}
        misses = {name: misses.get(name, 0) + 1 for name in (before | set(misses)) - given_ids}
        if was_held and decision.verdict is Verdict.TAKEN:
            misses = dict.fromkeys(misses, 1)  # what was held and not believed counts against nobody
        in_force = set(now.organizations)
        assert before & given_ids <= in_force, "somebody who is listed was dropped"
        assert in_force <= before | given_ids, "somebody came from nowhere"
        if decision.verdict is Verdict.HELD:
            assert in_force == before
            assert now.hold is not None
            assert at - now.hold.since < HELD_FOR
        else:
            assert given_ids <= in_force
            assert all(misses[name] < grace for name in in_force - given_ids), "somebody outlived the grace"
            assert now.hold is None
        if decision.verdict is Verdict.TAKEN:
            assert all(misses[name] >= grace for name in before - in_force), "somebody was dropped too soon"
        assert set(now.missing) == in_force - given_ids
        misses = {name: times for name, times in misses.items() if name in in_force}
