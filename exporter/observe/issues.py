"""What each issue means for people: a sentence, who can end it, and steps. Data only.

In the order of the platform's Xero troubleshooting page, sharpened by what Xero really checks. The reasons behind an
issue have steps of their own, which say more: those stand in `exporter.observe.reasons`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from exporter.model.judgement import Because
from exporter.model.words import Failure, Issue, Owner
from exporter.observe.reasons.row import Link, Step


@dataclass(frozen=True, slots=True)
class Task:
    """A step, and who takes it.

    Attributes:
        owner: who can do it.
        step: what.
    """

    owner: Owner
    step: Step


@dataclass(frozen=True, slots=True)
class IssueRow:
    """What one issue means.

    Attributes:
        sentence: what is wrong, for people who do not know the words.
        owner: who can end it, as long as no reason says otherwise.
        tasks: what to do, in order.
    """

    sentence: str
    owner: Owner
    tasks: tuple[Task, ...]


def platform(text: str, link: Link | None = None) -> Task:
    """A step that the platform takes."""
    return Task(Owner.PLATFORM, Step(text, link))


def customer(text: str, link: Link | None = None) -> Task:
    """A step that the customer takes."""
    return Task(Owner.CUSTOMER, Step(text, link))


SYNC_LOG: Final = platform(
    "Look in the platform's sync log of this organisation for the records that failed and what was answered for each.",
    Link.INTEGRATION_SETTINGS,
)

ISSUES: Final[Mapping[Issue, IssueRow]] = {
    Issue.DISCONNECTED: IssueRow(
        "The connection to the customer's Xero is gone: nothing is synchronised until somebody connects it again.",
        Owner.CUSTOMER,
        (
            customer(
                "Look in the customer's Xero, under Settings, Connected apps, whether MemberPulse is still "
                "there: it goes when somebody removes it, when the user who connected it leaves, and when a trial ends."
            ),
            customer(
                "Have a user who may manage that Xero organisation connect it again in the Client Portal, to the same "
                "Xero organisation as before.",
                Link.CLIENT_PORTAL,
            ),
        ),
    ),
    Issue.TOKEN_EXPIRED: IssueRow(
        "The platform's token for the customer's Xero has expired and is not being renewed: nothing is synchronised.",
        Owner.CUSTOMER,
        (
            platform(
                "Open the organisation's integration settings and compare the token's expiry with the time now: one "
                "that moves forward again needs nothing more.",
                Link.INTEGRATION_SETTINGS,
            ),
            platform("If it stays in the past, start the re-authentication there.", Link.INTEGRATION_SETTINGS),
            customer("Sign in to Xero when asked, as a user who may manage the organisation, and agree."),
            platform(
                "See that all scopes which the platform asks for were granted: one that was left out fails next.",
                Link.INTEGRATION_SETTINGS,
            ),
        ),
    ),
    Issue.UNAUTHORIZED: IssueRow(
        "The platform calls it connected, but Xero does not let it work there.",
        Owner.CUSTOMER,
        (
            platform(
                "Compare the Xero organisation (tenant id) in the integration settings with the one that is meant.",
                Link.INTEGRATION_SETTINGS,
            ),
            customer(
                "Have the customer connect again in the Client Portal, as a user with the rights to manage that Xero "
                "organisation, and agree to everything that is asked for: renewing the token alone changes nothing.",
                Link.CLIENT_PORTAL,
            ),
        ),
    ),
    Issue.CONTACTS_FAILING: IssueRow(
        "Contacts do not reach Xero.",
        Owner.CUSTOMER,
        (
            SYNC_LOG,
            customer(
                "Check that those contacts are complete: Xero insists on a name; the platform on an e-mail address too."
            ),
            customer(
                "Look in Xero, archived contacts included, for another contact of the same name or contact number: "
                "those must be unique there, e-mail addresses need not."
            ),
        ),
    ),
    Issue.INVOICES_FAILING: IssueRow(
        "Invoices do not reach Xero.",
        Owner.CUSTOMER,
        (
            SYNC_LOG,
            platform(
                "Compare the account codes that the platform maps to with the customer's chart of accounts in Xero.",
                Link.INTEGRATION_SETTINGS,
            ),
            platform(
                "Check that the tax rates match those of Xero, and that each may be used with its account.",
                Link.INTEGRATION_SETTINGS,
            ),
            customer("Confirm that the currency of those invoices is switched on in the customer's Xero."),
        ),
    ),
    Issue.RECONCILIATION_FAILING: IssueRow(
        "Payments or bank transactions cannot be matched in Xero.",
        Owner.CUSTOMER,
        (
            SYNC_LOG,
            platform(
                "Check in the integration settings which bank account is mapped, and that it is still there in Xero.",
                Link.INTEGRATION_SETTINGS,
            ),
            customer("Look in Xero whether somebody reconciled the transaction by hand: only a person can undo that."),
            customer("Compare the amounts of both sides: Xero takes no more than what is still open."),
        ),
    ),
    Issue.SYNC_FAILING: IssueRow(
        "Syncs fail, and what is known does not say of which kind they are.",
        Owner.PLATFORM,
        (SYNC_LOG,),
    ),
    Issue.SYNC_STALE: IssueRow(
        "Nothing was synchronised for longer than it should take.",
        Owner.PLATFORM,
        (
            platform(
                "Check that the platform's sync jobs run for this organisation: nothing says that Xero refused them.",
                Link.INTEGRATION_SETTINGS,
            ),
            platform(
                "See whether other organisations wait as well: if many do, it is the platform's queue and not this "
                "customer."
            ),
        ),
    ),
}
"""Issue -> what it means."""

EVIDENCE: Final[Mapping[Because, str]] = {
    Because.PLATFORM_SAYS_DISCONNECTED: "the platform says that it is not connected",
    Because.ERROR: "errors that the platform lists say so",
    Because.TOKEN_CLOCK: "the token's expiry lies in the past, and nothing was synchronised after it",
    Because.NOT_LISTED_BY_XERO: "the platform says connected, and Xero's own list of connections does not have it",
    Because.NO_TEXT: "the platform counts failed syncs and is not healthy, and no error that can be read says why",
    Because.NOTHING_SYNCED: "the last sync is too long ago",
    Because.LINGERING: "it was seen less than ten minutes ago, and is only over when it stays away for as long",
}
"""What an issue was concluded from -> the same in words that follow "because"."""

OPPOSITE: Final = (
    "The platform says that it is not connected, but Xero's own list of connections still has it: the customer did not "
    "remove it, so look at the platform first."
)
"""What to say when Xero contradicts a platform that says disconnected."""


@dataclass(frozen=True, slots=True)
class FailureRow:
    """What it means that no status could be read.

    Attributes:
        why: what went wrong, words that follow "because".
        task: what to do.
    """

    why: str
    task: Task


FAILURES: Final[Mapping[Failure, FailureRow]] = {
    Failure.AUTH: FailureRow(
        "the platform refuses the exporter's token (401 or 403)",
        platform(
            "Check platform.token_file and what that token may do; for one organisation alone, whether the token may "
            "see it."
        ),
    ),
    Failure.NOT_FOUND: FailureRow(
        "the platform does not know this organisation (404)",
        platform("Compare the id with the platform's own; take the organisation off the list if it is gone."),
    ),
    Failure.RATE_LIMITED: FailureRow(
        "the platform asks to be asked less often (429)",
        platform("Lower platform.max_requests_per_second, or raise poll.interval."),
    ),
    Failure.SERVER_ERROR: FailureRow(
        "the platform answers with an error of its own (5xx)",
        platform("Look at the platform's own health and log: this is not Xero, and not the customer."),
    ),
    Failure.TIMEOUT: FailureRow(
        "the platform did not answer in time",
        platform("Look at the platform's load and the network in between; platform.timeout is how long is waited."),
    ),
    Failure.NETWORK: FailureRow(
        "no connection to the platform could be made or kept",
        platform("Check platform.url, DNS, TLS and the network between this exporter and the platform."),
    ),
    Failure.UNEXPECTED_STATUS: FailureRow(
        "the platform's answer means nothing here",
        platform("Check platform.url and platform.paths.status: something else may be listening there."),
    ),
    Failure.INVALID_RESPONSE: FailureRow(
        "the platform's answer is not a status",
        platform("Check platform.url and platform.paths.status, and whether the platform changed its answer."),
    ),
}
"""Failure class -> what it means for the knowledge of one organisation."""

NO_TOKEN: Final = FailureRow(
    "the file that platform.token_file names holds no token that can be read, so the platform was not asked",
    platform(
        "Put an admin token of the platform into the file that platform.token_file names, and let whoever runs "
        "xero-exporter read it."
    ),
)
"""What it means that nobody was asked for want of a token."""
