"""alertmanager.yml in accelerated time."""

from __future__ import annotations

import re
from typing import Final

from alerts.thresholds import duration

_TIMED: Final = re.compile(r"^(\s*(?:#\s*)?(?:- )?(?:group_wait|group_interval|repeat_interval): )(\S+)$", re.MULTILINE)
_PART: Final = re.compile(r"(\d+)(ms|[smhdw])")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}


def seconds_of(text: str) -> float:
    """The seconds of a duration as Prometheus writes it."""
    return sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def scaled_routes(text: str, scale: float) -> str:
    """The routes with all their waits divided by `scale`; receivers and matchers as they are."""
    return _TIMED.sub(lambda found: found[1] + duration(seconds_of(found[2]) / scale), text)
