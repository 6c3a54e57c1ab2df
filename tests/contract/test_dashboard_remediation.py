"""What the Remediation dashboard says holds everything, and what may be done, as Prometheus itself computes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.remediation import MODE, WAY, entered
from dashboards.remediation_words import (
    HOLD_CODES,
    LEDGER_DOWN,
    MODE_CODES,
    NOBODY_ACTS,
    NOTHING_HOLDS,
    PART_UNSEEN,
)
from exporter.model.action import Mode
from exporter.model.holds import Hold
from tests.contract.test_dashboard_verdict import answers

GAUGES = {
    Hold.PAUSED: "paused",
    Hold.CREDENTIAL: "credential_refused",
    Hold.BLIND: "blind",
    Hold.STORM: "storm",
    Hold.BREAKER: "breaker_open",
}


def told(*holds: Hold, instance: str = "a") -> dict[str, str]:
    """What an exporter tells that acts on its ledger while these hold everything."""
    of = f'job="xero", instance="{instance}"'

    def series(name: str, more: str = "") -> str:
        return f"xero_exporter_remediation_{name}{{{of}{more}}}"

    gauges = {series(name): str(int(hold in holds)) for hold, name in GAUGES.items()}
    waiting = {series("held_actions", f', hold="{hold}"'): str(3 * (hold in holds)) for hold in Hold}
    return {
        f"up{{{of}}}": "1",
        series("ledger_up"): "1",
        series("executing"): "1",
        series("blind"): "0",
        **gauges,
        **waiting,
    }


def modes(mode: Mode, instance: str) -> dict[str, str]:
    """How an exporter tells its mode."""
    return {
        f'xero_exporter_remediation_mode{{job="xero", instance="{instance}", mode="{one}"}}': str(int(one is mode))
        for one in Mode
    }


def test_what_holds_everybody_is_said_by_its_own_word_the_first_gate_first(tmp_path: Path) -> None:
    """Each alone; two together; and a hold of single actions is none of these."""
    cases = [(hold.value, told(hold), code) for hold, code in HOLD_CODES.items()]
    answers(
        tmp_path,
        [
            *cases,
            ("nothing", told(), NOTHING_HOLDS),
            ("of one action", told(Hold.RETRY_CANNOT_HELP, Hold.COOLDOWN), NOTHING_HOLDS),
            ("two", told(Hold.BREAKER, Hold.STORM), HOLD_CODES[Hold.STORM]),
            ("three", told(Hold.DAY_BUDGET, Hold.BLIND, Hold.PAUSED), HOLD_CODES[Hold.PAUSED]),
        ],
        WAY,
    )


def test_that_nothing_holds_is_said_only_where_the_ledger_says_so(tmp_path: Path) -> None:
    """A ledger that cannot be used, nobody who acts, one that is unseen, nothing told at all: each has its word."""
    down = {'xero_exporter_remediation_ledger_up{job="xero", instance="a"}': "0"}
    idle = told() | {'xero_exporter_remediation_executing{job="xero", instance="a"}': "0"}
    unseen = told() | {'up{job="xero", instance="b"}': "0"}
    blind = {'xero_exporter_remediation_blind{job="xero", instance="a"}': "1"}
    answers(
        tmp_path,
        [
            ("off, as it was blind", {'up{job="xero", instance="a"}': "1"} | modes(Mode.OFF, "a") | blind, None),
            ("ledger down", down, LEDGER_DOWN),
            ("of one of two", told(instance="b") | down, LEDGER_DOWN),
            ("nobody acts", idle, NOBODY_ACTS),
            ("one is unseen", unseen, PART_UNSEEN),
            ("off", {'up{job="xero", instance="a"}': "1"} | modes(Mode.OFF, "a"), None),
            ("elsewhere", {series.replace('"xero"', '"other"'): value for series, value in told().items()}, None),
        ],
        WAY,
    )


@pytest.mark.parametrize("more", Mode)
def test_of_two_modes_the_one_that_does_more_is_shown(more: Mode, tmp_path: Path) -> None:
    """Whoever reads that nothing is sent can rely on it."""
    answers(
        tmp_path,
        [
            ("one", modes(more, "a"), MODE_CODES[more]),
            ("two", modes(more, "a") | modes(Mode.OFF, "b"), MODE_CODES[more]),
            ("the most", modes(more, "a") | modes(Mode.AUTO, "b"), MODE_CODES[Mode.AUTO]),
        ],
        MODE,
    )


def test_exporters_of_one_ledger_do_not_count_an_action_twice(tmp_path: Path) -> None:
    """Both read the same ledger, and tell the same."""
    series = {
        f'xero_exporter_remediation_transitions_total{{job="xero", instance="{instance}", state="{state}"}}': values
        for instance in "ab"
        for state, values in (("verified", "0+3x10"), ("failed", "0x10"))
    }
    answers(tmp_path, [("helped", series, 15)], entered('state="verified"', "5m"), at="10m")
    answers(tmp_path, [("did not", series, 0)], entered('state=~"ineffective|failed"', "5m"), at="10m")
