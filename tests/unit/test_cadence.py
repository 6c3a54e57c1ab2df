"""When an organisation is asked next: every failure class, the pause, and what must not hold anybody back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model.facts import Reading, Status, UpstreamFailure
from exporter.model.moment import Moment
from exporter.model.words import Failure, Sent
from exporter.observe.cadence import LONGEST_WAIT, Turn, Why, intervals_to_wait, next_turn, pause_asked
from exporter.observe.phase import Grid

GRID = Grid(origin=0.0, interval=60.0)
OUTAGES = [Failure.SERVER_ERROR, Failure.TIMEOUT, Failure.NETWORK]
OWN = [Failure.AUTH, Failure.NOT_FOUND, Failure.RATE_LIMITED]
NO_BACK_OFF = [Failure.UNEXPECTED_STATUS, Failure.INVALID_RESPONSE]


def reading(failure: Failure | None = None, *, retry_after: float | None = None, credential: int = 1) -> Reading:
    """A reading that began at second 100 and ended at 101."""
    outcome: Status | UpstreamFailure = Status()
    if failure is not None:
        outcome = UpstreamFailure(failure, Sent.YES, retry_after=retry_after)
    return Reading("org-1", Moment(1100.0, 100.0), Moment(1101.0, 101.0), outcome, credential)


def turn(
    one: Reading,
    *,
    failures: int = 1,
    paused_until: float = 0.0,
    credential: int = 1,
    draw: float = 0.0,
    due: float = 90.0,
) -> Turn:
    """The next turn after it, for phase 0.5 at 60 s: ordinary turns are at 30, 90, 150, 210 ..."""
    return next_turn(
        GRID, 0.5, one, due=due, failures_in_row=failures, paused_until=paused_until, credential=credential, draw=draw
    )


def test_after_a_success_the_next_turn_is_the_ordinary_one() -> None:
    """No drift: turns hang on the phase, not on when the answer came."""
    assert turn(reading()) == Turn(150.0, Why.PHASE)


def test_an_answer_that_came_before_its_own_turn_does_not_have_that_turn_again() -> None:
    """A timer went off a moment early, and the platform was quick."""
    assert turn(reading(), due=150.0) == Turn(210.0, Why.PHASE)


@pytest.mark.parametrize("failure", list(Failure))
def test_a_first_failure_holds_nobody_back(failure: Failure) -> None:
    """One hiccup must not cost freshness."""
    assert turn(reading(failure)) == Turn(150.0, Why.PHASE)


@pytest.mark.parametrize("failure", OUTAGES + OWN)
def test_failures_in_a_row_wait_longer_each_time(failure: Failure) -> None:
    """The bound doubles; the draw picks from its upper half."""
    assert [intervals_to_wait(failure, count, 60.0, 0.0) for count in (1, 2, 3)] == [1, 2, 3]
    assert [intervals_to_wait(failure, count, 60.0, 0.999) for count in (1, 2, 3)] == [1, 2, 4]
    assert turn(reading(failure), failures=3, draw=0.999) == Turn(150.0 + 3 * 60.0, Why.BACK_OFF)


@pytest.mark.parametrize("failure", NO_BACK_OFF)
def test_an_answer_that_cannot_be_used_is_asked_for_again_at_the_ordinary_turn(failure: Failure) -> None:
    """The platform is up and quick; a release of it may mend this any minute."""
    assert turn(reading(failure), failures=50, draw=0.9) == Turn(150.0, Why.PHASE)


@given(
    failure=st.sampled_from(OUTAGES),
    failures=st.integers(1, 10**9),
    interval=st.floats(1.0, 3600.0),
    draw=st.floats(0.0, 1.0, exclude_max=True),
)
def test_an_outage_never_holds_back_for_more_than_five_intervals(
    failure: Failure, failures: int, interval: float, draw: float
) -> None:
    """Data is back soon after the platform is."""
    waited = intervals_to_wait(failure, failures, interval, draw)
    assert 1 <= waited <= 5
    assert waited == 1 or waited * interval <= LONGEST_WAIT


@given(
    failure=st.sampled_from(OWN),
    failures=st.integers(1, 10**9),
    interval=st.floats(1.0, 3600.0),
    draw=st.floats(0.0, 1.0, exclude_max=True),
)
def test_nobody_is_held_back_for_more_than_ten_minutes(
    failure: Failure, failures: int, interval: float, draw: float
) -> None:
    """Or for one interval, where that is longer."""
    waited = intervals_to_wait(failure, failures, interval, draw)
    assert waited >= 1
    assert waited == 1 or waited * interval <= LONGEST_WAIT


def test_those_who_failed_together_do_not_return_together() -> None:
    """The draw spreads them over several turns."""
    waits = {intervals_to_wait(Failure.NETWORK, 10, 60.0, draw / 100) for draw in range(100)}
    assert waits == {3, 4, 5}


def test_the_refusal_of_a_token_that_was_replaced_holds_nobody_back() -> None:
    """It says nothing about the new one."""
    assert turn(reading(Failure.AUTH, credential=1), failures=9, credential=2).why is Why.PHASE
    assert turn(reading(Failure.AUTH, credential=2), failures=9, credential=2).why is Why.BACK_OFF


def test_a_retry_after_of_a_429_pauses_everybody() -> None:
    """Until the asked second after the answer came."""
    assert pause_asked(reading(Failure.RATE_LIMITED, retry_after=120.0)) == 101.0 + 120.0


def test_a_retry_after_of_hours_is_cut_to_ten_minutes() -> None:
    """A slip of the platform must not blind us for a day."""
    assert pause_asked(reading(Failure.RATE_LIMITED, retry_after=86_400.0)) == 101.0 + LONGEST_WAIT


@pytest.mark.parametrize(
    "one", [reading(), reading(Failure.RATE_LIMITED), reading(Failure.SERVER_ERROR, retry_after=60.0)]
)
def test_nothing_else_pauses_everybody(one: Reading) -> None:
    """A success, a 429 without Retry-After, a 503 with one: at most that organisation's own affair."""
    assert pause_asked(one) is None


def test_a_503_with_a_retry_after_holds_that_organisation_back_until_then() -> None:
    """And at most ten minutes."""
    assert turn(reading(Failure.SERVER_ERROR, retry_after=200.0)) == Turn(330.0, Why.ASKED)
    assert turn(reading(Failure.SERVER_ERROR, retry_after=86_400.0)).at <= 101.0 + LONGEST_WAIT + 60.0


def test_during_a_pause_the_next_turn_is_the_first_one_after_it() -> None:
    """On the phase, so that the end of the pause is no stampede."""
    assert turn(reading(Failure.RATE_LIMITED, retry_after=200.0), paused_until=301.0) == Turn(330.0, Why.PAUSE)
