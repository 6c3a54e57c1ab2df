"""What is concluded of one organisation: its diagnosis, and what the next one must remember. Frozen, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from exporter.model.moment import Moment
from exporter.model.words import IncidentKind, Issue, Reason, SyncType

MAX_ERROR_SERIES: Final = 10
"""Kinds of recent errors (sync type and reason) that are told apart for one organisation."""


class TokenClock(StrEnum):
    """When an expiry that lies in the past is believed to be a problem, and not an access token at rest."""

    AUTO = "auto"
    """Where the token outlives its last sync by far, or nothing was ever synchronised, or the platform is unwell."""
    TRUSTED = "trusted"
    """Always: the platform renews its tokens without being asked to sync."""
    CORROBORATED = "corroborated"
    """Only where the platform itself says that it is unwell."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where judgement draws its lines; all in seconds.

    Attributes:
        stale_after: age of the last success at which data is withdrawn.
        error_window: age up to which an error can count although a sync succeeded after it.
        token_grace: how long an expiry must lie in the past.
        token_clock: whether an expiry in the past is believed.
        sync_stale_after: age of the last sync at which waiting syncs are a problem.
        sync_silent_after: age of the last sync that is a problem even if none waits; None: no age is.
        incident_window: for how long the least share of affected organisations is remembered, from which an incident
            is a rise.
    """

    stale_after: float = 300.0
    error_window: float = 3600.0
    token_grace: float = 900.0
    token_clock: TokenClock = TokenClock.AUTO
    sync_stale_after: float = 26 * 3600.0
    sync_silent_after: float | None = None
    incident_window: float = 6 * 3600.0


class Because(StrEnum):
    """What an issue was concluded from."""

    PLATFORM_SAYS_DISCONNECTED = "platform_says_disconnected"
    """``connected`` is false, or ``sync_status`` is disconnected."""
    ERROR = "error"
    """An active error says so."""
    TOKEN_CLOCK = "token_clock"  # noqa: S105 - a word, no token
    """The token's expiry lies in the past, and no sync came after it."""
    NOT_LISTED_BY_XERO = "not_listed_by_xero"
    """The platform says connected, and Xero's own list of connections does not have the tenant."""
    NO_TEXT = "no_text"
    """The platform says that syncs fail, and no active error says why."""
    NOTHING_SYNCED = "nothing_synced"
    """The last sync is too old."""
    LINGERING = "lingering"
    """What it was concluded from is gone for less than ten minutes."""


class Doubt(StrEnum):
    """Why it is not known whether anything else is wrong, although the platform answered."""

    LIST_UNREAD = "list_unread"
    """Xero's own list did not have it, and no list could be read since."""
    CONNECTION_NOT_SAID = "connection_not_said"
    """The platform does not say whether it is connected."""
    SYNCS_NOT_SAID = "syncs_not_said"
    """The platform does not say how syncs go: there is no word, and not that none failed; or no count, beside a bad
    word or errors that matter if any failed."""
    STATUS_WORD = "status_word"
    """The platform's word for how syncs go is none that is known here."""
    UNEXPLAINED = "unexplained"
    """The platform's word is that syncs go badly, and it counts none that failed and lists no error that matters."""
    ERRORS_UNREAD = "errors_unread"
    """Errors that may matter cannot be read, or are not listed although syncs are counted as failed."""
    SYNC_AHEAD = "sync_ahead"
    """The last sync lies more than a day in the future: nobody can say how long ago it was, or what it mended."""


CONNECTION_ISSUES: Final = (Issue.DISCONNECTED, Issue.TOKEN_EXPIRED, Issue.UNAUTHORIZED)
"""Issues of the connection itself; each hides all that come after it."""

KIND_OF_ISSUE: Final[Mapping[Issue, IncidentKind]] = {
    issue: IncidentKind.CONNECTION if issue in CONNECTION_ISSUES else IncidentKind.SYNC for issue in Issue
}
"""Which kind of incident an issue counts towards."""


SYNCS_FAIL: Final = frozenset(
    {Issue.CONTACTS_FAILING, Issue.INVOICES_FAILING, Issue.RECONCILIATION_FAILING, Issue.SYNC_FAILING}
)
"""Issues of syncs that fail; another one is of syncs that do not run."""

DOUBTED: Final[Mapping[Doubt, frozenset[Issue]]] = {
    Doubt.LIST_UNREAD: frozenset({Issue.UNAUTHORIZED}),
    Doubt.CONNECTION_NOT_SAID: frozenset(CONNECTION_ISSUES),
    # A word may also say that it is disconnected: one that is lost, or that nobody knows, may be that one.
    Doubt.SYNCS_NOT_SAID: SYNCS_FAIL | {Issue.DISCONNECTED},
    Doubt.STATUS_WORD: SYNCS_FAIL | {Issue.DISCONNECTED},
    Doubt.UNEXPLAINED: frozenset({Issue.SYNC_FAILING}),
    Doubt.ERRORS_UNREAD: SYNCS_FAIL.union(CONNECTION_ISSUES),
    Doubt.SYNC_AHEAD: frozenset({Issue.SYNC_STALE}),
}
"""Of which issues nobody can say whether they are there; the alerts hold their tickets by the same."""


