"""A point in time on two clocks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant, told twice: what people write down, and what differences are taken of.

    Attributes:
        wall: seconds since 1970-01-01 UTC; steps when the machine's clock is set.
        monotonic: seconds on a clock that never steps; its zero means nothing.
    """

    wall: float
    monotonic: float
