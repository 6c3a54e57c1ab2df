"""How the rules are spoilt, and what is left out of a test when only one rule matters."""

from __future__ import annotations

from alerts.exporters import OTHERS
from alerts.mutating import EQUIVALENT, concerned, mutants
from alerts.queries import FRESH, INCIDENT, UNSEEN, heartbeat
from alerts.table import all_alerts, rule_files


def test_every_rule_is_spoilt_and_no_mutant_is_the_rule() -> None:
    """Each alert in several ways, each time in one place."""
    found = list(mutants())
    assert len(found) > 390
    assert {alert.name for alert in all_alerts()} <= {one.rule for one in found}
    for one in found:
        assert one.files != rule_files()
    assert len({(one.rule, one.what) for one in found}) > 0.9 * len(found)


def test_what_a_rule_can_change_comes_with_all_that_it_needs() -> None:
    """An incident changes every ticket; a ticket needs what is fresh, and what holds it."""
    ticket = concerned("XeroDisconnected")
    assert {"XeroDisconnected", FRESH, INCIDENT, UNSEEN} <= ticket
    # One ticket is also evidence: the list that it rests on may never have been read since the start.
    assert {name for name in ticket if name.startswith("Xero")} == {"XeroDisconnected", "XeroUnauthorized"}
    assert {"XeroDisconnected", "XeroSyncStale", "XeroOutage", "XeroMassDisconnect"} <= concerned(INCIDENT)
    assert concerned("XeroWatchdog") == {"XeroWatchdog", *map(heartbeat, OTHERS)}


def test_every_excuse_has_a_reason_and_a_mutant() -> None:
    """One that covers nothing would cover a later mutant that nobody looked at."""
    found = list(mutants())
    for excuse in EQUIVALENT:
        assert len(excuse.because) > 30
        assert any(excuse.covers(one) for one in found)
