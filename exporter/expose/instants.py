"""Instants as documents write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from exporter.model.moment import Moment

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(seconds: float | None) -> str | None:
    """Seconds since 1970 UTC as RFC 3339; None for None, and for what lies outside the years 1 to 9999."""
    if seconds is None:
        return None
    try:
        instant = _EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return None
    return instant.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def instant_of(moment: Moment | None) -> str | None:
    """The wall clock of a moment, likewise."""
    return rfc3339(None if moment is None else moment.wall)
