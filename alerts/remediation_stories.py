"""What must be told about remediation, and what must not, as stories for promtool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from alerts.story import Story, ever, having, now, steady
from alerts.town import Town

REMEDIATION: Final = "xero_exporter_remediation_"
MODES: Final = ("off", "dry_run", "approve", "auto")

Value = Callable[[int], float | None]
"""Of a series, at a minute; None where there is no sample."""


def _remediating(
    mode: Callable[[int], str],
    told: Mapping[str, Value],
    *,
    looked: Callable[[int], bool] = lambda _minute: True,
    ledger: Callable[[int], bool] = lambda _minute: True,
) -> dict[str, Value]:
    """What an exporter tells of remediation; of the ledger nothing while it is not looked at or cannot be used.

    Args:
        mode: at a minute.
        told: further series by their name with labels, without what all begin with. All but counters are the ledger's.
        looked: whether it has looked at the ledger since its start.
        ledger: whether the ledger can be used.
    """

    def read(value: Value) -> Value:
        return lambda minute: value(minute) if looked(minute) and ledger(minute) and mode(minute) != "off" else None

    def is_mode(one: str) -> Value:
        return lambda minute: float(mode(minute) == one)

    return {
        **{f'{REMEDIATION}mode{{mode="{one}"}}': is_mode(one) for one in MODES},
        f"{REMEDIATION}ledger_up": lambda minute: (
            float(ledger(minute)) if looked(minute) and mode(minute) != "off" else None
        ),
        **{REMEDIATION + name: value if "_total" in name else read(value) for name, value in told.items()},
    }


def _trouble(begins: int, ends: int = 10**9, *, restart: int = 10**9) -> dict[str, Value]:
    """Everything that a person has to look at, between two minutes; but for the ledger. Counters end at a restart."""

    def during(value: float, before: float = 0) -> Value:
        return lambda minute: value if begins <= minute < ends else before

    return {
        'transitions_total{state="exhausted"}': lambda minute: 4 * (begins <= minute < restart),
        'transitions_total{state="verified"}': lambda _minute: 0,
        'actions{state="unknown"}': during(1),
        'actions{state="awaiting_approval"}': during(2),
        'actions{state="exhausted"}': lambda _minute: 9,
        'held_actions{hold="storm"}': during(3),
        "breaker_open": during(1),
        "paused_since_timestamp_seconds": lambda minute: (begins - 480) * 60.0 if begins <= minute < ends else None,
    }


TICKETS: Final = (
    "XeroRemediationExhausted",
    "XeroRemediationUnknownOutcome",
    "XeroRemediationIneffective",
    "XeroRemediationStormHold",
    "XeroRemediationBreakerOpen",
    "XeroRemediationApprovalWaiting",
    "XeroRemediationPausedTooLong",
)
"""What `_trouble` leads to."""


def remediation_stories() -> tuple[Story, ...]:
    """What a person has to look at, and all that nobody should be told of."""

    def refused(first: int, last: int) -> dict[str, Value]:
        """One post in five minutes is refused, between two minutes."""
        return {
            'webhook_requests_total{code="401"}': lambda minute: float((min(max(minute, first), last) - first) // 5)
        }

    def nobodys_trouble(mode: str, more: Mapping[str, Value]) -> Story:
        return Story(
            f"remediation-in-{mode.replace('_', '-')}",
            f"The mode is {mode}: whatever is told of remediation is nobody's trouble.",
            Town(size=2, minutes=120, extra=_remediating(lambda _minute: mode, {**_trouble(10), **more})),
            (ever(120),),
        )

    one_of_each = dict.fromkeys(TICKETS, 1)
    return (
        Story(
            "remediation-well",
            "It acts: an unknown outcome that shows within minutes, a yes that comes in time, a breaker that closes, a "
            "ledger that is locked for some minutes, a pause of some hours, two of four that do not help, and an "
            "Alertmanager that was refused for a while: nobody is told.",
            Town(
                size=2,
                minutes=600,
                extra=_remediating(
                    lambda _minute: "auto",
                    {
                        'transitions_total{state="ineffective"}': lambda minute: (minute >= 100) + (minute >= 200),
                        'transitions_total{state="verified"}': lambda minute: (minute >= 50) + (minute >= 90),
                        'transitions_total{state="exhausted"}': lambda _minute: 0,
                        'actions{state="unknown"}': lambda minute: 40 <= minute < 44,
                        'actions{state="awaiting_approval"}': lambda minute: 60 <= minute < 72,
                        'actions{state="exhausted"}': lambda _minute: 3,
                        'held_actions{hold="storm"}': lambda minute: 2 * (300 <= minute < 350),
                        "breaker_open": lambda minute: 80 <= minute < 84,
                        "paused_since_timestamp_seconds": lambda minute: 6600 if 110 <= minute < 585 else None,
                        **refused(400, 410),
                        'webhook_requests_total{code="202"}': lambda minute: minute,
                    },
                    ledger=lambda minute: not 200 <= minute < 204,
                ),
            ),
            (ever(600),),
        ),
        Story(
            "remediation-few-that-did-not-help",
            "Two of two did not help: that is one customer or two, and no reason to doubt all remedies.",
            Town(
                size=2,
                minutes=120,
                extra=_remediating(
                    lambda _minute: "auto",
                    {'transitions_total{state="ineffective"}': lambda minute: (minute >= 30) + (minute >= 40)},
                ),
            ),
            (ever(120),),
        ),
        nobodys_trouble("off", refused(10, 10**9)),
        nobodys_trouble("dry_run", {}),
        Story(
            "remediation-dry-run-without-a-ledger",
            "A dry run whose ledger cannot be used does not rehearse, and that is all.",
            Town(size=2, minutes=60, extra=_remediating(lambda _minute: "dry_run", {}, ledger=lambda _minute: False)),
            (ever(60),),
        ),
        Story(
            "remediation-starts",
            "An exporter starts with a ledger of months, full of what was exhausted and did not help, restarts within "
            "the hour, and its counters begin anew: what was long ago is not told again.",
            Town(
                size=2,
                minutes=180,
                up=lambda minute: minute != 90,
                starts=(0, 91),
                extra=_remediating(
                    lambda _minute: "auto",
                    {
                        'actions{state="exhausted"}': lambda _minute: 50,
                        'actions{state="ineffective"}': lambda _minute: 70,
                        'transitions_total{state="exhausted"}': lambda _minute: 0,
                        'transitions_total{state="ineffective"}': lambda minute: 2 if minute < 90 else 0,
                        'transitions_total{state="verified"}': lambda minute: 5 if minute < 90 else 0,
                        'webhook_requests_total{code="503"}': lambda minute: 7 if minute < 90 else 0,
                    },
                    looked=lambda minute: not 91 <= minute < 93,
                ),
            ),
            (ever(180),),
        ),
        Story(
            "remediation-out-of-sight",
            "A ticket of each kind; then the exporter is away, has not looked at its ledger yet, and cannot use it for "
            "a while: each ticket stays, none opens but that of the ledger. All resolve when a person has looked, but "
            "those about what happened within the day.",
            Town(
                size=2,
                minutes=240,
                up=lambda minute: not 120 <= minute < 130,
                starts=(0, 130),
                extra=_remediating(
                    lambda _minute: "auto",
                    {**_trouble(10, 200, restart=130), **refused(10, 140)},
                    looked=lambda minute: not 130 <= minute < 135,
                    ledger=lambda minute: not 150 <= minute < 170,
                ),
            ),
            (
                *(check for ticket in TICKETS for check in steady(ticket, 80, 199, 1)),
                *steady("XeroRemediationWebhookRejected", 80, 139, 1),
                now(157, **one_of_each, XeroRemediationLedgerDown=1, XeroRemediationWebhookRejected=1),
                now(202, XeroRemediationExhausted=1, XeroRemediationIneffective=1),
                ever(
                    240,
                    **one_of_each,
                    XeroRemediationLedgerDown=1,
                    XeroRemediationWebhookRejected=1,
                    XeroExporterDown=1,
                ),
            ),
        ),
        Story(
            "remediation-switched-off",
            "A ticket of each kind, and somebody turns the mode to a dry run: nothing is left to look at.",
            Town(
                size=2,
                minutes=120,
                extra=_remediating(lambda minute: "approve" if minute < 100 else "dry_run", _trouble(10)),
            ),
            (now(99, **one_of_each), now(102)),
        ),
        Story(
            "storm-of-an-incident",
            "Remedies wait through an incident, as they should: its page is enough. It ends by itself after six hours, "
            "the page goes on; when they have waited for another one, a ticket tells.",
            Town(
                size=40,
                minutes=540,
                step=5,
                issues=having("disconnected", first=12, begins=60),
                extra=_remediating(
                    lambda _minute: "auto", {'held_actions{hold="storm"}': lambda minute: 12 * (minute >= 60)}
                ),
            ),
            (
                now(415, XeroMassDisconnect=1),
                now(475, XeroMassDisconnect=1, XeroDisconnected=12),
                now(500, XeroMassDisconnect=1, XeroDisconnected=12, XeroRemediationStormHold=1),
            ),
        ),
        Story(
            "storm-before-an-incident",
            "Remedies have waited for hours when an incident begins: their ticket stays, as they wait all the same.",
            Town(
                size=40,
                minutes=240,
                issues=having("disconnected", first=12, begins=120, ends=180),
                extra=_remediating(
                    lambda _minute: "auto", {'held_actions{hold="storm"}': lambda minute: 9 * (minute < 220)}
                ),
            ),
            (*steady("XeroRemediationStormHold", 70, 219, 1), now(222)),
        ),
    )
