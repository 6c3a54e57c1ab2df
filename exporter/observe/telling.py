"""Tells changes of organisations to the log: each once, and an outage as one story."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Final

import structlog

from exporter.observe.news import Change, Event

LINES_A_TICK: Final = 10
"""Changes of organisations told one by one in one tick; more are told as a count."""

_log = structlog.get_logger("exporter")


def tell(changes: Sequence[Change]) -> None:
    """Logs these changes of one tick."""
    told: Counter[Event] = Counter()
    for change in changes:
        told[change.event] += 1
        if told[change.event] <= LINES_A_TICK:
            _log.log(_level(change.event), change.event, organization_id=change.organization_id, failure=change.failure)
    for event, count in told.items():
        if count > LINES_A_TICK:
            _log.log(_level(event), event, further_organizations=count - LINES_A_TICK)


def _level(event: Event) -> int:
    return logging.INFO if event is Event.RECOVERED else logging.WARNING
