"""The scripts of other rhythms, of what Xero refuses, and of what it and the platform disagree about."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest

from exporter.simulator import refusals, rhythms, texts
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.scripts import SCRIPTS
from exporter.simulator.timeline import Report
from exporter.simulator.world import World

START = 1_790_000_000.0
DAY = 1440


class Life:
    """One organisation that lives through one script, minute by minute."""

    def __init__(self, script: str) -> None:
        self.now = START
        self.world = World(uniform_fleet(1, script, minute=0), admin_token="t", clock=lambda: self.now)
        (self.organization,) = self.world.organizations.values()

    def at(self, minute: float) -> dict[str, Any]:
        """The status at that minute of the script."""
        self.now = START + minute * 60
        shown = self.world.shows("org-0001")
        assert isinstance(shown, dict)
        return shown

    def minutes_ago(self, minute: float, key: str) -> float:
        """How long before that minute the instant lies that the status has under that key."""
        return minute - (datetime.fromisoformat(self.at(minute)[key]).timestamp() - START) / 60

    def in_xero(self, minute: float) -> bool:
        """Whether Xero has the connection at that minute."""
        self.now = START + minute * 60
        return self.world.in_xero(self.organization)


@pytest.mark.parametrize("script", ["nightly", "fails_every_night"])
def test_a_nightly_platform_syncs_at_two_and_its_token_is_expired_most_of_the_day(script: str) -> None:
    """For days; the token lives for half an hour."""
    life = Life(script)
    for minute in range(0, 3 * DAY, 7):
        since = (minute - 120) % DAY
        assert life.minutes_ago(minute, "last_sync") == pytest.approx(since)
        assert life.minutes_ago(minute, "token_expires_at") == pytest.approx(since - 30)


def test_a_nightly_platform_is_well_all_day() -> None:
    """Nothing pending, nothing failed."""
    life = Life("nightly")
    for minute in range(0, 2 * DAY, 11):
        status = life.at(minute)
        assert (status["connected"], status["sync_status"], status["errors"]) == (True, "healthy", [])
        assert (status["pending_syncs"], status["failed_syncs"]) == (0, 0)


def test_what_fails_every_night_fails_after_the_sync_and_once() -> None:
    """One error a night, a minute later than the last sync, and three records."""
    life = Life("fails_every_night")
    for minute in (0, 119, 122, 900, DAY + 119, DAY + 122):
        status = life.at(minute)
        (error,) = status["errors"]
        assert status["failed_syncs"] == 3
        assert error["timestamp"] > status["last_sync"]


def test_who_syncs_on_demand_waits_for_nothing() -> None:
    """The last sync is up to two days old, and nothing is wrong."""
    life = Life("on_demand")
    assert life.minutes_ago(2 * DAY - 1, "last_sync") == 2 * DAY - 1
    assert life.at(2 * DAY - 1)["pending_syncs"] == 0
    assert life.minutes_ago(2 * DAY + 1, "last_sync") == 1


def test_who_flaps_is_well_and_ill_every_quarter_of_an_hour() -> None:
    """For ever."""
    life = Life("flapping")
    words = [life.at(minute)["sync_status"] for minute in range(5, 240, 15)]
    assert words == ["healthy", "degraded"] * 8


def test_stale_syncs_leave_ever_more_waiting_and_no_error() -> None:
    """Longer than a day; the token is renewed all the while."""
    life = Life("sync_stale")
    pending = [life.at(minute)["pending_syncs"] for minute in (30, 100, 500, 1000, 2000)]
    assert pending == sorted(set(pending))
    late = life.at(2700)
    assert (late["sync_status"], late["failed_syncs"], late["errors"]) == ("healthy", 0, [])
    assert life.minutes_ago(2700, "last_sync") > 26 * 60
    assert life.minutes_ago(2700, "token_expires_at") < 0


def test_everybody_whose_app_is_refused_is_refused_together() -> None:
    """As it is with one app for all."""
    now = START
    world = World(uniform_fleet(20, "app_credentials"), admin_token="t", clock=lambda: now)
    for minute, failing in ((200, 0), (245, 20), (269, 20), (271, 0)):
        now = START + minute * 60
        shown = [world.shows(name) for name in world.organizations]
        assert sum("invalid_client" in str(one) for one in shown) == failing


@pytest.mark.parametrize(
    ("script", "type_", "text"),
    [
        ("scope_missing", "invoice_sync", "AuthorizationUnsuccessful"),
        ("daily_limit", "invoice_sync", "per day rate limit"),
        ("period_locked", "invoice_sync", "period lock date"),
        ("contact_data", "contact_sync", "ARCHIVED"),
        ("invoice_data", "invoice_sync", "not subscribed to currency"),
        ("payments_refused", "payment_sync", "Authorised documents"),
        ("odd_failures", "bank_transaction", "ETIMEDOUT"),
        ("unspecified", "invoice_sync", "A validation exception occurred"),
        ("unknown_text", "contact_sync", "the frame buckled"),
    ],
)
def test_a_refusal_is_worded_as_xero_words_it(script: str, type_: str, text: str) -> None:
    """Under the type that the platform gives it; before and after, all is well."""
    life = Life(script)
    begins, ends = SCRIPTS[script].stages[1].at, SCRIPTS[script].stages[2].at
    status = life.at(begins + 20)
    assert (type_, True) in [(error["type"], text in error["message"]) for error in status["errors"]]
    assert status["failed_syncs"] > 0
    assert status["sync_status"] in {"degraded", "failing"}
    for minute in (begins - 1, ends + 1):
        assert (life.at(minute)["sync_status"], life.at(minute)["errors"]) == ("healthy", [])


def test_every_text_is_said_by_some_script() -> None:
    """And no script says anything else."""
    reports = [stage.shows for script in SCRIPTS.values() for stage in script.stages]
    said = {trouble.message for report in reports if isinstance(report, Report) for trouble in report.troubles}
    written = {value for name, value in vars(texts).items() if re.fullmatch("[A-Z_]+", name)}
    assert said == written


def test_the_parts_of_the_list_of_scripts_share_no_name() -> None:
    """One would hide the other."""
    assert len(SCRIPTS) == 15 + len(rhythms.SCRIPTS) + len(refusals.SCRIPTS)


def test_xero_has_what_the_platform_says_it_has_but_where_a_script_says_otherwise() -> None:
    """A failing platform changes nothing in Xero; whom nobody connected, or nobody knows, is not there."""
    for script, there in (("healthy", True), ("platform_5xx", True), ("hangs", True), ("drips", True)):
        assert Life(script).in_xero(70) is there
    for script in ("never_connected", "unknown_to_platform"):
        assert Life(script).in_xero(70) is False


def test_a_revocation_that_the_platform_did_not_notice() -> None:
    """Connected and healthy there, gone in Xero."""
    life = Life("revoked_unnoticed")
    assert life.in_xero(59)
    assert (life.at(100)["connected"], life.at(100)["sync_status"], life.in_xero(100)) == (True, "healthy", False)
    assert life.in_xero(211)


def test_a_connection_that_the_platform_does_not_know_of() -> None:
    """Disconnected there, listed by Xero."""
    life = Life("reconnected_unnoticed")
    assert (life.at(100)["connected"], life.in_xero(100)) == (False, True)


def test_a_customer_who_disconnects_is_gone_in_xero_before_the_platform_notices() -> None:
    """A quarter of an hour before, and back with it."""
    life = Life("customer_disconnects")
    told = [(life.at(minute)["connected"], life.in_xero(minute)) for minute in (59, 61, 80, 211)]
    assert told == [(True, True), (True, False), (False, False), (True, True)]