@dataclass(frozen=True, slots=True)
class ActiveIssue:
    """One issue that an organisation has now.

    Attributes:
        issue: which.
        since: when it began, seconds since 1970 UTC: the instant the facts name, else when it was first seen. It does
            not move while the issue lasts.
        because: what it was concluded from.
        reasons: why, by the active errors behind it at the last reading, most frequent first; those that it had while
            it lingers; empty when no error is behind it.
    """

    issue: Issue
    since: float
    because: Because
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """Recent errors of one kind: those that were active, or younger than the error window, at the last reading.

    Attributes:
        sync_type: what was being synchronised.
        reason: why it failed.
        count: how many entries.
        newest: when the newest happened, seconds since 1970 UTC; None when no entry says.
    """

    sync_type: SyncType
    reason: Reason
    count: int
    newest: float | None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong with one organisation, by its last status.

    Attributes:
        issues: by precedence, without those that a connection issue hides.
        errors: recent errors by kind, most frequent first, at most `MAX_ERROR_SERIES`.
        never_connected: no connection was ever made; nothing is wrong with it, and no share counts it.
        app_refused: an active error says that Xero refuses the platform's app, whatever issue that shows as.
        doubts: why it is not known whether anything else is wrong.
    """

    issues: tuple[ActiveIssue, ...] = ()
    errors: tuple[ErrorCount, ...] = ()
    never_connected: bool = False
    app_refused: bool = False
    doubts: tuple[Doubt, ...] = ()

    def leaves_open(self, issue: Issue | None) -> bool:
        """Whether nobody can say that this issue, which it does not have, is over; None: that any is."""
        return any(issue is None or issue in DOUBTED[doubt] for doubt in self.doubts)

    @property
    def leaves_connection_open(self) -> bool:
        """Whether nobody can say that nothing else is wrong with the connection."""
        return any(self.leaves_open(issue) for issue in CONNECTION_ISSUES)


WELL: Final = Diagnosis()
"""The diagnosis of an organisation with which nothing is wrong."""


@dataclass(frozen=True, slots=True)
class SeenKind:
    """What is remembered of errors of one kind after their status is gone.

    Attributes:
        sync_type: what was being synchronised.
        reason: why it failed.
        instants: when they happened, seconds since 1970 UTC, newest first; bounded. Only the last one can be further
            than `observe.seen.REPEATED_APART` from the first: the kind came back then.
    """

    sync_type: SyncType
    reason: Reason
    instants: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """What judging one organisation needs of earlier readings and judgements; bounded.

    Attributes:
        seen: kinds of errors seen lately, at most `observe.seen.MAX_KINDS`, the one with the newest first.
        token_expires_at: the expiry that the last status with one named.
        token_renewed: when it was seen to have moved forward, seconds since 1970 UTC by the platform's clock; None
            when it never was.
        connected_since: the first of the row of readings that said connected, which only the contrary breaks, and not
            silence; None while not.
        connected_once: whether it ever was, by anything that the platform said.
        unsynced_since: when it was first seen connected without any sync, seconds since 1970 UTC by the platform's
            clock; None while not.
        unwell_since: the first of the row of readings in which the platform called it unwell, which a word that means
            nothing here does not break, seconds since 1970 UTC by the platform's clock; None while not.
        issues: what the last judgement found, hidden ones included, by precedence.
        lingering: those of them that no active error is behind any more -> when one was last seen, monotonic seconds.
        errors: recent errors, counted at the last reading.
        app_refused: whether, at the last reading, an active error said that Xero refuses the platform's app.
        valid_until: monotonic second at which time alone changes `issues`; infinite when nothing will.
        settled_until: monotonic second before which another reading of the same status changes nothing of all this.
    """

    seen: tuple[SeenKind, ...] = ()
    token_expires_at: float | None = None
    token_renewed: float | None = None
    connected_since: Moment | None = None
    connected_once: bool = False
    unsynced_since: float | None = None
    unwell_since: float | None = None
    issues: tuple[ActiveIssue, ...] = ()
    lingering: tuple[tuple[Issue, float], ...] = ()
    errors: tuple[ErrorCount, ...] = ()
    app_refused: bool = False
    valid_until: float = float("inf")
    settled_until: float = float("-inf")


BLANK: Final = Memory()
"""The memory of an organisation that was never read."""


@dataclass(frozen=True, slots=True)
class Connections:
    """Xero's own list of connections of our app, from one well-formed answer.

    Attributes:
        tenants: the ids of connected accounting tenants, 32 hexadecimal digits in small letters each.
        count: connections of every type.
        at: when the answer was asked for: what was connected later cannot be on it.
        valid_until: monotonic second from which it is too old to conclude anything.
    """

    tenants: frozenset[str]
    count: int
    at: Moment
    valid_until: float
