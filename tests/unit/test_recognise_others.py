"""Texts of other subjects are unknown, also where they use Xero's words in another sense."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

import pytest

from exporter.model.words import Reason
from exporter.observe.recognise import recognise

WORDS: Final = {
    "weather": "rain sun cloud storm front humidity gust drizzle frost thaw fog valley coast ridge dawn pressure",
    "cooking": "flour butter simmer whisk oven ladle garlic basil broth dough crust pinch marinade skillet ripe",
    "sport": "goal referee sprint relay umpire serve volley keeper pitch stadium penalty league coach medal lap final",
    "garden": "tulip mulch trowel seedling hedge compost prune blossom rake pond fern moss bulb soil greenhouse shade",
    "music": "cello tempo chord octave sonata rehearsal drummer encore ballad quartet hymn treble echo duet bow",
    "ships": "anchor keel harbour mast rudder tide captain cargo deck sailor lighthouse buoy reef compass galley wake",
}
JOINERS: Final = (
    "the",
    "of",
    "and",
    "with",
    "under",
    "beside",
    "after",
    "before",
    "over",
    "in",
    "on",
    "its",
    "while",
    "near",
)


def _prose(rng: random.Random) -> str:
    words = WORDS[rng.choice(sorted(WORDS))].split()
    return " ".join(rng.choice(words if place % 2 else JOINERS) for place in range(rng.randint(3, 40))) + "."


def _log(rng: random.Random) -> str:
    return rng.choice(
        [
            "INFO worker-{n} picked job {n} from queue mail in {n} ms",
            "kernel: usb {n}-1: new high-speed device number {n}",
            "[notice] {n}#0: signal process started",
            "GC pause (young) {n}M->{n}M({n}M), {n} ms",
            "WARN hikari pool-{n} - thread starvation or clock leap detected",
            "level=warn msg='compaction fell behind' blocks={n}",
            "systemd[1]: Started Daily apt download activities ({n}).",
            "checkpoint complete: wrote {n} buffers, sync files={n}",
            "Build #{n} finished: 3 warnings, {n} targets up to date",
            "EXT4-fs error (device sda{n}): ext4_find_entry: reading directory lblock {n}",
        ]
    ).format(n=rng.randint(1, 9999))


def _database(rng: random.Random) -> str:
    return rng.choice(
        [
            'ERROR: duplicate key value violates unique constraint "users_email_key" DETAIL: Key (id)=({n}) exists.',
            "ORA-{n}: table or view does not exist",
            "Deadlock found when trying to get lock; try restarting transaction {n}",
            'psycopg2.errors.UndefinedColumn: column "x{n}" does not exist',
            "SQLSTATE[42S02]: Base table or view not found: {n} Table 'shop.t{n}'",
            "pymongo.errors.DuplicateKeyError: E11000 duplicate key error collection: a.b index: _id_ dup key: {n}",
            "redis.exceptions.ResponseError: MOVED {n} 10.0.0.{n}:6379",
            "sqlite3.OperationalError: no such table: t{n}",
        ]
    ).format(n=rng.randint(1, 9999))


def _trace(rng: random.Random) -> str:
    frames = "\n".join(
        f'  File "/srv/{rng.choice(["app", "lib", "site"])}/{rng.choice(["views", "models", "jobs"])}.py", '
        f"line {rng.randint(1, 900)}, in {rng.choice(['run', 'get', 'handle', '__call__'])}"
        for _ in range(rng.randint(1, 6))
    )
    return f"Traceback (most recent call last):\n{frames}\n{rng.choice(['KeyError', 'IndexError', 'TypeError'])}: 'x'"


def _page(rng: random.Random) -> str:
    return (
        f"<!DOCTYPE html><html><head><title>{_prose(rng)}</title><style>p{{margin:0}}</style></head>"
        f"<body><h1>{_prose(rng)}</h1><p>{_prose(rng)}</p></body></html>"
    )


def _other_system(rng: random.Random) -> str:
    return rng.choice(
        [
            "Stripe: Your card was declined ({n}).",
            "No such customer: 'cus_{n}'; a similar object exists in Stripe test mode",
            "Stripe: This API call cannot be made with a publishable API key. {n}",
            "QuickBooks Online: Duplicate Name Exists Error. Id={n}",
            "QuickBooks: Stale Object Error : You and user {n} were working on this at the same time",
            "QuickBooks token expired {n}, AuthenticationFailed",
            "GitHub API rate limit exceeded for user ID {n}.",
            "GitHub: Bad credentials ({n})",
            "PayPal: INSTRUMENT_DECLINED {n}",
            "Shopify: Exceeded 2 calls per second for api client {n}",
            "Salesforce INVALID_SESSION_ID: Session expired or invalid {n}",
            "Slack: channel_not_found {n}",
            "AWS AccessDenied: not authorized to perform s3:GetObject on object{n}",
            "Docker pull rate limit reached {n}",
            "Kubernetes: pod {n} evicted, node had condition DiskPressure",
        ]
    ).format(n=rng.randint(1, 9999))


def _json(rng: random.Random) -> str:
    return f'{{"event": "{_prose(rng)}", "level": {rng.randint(1, 9)}, "note": "{_prose(rng)}"}}'


SOURCES: Final[tuple[Callable[[random.Random], str], ...]] = (
    _prose,
    _log,
    _database,
    _trace,
    _page,
    _other_system,
    _json,
)


@pytest.mark.parametrize("kind", [None, "contact_sync", "invoice_sync", "payment_sync", "sync_error"])
def test_texts_of_other_subjects_are_unknown(kind: str | None) -> None:
    """2,000 of them from seven kinds of sources; 99 of 100 at least, whatever was being synchronised."""
    rng = random.Random(7)  # noqa: S311 - no secret
    texts = [rng.choice(SOURCES)(rng) for _ in range(2000)]
    taken = [
        (recognise(kind, text).reason, text) for text in texts if recognise(kind, text).reason is not Reason.UNKNOWN
    ]
    assert len(taken) <= 20, taken


NEAR_MISSES: Final = """\
Please contact your account manager to discuss the invoice for the conference
The payment terminal in the canteen is out of order
Your parcel could not be delivered, contact the courier with your tracking code
Token ring networks were common in the nineties
The tax office moved to another building
An account of the battle was published in 1851
The contact lens solution expired in March
Season tickets: the token for the locker is two euros
Bring your own cup and pay at the counter
Whisk the eggs until stiff; the total must equal two cups
The train is delayed; the connection in Basel was missed
The archived photographs are kept in the cellar
Your library account has books overdue
The invoice of the plumber lies on the table
Payment in kind was usual in the village
The unit has been disconnected from the power supply
The boiler was serviced and the limit switch replaced
The currency of the debate was trust
Please reconcile your differences over dinner
She reconciled with her brother
The tax on sugar was raised in 1764
Lock the door before you leave; the date is set
The token bucket algorithm smooths traffic
A valid passport is required
The password must be at least 12 characters
Username already exists
Page not found
The meeting room is already in use
The permission slip must be signed by a parent
Access to the roof is forbidden
Email the organiser if you want to take part
This article is sold out in your country
Your session has expired. Please log in again to continue shopping
The printer is offline
Fan speed exceeds maximum
The name of the rose is a novel
The quantity of flour must not be less than two cups
The stock exchange was closed on Monday
The bank of the river was flooded
Her bank account was empty after the holidays
The transaction log for database 'x' is full
The service starts at ten; service is not available on Sundays
The contact on the relay was corroded and must be cleaned
Invoice printer: paper jam in tray 2
Temperature sensor account for drift: calibration needed
Token minted on chain 0x12, contact the validator
The amount of rain differs from the forecast
The payment of respects took place at noon
The organisation of the festival is offline until spring
Please update your browser: certificate of attendance attached
A document about invoices and taxes in ancient Rome
The tracking of wolves in the valley
Item 5 on the agenda: the account of the treasurer
Credit to whom credit is due
Unauthorised persons are not allowed in the laboratory
The museum is closed on Mondays and bank holidays
The limit of the function as x goes to zero does not exist
Customer reviews: the duvet is too long
Our contacts in the city found nothing
The journal was published monthly until 1920
The quote is by an unknown author
The bill was passed by the senate
The order of the garter
Refund of the deposit takes two weeks
""".splitlines()


def test_words_of_accounting_in_another_sense_are_mostly_unknown() -> None:
    """Nineteen of twenty."""
    taken = [text for text in NEAR_MISSES if recognise(None, text).reason is not Reason.UNKNOWN]
    assert len(taken) <= len(NEAR_MISSES) // 20, taken


def test_another_system_named_beside_a_common_phrase_is_not_taken_for_xero() -> None:
    """Tokens expire and limits are reached elsewhere too; with Xero named as well, it is about Xero again."""
    assert recognise(None, "Stripe: token expired").reason is Reason.UNKNOWN
    assert recognise(None, "GitHub API rate limit exceeded").reason is Reason.UNKNOWN
    assert recognise(None, "postgres: connection refused").reason is Reason.UNKNOWN
    assert recognise(None, "token expired").reason is Reason.TOKEN_EXPIRED
    assert recognise(None, "Xero via AWS: rate limit exceeded").reason is Reason.RATE_LIMITED


def test_a_contact_may_be_called_like_another_system() -> None:
    """What only Xero says is recognised whatever names it carries."""
    text = "The contact name Stripe GitHub is already assigned to another contact."
    assert recognise(None, text).reason is Reason.DUPLICATE_CONTACT
