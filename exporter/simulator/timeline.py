"""What a script is, and what a status says at one of its minutes. Pure: time is handed in, in script minutes.

A script minute is a minute at speed 1. Minutes inside a script count from the beginning of its period; an
organisation's own minutes go on for ever, and the period repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from exporter.simulator.answers import Answer, Misbehaviour

SYNC_EVERY: Final = 15.0
"""Script minutes between two syncs."""

TOKEN_LIFE: Final = 30.0
"""Script minutes that an access token of Xero lives; the platform renews it at its end."""

REMEDY_TAKES: Final = 2.0
"""Script minutes from a retry or resync to its effect."""

ENTRIES_PER_TROUBLE: Final = 2
"""How many of a trouble's occurrences errors[] still lists."""

SYNC_TYPES: Final = {
    "contact_sync": "contacts",
    "invoice_sync": "invoices",
    "reconciliation": "reconciliation",
    "bank_transaction": "reconciliation",
    "payment_sync": "reconciliation",
}
"""The type of an errors[] entry -> the sync_type that a retry of it names."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Records that fail to sync for one cause.

    Attributes:
        type: the type of its errors[] entries, one of `SYNC_TYPES`.
        message: what Xero or the platform says.
        since: minute of the period at which it first occurred; negative for the period before.
        every: minutes after which it occurs again; None when it occurred once.
        records: how many records it keeps from syncing.
        over: True when the cause is gone, so that a retry would cure it.
    """

    type: str
    message: str
    since: float
    every: float | None = SYNC_EVERY
    records: int = 1
    over: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a status says throughout one stage.

    Attributes:
        connected: whether the platform holds a connection.
        expiry: of the access token: ``moves`` while the platform renews it; else the minute of the period at which it
            expired, negative for the period before; None for null.
        last_sync: ``moves`` while syncs succeed; else the minute of the last that did, likewise; None for null.
        sync_status: the platform's word; None for null. It says ``healthy`` once retries have cured every trouble.
        pending_syncs: records that wait; None for null.
        failed_syncs: None for null; else records that failed besides those in trouble.
        troubles: what goes wrong.
    """

    connected: bool = True
    expiry: float | Literal["moves"] | None = "moves"
    last_sync: float | Literal["moves"] | None = "moves"
    sync_status: str | None = "healthy"
    pending_syncs: int | None = 0
    failed_syncs: int | None = 0
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """From minute `at` of the period until the next stage, this is what comes back.

    Attributes:
        at: minute of the period.
        shows: what the platform answers.
        in_xero: whether Xero has the connection; None when it has what the platform says that it has.
    """

    at: float
    shows: Report | Answer | Misbehaviour
    in_xero: bool | None = None

    @property
    def connected_in_xero(self) -> bool:
        """Whether Xero has the connection; what fails at the platform changes nothing there."""
        if self.in_xero is not None:
            return self.in_xero
        return self.shows.connected if isinstance(self.shows, Report) else True


@dataclass(frozen=True, slots=True)
class Script:
    """The life of an organisation, over and over.

    Attributes:
        summary: what happens, one sentence without a final stop.
        period: script minutes after which it repeats; a multiple of `TOKEN_LIFE`, so that syncs and renewals go on
            in step.
        stages: by minute, the first at 0.
        together: True when all organisations live through it at the same time, as in an outage of Xero.
    """

    summary: str
    period: float
    stages: tuple[Stage, ...]
    together: bool = False


@dataclass(frozen=True, slots=True)
class Remedy:
    """A retry or resync that the platform accepted.

    Attributes:
        minute: the organisation's minute at which it came.
        sync_types: what it is to sync again.
    """

    minute: float
    sync_types: frozenset[str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an organisation stands in its script.

    Attributes:
        stage: the stage it lives through.
        period_began: the organisation's minute at which the present period began.
        minute: the organisation's own minute, now.
    """

    stage: Stage
    period_began: float
    minute: float


def place_of(script: Script, minute: float) -> Place:
    """Where in `script` an organisation stands at its own `minute`."""
    period_began = minute // script.period * script.period
    into = minute - period_began
    stage = next(stage for stage in reversed(script.stages) if stage.at <= into)
    return Place(stage, period_began, minute)


