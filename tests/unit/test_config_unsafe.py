"""Combinations that would let harm happen are faults, for every command."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.config.load import load
from exporter.errors import ConfigError
from exporter.model.action import Mode
from exporter.model.limits import Limits

BASE = "platform: {url: 'http://127.0.0.1', token: t}\norganizations: {static: [{id: a}]}\n"
TOKEN = "web: {tokens: [{name: am, role: ROLE, token: x}]}\n"
AUTO = "remediation: {mode: auto, include: ['a.*']}\n"


def faults(folder: Path, text: str) -> list[str]:
    """The keys that are at fault."""
    path = folder / "config.yml"
    path.write_text(BASE + text)
    try:
        load(path, {})
    except ConfigError as error:
        return [one.where for one in error.faults]
    return []


def test_auto_with_a_list_and_a_token_is_fine(tmp_path: Path) -> None:
    """And only so."""
    assert faults(tmp_path, AUTO + TOKEN.replace("ROLE", "alerts")) == []


def test_auto_without_a_list_is_refused(tmp_path: Path) -> None:
    """Nobody is acted upon by accident."""
    assert faults(tmp_path, "remediation: {mode: auto}\n" + TOKEN.replace("ROLE", "alerts")) == ["remediation.include"]


@pytest.mark.parametrize("text", ["", TOKEN.replace("ROLE", "viewer"), TOKEN.replace("ROLE", "operator")])
def test_auto_without_a_token_on_the_webhook_is_refused(tmp_path: Path, text: str) -> None:
    """Whoever reaches it could have things done."""
    assert faults(tmp_path, AUTO + text) == ["web.tokens"]


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("diagnosis: {incident_window: 71m}", ["diagnosis.incident_window"]),
        ("diagnosis: {incident_window: 72m}", []),
        ("poll: {interval: 5s}\ndiagnosis: {incident_window: 6m}", []),
        ("poll: {interval: 1h}", []),
        ("poll: {interval: 1h}\ndiagnosis: {incident_window: 359m}", ["diagnosis.incident_window"]),
    ],
)
def test_a_window_of_incidents_has_room_for_72_polls(tmp_path: Path, text: str, refused: list[str]) -> None:
    """Its first 24th is that of a start, in which everybody is asked three times; the default is always long enough."""
    assert faults(tmp_path, text) == refused


@pytest.mark.parametrize("mode", ["off", "dry_run", "approve"])
def test_what_does_nothing_by_itself_needs_neither(tmp_path: Path, mode: str) -> None:
    """A person stands between."""
    assert faults(tmp_path, f"remediation: {{mode: {mode}}}\n") == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("remediation: {quiet_hours: ['25:00-06:00']}", "remediation.quiet_hours[0]"),
        ("remediation: {quiet_hours: ['06:00-06:00']}", "remediation.quiet_hours[0]"),
        ("remediation: {attempts: 0}", "remediation.attempts"),
        ("remediation: {cooldown: 1s}", "remediation.cooldown"),
        ("remediation: {storm: {share: 2}}", "remediation.storm.share"),
        ("remediation: {record_id_fields: ['a b']}", "remediation.record_id_fields[0]"),
        ("remediation: {fallback: retry}", "remediation.fallback"),
        ("ledger: {url: 'postgresql://db/ledger'}", "ledger.url"),
        ("ledger: {url: 'sqlite:///'}", "ledger.url"),
        ("ledger: {url: 'sqlite:///x?mode=ro'}", "ledger.url"),
    ],
)
def test_values_that_mean_nothing_are_refused(tmp_path: Path, text: str, where: str) -> None:
    """By their key."""
    assert faults(tmp_path, text + "\n") == [where]


def test_the_defaults_are_those_of_the_limits(tmp_path: Path) -> None:
    """Said once in the schema, once where they are used; they must not drift apart."""
    path = tmp_path / "config.yml"
    path.write_text(BASE)
    config = load(path, {})
    assert config.remediation.limits == Limits()
    assert config.remediation.mode is Mode.DRY_RUN


def test_the_ledger_is_beside_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never in the current folder."""
    monkeypatch.chdir("/")
    path = tmp_path / "config.yml"
    path.write_text(BASE)
    assert load(path, {}).ledger.url == f"sqlite:///{tmp_path}/xero-exporter.db"
    path.write_text(BASE + "ledger: {url: 'sqlite:////var/lib/x.db'}\n")
    assert load(path, {}).ledger.url == "sqlite:////var/lib/x.db"
    path.write_text(BASE + "ledger: {url: 'sqlite:///state/x.db'}\n")
    assert load(path, {}).ledger.url == f"sqlite:///{tmp_path}/state/x.db"


def test_quiet_hours_are_seconds_of_the_day(tmp_path: Path) -> None:
    """In UTC."""
    path = tmp_path / "config.yml"
    path.write_text(BASE + "remediation: {quiet_hours: ['22:00-06:30']}\n")
    assert load(path, {}).remediation.limits.quiet_hours == ((22 * 3600.0, 6.5 * 3600),)
