"""What each script says over time, with a clock moved by hand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from exporter.simulator.answers import Answer, Misbehaviour
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.scripts import SCRIPTS
from exporter.simulator.timeline import SYNC_TYPES, TOKEN_LIFE, Report
from exporter.simulator.world import World

SAMPLE_KEYS = [
    "connected",
    "token_expires_at",
    "last_sync",
    "sync_status",
    "pending_syncs",
    "failed_syncs",
    "errors",
]
START = 1_790_000_000.0


@dataclass
class Life:
    """One organisation that lives through one script, minute by minute."""

    script: str
    now: float = START

    def __post_init__(self) -> None:
        self.world = World(uniform_fleet(1, self.script, minute=0), admin_token="t", clock=lambda: self.now)

    def at(self, minute: float) -> Any:  # noqa: ANN401 - a status document or what stands in its place
        """What is shown at that minute of the script."""
        self.now = START + minute * 60
        return self.world.shows("org-0001")

    def retry(self, minute: float, *sync_types: str) -> None:
        """A retry at that minute."""
        self.now = START + minute * 60
        self.world.remedy("org-0001", sync_types)


def seconds(timestamp: str) -> float:
    """Seconds since 1970 of a timestamp in an answer."""
    return datetime.fromisoformat(timestamp).timestamp()


def minute_of(timestamp: str) -> float:
    """The script minute of a timestamp, at speed 1 and offset 0."""
    return (seconds(timestamp) - START) / 60


def texts(status: dict[str, Any]) -> str:
    """All error texts of a status."""
    return "\n".join(error["message"] for error in status["errors"])


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_begins_at_0_goes_forward_and_repeats_in_step_with_syncs_and_renewals(script: str) -> None:
    """Otherwise a loop would tear the token's expiry or the last sync."""
    minutes = [stage.at for stage in SCRIPTS[script].stages]
    assert minutes[0] == 0
    assert minutes == sorted(set(minutes))
    assert minutes[-1] < SCRIPTS[script].period
    assert SCRIPTS[script].period % TOKEN_LIFE == 0


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_status_has_exactly_the_keys_of_the_sample_in_its_order(script: str) -> None:
    """At every minute of every script, for three periods."""
    life = Life(script)
    for minute in range(int(3 * SCRIPTS[script].period)):
        status = life.at(minute)
        if isinstance(status, dict):
            assert list(status) == SAMPLE_KEYS
            assert all(list(error) == ["type", "message", "timestamp"] for error in status["errors"])
            assert all(error["type"] in SYNC_TYPES for error in status["errors"])


@pytest.mark.parametrize("script", SCRIPTS)
def test_nothing_that_a_status_tells_as_past_lies_in_the_future(script: str) -> None:
    """last_sync and the times of errors are never later than now, and errors are told newest first."""
    life = Life(script)
    for minute in range(int(2 * SCRIPTS[script].period)):
        status = life.at(minute + 0.25)
        if isinstance(status, dict):
            assert status["last_sync"] is None or seconds(status["last_sync"]) <= life.now
            times = [seconds(error["timestamp"]) for error in status["errors"]]
            assert all(time <= life.now for time in times)
            assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_says_the_same_in_every_period(script: str) -> None:
    """A demo that runs for hours shows what it showed in its first minutes."""
    life = Life(script)
    period = SCRIPTS[script].period
    for minute in range(0, int(period), 5):
        first, later = life.at(minute), life.at(minute + 7 * period)
        if isinstance(first, dict):
            told = ("connected", "sync_status", "pending_syncs", "failed_syncs")
            assert {key: first[key] for key in told} == {key: later[key] for key in told}
            assert texts(first) == texts(later)
        else:
            assert first == later


def test_a_healthy_organization_never_fails() -> None:
    """Connected, healthy, no failure, its token never expired, its last sync never older than 15 minutes."""
    life = Life("healthy")
    for minute in range(600):
        status = life.at(minute)
        assert (status["connected"], status["sync_status"]) == (True, "healthy")
        assert (status["pending_syncs"], status["failed_syncs"], status["errors"]) == (0, 0, [])
        assert 0 < minute_of(status["token_expires_at"]) - minute <= 30
        assert 0 <= minute - minute_of(status["last_sync"]) < 15


