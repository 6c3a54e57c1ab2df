"""What numbers and label values are called on a dashboard, and their colours: a colour is never the only sign."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from exporter.expose.verdicts import VERDICTS, Meaning
from exporter.model.judgement import Doubt
from exporter.model.words import Failure, Freshness, Issue, ServiceStatus, SyncStatus, Verdict


class Said(NamedTuple):
    """How a value is shown."""

    text: str
    color: str


GOOD: Final = "green"
ATTENTION: Final = "orange"
BAD: Final = "red"
UNKNOWN: Final = "blue"

NOBODY: Final = 0
"""The code of no verdict: no exporter answers."""

_OF_THE_REST: Final = (
    # Of several exporters the least code counts: one that starts hides no trouble that another sees, and all is well
    # only once all have said so. Where one is down nobody can say of its organisations that they are well.
    Verdict.CUSTOMERS,
    Verdict.STARTING,
    Verdict.ALL_WELL,
)
_BEFORE: Final = tuple(verdict for verdict in Verdict if verdict not in _OF_THE_REST)

PARTLY: Final = NOBODY + 1 + len(_BEFORE)
"""The code of no verdict: some exporters answer and another does not."""

VERDICT_CODES: Final[Mapping[Verdict, int]] = MappingProxyType(
    {verdict: code for code, verdict in enumerate(_BEFORE, start=NOBODY + 1)}
    | {verdict: code for code, verdict in enumerate(_OF_THE_REST, start=PARTLY + 1)}
)
"""A number for each verdict, the worst first."""

_SHORT: Final[Mapping[Verdict, Said]] = MappingProxyType(
    {
        Verdict.STARTING: Said("Not known yet", UNKNOWN),
        Verdict.PLATFORM_CREDENTIAL: Said("Us: token", "dark-red"),
        Verdict.PLATFORM_API: Said("Us: platform", "dark-red"),
        Verdict.XERO_APP: Said("Us: app", "dark-red"),
        Verdict.XERO: Said("Xero", "dark-purple"),
        Verdict.INCIDENT: Said("Many at once", "dark-red"),
        Verdict.CUSTOMERS: Said("Single customers", "dark-orange"),
        Verdict.ALL_WELL: Said("All is well", "dark-green"),
    }
)


def _in_one_line(said: Said) -> Said:
    """Grafana would break it into two halves, and cut off both."""
    return Said(said.text.replace(" ", "\N{NO-BREAK SPACE}"), said.color)


VERDICT_SAID: Final[Mapping[int, Said]] = MappingProxyType(
    {
        NOBODY: _in_one_line(Said("Nobody sees", "dark-red")),
        PARTLY: _in_one_line(Said("A part is unseen", "dark-red")),
        **{code: _in_one_line(_SHORT[verdict]) for verdict, code in VERDICT_CODES.items()},
    }
)
"""Whose problem it is, in a few words."""

DO_FIRST: Final = 100
"""What is added to a code for what to do first."""

ON_A_BOARD: Final[Mapping[Verdict, Meaning]] = MappingProxyType(
    {
        **VERDICTS,
        # These mean one thing or another, and the exporter's page counts which: here stands what is true of each.
        Verdict.STARTING: Meaning(
            "Not known yet: not everybody was asked, nobody is listed, of too many nobody can tell, or so many have an "
            "issue that it may be one incident and it was not watched for long enough. The exporter's page says which.",
            "Treat it as an incident if it was not so yesterday: see which issues there are below, and what changed.",
        ),
        Verdict.XERO: Meaning(
            "It is Xero, as far as is known: many organisations have issues, and Xero's status page or its own answers "
            "say why.",
            VERDICTS[Verdict.XERO].do_first,
        ),
        Verdict.XERO_APP: Meaning(
            "It is us: Xero refuses the credentials of the platform's app, or those of xero.app. The exporter's page "
            "says which were seen to be refused.",
            VERDICTS[Verdict.XERO_APP].do_first,
        ),
        Verdict.ALL_WELL: Meaning(
            "Nothing wrong is known: no organisation of which there is fresh data has an issue. How many are not fresh "
            "stands below.",
            VERDICTS[Verdict.ALL_WELL].do_first,
        ),
    }
)
"""What each verdict means where no count can be told."""

MEANING: Final[Mapping[int, Said]] = MappingProxyType(
    {
        NOBODY: Said("Nothing is known of any organisation: no exporter answers Prometheus.", "text"),
        NOBODY + DO_FIRST: Said("Look at the exporter's process and its log, and at the way to it.", "text"),
        PARTLY: Said(
            "Of a part nothing is known: one exporter does not answer Prometheus. What the others see is no incident, "
            "nor is it the platform or Xero.",
            "text",
        ),
        PARTLY + DO_FIRST: Said(
            "Look at the exporter that is down: the Exporter dashboard, its process, its log.", "text"
        ),
        **{code: Said(ON_A_BOARD[verdict].sentence, "text") for verdict, code in VERDICT_CODES.items()},
        **{code + DO_FIRST: Said(ON_A_BOARD[verdict].do_first, "text") for verdict, code in VERDICT_CODES.items()},
    }
)
"""What each number means and what to do first."""

PAGE_CODES: Final[Mapping[ServiceStatus, int]] = MappingProxyType(
    {
        ServiceStatus.NONE: 0,
        ServiceStatus.UNKNOWN: 1,
        ServiceStatus.MINOR: 2,
        ServiceStatus.MAJOR: 3,
        ServiceStatus.CRITICAL: 4,
    }
)
PAGE_SAID: Final[Mapping[int, Said]] = MappingProxyType(
    {
        0: Said("operational", GOOD),
        1: Said("not known", UNKNOWN),
        2: Said("minor", "yellow"),
        3: Said("major", BAD),
        4: Said("critical", "dark-red"),
    }
)
"""What a status page of Xero says."""

SYNC_STATUS_CODES: Final[Mapping[SyncStatus, int]] = MappingProxyType(
    {status: code for code, status in enumerate(SyncStatus)}
)
SYNC_STATUS_SAID: Final[Mapping[int, Said]] = MappingProxyType(
    {
        SYNC_STATUS_CODES[status]: Said(status.value, color)
        for status, color in {
            SyncStatus.HEALTHY: GOOD,
            SyncStatus.DEGRADED: ATTENTION,
            SyncStatus.FAILING: BAD,
            SyncStatus.DISCONNECTED: "dark-red",
            SyncStatus.OTHER: UNKNOWN,
        }.items()
    }
)
"""The platform's own word for an organisation's syncs."""

ISSUES: Final[Mapping[str, Said]] = MappingProxyType(
    {
        Issue.DISCONNECTED: Said("disconnected", "red"),
        Issue.TOKEN_EXPIRED: Said("token expired", "orange"),
        Issue.UNAUTHORIZED: Said("unauthorised", "dark-orange"),
        Issue.CONTACTS_FAILING: Said("contacts fail", "blue"),
        Issue.INVOICES_FAILING: Said("invoices fail", "purple"),
        Issue.RECONCILIATION_FAILING: Said("reconciliation fails", "#1fa3a3"),
        Issue.SYNC_FAILING: Said("syncs fail", "semi-dark-yellow"),
        Issue.SYNC_STALE: Said("syncs are stale", "#8a8f98"),
    }
)
"""Every issue, connection issues in the colours of fire; all can be read on white and on black."""

DOUBTS: Final[Mapping[str, Said]] = MappingProxyType(
    {
        Doubt.LIST_UNREAD: Said("Xero's list cannot be read", ATTENTION),
        Doubt.CONNECTION_NOT_SAID: Said("whether connected is not said", ATTENTION),
        Doubt.SYNCS_NOT_SAID: Said("how syncs go is not said", ATTENTION),
        Doubt.STATUS_WORD: Said("sync status: a word not known", ATTENTION),
        Doubt.UNEXPLAINED: Said("unwell, and nothing says why", ATTENTION),
        Doubt.ERRORS_UNREAD: Said("errors cannot be read", ATTENTION),
        Doubt.SYNC_AHEAD: Said("last sync is in the future", ATTENTION),
    }
)
"""Why nobody can say whether anything is wrong with an organisation that is fresh."""

FRESHNESS: Final[Mapping[Freshness, Said]] = MappingProxyType(
    {
        Freshness.FRESH: Said("fresh", GOOD),
        Freshness.STALE: Said("stale", BAD),
        Freshness.PENDING: Said("not asked yet", UNKNOWN),
        Freshness.NOT_FOUND: Said("unknown to the platform", "purple"),
    }
)

FAILURES: Final[Mapping[Failure, str]] = MappingProxyType(
    {
        Failure.AUTH: "red",
        Failure.NOT_FOUND: "purple",
        Failure.RATE_LIMITED: "yellow",
        Failure.SERVER_ERROR: "dark-red",
        Failure.TIMEOUT: "orange",
        Failure.NETWORK: "dark-orange",
        Failure.UNEXPECTED_STATUS: "blue",
        Failure.INVALID_RESPONSE: "dark-purple",
    }
)
"""The colour of each failure class."""


def yes_no(yes: str, no: str, *, good: bool = True) -> dict[int, Said]:
    """1 and 0 in words; `good` says which of them is green."""
    return {1: Said(yes, GOOD if good else BAD), 0: Said(no, BAD if good else GOOD)}
