"""What is known of one reason: how to recognise it, what it means, what to do, who can."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from exporter.model.words import Owner, Reason, SyncType


class Link(StrEnum):
    """Pages that a step can point to."""

    INTEGRATION_SETTINGS = "integration_settings"
    """The organisation's integration settings in the platform; where that is, `links` of the configuration says."""
    CLIENT_PORTAL = "client_portal"
    """The organisation's Client Portal; where that is, `links` of the configuration says."""
    XERO_STATUS = "xero_status"
    """Xero's status page."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing for a person to do.

    Attributes:
        text: a sentence.
        link: the page where it is done, if it has one; whoever shows the step knows its address, or leaves it out.
        owner: who takes it; None: whoever works on that page, and without one whoever can end the cause.
    """

    text: str
    link: Link | None = None
    owner: Owner | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One reason.

    Attributes:
        reason: which.
        cause: why the sync failed, in one sentence.
        steps: what a person does, in this order.
        owner: who can end it.
        retry_helps: whether the same request, sent again unchanged, may succeed.
        sync_types: what can fail for it, in the order of the closed list.
        patterns: how Xero, and the platform, say it; in the language of `observe.reasons.pattern`.
        loose: as `patterns`, but in words that other systems use too: they count only in a short text that names no
            other system (see `observe.recognise`).
        bare: whole texts: they count only where nothing else is said.
    """

    reason: Reason
    cause: str
    steps: tuple[Step, ...]
    owner: Owner
    retry_helps: bool
    sync_types: tuple[SyncType, ...]
    patterns: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