def test_an_expired_token_stays_expired_and_stops_syncs_until_somebody_authorises() -> None:
    """The expiry lies in the past, errors say so, and both end when the person comes."""
    life = Life("token_expires")
    assert minute_of(life.at(59)["token_expires_at"]) == 60
    expired = life.at(75)
    assert minute_of(expired["token_expires_at"]) == 60
    assert minute_of(expired["last_sync"]) == 60
    assert "TokenExpired" in texts(expired)
    assert expired["sync_status"] == "degraded"
    long_expired = life.at(200)
    assert minute_of(long_expired["token_expires_at"]) == 60
    assert "invalid_grant" in texts(long_expired)
    assert long_expired["sync_status"] == "failing"
    again = life.at(210)
    assert minute_of(again["token_expires_at"]) == 240
    assert again["errors"] == []


def test_a_disconnected_organization_is_still_called_connected_for_a_quarter_of_an_hour() -> None:
    """Xero's 403 comes first; the platform's own view follows, with what it last knew."""
    life = Life("customer_disconnects")
    unnoticed = life.at(61)
    assert unnoticed["connected"] is True
    assert "AuthenticationUnsuccessful" in texts(unnoticed)
    noticed = life.at(80)
    assert (noticed["connected"], noticed["sync_status"]) == (False, "disconnected")
    assert noticed["token_expires_at"] is not None
    assert minute_of(noticed["last_sync"]) == 60
    assert life.at(210)["connected"] is True


def test_duplicate_contacts_degrade_while_syncs_go_on() -> None:
    """Two records fail at each sync, in the words of the platform and of Xero."""
    life = Life("duplicate_contacts")
    status = life.at(50)
    assert (status["sync_status"], status["failed_syncs"]) == ("degraded", 2)
    assert minute_of(status["last_sync"]) == 45
    assert re.search(r"Duplicate contact: \S+@example\.com", texts(status))
    assert "is already assigned to another contact" in texts(status)
    assert {error["type"] for error in status["errors"]} == {"contact_sync"}


def test_after_the_merge_the_status_is_the_sample_of_the_platforms_page() -> None:
    """Healthy, nothing pending, two failed, one error that is older than the last sync."""
    status = Life("duplicate_contacts").at(130)
    assert (status["connected"], status["sync_status"]) == (True, "healthy")
    assert (status["pending_syncs"], status["failed_syncs"]) == (0, 2)
    (error,) = status["errors"]
    assert seconds(error["timestamp"]) < seconds(status["last_sync"])


def test_a_bad_account_code_fails_invoices_only() -> None:
    """Contacts and payments are not mentioned."""
    status = Life("bad_account_code").at(60)
    assert (status["sync_status"], status["failed_syncs"]) == ("failing", 8)
    assert {error["type"] for error in status["errors"]} == {"invoice_sync"}
    assert "Account code '600'" in texts(status)


def test_a_reconciliation_mismatch_shows_three_types_of_errors() -> None:
    """Payments, reconciliation and bank transactions."""
    status = Life("reconciliation_mismatch").at(70)
    assert {error["type"] for error in status["errors"]} == {"payment_sync", "reconciliation", "bank_transaction"}
    assert status["failed_syncs"] == 4


def test_an_outage_of_xero_stops_syncs_and_leaves_failures_behind() -> None:
    """What failed meanwhile stays failed after Xero is back, until the platform's own clearing."""
    life = Life("xero_outage")
    out = life.at(70)
    assert (out["sync_status"], minute_of(out["last_sync"])) == ("degraded", 60)
    assert "An error occurred in Xero" in texts(out)
    assert life.at(80)["sync_status"] == "failing"
    back = life.at(95)
    assert minute_of(back["last_sync"]) == 90
    assert (back["sync_status"], back["failed_syncs"]) == ("degraded", 7)
    assert life.at(150)["failed_syncs"] == 0


def test_an_outage_of_xero_is_the_same_for_all() -> None:
    """Twenty organisations are well together and ill together."""
    now = START
    world = World(uniform_fleet(20, "xero_outage"), admin_token="t", clock=lambda: now)

    def words() -> set[object]:
        shown = [world.shows(organization_id) for organization_id in world.organizations]
        return {status["sync_status"] for status in shown if isinstance(status, dict)}

    for minute, word in ((30, "healthy"), (65, "degraded"), (80, "failing"), (100, "degraded"), (200, "healthy")):
        now = START + minute * 60
        assert words() == {word}


def test_a_failing_platform_answers_500_502_and_503_in_turn() -> None:
    """And a status before and after."""
    life = Life("platform_5xx")
    shown = [life.at(minute) for minute in (59, 60, 75, 90, 105)]
    assert [answer.status if isinstance(answer, Answer) else 200 for answer in shown] == [200, 500, 502, 503, 200]
    assert shown[2].headers["Content-Type"] == "text/html"


