"""What comes to the ledger from outside: alerts, what people ask for, connections that are well again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from exporter.model.action import ActionKind, Parameters
from exporter.model.words import MAX_RECORD_IDS, RECORD_ID, Issue

PERSON_LOOKBACK: Final = 90 * 86_400.0
"""Seconds that a person's resync may reach back: a mistyped year would have a customer's whole history synced."""

MODE_OFF: Final = "remediation.mode is off, and nothing would be done: set it to approve, auto or dry_run"
"""Why nothing that a person asks for is recorded then."""

MAX_NOTE: Final = 500
"""Characters of a person's words in the ledger."""


@dataclass(frozen=True, slots=True)
class AlertDelivery:
    """One alert of one delivery. Harmless when repeated, late, or from several Alertmanagers.

    Attributes:
        organization_id: matches `words.ORGANIZATION_ID`; need not be on the roster.
        issue: what the alert is about.
        fingerprint: Alertmanager's; with `starts_at` it tells deliveries of one alert from those of another.
        starts_at: as Alertmanager wrote it; old ones are legitimate.
        resolved: whether the alert is over.
        alertname: for people, at most 128 characters.
    """

    organization_id: str
    issue: Issue
    fingerprint: str
    starts_at: str
    resolved: bool = False
    alertname: str = ""


class LeftOut(StrEnum):
    """Why an alert that was delivered asks for nothing."""

    MALFORMED = "malformed"
    """It has no labels, status, fingerprint, begin or name, or one that cannot be."""
    NOT_REQUESTED = "not_requested"
    """Its label `remediation` does not say `request`."""
    ORGANIZATION_ID = "organization_id"
    """Its label `organization_id` is missing, or can be no organisation's."""
    ISSUE = "issue"
    """Its label `issue` is missing, or no issue of ours."""
    MODE_OFF = "mode_off"
    """`remediation.mode` is off: nothing is recorded that nobody would look at."""


@dataclass(frozen=True, slots=True)
class PersonRequest:
    """A retry or resync that a person asks for.

    Attributes:
        organization_id: matches `words.ORGANIZATION_ID`.
        kind: what to do.
        parameters: complete for that kind.
        actor: the token's name, or the user of the command line.
        note: the person's words, at most `MAX_NOTE` characters.
    """

    organization_id: str
    kind: ActionKind
    parameters: Parameters
    actor: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What tells a request that comes again from a new one.

    Attributes:
        key: who asks, and what that one calls the request (``Idempotency-Key``), hashed.
        content: what is asked for, hashed: the same key for something else is a mistake.
    """

    key: str
    content: str


@dataclass(frozen=True, slots=True)
class Reconnect:
    """An organisation whose connection was broken and is well.

    Attributes:
        organization_id: of whom.
        since: when it broke, seconds since 1970 UTC.
    """

    organization_id: str
    since: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery: all of it is committed.

    Attributes:
        recorded: triggers that are new.
        repeated: those that were known.
    """

    recorded: int
    repeated: int


def incomplete(kind: ActionKind, parameters: Parameters, now: float) -> str | None:
    """Why nothing can be done with these, a sentence that repeats none of them; None: they are complete."""
    why = _of_a_retry(parameters) if kind is ActionKind.RETRY else _of_a_resync(parameters, now)
    return next((sentence for holds, sentence in why if holds), None)


def _of_a_retry(parameters: Parameters) -> Iterator[tuple[bool, str]]:
    ids = parameters.record_ids
    yield (
        not ids or len(parameters.sync_types) != 1,
        "a retry needs one sync type and at least one record id; without ids nothing is sent",
    )
    yield len(ids) > MAX_RECORD_IDS, f"a retry names at most {MAX_RECORD_IDS} records"
    # The id is not told: who mistakes an e-mail address for one must not find it in a log.
    yield (
        not all(RECORD_ID.fullmatch(one) for one in ids),
        "a record id is 1 to 128 letters, digits and . _ : -, beginning with a letter or digit",
    )


def _of_a_resync(parameters: Parameters, now: float) -> Iterator[tuple[bool, str]]:
    since = parameters.since
    yield not parameters.sync_types or since is None, "a resync needs at least one sync type and an instant since when"
    yield (
        since is not None and not now - PERSON_LOOKBACK <= since <= now,
        f"a resync reaches back at most {PERSON_LOOKBACK / 86_400:g} days, and not into the future",
    )
