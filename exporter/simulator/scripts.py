"""The scripts, as data. Stages change at multiples of 15 minutes, where syncs are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from exporter.simulator import refusals, rhythms, texts
from exporter.simulator.answers import Answer, Misbehaviour, refusal
from exporter.simulator.timeline import Report, Script, Stage, Trouble

_WELL: Final = Report()


def _page(status: int, words: str) -> Answer:
    """What a proxy in front of the platform answers: a page, not JSON."""
    body = f"<html><body><h1>{status} {words}</h1></body></html>"
    return Answer(status, {"Content-Type": "text/html"}, body.encode())


SCRIPTS: Final[dict[str, Script]] = {
    "healthy": Script(
        "syncs every 15 minutes, renews its token every 30, never fails",
        period=30,
        stages=(Stage(0, _WELL),),
    ),
    "token_expires": Script(
        "the platform fails to renew the token, so nothing syncs until a person authorises again",
        period=240,
        stages=(
            Stage(0, _WELL),
            Stage(
                60,
                Report(
                    expiry=60,
                    last_sync=60,
                    sync_status="degraded",
                    pending_syncs=3,
                    troubles=(
                        Trouble("contact_sync", texts.EXPIRED, since=60.5, records=2),
                        Trouble("invoice_sync", texts.EXPIRED, since=61),
                    ),
                ),
            ),
            Stage(
                90,
                Report(
                    expiry=60,
                    last_sync=60,
                    sync_status="failing",
                    pending_syncs=12,
                    troubles=(
                        Trouble("contact_sync", texts.INVALID_GRANT, since=90, records=5),
                        Trouble("invoice_sync", texts.INVALID_GRANT, since=90.5, records=4),
                    ),
                ),
            ),
            Stage(210, _WELL),
        ),
    ),
    "customer_disconnects": Script(
        "the customer revokes the app in Xero, the platform notices a quarter of an hour later, and they reconnect",
        period=240,
        stages=(
            Stage(0, _WELL),
            Stage(
                60,
                Report(
                    last_sync=60,
                    sync_status="failing",
                    pending_syncs=4,
                    troubles=(Trouble("contact_sync", texts.NOT_AUTHORISED, since=60.5, records=3),),
                ),
                in_xero=False,
            ),
            Stage(
                75,
                Report(
                    connected=False,
                    expiry=90,
                    last_sync=60,
                    sync_status="disconnected",
                    pending_syncs=9,
                    troubles=(Trouble("contact_sync", texts.NOT_AUTHORISED, since=60.5, every=None, records=3),),
                ),
            ),
            Stage(210, _WELL),
        ),
    ),
    "duplicate_contacts": Script(
        "two contacts exist in Xero already; a person merges them, and only a retry takes the failures away",
        period=180,
        stages=(
            Stage(0, _WELL),
            Stage(
                30,
                Report(
                    sync_status="degraded",
                    troubles=(
                        Trouble("contact_sync", texts.DUPLICATE, since=31),
                        Trouble("contact_sync", texts.SAME_NAME, since=32),
                    ),
                ),
            ),
            # What the platform's page shows as its sample: healthy, two failed, one error older than the last sync.
            Stage(
                120,
                Report(
                    troubles=(Trouble("contact_sync", texts.DUPLICATE, since=106, every=None, records=2, over=True),)
                ),
            ),
        ),
    ),
    "bad_account_code": Script(
        "invoices name an account and a tax rate that the customer's chart of accounts does not have",
        period=180,
        stages=(
            Stage(0, _WELL),
            Stage(
                45,
                Report(
                    sync_status="failing",
                    troubles=(
                        Trouble("invoice_sync", texts.ACCOUNT, since=46, records=6),
                        Trouble("invoice_sync", texts.TAX, since=47, records=2),
                    ),
                ),
            ),
            Stage(150, _WELL),
        ),
    ),
    "reconciliation_mismatch": Script(
        "payments do not fit what Xero holds: too much, reconciled by hand, or to an unknown bank account",
        period=180,
        stages=(
            Stage(0, _WELL),
            Stage(
                60,
                Report(
                    sync_status="degraded",
                    pending_syncs=1,
                    troubles=(
                        Trouble("payment_sync", texts.TOO_MUCH, since=61, records=2),
                        Trouble("reconciliation", texts.RECONCILED, since=62),
                        Trouble("bank_transaction", texts.NO_BANK_ACCOUNT, since=63),
                    ),
                ),
            ),
            Stage(150, _WELL),
        ),
    ),
    "xero_outage": Script(
        "Xero is down for half an hour, for everybody at once; what failed meanwhile waits for a retry",
        period=240,
        together=True,
        stages=(
            Stage(0, _WELL),
            Stage(
                60,
                Report(
                    last_sync=60,
                    sync_status="degraded",
                    pending_syncs=5,
                    troubles=(Trouble("invoice_sync", texts.XERO_ERROR, since=60.5, every=5, records=2),),
                ),
            ),
            Stage(
                75,
                Report(
                    last_sync=60,
                    sync_status="failing",
                    pending_syncs=11,
                    troubles=(
                        Trouble("invoice_sync", texts.XERO_ERROR, since=60.5, every=5, records=4),
                        Trouble("contact_sync", texts.OFFLINE, since=75, every=5, records=3),
                    ),
                ),
            ),
            Stage(
                90,
                Report(
                    sync_status="degraded",
                    troubles=(
                        Trouble("invoice_sync", texts.XERO_ERROR, since=85.5, every=None, records=4, over=True),
                        Trouble("contact_sync", texts.OFFLINE, since=85, every=None, records=3, over=True),
                    ),
                ),
            ),
            Stage(150, _WELL),
        ),
    ),
    "passed_network_failure": Script(
        "invoices failed while the platform could not reach Xero; that is over, and they wait for a retry",
        period=240,
        stages=(
            Stage(0, _WELL),
            Stage(
                15,
                Report(
                    sync_status="degraded",
                    troubles=(
                        Trouble("invoice_sync", texts.NO_CONNECTION, since=14.5, every=None, records=3, over=True),
                    ),
                ),
            ),
        ),
    ),
    "platform_5xx": Script(
        "the platform itself fails: its code, its proxy, its maintenance",
        period=180,
        stages=(
            Stage(0, _WELL),
            Stage(60, refusal(500, "internal_error", "Something went wrong.")),
            Stage(75, _page(502, "Bad Gateway")),
            # No Retry-After here: a caller may take it as meant for all that it asks.
            Stage(90, refusal(503, "maintenance", "MemberPulse is being updated.")),
            Stage(105, _WELL),
        ),
    ),
    "never_connected": Script(
        "nobody has connected it to Xero yet",
        period=30,
        stages=(
            Stage(
                0,
                Report(
                    connected=False,
                    expiry=None,
                    last_sync=None,
                    sync_status=None,
                    pending_syncs=None,
                    failed_syncs=None,
                ),
            ),
        ),
    ),
    "unknown_to_platform": Script(
        "the platform does not know the organisation (any more)",
        period=30,
        stages=(Stage(0, refusal(404, "not_found", "No such organization."), in_xero=False),),
    ),
    "hangs": Script("requests are accepted and never answered", period=30, stages=(Stage(0, Misbehaviour.HANG),)),
    "always_forbidden": Script(
        "the admin token may not see this organisation",
        period=30,
        stages=(Stage(0, refusal(403, "forbidden", "This token may not see this organization.")),),
    ),
    "rate_limited": Script(
        "the platform refuses for being asked too often, with and without a time to wait",
        period=30,
        stages=(
            # Short: a caller may take it as meant for all that it asks, and the rest of a demo must go on.
            Stage(0, refusal(429, "rate_limited", "Too many requests.", {"Retry-After": "2"})),
            Stage(10, refusal(429, "rate_limited", "Too many requests.")),
        ),
    ),
    "drips": Script("answers never end, a byte every 100 ms", period=30, stages=(Stage(0, Misbehaviour.DRIP),)),
    **rhythms.SCRIPTS,
    **refusals.SCRIPTS,
}
"""Every script by name, the most telling first."""


@dataclass(frozen=True, slots=True)
class Outage:
    """Something of the world's own, that comes again and again, in script minutes of the world.

    Attributes:
        period: after how many minutes it comes again.
        begins: minute of the period at which it begins.
        ends: minute at which it is over.
    """

    period: float
    begins: float
    ends: float

    def lasts_at(self, minute: float) -> bool:
        """Whether it lasts at that minute of the world."""
        return self.began(minute) is not None

    def began(self, minute: float) -> float | None:
        """At which minute of the world the present one began; None when there is none."""
        began = minute // self.period * self.period + self.begins
        return began if began <= minute < began + self.ends - self.begins else None


ADMIN_TOKEN_REVOKED: Final = Outage(period=360, begins=120, ends=140)
"""The platform accepts no token, for those who switch it on: somebody replaces it and tells nobody at first."""

XERO_INCIDENT: Final = Outage(period=240, begins=65, ends=150)
"""Xero's status pages tell of the outage of `xero_outage`: later than it began, and until long after its end."""

APP_REFUSED: Final = Outage(refusals.APP_PERIOD, refusals.APP_BEGINS, refusals.APP_ENDS)
"""Xero refuses the platform's app, as those who live through `app_credentials` see it."""
