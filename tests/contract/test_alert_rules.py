"""The shipped rules, judged by Prometheus' own tool: what must fire fires, and what must not does not."""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts.__main__ import write
from alerts.entries import Alert
from alerts.queries import JOB
from alerts.stories import all_stories
from alerts.story import promtool_yaml
from alerts.table import all_alerts, rule_files
from alerts.writing import alerts_table, with_table
from tests.needs import program

ALERTS = Path(__file__).parents[2] / "alerts"
TESTS = sorted((ALERTS / "tests").glob("*.yml"))
RULES = sorted((ALERTS / "rules").glob("*.yml"))


def promtool(*arguments: str | Path) -> str:
    """What promtool says; fails unless it is content."""
    # One thread each, and a collection of garbage that waits longer: a third less CPU.
    environment = {**os.environ, "GOMAXPROCS": "1", "GOGC": "400"}
    done = subprocess.run(
        [program("promtool"), *arguments], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"[:4000]
    return done.stdout


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_what_must_fire_fires_and_nothing_else_does(file: Path) -> None:
    """One file of promtool tests over the shipped, unscaled rules."""
    assert "SUCCESS" in promtool("test", "rules", file)


def test_the_stories_that_must_not_wake_anybody_are_all_there() -> None:
    """Each was a false alarm of somebody's once."""
    well = {"fleet-of-0", "fleet-of-1-well", "fleet-of-3-well", "fleet-of-20-well", "healthy-sample", "never-connected"}
    quiet = {"start-up", "restart", "poll-gap", "dead-weekend", "flapping", "customer-disconnects", "broken-for-months"}
    long = {"nightly-access-tokens", "outage-of-90-minutes", "outage-of-7-hours", "dead-exporter"}
    assert well | quiet | long <= {file.stem for file in TESTS}


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.stem)
def test_prometheus_accepts_every_rule(file: Path) -> None:
    """Debian's 2.42 is the oldest that must."""
    assert "SUCCESS" in promtool("check", "rules", file)


@cache
def firing_cases() -> dict[str, list[dict[str, Any]]]:
    """Alert -> its expected alerts in the files that people write."""
    found: dict[str, list[dict[str, Any]]] = {}
    for file in ALERTS.glob("tests/firing*.yml"):
        for test in yaml.safe_load(file.read_text())["tests"]:
            for case in test["alert_rule_test"]:
                found.setdefault(case["alertname"], []).append(case)
    return found


@pytest.mark.parametrize("alert", all_alerts(), ids=lambda alert: alert.name)
def test_each_alert_has_a_firing_case_with_all_it_carries(alert: Alert) -> None:
    """Labels and annotations whole, and one instant at which it does not fire yet."""
    cases = firing_cases()[alert.name]
    fires = [one for case in cases for one in case.get("exp_alerts", [])]
    assert fires
    for one in fires:
        assert {"severity", "scope", "team", "remediation"} <= set(one["exp_labels"])
        assert {"summary", "description", "runbook_url", "dashboard_url"} <= set(one["exp_annotations"])
    if alert.name != "XeroWatchdog":
        assert any(not case.get("exp_alerts") for case in cases)


def test_promtool_takes_the_groups_in_the_order_of_the_file() -> None:
    """Left out, the order is another one each time, and so is the answer."""
    wanted = [group["name"] for file in RULES[::-1] for group in yaml.safe_load(file.read_text())["groups"]]
    line = f"group_eval_order: [{', '.join(wanted)}]\n"
    for file in TESTS:
        assert line in file.read_text()


def test_the_watchdog_depends_on_every_group_that_is_always_loaded() -> None:
    """A group that is evaluated no more leaves no heartbeat after five minutes, and so no watchdog."""
    groups = yaml.safe_load((ALERTS / "rules/xero.yml").read_text())["groups"]
    [(home, watchdog)] = [
        (group["name"], rule) for group in groups for rule in group["rules"] if rule.get("alert") == "XeroWatchdog"
    ]
    beats = {group["name"]: group["rules"][-1].get("record", "") for group in groups if group["name"] != home}
    assert len(beats) == len(groups) - 1
    for name, beat in beats.items():
        assert beat == f"job_rules:{name.replace('-', '_')}:evaluated"
        assert f"and on () {beat}" in watchdog["expr"].splitlines()


def test_no_value_is_in_a_label_and_nothing_needs_a_newer_prometheus() -> None:
    """A label that moves with a value makes a new alert each time; group labels and query_offset came later."""
    for file in RULES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            assert set(group) == {"name", "interval", "rules"}
            for rule in group["rules"]:
                assert not any("{{" in value for value in rule.get("labels", {}).values())
                assert set(rule) <= {"alert", "record", "expr", "for", "labels", "annotations"}


