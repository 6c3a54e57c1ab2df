"""The exporter's own command line with a clock that jumps ahead at each SIGUSR1.

What takes the exporter half an hour to believe in cannot be waited for in a test; all else runs at its own pace.
"""

from __future__ import annotations

import signal
import time

from exporter import clock
from exporter.cli import main
from exporter.model.moment import Moment

ahead = 0.0
"""Seconds."""

JUMPS = [31 * 60.0, 12 * 60.0]
"""Past the warm-up of incidents and of a new ledger; past the ten minutes for which the last error lingers."""


def _now(_: clock.SystemClock) -> Moment:
    return Moment(wall=time.time() + ahead, monotonic=time.monotonic() + ahead)


def _jump(*_: object) -> None:
    global ahead  # noqa: PLW0603 - a signal handler has nowhere else to put it
    ahead += JUMPS.pop(0)


if __name__ == "__main__":
    clock.SystemClock.now = _now  # type: ignore[assignment, method-assign]
    signal.signal(signal.SIGUSR1, _jump)
    main.run()
