"""Scripts of what Xero refuses, and of what Xero and the platform disagree about."""

from __future__ import annotations

from typing import Final

from exporter.simulator import texts
from exporter.simulator.timeline import Report, Script, Stage, Trouble

_WELL: Final = Report()
_PERIOD: Final = 240.0
_BEGINS: Final = 60.0
_ENDS: Final = 210.0

APP_PERIOD: Final = 480.0
"""Script minutes after which Xero refuses the platform's app again."""
APP_BEGINS: Final = 240.0
APP_ENDS: Final = 270.0


def _for_a_while(summary: str, report: Report, *, in_xero: bool | None = None) -> Script:
    """Well, then like this for two and a half hours, then well again."""
    return Script(
        summary,
        period=_PERIOD,
        stages=(Stage(0, _WELL), Stage(_BEGINS, report, in_xero), Stage(_ENDS, _WELL)),
    )


def _refused(*troubles: tuple[str, str], sync_status: str = "degraded", pending: int = 0) -> Report:
    """These types and messages, a minute apart, again after each sync; what is not refused syncs on."""
    return Report(
        sync_status=sync_status,
        pending_syncs=pending,
        troubles=tuple(
            Trouble(kind, message, since=_BEGINS + 1 + place) for place, (kind, message) in enumerate(troubles)
        ),
    )


SCRIPTS: Final[dict[str, Script]] = {
    "scope_missing": _for_a_while(
        "the customer consented before invoices were asked for: Xero refuses the scope, and no renewal helps",
        _refused(("invoice_sync", texts.NO_SCOPE), sync_status="failing", pending=3),
    ),
    "app_credentials": Script(
        "Xero does not accept the platform's own app for half an hour, for everybody at once",
        period=APP_PERIOD,
        together=True,
        stages=(
            Stage(0, _WELL),
            Stage(
                APP_BEGINS,
                Report(
                    expiry=APP_BEGINS,
                    last_sync=APP_BEGINS,
                    sync_status="failing",
                    pending_syncs=6,
                    troubles=(
                        Trouble("contact_sync", texts.INVALID_CLIENT, since=APP_BEGINS + 0.5, every=5, records=2),
                        Trouble("invoice_sync", texts.INVALID_CLIENT, since=APP_BEGINS + 1, every=5),
                    ),
                ),
            ),
            Stage(APP_ENDS, _WELL),
        ),
    ),
    "daily_limit": Script(
        "the customer's calls of the day are used up, so nothing syncs until they come anew",
        period=1440,
        stages=(
            Stage(0, _WELL),
            Stage(
                600,
                Report(
                    last_sync=600,
                    sync_status="degraded",
                    pending_syncs=14,
                    troubles=(Trouble("invoice_sync", texts.DAY_LIMIT, since=600.5, every=60, records=5),),
                ),
            ),
            Stage(1200, _WELL),
        ),
    ),
    "period_locked": _for_a_while(
        "the customer's books are closed for the time that invoices are dated in",
        _refused(("invoice_sync", texts.LOCKED)),
    ),
    "contact_data": _for_a_while(
        "contacts cannot be written as they are: without a name, with a bad website, archived, or in too many groups",
        _refused(
            ("contact_sync", texts.NO_NAME),
            ("contact_sync", texts.BAD_WEBSITE),
            ("contact_sync", texts.ARCHIVED),
            ("contact_sync", texts.GROUPS),
        ),
    ),
    "invoice_data": _for_a_while(
        "invoices cannot be written as they are: currency, number, quantity, or beyond what the customer's plan allows",
        _refused(
            ("invoice_sync", texts.NO_CURRENCY),
            ("invoice_sync", texts.SAME_NUMBER),
            ("invoice_sync", texts.QUANTITY),
            ("invoice_sync", texts.APPROVALS),
            sync_status="failing",
        ),
    ),
    "payments_refused": _for_a_while(
        "documents and payments are no longer in the state that the platform takes them to be in",
        _refused(
            ("invoice_sync", texts.NOT_MODIFIABLE),
            ("payment_sync", texts.NOT_AUTHORISED_DOCUMENT),
            ("payment_sync", texts.PAYMENT_MODIFICATION),
        ),
    ),
    "odd_failures": _for_a_while(
        "a user without rights, a record that is gone, a key used twice, a connection that failed",
        _refused(
            ("invoice_sync", texts.NO_USER),
            ("contact_sync", texts.MISSING),
            ("invoice_sync", texts.KEY_REUSED),
            ("bank_transaction", texts.NO_CONNECTION),
            pending=1,
        ),
    ),
    "unspecified": _for_a_while(
        "syncs fail and nothing says why: a bare envelope, and a count without an entry",
        Report(
            sync_status="failing",
            failed_syncs=3,
            troubles=(Trouble("invoice_sync", texts.VALIDATION, since=_BEGINS + 1),),
        ),
    ),
    "unknown_text": _for_a_while(
        "syncs fail with words that nobody has seen before",
        _refused(("contact_sync", texts.NEVER_SEEN)),
    ),
    "revoked_unnoticed": _for_a_while(
        "the customer removed the app in Xero, and the platform still calls it connected and healthy",
        _WELL,
        in_xero=False,
    ),
    "reconnected_unnoticed": _for_a_while(
        "the platform says disconnected, and Xero lists the connection all the while",
        Report(connected=False, expiry=60, last_sync=60, sync_status="disconnected", pending_syncs=5),
        in_xero=True,
    ),
}
"""By name; part of `scripts.SCRIPTS`."""
