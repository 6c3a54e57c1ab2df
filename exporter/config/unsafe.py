"""What the schema lets pass key by key, and what together would let harm happen. A fault, not a warning. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporter.config.schema import Config
from exporter.errors import Fault
from exporter.model.action import Mode
from exporter.model.words import Role

_POLLS_OF_A_WINDOW: Final = 72
"""Intervals in `diagnosis.incident_window`: its first 24th, that of a start, then has three readings of everybody."""

_LONG_ENOUGH: Final = 21_600.0
"""Seconds of a window that is long enough for any interval: its default."""


def unsafe(config: Config) -> Iterator[Fault]:
    """A fault for each combination that is refused."""
    if config.diagnosis.incident_window < min(_LONG_ENOUGH, _POLLS_OF_A_WINDOW * config.poll.interval):
        yield Fault(
            "diagnosis.incident_window",
            f"is shorter than {_POLLS_OF_A_WINDOW} times poll.interval, and what is seen in so few polls is no rise; "
            "lengthen it, or leave it at 6h",
        )
    yield from _remediation(config)


def _remediation(config: Config) -> Iterator[Fault]:
    remediation = config.remediation
    if remediation.mode is not Mode.AUTO:
        return
    if not remediation.include:
        yield Fault(
            "remediation.include",
            "is empty, and mode auto needs to be told for whom; list expressions on ids, or use mode approve",
        )
    # Whoever reaches the webhook could have retries and resyncs done.
    if not any(token.role is Role.ALERTS for token in config.web.tokens):
        yield Fault(
            "web.tokens",
            "has no token with role alerts, and in mode auto alerts are acted upon; add one for Alertmanager, or use "
            "mode approve",
        )
