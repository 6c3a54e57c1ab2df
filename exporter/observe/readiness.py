"""Whether this exporter does its work. Pure; never a word on whether the platform works."""

from __future__ import annotations

from typing import Final

from exporter.model.conditions import Readiness
from exporter.model.facts import Snapshot

INTERVALS: Final = 2
"""After this many intervals each organisation has had its turn, whatever became of it."""


def readiness(
    snapshot: Snapshot | None,
    *,
    running_for: float,
    interval: float,
    brake_on: bool,
    no_token: bool,
    waits_for: str = "",
) -> Readiness:
    """Whether what is told is worth scraping.

    Args:
        snapshot: what is known; None before the first roster.
        running_for: seconds since the start, or since the last source of organisations was read for the first time.
        interval: seconds between readings of an organisation.
        brake_on: whether the platform refuses our token, so that nobody is asked.
        no_token: whether there never was a token to ask with.
        waits_for: which source of organisations was never read, and why; empty when each was.
    """
    if snapshot is None or waits_for:
        why = "the list of organisations is not loaded yet"
        return Readiness(ready=False, why=f"{why}: {waits_for}" if waits_for else why)
    waiting = sum(state.last_attempt is None for block in snapshot.blocks for state in block.states)
    if not waiting:
        return Readiness(ready=True, why="each organisation was asked at least once")
    if brake_on:
        return Readiness(ready=True, why="the platform refuses our token; this exporter works and says so")
    if no_token:
        return Readiness(ready=False, why="there is no token to ask the platform with: see platform.token_file")
    if running_for >= INTERVALS * interval:
        return Readiness(ready=True, why=f"{INTERVALS} intervals have passed")
    return Readiness(ready=False, why=f"{waiting} of {len(snapshot)} organisations were not asked yet")
