"""What each verdict means, in one sentence, and what to do first. Pages, commands and alerts all say these.

A word must do for a label. A person is also told what it rests on where that is less than the word seems to say: that
as many are affected as in an incident and nobody could watch for long enough, that only our own credentials are
refused, that of some nothing is known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from exporter.expose.instants import rfc3339
from exporter.model.facts import Snapshot
from exporter.model.words import Freshness, Verdict
from exporter.observe.clocks import SKEW_TOLERATED
from exporter.observe.incidents import many_fail_now, organizations_say_app_refused, too_many_in_doubt

ACCESS_TOKENS_LAST: Final = 1800.0
"""Seconds for which the platform can sync on with tokens that it got before its app was refused."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One verdict for people.

    Attributes:
        sentence: what it says, first of all whose problem it is.
        do_first: what to do first, as one sentence.
    """

    sentence: str
    do_first: str


VERDICTS: Final[Mapping[Verdict, Meaning]] = MappingProxyType(
    {
        Verdict.STARTING: Meaning(
            "Not known yet: the exporter has just started, and has not asked about every organisation.",
            "Wait for one poll interval; /-/ready says what is missing.",
        ),
        Verdict.PLATFORM_CREDENTIAL: Meaning(
            "It is us: the platform refuses the exporter's token, or there is none, so nothing new is known.",
            "Put a valid token into platform.token_file; it is taken up within seconds, without a restart.",
        ),
        Verdict.PLATFORM_API: Meaning(
            "It is us: the platform gives no status of many organisations, so how they stand is not known.",
            "Look at the platform and the way to it; xero_poll_failure tells how asking fails.",
        ),
        Verdict.XERO_APP: Meaning(
            "It is us: Xero refuses the credentials of the platform's app, so no customer can sync.",
            "Check the app's client id and secret at Xero and in the platform; reconnecting customers does not help.",
        ),
        Verdict.XERO: Meaning(
            "It is Xero: many organisations turned bad together, and Xero's status page or its own answers say why.",
            "Follow Xero's status pages, and let neither retries nor reconnecting begin before Xero is back.",
        ),
        Verdict.INCIDENT: Meaning(
            "It is not one customer: many organisations turned bad together, and nothing seen now points at Xero.",
            "Look at what changed on the platform: a release, its settings; or at an outage of Xero that just ended.",
        ),
        Verdict.CUSTOMERS: Meaning(
            "It is single customers, as far as is known: some have an issue, and no rise of many at once is seen.",
            "Take the worst first; each needs its own cure, often one that only the customer can bring.",
        ),
        Verdict.ALL_WELL: Meaning(
            "All is well: no organisation of which there is fresh data has an issue.",
            "Nothing.",
        ),
    }
)
"""Every verdict as it is ordinarily meant, in the order in which they are tried."""

NOBODY: Final = Meaning(
    "Not known: nobody is watched, for no organisation is listed, or include and exclude leave none.",
    "Look at organizations in the configuration: a list that was emptied by mistake looks the same.",
)
"""What `starting` means while nobody is on the roster."""

XERO_SINCE_UNKNOWN: Final = Meaning(
    "It is Xero, as far as is known: many organisations have issues, and Xero's status page or its own answers say "
    "why. Since when is not known: the exporter has not watched for long enough.",
    VERDICTS[Verdict.XERO].do_first,
)
"""What `xero` means while it is not known whether those who are affected turned bad together."""


def meaning_of(snapshot: Snapshot) -> Meaning:
    """What the verdict of this snapshot means."""
    verdict = snapshot.judgement.verdict
    meaning = VERDICTS[verdict]
    if verdict is Verdict.STARTING and snapshot.surroundings.started:
        meaning = _not_known_yet(snapshot)
    elif verdict is Verdict.XERO and True not in snapshot.judgement.incidents.values():
        meaning = XERO_SINCE_UNKNOWN
    elif verdict is Verdict.XERO_APP and not organizations_say_app_refused(snapshot.tally):
        meaning = _own_app_refused(snapshot)
    failing = failing_now(snapshot)
    beside = " ".join(filter(None, (failing, unread_beside(snapshot))))
    if verdict is Verdict.ALL_WELL and beside:
        return Meaning(
            f"Nothing wrong is known: no organisation of which there is fresh data has an issue. {beside}",
            VERDICTS[Verdict.PLATFORM_API].do_first
            if failing
            else "Look at those that are not known; xero_poll_failure tells how asking fails.",
        )
    if verdict in _OF_ISSUES and beside:
        return Meaning(f"{meaning.sentence} {beside}", meaning.do_first)
    if verdict in _OF_OTHERS and failing:
        return Meaning(f"{meaning.sentence} {failing}", meaning.do_first)
    return meaning


_OF_ISSUES: Final = frozenset({Verdict.XERO, Verdict.INCIDENT, Verdict.CUSTOMERS})
_OF_OTHERS: Final = frozenset({Verdict.STARTING, Verdict.XERO_APP})
"""Verdicts by which the platform may be in order; the others say that it is not."""


def failing_now(snapshot: Snapshot) -> str:
    """That many were not answered for when they were last asked, before their data is too old; empty while not."""
    tally = snapshot.tally
    if not many_fail_now(tally):
        return ""
    return (
        f"The platform gave no status of {tally.failing:,} of {tally.known - tally.unasked:,} organisations when they "
        "were last asked: what is told of them is what it said before, and is withdrawn if that goes on."
    )


def unread_beside(snapshot: Snapshot) -> str:
    """Of how many organisations it is not known how they stand, as a sentence; empty when of none."""
    counts = snapshot.counts
    told = [
        f"{number:,} {words}"
        for number, words in (
            (counts[Freshness.PENDING], "not read yet"),
            (counts[Freshness.STALE], "not answered for lately"),
            (counts[Freshness.NOT_FOUND], "unknown to the platform"),
            (snapshot.tally.doubtful, "in doubt"),
        )
        if number
    ]
    return f"Not known of {', '.join(told)}." if told else ""


def _not_known_yet(snapshot: Snapshot) -> Meaning:
    """What `starting` means once everybody who was there at the start had a turn."""
    until, tally = snapshot.judgement.undecided_until, snapshot.tally
    if not len(snapshot):
        return NOBODY
    if until is None and too_many_in_doubt(tally):
        return Meaning(
            f"Not known: of {tally.doubtful:,} of {tally.fresh:,} organisations nobody can tell whether they are well.",
            "Look at why, in xero_doubt: most often the platform leaves out or words anew what it used to say.",
        )
    if until is None:
        return Meaning(
            f"Not known yet: {tally.unasked:,} of {len(snapshot):,} organisations are new and were not asked.",
            VERDICTS[Verdict.STARTING].do_first,
        )
    by = "" if math.isinf(until) else f"; known by {_minute(snapshot.at.wall + until - snapshot.at.monotonic)}"
    return Meaning(
        f"Not known yet whether it is one incident or single customers: {tally.with_issue:,} of the {tally.fresh:,} "
        "that are connected and answered for have an issue, and the exporter has not watched for long enough to tell "
        f"a rise from what always was{by}.",
        "Treat it as an incident if it was not so yesterday: see when the issues of the worst began, and what changed.",
    )


def _own_app_refused(snapshot: Snapshot) -> Meaning:
    """What `xero_app` means while only the credentials that we hold are known to be refused."""
    tally, since = snapshot.tally, snapshot.surroundings.app_refused_since
    few = (
        f"of all organisations only {tally.app_refused:,} say so too"
        if tally.app_refused
        else "no organisation reports it"
    )
    seen = f"It is us: Xero refuses the credentials of xero.app that the exporter was given, and {few}."
    mend = (
        "Compare xero.app.client_id and client_secret_file with the app's page at developer.xero.com: a secret made "
        "anew goes into that file"
    )
    synced = 0 if since is None else _synced_after(snapshot, since + ACCESS_TOKENS_LAST)
    if synced:
        return Meaning(
            f"{seen} {synced:,} synced long after that began, so the platform's own work: what the exporter was given "
            "is wrong.",
            f"{mend}; it is taken up without a restart, and customers need nothing.",
        )
    return Meaning(
        f"{seen} Either that secret is wrong, or the app's was revoked: then no customer can sync within half an hour.",
        f"{mend}, and into the platform if its syncs fail too; if they go on, only the exporter's secret is wrong.",
    )


def _synced_after(snapshot: Snapshot, instant: float) -> int:
    """How many of the fresh the platform synchronised after `instant`."""
    return sum(
        state.freshness is Freshness.FRESH
        and state.status is not None
        and state.status.last_sync is not None
        # What lies ahead was not written by a clock: it is no evidence.
        and instant < state.status.last_sync <= snapshot.at.wall + SKEW_TOLERATED
        for block in snapshot.blocks
        for state in block.states
    )


def _minute(wall: float) -> str:
    """An instant to the minute, never earlier than it is."""
    told = rfc3339(math.ceil(wall / 60) * 60)
    return "later" if told is None else f"{told[:16].replace('T', ' ')} UTC"


def verdict_means(verdict: Verdict) -> str:
    """The verdict as it is ordinarily meant, in one sentence."""
    return VERDICTS[verdict].sentence
