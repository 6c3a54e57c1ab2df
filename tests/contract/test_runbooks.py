"""One page for each alert, one alert for each page; what stands in them can be typed."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from alerts.entries import Alert, Record, Scope
from alerts.table import all_alerts, rule_files
from alerts.writing import EXPORTER, GRAFANA, RUNBOOKS, annotations_of
from exporter.cli.bundling import _PLACEHOLDERS
from exporter.expose.reference import all_families
from exporter.model.family import Kind
from exporter.model.words import Reason
from exporter.web.routes import ROUTES
from tests.contract.test_alert_rules import promtool
from tests.contract.test_deploy_files import understood
from tests.needs import program

ALERTS = Path(__file__).parents[2] / "alerts"
PAGES = sorted((ALERTS / "runbooks").glob("*"))
SECTIONS = [
    "Meaning",
    "Impact",
    "First two minutes",
    "Diagnosis by reason",
    "Fix",
    "Verify",
    "Escalate",
    "Do not",
    "Silence",
]
NAME = re.compile(r"\b(?:xero_\w+|job\w*:xero_\w+:\w+|process_\w+)\b")
BUILT_IN = {"ALERTS", "up"}


def fenced(page: Path, language: str) -> list[str]:
    """The blocks of that language in a page."""
    return re.findall(rf"^```{language}\n(.*?)\n```$", page.read_text(), re.MULTILINE | re.DOTALL)


def sections(page: Path) -> dict[str, str]:
    """Title -> text."""
    _, *rest = re.split(r"^## (.+)$", page.read_text(), flags=re.MULTILINE)
    return dict(zip(rest[::2], rest[1::2], strict=True))


def known_series() -> set[str]:
    """Every series that an exporter tells or a rule records."""
    names = {"process_start_time_seconds"}
    for family in all_families():
        suffixes = ("_bucket", "_count", "_sum") if family.kind is Kind.HISTOGRAM else ("",)
        names |= {family.name + suffix for suffix in suffixes}
    rules = [rule for file in rule_files() for group in file.groups for rule in group.rules]
    return names | {rule.name for rule in rules if isinstance(rule, Record)}


def known_labels() -> set[str]:
    """Every label that such a series can have."""
    labels = {label for family in all_families() for label in family.label_names}
    labels |= {label for alert in all_alerts() for label in alert.labels}
    return labels | {"job", "instance", "alertname", "alertstate", "le", "__name__"}


def test_each_alert_has_a_page_and_each_page_an_alert() -> None:
    """And the annotation of the alert leads to it."""
    assert [page.stem for page in PAGES] == sorted(alert.name for alert in all_alerts())
    for alert in all_alerts():
        assert annotations_of(alert)["runbook_url"] == f"{RUNBOOKS}/{alert.name}.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
class TestPage:
    def test_it_has_the_fixed_sections_in_their_order_and_none_is_empty(self, page: Path) -> None:
        """Whoever is woken up knows where to look."""
        assert list(sections(page)) == SECTIONS
        assert all(text.strip() for text in sections(page).values())
        assert page.read_text().startswith(f"# {page.stem}\n")
        assert all(len(line) <= 120 for line in page.read_text().splitlines() if not line.startswith(("|", "amtool")))

    def test_every_query_is_one_and_names_what_is_there(self, page: Path, tmp_path: Path) -> None:
        """Parsed by Prometheus itself; series and labels are known."""
        queries = fenced(page, "promql")
        assert queries
        rules = [{"record": f"page:query:{number}", "expr": query} for number, query in enumerate(queries)]
        (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "page", "rules": rules}]}))
        promtool("check", "rules", tmp_path / "rules.yml")
        for query in queries:
            bare = re.sub(r'"[^"]*"', '""', query)
            assert set(NAME.findall(bare)) <= known_series()
            matched = {one for block in re.findall(r"\{(.*?)\}", bare) for one in re.findall(r"(\w+)\s*[=!]", block)}
            grouped = {
                one.strip() for block in re.findall(r"(?:by|on|without) \((.*?)\)", bare) for one in block.split(",")
            }
            assert matched | grouped <= known_labels()

    def test_every_command_is_understood_by_the_program_it_is_for(self, page: Path) -> None:
        """Ours by the parser of the command line, the others by themselves."""
        commands = [line for block in fenced(page, "sh") for line in block.splitlines()]
        assert commands
        for line in commands:
            name, *arguments = shlex.split(line.replace('"$USER"', "somebody"))
            if name == "xero-exporter":
                understood(arguments)
            elif name in {"amtool", "promtool"} and arguments[0].startswith("check"):
                shipped = str(ALERTS / Path(arguments[-1]).name)
                subprocess.run([program(name), *arguments[:-1], shipped], capture_output=True, check=True)
            elif name == "amtool":
                assert arguments[:2] == ["silence", "add"]
            else:
                assert line == "timedatectl status"

    def test_the_silence_ends_and_is_for_this_alert_only(self, page: Path) -> None:
        """Understood by amtool, which fails only because nobody listens."""
        [line] = [line for line in fenced(page, "sh")[-1].splitlines() if line.startswith("amtool")]
        words = shlex.split(line.replace('"$USER"', "somebody"))
        assert re.search(r"--duration=[12]h", line)
        assert f"alertname={page.stem}" in words
        nobody = "--alertmanager.url=http://127.0.0.1:1"
        tried = subprocess.run([program("amtool"), *words[1:], nobody], capture_output=True, text=True, check=False)
        assert "connection refused" in tried.stderr

    def test_what_recovery_looks_like_is_a_query(self, page: Path) -> None:
        """The first two minutes and the proof of recovery are never prose alone."""
        for title in ("First two minutes", "Verify"):
            assert "```promql" in sections(page)[title]
        assert "dashboard" in sections(page)["First two minutes"]

    def test_its_reasons_are_words_of_the_program(self, page: Path) -> None:
        """A table of reasons names no reason that is never told."""
        for table in re.findall(r"^\| reason \|.*?(?=\n\n|\Z)", page.read_text(), re.MULTILINE | re.DOTALL):
            words = re.findall(r"^\| `(\w+)`", table, re.MULTILINE)
            assert words
            assert set(words) <= set(Reason)


def test_every_rule_names_series_and_labels_that_are_there() -> None:
    """A misspelt name is an alert that never fires."""
    for file in rule_files():
        for group in file.groups:
            for rule in group.rules:
                bare = re.sub(r'"[^"]*"', '""', rule.expr)
                assert set(NAME.findall(bare)) <= known_series(), rule.name
                words = {one for block in re.findall(r"\{(.*?)\}", bare) for one in re.findall(r"(\w+)\s*[=!]", block)}
                assert words <= known_labels(), rule.name


@pytest.mark.parametrize("alert", all_alerts(), ids=lambda alert: alert.name)
def test_the_links_of_an_alert_lead_somewhere(alert: Alert) -> None:
    """Dashboards by their fixed uid with the job filled in; an organisation's steps where the exporter serves them."""
    links = annotations_of(alert)
    assert links["dashboard_url"].startswith(f"{GRAFANA}/d/xero-")
    assert ("steps_url" in links) == (alert.scope is Scope.ORGANIZATION)
    if alert.scope is Scope.ORGANIZATION:
        assert "var-organization_id={{ $labels.organization_id }}" in links["dashboard_url"]
        path = links["steps_url"].removeprefix(EXPORTER).replace("{{ $labels.organization_id }}", "{organization_id}")
        assert path in {row.path for row in ROUTES}


def test_the_command_replaces_what_the_rules_hold() -> None:
    """`bundle` and the table agree on what stands for the addresses that only users know."""
    assert {"grafana": GRAFANA, "runbooks": RUNBOOKS, "exporter": EXPORTER} == _PLACEHOLDERS
