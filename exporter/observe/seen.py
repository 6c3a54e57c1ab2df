"""What is remembered of errors after the status that listed them is gone: which kinds came back. Pure and bounded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from exporter.model.facts import SyncError
from exporter.model.judgement import SeenKind
from exporter.model.words import Reason, SyncType

REPEATED_APART: Final = 300.0
"""Seconds that two errors of one kind must lie apart to be a failure that comes back, not one that is told twice."""

MAX_KINDS: Final = 16
"""Kinds of errors remembered of an organisation; those with the newest errors, when there are more."""

MAX_INSTANTS: Final = 12
"""Instants remembered of a kind, two more at most. A batch of a hundred records fails a hundred times at once."""

THINNED_TO: Final = REPEATED_APART / 10
"""Beyond `MAX_INSTANTS`, seconds of which only the oldest instant is remembered."""

MOST_AHEAD: Final = 120.0
"""Seconds that an error may lie in the future to be remembered: what is further ahead was not written by a clock."""

_Kind: TypeAlias = "tuple[SyncType, Reason]"


def has_come_back(one: SeenKind) -> bool:
    """Whether two of its instants lie more than `REPEATED_APART` apart."""
    return one.instants[0] - one.instants[-1] > REPEATED_APART


def remembered(
    seen: tuple[SeenKind, ...], errors: Iterable[SyncError], now: float, window: float
) -> tuple[SeenKind, ...]:
    """What is remembered after a status with these errors; the very same while nothing is to be added or forgotten.

    Args:
        seen: what was remembered before.
        errors: of the status.
        now: seconds since 1970 UTC.
        window: seconds for which an error is young.
    """
    young_from, latest = now - window, now + MOST_AHEAD
    known = {(one.sync_type, one.reason): one for one in seen}
    new: dict[_Kind, set[float]] = {}
    for error in errors:
        at = error.at
        if at is not None and young_from < at <= latest:
            kind = (error.sync_type, error.reason)
            # What is older than that from which its kind came back is listed at each reading, and never needed.
            if (one := known.get(kind)) is None or (
                at not in one.instants and (at > one.instants[-1] or not has_come_back(one))
            ):
                new.setdefault(kind, set()).add(at)
    for one in seen:
        if one.instants[-1] <= young_from:
            new.setdefault((one.sync_type, one.reason), set())
    for kind, instants in new.items():
        if kind in known:
            instants.update(at for at in known.pop(kind).instants if at > young_from)
    if not new:
        return seen
    kinds = [
        *known.values(),
        *(SeenKind(*kind, _worth_remembering(instants)) for kind, instants in new.items() if instants),
    ]
    kinds.sort(key=_newest_first)
    kept = tuple(kinds[:MAX_KINDS])
    return seen if kept == seen else kept


def _worth_remembering(instants: set[float]) -> tuple[float, ...]:
    """Newest first, up to the first that makes the kind come back: no later error needs an older one for that.

    The oldest of the rest is the one that a later error may come back from, so of many that lie close it is kept.
    """
    newest, *older = sorted(instants, reverse=True)
    pair = next((at for at in older if newest - at > REPEATED_APART), None)
    between = [at for at in older if newest - at <= REPEATED_APART]
    if len(between) > MAX_INSTANTS:
        between = [*{(newest - at) // THINNED_TO: at for at in between}.values()]
    return (newest, *between) if pair is None else (newest, *between, pair)


def _newest_first(one: SeenKind) -> float:
    return -one.instants[0]
