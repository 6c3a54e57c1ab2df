"""The simulated history that the pictures of the dashboards are made of."""

from __future__ import annotations

import re

from alerts.entries import Alert, Record
from alerts.table import rule_files
from dashboards.backfill import STARTS, ages, levels, line, names_in
from dashboards.history import STALE_AFTER, STEP, History, Trouble, mostly_well
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.world import SimulatedOrganization

SAMPLE = re.compile(
    r'(?P<name>[a-z_:]+)\{job="xero",instance="xero-exporter:9869",?(?P<labels>(\w+="[^"]*",?)*)\}'
    r" (?P<value>\S+) (?P<at>\d+)"
)


def scraped(
    minutes: int, trouble: Trouble | None = None, fleet: tuple[SimulatedOrganization, ...] = mostly_well(6)
) -> list[dict[str, float]]:
    """Each scrape: series -> value; fails where a line is no OpenMetrics or has another time."""
    history = History(fleet, STARTS, trouble or Trouble())
    scrapes = []
    for number, text in enumerate(history.scrapes(minutes), start=1):
        found = [SAMPLE.fullmatch(one) for one in text.splitlines()]
        assert all(one is not None and float(one["at"]) == STARTS + number * STEP for one in found)
        scrapes.append({f"{one['name']}{{{one['labels'] or ''}}}": float(one["value"]) for one in found if one})
    return scrapes


def series(name: str, **labels: str) -> str:
    """How `scraped` names a series."""
    return line(name, labels, "", 0).partition(" ")[0]


def test_it_is_what_the_exporter_would_have_told() -> None:
    """Minute by minute: fresh organisations, a verdict, the exporter's own counters."""
    first, second, *_ = scraped(3)
    assert first[series("xero_fleet_verdict", verdict="starting")] == 1
    assert second[series("xero_fleet_verdict", verdict="starting")] == 0
    assert second[series("xero_organizations", freshness="fresh")] == 6
    asked = series("xero_exporter_requests_total", upstream="memberpulse")
    assert second[asked] - first[asked] == 6
    assert second[series("up")] == 1


def test_what_goes_wrong_is_told() -> None:
    """The token is refused, the platform is silent, the exporter is away, each for its time."""
    stale = round(STALE_AFTER / STEP)
    told = scraped(stale + 8, Trouble(token_refused=(2, 3), platform_silent=(4, 6 + stale), away=(1, 2)))
    assert told[1] == {series("up"): 0}
    assert told[2][series("xero_exporter_platform_auth_ok")] == 0
    assert told[2][series("xero_fleet_verdict", verdict="platform_credential")] == 1
    assert told[5 + stale][series("xero_organizations", freshness="stale")] == 6
    assert told[5 + stale][series("xero_fleet_verdict", verdict="platform_api")] == 1
    assert told[7 + stale][series("xero_organizations", freshness="fresh")] == 6


def test_what_waits_for_a_retry_after_an_outage_is_approved_called_and_verified() -> None:
    """By the executor itself: an alert asks after half an hour, a person says yes, and the platform heals."""
    stuck = SimulatedOrganization("stuck", "Tarn Sailing", "tenant", "xero_outage", 60.0)
    told = scraped(64, fleet=(stuck, *uniform_fleet(2, seed=3)))
    failed = series("xero_failed_syncs", organization_id="stuck")

    def states(state: str) -> list[float]:
        return [one[series("xero_exporter_remediation_transitions_total", state=state)] for one in told]

    # Four invoices are retried; three contacts are another issue, with an alert of its own.
    assert (told[45][failed], told[-1][failed]) == (7, 3)
    asked, called, helped = (states(one).index(1) for one in ("awaiting_approval", "accepted", "verified"))
    assert 30 <= asked < called < helped
    assert told[-1][series("xero_exporter_remediation_attempts_total", outcome="accepted")] == 1
    assert told[-1][series("xero_exporter_remediation_ledger_up")] == 1


def test_each_rule_comes_after_those_that_it_is_made_of() -> None:
    """And none is left out."""
    done: set[str] = set()
    records = {
        rule.name for file in rule_files() for group in file.groups for rule in group.rules if isinstance(rule, Record)
    }
    everything: list[Record | Alert] = []
    for level in levels():
        for rule in level:
            assert (names_in(rule.expr) & records) - {rule.name} <= done
        done |= {rule.name for rule in level}
        everything += level
    assert len(everything) == sum(len(group.rules) for file in rule_files() for group in file.groups)


def test_an_alert_is_as_old_as_its_present_run() -> None:
    """A gap begins it anew."""
    at = [0.0, STEP, 2 * STEP, 5 * STEP, 6 * STEP]
    assert [since for since, _ in ages([(one, "1") for one in at])] == [0, 0, 0, 5 * STEP, 5 * STEP]