def status_document(
    report: Report,
    place: Place,
    remedies: Sequence[Remedy],
    timestamp: Callable[[float], str],
    record_ids: str | None = None,
) -> dict[str, object]:
    """The body of a status: the keys of the sample answer, in its order.

    Args:
        report: what the stage shows.
        place: where the organisation stands.
        remedies: retries and resyncs of this organisation, any order.
        timestamp: writes an organisation's minute as a timestamp.
        record_ids: the field of an error that names its records, ``record_id`` or ``record_ids``; None: none does.
    """
    effects = [_effect(trouble, place, remedies) for trouble in report.troubles]
    lasting = [effect for effect in effects if not effect.cured]
    entries = sorted(((minute, effect.trouble) for effect in lasting for minute in effect.occurrences), key=_newest)
    return {
        "connected": report.connected,
        "token_expires_at": _stamp(report.expiry, place, timestamp, _next_renewal(place.minute)),
        "last_sync": _stamp(report.last_sync, place, timestamp, place.minute // SYNC_EVERY * SYNC_EVERY),
        "sync_status": "healthy" if effects and not lasting else report.sync_status,
        "pending_syncs": _sum(report.pending_syncs, (effect for effect in lasting if effect.working)),
        "failed_syncs": _sum(report.failed_syncs, (effect for effect in lasting if not effect.working)),
        "errors": [
            {"type": trouble.type, "message": trouble.message, "timestamp": timestamp(minute)}
            | _record_ids(trouble, record_ids)
            for minute, trouble in entries
        ],
    }


@dataclass(frozen=True, slots=True)
class _Effect:
    """What remedies did to one trouble, up to now; `occurrences` are the organisation's minutes, oldest first."""

    trouble: Trouble
    cured: bool
    working: bool
    occurrences: tuple[float, ...]


def _effect(trouble: Trouble, place: Place, remedies: Sequence[Remedy]) -> _Effect:
    began = place.period_began + trouble.since
    ends = sorted(
        remedy.minute + REMEDY_TAKES
        for remedy in remedies
        if SYNC_TYPES[trouble.type] in remedy.sync_types and began <= remedy.minute <= place.minute
    )
    done = [end for end in ends if end <= place.minute]
    # A cause that is over may have ended while the remedy was under way: what counts is when the remedy ends.
    cured = trouble.over and any(end >= place.period_began + place.stage.at for end in done)
    occurrences = sorted([*_occurrences(trouble, began, place.minute), *done])
    return _Effect(trouble, cured, len(done) < len(ends), tuple(occurrences[-ENTRIES_PER_TROUBLE:]))


def _occurrences(trouble: Trouble, began: float, now: float) -> Iterator[float]:
    """The last few minutes at which it occurred by itself."""
    if began > now:
        return
    newest = int((now - began) // trouble.every) if trouble.every else 0
    for number in range(max(0, newest + 1 - ENTRIES_PER_TROUBLE), newest + 1):
        yield began + number * (trouble.every or 0.0)


def _record_ids(trouble: Trouble, field: str | None) -> dict[str, object]:
    """The records that fail, made up: the same ones for the same trouble, so that a retry can name them."""
    if field is None:
        return {}
    ids = [f"{trouble.type}-{number}" for number in range(1, trouble.records + 1)]
    return {field: ids if field == "record_ids" else ids[0]}


def _newest(entry: tuple[float, Trouble]) -> float:
    return -entry[0]


def _next_renewal(minute: float) -> float:
    return (minute // TOKEN_LIFE + 1) * TOKEN_LIFE


def _stamp(
    told: float | Literal["moves"] | None, place: Place, timestamp: Callable[[float], str], moving: float
) -> str | None:
    if told is None:
        return None
    return timestamp(moving if told == "moves" else place.period_began + told)


def _sum(base: int | None, effects: Iterator[_Effect]) -> int | None:
    return None if base is None else base + sum(effect.trouble.records for effect in effects)
