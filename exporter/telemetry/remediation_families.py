"""The metric families of remediation, as data; `families.FAMILIES` ends with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from exporter.model.action import ActionState, AttemptOutcome, Mode, TriggerSource
from exporter.model.asked import LeftOut
from exporter.model.family import Family, Group, Kind
from exporter.model.holds import Hold

CODES: Final = (202, 401, 403, 413, 415, 422, 500, 503)
"""What a post of an Alertmanager can be answered: the values of the label ``code``."""

WINDOWS: Final = ("hour", "day")
"""Spans of time in which calls are limited: the values of the label ``window``."""

ENDED: Final[tuple[AttemptOutcome, ...]] = tuple(
    outcome for outcome in AttemptOutcome if outcome is not AttemptOutcome.STARTED
)
"""How an attempt can have ended: the values of the label ``outcome``."""

RECORDED: Final = ("recorded", "repeated")
"""What becomes of an alert that asks for a remedy; with the words of `LeftOut`, the values of the label ``result``."""

VERIFIED_BUCKETS: Final = (15, 30, 60, 120, 300, 600, 900, 3600)
"""Upper bounds, seconds. A reading comes each minute, and after 15 minutes a call did not help, by default."""


def _words(name: str, words: Iterable[object]) -> tuple[str, str]:
    return name, ", ".join(f"`{word}`" for word in words)


def _family(name: str, kind: Kind, help: str, *labels: tuple[str, str], series: int = 1, absent: str = "") -> Family:  # noqa: A002 - as `Family` has it
    return Family(
        name=f"xero_exporter_remediation_{name}",
        kind=kind,
        help=help,
        group=Group.EXPORTER,
        labels=labels,
        series=str(series),
        absent=absent,
    )


REMEDIATION_FAMILIES: Final = (
    _family(
        "mode",
        Kind.GAUGE,
        "1 for the mode that remediation is in, 0 for the others.",
        _words("mode", Mode),
        series=len(Mode),
    ),
    _family(
        "ledger_up",
        Kind.GAUGE,
        "1 while the ledger can be used, else 0: then nothing is done or recorded.",
        absent="before the first look at it",
    ),
    _family(
        "ledger_created_timestamp_seconds",
        Kind.GAUGE,
        "When the ledger was made, seconds since 1970 UTC: what was done before, cooldowns and budgets are not in it.",
        absent="while the ledger cannot be used",
    ),
    _family(
        "executing",
        Kind.GAUGE,
        "1 while an exporter acts on the ledger and obeys its gate, else 0.",
        absent="while the ledger cannot be used",
    ),
    _family(
        "paused_since_timestamp_seconds",
        Kind.GAUGE,
        "Since when a person has paused remediation, seconds since 1970 UTC.",
        absent="while it is not paused, and while the ledger cannot be used",
    ),
    _family(
        "paused",
        Kind.GAUGE,
        "1 while a person has paused remediation, else 0.",
        absent="while the ledger cannot be used",
    ),
    _family(
        "storm",
        Kind.GAUGE,
        "1 while so much is wrong at once, or was a short while ago, that no action is started, else 0.",
        absent="while the ledger cannot be used",
    ),
    _family(
        "blind",
        Kind.GAUGE,
        "1 while too many organisations are stale to judge any, so that no action is started, else 0.",
        absent="before the first roster",
    ),
    _family(
        "breaker_open",
        Kind.GAUGE,
        "1 since several actions in a row did not help, until one is verified, else 0.",
        absent="while the ledger cannot be used",
    ),
    _family(
        "credential_refused",
        Kind.GAUGE,
        "1 since the platform refused the token for actions, until there is another or a person resumes, else 0.",
        absent="while the ledger cannot be used",
    ),
    _family(
        "actions",
        Kind.GAUGE,
        "Actions in the ledger, by the state that they are in. Those that ended are forgotten after `ledger.keep`.",
        _words("state", ActionState),
        series=len(ActionState),
        absent="while the ledger cannot be used",
    ),
    _family(
        "held_actions",
        Kind.GAUGE,
        "Actions that are not done now, by why. In a dry run that is `dry_run`, or what policy says.",
        _words("hold", Hold),
        series=len(Hold),
        absent="while the ledger cannot be used",
    ),
    _family(
        "waiting_triggers",
        Kind.GAUGE,
        "Alerts, requests and reconnects that are recorded and not judged yet.",
        absent="while the ledger cannot be used",
    ),
    _family(
        "budget_calls",
        Kind.GAUGE,
        "Calls for all organisations within the last hour or day; in a dry run, rehearsed ones.",
        _words("window", WINDOWS),
        series=len(WINDOWS),
        absent="while the ledger cannot be used",
    ),
    _family(
        "budget_limit_calls",
        Kind.GAUGE,
        "Calls that are allowed within an hour or a day.",
        _words("window", WINDOWS),
        series=len(WINDOWS),
    ),
    _family(
        "triggers_total",
        Kind.COUNTER,
        "What asked for an action, recorded since this process began, by what it was.",
        _words("source", TriggerSource),
        series=len(TriggerSource),
    ),
    _family(
        "transitions_total",
        Kind.COUNTER,
        "Actions that came into a state since this process began, by the ledger's events.",
        _words("state", ActionState),
        series=len(ActionState),
    ),
    _family(
        "attempts_total",
        Kind.COUNTER,
        "Attempts that ended since this process began. `not_called` and `rehearsed` sent nothing.",
        _words("outcome", ENDED),
        series=len(ENDED),
    ),
    _family(
        "verified_seconds",
        Kind.HISTOGRAM,
        "Time from a call until a reading showed that it helped.",
        series=len(VERIFIED_BUCKETS) + 3,
    ),
    _family(
        "webhook_requests_total",
        Kind.COUNTER,
        "Posts to /hooks/alertmanager, by what they were answered.",
        _words("code", CODES),
        series=len(CODES),
    ),
    _family(
        "webhook_alerts_total",
        Kind.COUNTER,
        "Alerts in posts that were accepted, by what became of them.",
        _words("result", (*RECORDED, *LeftOut)),
        series=len(RECORDED) + len(LeftOut),
    ),
)
"""Every family of remediation, in the order of the page."""
