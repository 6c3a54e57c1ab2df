"""Time, handed in: everything that decides takes a `Moment`, and only the rim asks a `Clock` for one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from exporter.model.moment import Moment


class Clock(Protocol):
    """Whoever can tell the time."""

    def now(self) -> Moment:
        """The present moment on both clocks."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clocks."""

    def now(self) -> Moment:
        """The present moment: seconds since 1970 (UTC), and seconds on a clock that never steps."""
        return Moment(wall=time.time(), monotonic=time.monotonic())