def test_durations_are_divided_alike_when_scaled(tmp_path: Path) -> None:
    """60 times as fast: half a minute for half an hour, also inside expressions; and Prometheus accepts it."""
    write(tmp_path, 60)
    text = (tmp_path / "rules" / "xero.yml").read_text()
    assert "SUCCESS" in promtool("check", "rules", tmp_path / "rules" / "xero.yml")
    shipped = re.findall(r"for: (\S+)", (ALERTS / "rules/xero.yml").read_text())
    hurried = dict(zip(shipped, re.findall(r"for: (\S+)", text), strict=True))
    assert len(shipped) > 30
    assert {"30m": "30s", "5m": "5s", "1h": "1m", "1d": "24m", "2m": "2s"}.items() <= hurried.items()
    assert len(set(hurried.values())) == len(hurried)
    assert "[6m]" in text
    assert "interval: 500ms" in text
    routes = (tmp_path / "alertmanager.yml").read_text()
    assert "repeat_interval: 24m" in routes
    assert "group_wait: 500ms" in routes


def test_the_page_about_alerting_lists_every_alert() -> None:
    """As `make alerts` writes it there."""
    page = (ALERTS.parent / "docs" / "alerting.md").read_text()
    table = alerts_table(rule_files())
    assert with_table(page, table) == page, "docs/alerting.md is out of step: run 'make alerts'"
    assert all(f"\n| `{alert.name}` | {alert.summary} |" in page for alert in all_alerts())


def test_only_ids_closed_words_and_numbers_can_be_in_an_alert() -> None:
    """What templates fill in is a value or one of a few labels, and no alert that fires has a label beyond these."""
    allowed = {"organization_id", "job", "instance", "source", "token"}
    filled = 0
    for file in RULES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                for text in rule.get("annotations", {}).values():
                    places = re.findall(r"{{(.*?)}}", text)
                    filled += len(places)
                    for place in places:
                        assert re.fullmatch(r" \$value( \| humanize(Percentage|Duration))? | \$labels\.(\w+) ", place)
                        assert set(re.findall(r"labels\.(\w+)", place)) <= allowed
    assert filled > 50
    fixed = {"severity", "scope", "team", "remediation", "issue"}
    carried = {
        name
        for cases in firing_cases().values()
        for case in cases
        for one in case.get("exp_alerts", [])
        for name in one["exp_labels"]
    }
    assert fixed < carried <= fixed | allowed


def test_making_the_alerts_leaves_no_difference(tmp_path: Path) -> None:
    """What is committed is what `make alerts` writes: rules, objects of the operator, stories."""
    write(tmp_path)
    written = {file.relative_to(tmp_path): file.read_text() for file in tmp_path.glob("*/*.yml")}
    stories = {Path("tests") / f"{story.name}.yml": promtool_yaml(story) for story in all_stories()}
    for name, text in {**written, **stories}.items():
        assert (ALERTS / name).read_text() == text, f"{name} is out of step: run 'make alerts'"
    people_write = set((ALERTS / "tests").glob("firing*.yml"))
    assert {ALERTS / name for name in stories} | people_write == set(TESTS)


@pytest.mark.parametrize("name", ["xero", "xero-optional"])
def test_the_operators_objects_hold_the_same_rules(name: str, tmp_path: Path) -> None:
    """And Prometheus accepts them from there."""
    rule = yaml.safe_load((ALERTS / "operator" / f"{name}-rules.yml").read_text())
    assert (rule["apiVersion"], rule["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert rule["spec"] == yaml.safe_load((ALERTS / "rules" / f"{name}.yml").read_text())
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rule["spec"]))
    assert "SUCCESS" in promtool("check", "rules", tmp_path / "rules.yml")


def test_the_service_monitor_finds_the_service_under_the_name_that_the_rules_need() -> None:
    """Its port and labels are those of the manifests; the job is xero."""
    monitor = yaml.safe_load((ALERTS / "operator/servicemonitor.yml").read_text())["spec"]
    service = yaml.safe_load((ALERTS.parent / "deploy/kubernetes/service.yaml").read_text())
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    [endpoint] = monitor["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert {"targetLabel": "job", "replacement": JOB} in endpoint["relabelings"]


def test_prometheus_accepts_the_configuration_and_the_job_is_the_one_of_the_rules() -> None:
    """With the rules it names."""
    promtool("check", "config", ALERTS / "prometheus.yml")
    [job] = yaml.safe_load((ALERTS / "prometheus.yml").read_text())["scrape_configs"]
    assert job["job_name"] == JOB