@pytest.mark.parametrize(
    ("script", "shown"),
    [("hangs", Misbehaviour.HANG), ("drips", Misbehaviour.DRIP)],
)
def test_what_hangs_or_drips_does_so_from_the_first_minute_on(script: str, shown: Misbehaviour) -> None:
    """And never stops."""
    life = Life(script)
    assert {life.at(minute) for minute in range(100)} == {shown}


@pytest.mark.parametrize(("script", "status"), [("unknown_to_platform", 404), ("always_forbidden", 403)])
def test_a_refused_organization_is_always_refused_the_same_way(script: str, status: int) -> None:
    """From the first minute on."""
    life = Life(script)
    assert {life.at(minute).status for minute in range(100)} == {status}


def test_a_rate_limited_organization_is_refused_with_and_without_a_time_to_wait() -> None:
    """429 always; Retry-After comes and goes."""
    life = Life("rate_limited")
    answers = [life.at(minute) for minute in range(60)]
    assert {answer.status for answer in answers} == {429}
    assert {answer.headers.get("Retry-After") for answer in answers} == {None, "2"}


def test_a_never_connected_organization_knows_nothing() -> None:
    """Connected false, no errors, everything else null."""
    status = Life("never_connected").at(45)
    assert status.pop("connected") is False
    assert status.pop("errors") == []
    assert set(status.values()) == {None}


def test_a_retry_after_the_outage_cures_its_type_after_two_minutes_and_only_that() -> None:
    """First the records are pending, then they are gone; the other type still fails."""
    life = Life("xero_outage")
    life.retry(100, "invoices")
    assert (life.at(99.9)["pending_syncs"], life.at(99.9)["failed_syncs"]) == (0, 7)
    assert (life.at(101)["pending_syncs"], life.at(101)["failed_syncs"]) == (4, 3)
    cured = life.at(102)
    assert (cured["pending_syncs"], cured["failed_syncs"]) == (0, 3)
    assert {error["type"] for error in cured["errors"]} == {"contact_sync"}
    assert cured["sync_status"] == "degraded"


def test_when_every_type_is_cured_the_status_is_healthy() -> None:
    """A resync of both types ends what the outage left."""
    life = Life("xero_outage")
    life.retry(100, "invoices", "contacts")
    status = life.at(102)
    assert (status["sync_status"], status["failed_syncs"], status["errors"]) == ("healthy", 0, [])


def test_a_cure_lasts_one_period_only() -> None:
    """The next outage fails again."""
    life = Life("xero_outage")
    life.retry(100, "invoices", "contacts")
    assert life.at(120)["failed_syncs"] == 0
    assert life.at(240 + 120)["failed_syncs"] == 7


def test_a_retry_while_the_cause_lasts_comes_back_as_failed() -> None:
    """A duplicate stays a duplicate: pending for two minutes, then failed with a new error."""
    life = Life("duplicate_contacts")
    life.retry(65, "contacts")
    assert (life.at(66)["pending_syncs"], life.at(66)["failed_syncs"]) == (2, 0)
    after = life.at(67)
    assert (after["pending_syncs"], after["failed_syncs"]) == (0, 2)
    assert minute_of(after["errors"][0]["timestamp"]) == 67


def test_a_retry_of_another_type_does_nothing() -> None:
    """Contacts fail, invoices are retried."""
    life = Life("duplicate_contacts")
    before = life.at(66)
    life.retry(65, "invoices")
    assert life.at(66) == before
    assert life.at(68)["failed_syncs"] == 2


def test_a_retry_whose_cause_ends_while_it_is_under_way_cures() -> None:
    """What counts is whether Xero is back when the retry ends."""
    life = Life("xero_outage")
    life.retry(89, "invoices", "contacts")
    assert life.at(91)["failed_syncs"] == 0


def test_a_retry_during_the_outage_cures_nothing_later() -> None:
    """It failed when it ran."""
    life = Life("xero_outage")
    life.retry(80, "invoices", "contacts")
    assert life.at(100)["failed_syncs"] == 7


def test_error_texts_name_people_only_at_reserved_domains() -> None:
    """No address of anybody: example.com, or Xero's own support address, which its text quotes."""
    reports = [stage.shows for script in SCRIPTS.values() for stage in script.stages]
    messages = " ".join(
        trouble.message for report in reports if isinstance(report, Report) for trouble in report.troubles
    )
    domains = set(re.findall(r"@([\w.]*\w)", messages))
    assert domains == {"example.com", "xero.com"}
    assert re.findall(r"\S+@xero\.com", messages)[0] == "api@xero.com"
