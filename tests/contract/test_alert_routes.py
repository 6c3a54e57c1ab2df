"""Who is told: Alertmanager's own tool walks each alert through the shipped routes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from alerts.entries import Alert
from alerts.table import all_alerts
from tests.needs import program

ALERTS = Path(__file__).parents[2] / "alerts"
ROUTES = ALERTS / "alertmanager.yml"

RECEIVERS = {
    "XeroDisconnected": "customer-success",
    "XeroTokenExpired": "customer-success",
    "XeroUnauthorized": "customer-success",
    "XeroContactsNotSyncing": "remediation,support",
    "XeroInvoicesFailing": "remediation,finance-support",
    "XeroReconciliationFailing": "remediation,finance-support",
    "XeroSyncFailing": "remediation,support",
    "XeroSyncStale": "remediation,platform-tickets",
    "XeroFailedRecords": "digest",
    "XeroTokenExpiring": "digest",
    "XeroOrganizationPollStale": "platform-tickets",
    "XeroAppCredentials": "pager",
    "XeroOutage": "pager",
    "XeroMassDisconnect": "pager",
    "XeroFleetSyncFailing": "pager",
    "XeroFleetInDoubt": "platform-tickets",
    "XeroStatusPage": "digest",
    "XeroSyncBacklogGrowing": "platform-tickets",
    "XeroSyncFreshnessBurnFast": "pager",
    "XeroSyncFreshnessBurnSlow": "platform-tickets",
    "XeroMonitoringCoverageBurn": "platform-tickets",
    "XeroWatchdog": "dead-mans-switch",
    "XeroExporterDown": "pager",
    "XeroExporterAbsent": "pager",
    "XeroRosterMissing": "pager",
    "XeroShardMissing": "pager",
    "XeroPollingStale": "pager",
    "XeroPlatformAuthFailing": "pager",
    "XeroPlatformErrors": "platform-tickets",
    "XeroPlatformRateLimited": "platform-tickets",
    "XeroPollOverrun": "platform-tickets",
    "XeroClockSkew": "platform-tickets",
    "XeroOrganizationsVanished": "platform-tickets",
    "XeroRosterShrunk": "platform-tickets",
    "XeroRosterStale": "platform-tickets",
    "XeroRosterRejected": "platform-tickets",
    "XeroShardMismatch": "platform-tickets",
    "XeroExporterRestarting": "pager",
    "XeroConfigReloadFailed": "platform-tickets",
    "XeroTokenFileUnreadable": "platform-tickets",
    "XeroRemediationExhausted": "platform-tickets",
    "XeroRemediationUnknownOutcome": "platform-tickets",
    "XeroRemediationIneffective": "platform-tickets",
    "XeroRemediationStormHold": "platform-tickets",
    "XeroRemediationBreakerOpen": "platform-tickets",
    "XeroRemediationLedgerDown": "platform-tickets",
    "XeroRemediationWebhookRejected": "platform-tickets",
    "XeroRemediationApprovalWaiting": "platform-tickets",
    "XeroRemediationPausedTooLong": "platform-tickets",
}


def receivers(labels: dict[str, str], config: Path = ROUTES) -> str:
    """Where amtool says that an alert with these labels goes."""
    words = [f"{name}={value}" for name, value in labels.items()]
    command = [program("amtool"), "config", "routes", "test", f"--config.file={config}", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def labels_of(alert: Alert) -> dict[str, str]:
    """What Alertmanager would see of it."""
    organization = {"organization_id": "org-1"} if alert.scope == "organization" else {}
    return {"alertname": alert.name, "job": "xero", **alert.labels, **organization}


def test_alertmanager_accepts_the_routes() -> None:
    """Debian's 0.25 is the oldest that must."""
    subprocess.run([program("amtool"), "check-config", ROUTES], capture_output=True, check=True)


@pytest.mark.parametrize("alert", all_alerts(), ids=lambda alert: alert.name)
def test_each_alert_goes_where_somebody_can_mend_it(alert: Alert) -> None:
    """And nowhere else."""
    assert receivers(labels_of(alert)) == RECEIVERS[alert.name]


def test_an_alert_of_somebody_else_is_seen_by_somebody() -> None:
    """Whatever no route takes is a ticket, also where it asks for no severity that is known."""
    assert receivers({"alertname": "NodeDown", "severity": "page"}) == "platform-tickets"


def test_only_what_asks_for_a_remedy_reaches_the_remediation() -> None:
    """Nothing about the fleet, and nothing that says none."""
    asking = [alert for alert in all_alerts() if "remediation" in receivers(labels_of(alert)).split(",")]
    assert asking
    for alert in asking:
        assert alert.remediation
        assert alert.scope == "organization"
        assert alert.issue
    assert "remediation" not in receivers(
        {"alertname": "XeroInvoicesFailing", "severity": "warning", "remediation": "no"}
    )


def test_pages_are_for_the_fleet_or_for_blindness() -> None:
    """One organisation is never a page."""
    for alert in all_alerts():
        if RECEIVERS[alert.name] == "pager":
            assert (alert.severity, alert.team) == ("critical", "platform")
            assert alert.scope in {"fleet", "exporter"}


def test_a_small_fleet_can_have_pages_for_each_organisation(tmp_path: Path) -> None:
    """The commented route, uncommented as it says: remediation and pages, and nothing else changes."""
    text = ROUTES.read_text()
    begins = text.index("    # - receiver: pager")
    ends = text.index("\n\n", begins)
    block = "\n".join(line.replace("    # ", "    ", 1) for line in text[begins:ends].splitlines())
    config = tmp_path / "alertmanager.yml"
    config.write_text(text[:begins] + block + text[ends:])
    for alert in all_alerts():
        usual = RECEIVERS[alert.name]
        organization = alert.scope == "organization" and alert.severity == "warning"
        wanted = ("remediation,pager" if alert.remediation else "pager") if organization else usual
        assert receivers(labels_of(alert), config) == wanted


def test_what_is_inhibited_exists_and_has_a_named_cause() -> None:
    """Every alert that an inhibition names is in the table; each is about one job."""
    names = {alert.name for alert in all_alerts()}
    for rule in yaml.safe_load(ROUTES.read_text())["inhibit_rules"]:
        assert rule["equal"] == ["job"]
        for matcher in [*rule["source_matchers"], *rule["target_matchers"]]:
            label, _, value = re.split(r"(=~|!~|!=|=)", matcher, maxsplit=1)
            for word in value.strip('"').split("|"):
                if label == "alertname":
                    assert any(re.fullmatch(word, name) for name in names), word


def test_no_receiver_is_the_address_of_somebody_real() -> None:
    """Every receiver but the exporter itself has an address of the reserved domain, which must be replaced."""
    config = yaml.safe_load(ROUTES.read_text())
    urls = [one["url"] for receiver in config["receivers"] for one in receiver.get("webhook_configs", [])]
    assert all(".example/" in url or url.startswith("http://127.0.0.1:9869/") for url in urls)
    assert len(urls) == len(set(urls))
