"""When an organisation is asked next, and why then. Pure: values in, values out.

Back-off is counted in whole intervals, so that an organisation keeps its place among its neighbours in phase: the
phases already spread the fleet, and a page of blocks in order of phase stays mostly clean even while all fail.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from exporter.model.facts import Reading, UpstreamFailure
from exporter.model.words import Failure
from exporter.observe.phase import Grid

LONGEST_WAIT: Final = 600.0
"""Seconds. The most that a Retry-After or a back-off can hold an organisation back."""

LONGEST_WAIT_INTERVALS: Final = 5
"""The most intervals that an outage holds one back: data is back soon after the platform is."""

_HOLDS_BACK: Final = {
    # The refusal or absence of one organisation heals by a person's hand, if at all.
    Failure.AUTH: LONGEST_WAIT,
    Failure.NOT_FOUND: LONGEST_WAIT,
    Failure.RATE_LIMITED: LONGEST_WAIT,
    # These heal for many at once, and the data is missed meanwhile.
    Failure.SERVER_ERROR: None,
    Failure.TIMEOUT: None,
    Failure.NETWORK: None,
}
"""Failure class -> longest back-off in seconds; None: `LONGEST_WAIT_INTERVALS`. Not listed: no back-off."""


class Why(StrEnum):
    """Why an organisation is asked when it is."""

    PHASE = "phase"
    """Its ordinary turn."""
    BACK_OFF = "back_off"
    """It failed; its next turns are left out."""
    ASKED = "asked"
    """The platform asked to wait with this one (503 with Retry-After)."""
    PAUSE = "pause"
    """The platform asked everybody to wait."""


@dataclass(frozen=True, slots=True)
class Turn:
    """When an organisation is asked next.

    Attributes:
        at: monotonic seconds.
        why: the reason for that instant.
    """

    at: float
    why: Why


def intervals_to_wait(failure: Failure, failures_in_row: int, interval: float, draw: float) -> int:
    """How many intervals pass until the next try after a failure.

    The first failure waits for the ordinary turn. Then the bound doubles with each failure in a row, and the draw
    picks a whole number from the upper half of it, so that those who failed together do not return together.

    Args:
        failure: the class of the last failure.
        failures_in_row: how many failed since the last success, the last one included; at least 1.
        interval: seconds between turns.
        draw: a random number, 0 up to but not including 1.
    """
    if failure not in _HOLDS_BACK:
        return 1
    seconds = _HOLDS_BACK[failure]
    most = LONGEST_WAIT_INTERVALS
    if seconds is not None or most * interval > LONGEST_WAIT:
        most = max(1, math.floor(LONGEST_WAIT / interval))
    # 2**20 intervals of a second are 12 days: far beyond every bound, and no overflow for any count.
    bound = min(most, 1 << min(failures_in_row - 1, 20))
    least = bound // 2 + 1
    return least + math.floor(draw * (bound - least + 1))


def pause_asked(reading: Reading) -> float | None:
    """Until when the platform asks everybody to wait, monotonic seconds; None when it does not.

    A 429 with a Retry-After speaks for the whole of our traffic (RFC 6585, section 4); without one it is taken as
    that organisation's own.
    """
    asked = _retry_after(reading) if reading.failure is Failure.RATE_LIMITED else None
    return None if asked is None else reading.ended.monotonic + asked


def _retry_after(reading: Reading) -> float | None:
    """Seconds that the answer asked to wait, at most `LONGEST_WAIT`; None when it did not ask."""
    asked = reading.outcome.retry_after if isinstance(reading.outcome, UpstreamFailure) else None
    return None if asked is None else min(asked, LONGEST_WAIT)


def next_turn(
    grid: Grid,
    phase: float,
    reading: Reading,
    *,
    due: float,
    failures_in_row: int,
    paused_until: float,
    credential: int,
    draw: float,
) -> Turn:
    """When to ask again after this reading.

    Args:
        grid: the turns.
        phase: the organisation's.
        reading: how the last one went.
        due: the turn that it was for. Timers may go off a millisecond early and an answer may come within one: the
            same turn must not come again.
        failures_in_row: its failures since its last success, this one included.
        paused_until: monotonic second until which nobody is asked; in the past when there is no pause.
        credential: number of the token in force; the refusal of an older one holds nobody back.
        draw: a random number, 0 up to but not including 1.
    """
    ended = max(reading.ended.monotonic, due)
    if paused_until > ended:
        return Turn(grid.after(phase, paused_until), Why.PAUSE)
    failure = reading.failure
    ordinary = Turn(grid.after(phase, ended), Why.PHASE)
    if failure is None or (failure is Failure.AUTH and reading.credential != credential):
        return ordinary
    if failure is Failure.SERVER_ERROR and (asked := _retry_after(reading)):
        return Turn(grid.after(phase, ended + asked), Why.ASKED)
    intervals = intervals_to_wait(failure, max(1, failures_in_row), grid.interval, draw)
    if intervals == 1:
        return ordinary
    return Turn(ordinary.at + (intervals - 1) * grid.interval, Why.BACK_OFF)
