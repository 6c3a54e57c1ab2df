"""What each verdict means, in one sentence, and what to do first. Pages, commands and alerts all say these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from exporter.model.words import Verdict


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
            "It is not one customer: many organisations turned bad together, and nothing points at Xero.",
            "Look at what changed on the platform when it began: a release, its configuration, its queue of syncs.",
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
"""Every verdict, in the order in which they are tried."""


def verdict_means(verdict: Verdict) -> str:
    """The verdict in one sentence."""
    return VERDICTS[verdict].sentence
