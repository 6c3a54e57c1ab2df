"""What becomes of a status when it comes in: each error gets its reason, and only so many texts are kept. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from exporter.model.facts import Status, SyncError
from exporter.observe.recognise import correlation_id, recognise, sync_type_of

MAX_TEXTS: Final = 16 * 1024
"""Bytes of texts (UTF-8) that are kept of one status. 10,000 organisations that all fail at length hold 160 MB then,
and an ordinary fleet, where one in ten has two errors of 200 bytes, 0.4 MB."""


def interpreted(status: Status) -> Status:
    """The status with the reason, the sync type and the correlation id of each error, its texts bounded.

    The newest texts are kept, until one does not fit into `MAX_TEXTS`; of the others only what they were recognised
    as stays. An error without a time counts as the oldest.
    """
    if not status.errors:
        return status
    kept = _kept(status.errors)
    errors = (_interpreted(error, keep=place in kept) for place, error in enumerate(status.errors))
    return replace(status, errors=tuple(errors))


def _interpreted(error: SyncError, *, keep: bool) -> SyncError:
    reason = recognise(error.kind, error.message).reason
    return SyncError(
        at=error.at,
        kind=error.kind if keep else None,
        message=error.message if keep else None,
        reason=reason,
        sync_type=sync_type_of(error.kind, reason),
        correlation_id=error.correlation_id or correlation_id(error.message),
        record_ids=error.record_ids,
        length=error.length,
    )


def _kept(errors: Sequence[SyncError]) -> frozenset[int]:
    """The places of the errors whose texts are kept."""
    sizes = [_size(error.kind) + _size(error.message) for error in errors]
    if sum(sizes) <= MAX_TEXTS:
        return frozenset(range(len(errors)))
    room = MAX_TEXTS
    kept: set[int] = set()
    for place in sorted(range(len(errors)), key=lambda place: _age(errors[place])):
        room -= sizes[place]
        if room < 0:
            break
        kept.add(place)
    return frozenset(kept)


def _age(error: SyncError) -> float:
    return float("inf") if error.at is None else -error.at


def _size(text: str | None) -> int:
    if text is None:
        return 0
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
