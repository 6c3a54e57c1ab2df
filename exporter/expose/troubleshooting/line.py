"""What a line of MemberPulse's Xero troubleshooting page is, and what the program has for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from exporter.model.words import Issue, Reason


class Kind(StrEnum):
    """What a line of the page is."""

    ISSUE = "issue class"
    SYMPTOM = "symptom"
    CAUSE = "cause"
    CHECK = "check"
    RESOLUTION = "resolution step"
    ENDPOINT = "endpoint"
    ESCALATION = "escalation step"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the page.

    Attributes:
        heading: under which it stands.
        text: the line itself.
        kind: what it is.
        detected: how the program finds out, or does it, in one sentence.
        metrics: families that show it.
        issues: issues that it leads to.
        reasons: reasons that it leads to.
        told: words of sentences, of these issues and reasons, that the person is told.
        sample: a text as the platform or Xero would write it, from which the first of `reasons` follows.
        acts: whether a machine may act on it; empty: as the reasons say.
    """

    heading: str
    text: str
    kind: Kind
    detected: str
    metrics: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()
    reasons: tuple[Reason, ...] = ()
    told: tuple[str, ...] = ()
    sample: str = ""
    acts: str = ""


ISSUE_FAMILIES: Final = ("xero_issue", "xero_issue_since_timestamp_seconds")
"""Where an issue shows."""

ERROR_FAMILIES: Final = ("xero_recent_errors",)
"""Where a reason shows."""
