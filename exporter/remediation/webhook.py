"""What an Alertmanager posts, version 4 of its webhook, as deliveries: each alert on its own. Pure.

Of an alert are read its status, when it began, its fingerprint, and the labels `alertname`, `organization_id`, `issue`
and `remediation`; of the rest only how many alerts were left out. Keys that are not known are normal: newer versions
have more. Who posts (`externalURL`) is not read: the repeats of a pair come from both.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeVar

from exporter.model.asked import AlertDelivery, LeftOut
from exporter.model.words import ORGANIZATION_ID, Issue

VERSION: Final = "4"
"""Of the payload, since Alertmanager 0.8."""

REQUEST: Final = "request"
"""What the label `remediation` says where an alert asks for a remedy."""

MAX_OBJECTS: Final = 65_536
"""JSON objects of a post: each alert has three. The 15,000 alerts that 8 MiB hold have 45,003."""

MAX_ALERTNAME: Final = 128
"""Characters of an alert's name that are kept."""

_FINGERPRINT: Final = re.compile(r"[0-9A-Za-z]{1,64}", re.ASCII)
_INSTANT: Final = re.compile(r"[0-9TZ:.+-]{10,40}", re.ASCII)
_ISSUES: Final[Mapping[str, Issue]] = MappingProxyType({str(issue): issue for issue in Issue})
_RESOLVED: Final[Mapping[str, bool]] = MappingProxyType({"firing": False, "resolved": True})

_T = TypeVar("_T")


class PayloadError(ValueError):
    """It is no payload of version 4; says what is missing, and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What a post says.

    Attributes:
        deliveries: the alerts that ask for a remedy, in their order.
        left: how many alerts are left out, by why.
        truncated: how many Alertmanager itself left out (``truncatedAlerts``).
    """

    deliveries: tuple[AlertDelivery, ...] = ()
    left: Mapping[LeftOut, int] = field(default_factory=dict)
    truncated: int = 0

    def unrecorded(self) -> Payload:
        """The same where nothing is recorded, as the mode is off."""
        return Payload(left={**self.left, LeftOut.MODE_OFF: len(self.deliveries)}) if self.deliveries else self


def parsed(body: bytes | bytearray) -> Payload:
    """What a post says. One alert that cannot be used never spoils the others.

    Args:
        body: of the request; 5 MB with 10,000 alerts take 0.1 s.

    Raises:
        PayloadError: it is no payload of version 4.
    """
    document = _decoded(body)
    if not isinstance(document, dict):
        raise PayloadError("the body must be a JSON object")
    if document.get("version") != VERSION:
        raise PayloadError(f'the body must have "version": "{VERSION}", as Alertmanager 0.8 and later write it')
    alerts = document.get("alerts")
    if not isinstance(alerts, list):
        raise PayloadError('the body must have a list of "alerts"')
    deliveries: list[AlertDelivery] = []
    left: Counter[LeftOut] = Counter()
    for one in alerts:
        found = _delivery(one)
        if isinstance(found, LeftOut):
            left[found] += 1
        else:
            deliveries.append(found)
    return Payload(tuple(deliveries), left, _count(document.get("truncatedAlerts")))


def _decoded(body: bytes | bytearray) -> object:
    # Before it is decoded: 8 MiB of {} become 200 MB of Python's.
    if body.count(b"{") > MAX_OBJECTS:
        raise PayloadError(
            f"the body may have {MAX_OBJECTS} objects, some 20,000 alerts: set max_alerts in Alertmanager"
        )
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        # ValueError: no JSON, no UTF-8, or a number of more digits than Python reads.
        raise PayloadError("the body must be JSON") from None


def _delivery(alert: object) -> AlertDelivery | LeftOut:
    """One alert, or why it is left out. What it asks for is looked at before its form: most alerts ask for nothing."""
    if not isinstance(alert, dict) or not isinstance(labels := alert.get("labels"), dict):
        return LeftOut.MALFORMED
    if labels.get("remediation") != REQUEST:
        return LeftOut.NOT_REQUESTED
    organization_id = _matching(ORGANIZATION_ID, labels.get("organization_id"))
    if organization_id is None:
        return LeftOut.ORGANIZATION_ID
    issue = _one_of(_ISSUES, labels.get("issue"))
    if issue is None:
        return LeftOut.ISSUE
    fingerprint = _matching(_FINGERPRINT, alert.get("fingerprint"))
    starts_at = _matching(_INSTANT, alert.get("startsAt"))
    name, resolved = _name(labels.get("alertname")), _one_of(_RESOLVED, alert.get("status"))
    if fingerprint is None or starts_at is None or name is None or resolved is None:
        return LeftOut.MALFORMED
    return AlertDelivery(organization_id, issue, fingerprint, starts_at, resolved=resolved, alertname=name)


def _matching(pattern: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _one_of(words: Mapping[str, _T], value: object) -> _T | None:
    return words.get(value) if isinstance(value, str) else None


def _name(value: object) -> str | None:
    # Not printable: control characters, which could drive a terminal, and halves of characters, which no file takes.
    return value[:MAX_ALERTNAME] if isinstance(value, str) and value and value.isprintable() else None


def _count(value: object) -> int:
    # True is an int too, and no count.
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
