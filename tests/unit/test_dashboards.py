"""The dashboards as they are committed, and that each check of them notices what it is there for."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from alerts.entries import Alert
from alerts.table import all_alerts
from alerts.writing import annotations_of
from dashboards.checking import faults
from dashboards.reading import panels, queries
from dashboards.remediation_words import (
    HOLD_CODES,
    HOLD_COLORS,
    MODE_CODES,
    MODE_SAID,
    OUTCOME_COLORS,
    STATE_COLORS,
    WAY_SAID,
)
from dashboards.words import FAILURES, FRESHNESS, ISSUES, MEANING, PAGE_SAID, VERDICT_CODES, VERDICT_SAID
from dashboards.writing import write
from exporter.model.action import ActionState, AttemptOutcome, Mode
from exporter.model.holds import Hold
from exporter.model.words import Failure, Freshness, Issue, ServiceStatus, Verdict

JSON = Path(__file__).parents[2] / "dashboards/json"
BOARDS: dict[str, Any] = {file.stem: json.loads(file.read_text()) for file in sorted(JSON.glob("*.json"))}


def test_making_the_dashboards_leaves_no_difference(tmp_path: Path) -> None:
    """What is committed is what `make dashboards` writes, byte by byte, and nothing else lies there."""
    write(tmp_path)
    written = {file.name: file.read_text() for file in tmp_path.iterdir()}
    committed = {file.name: file.read_text() for file in JSON.iterdir()}
    assert written.keys() == committed.keys()
    for name, text in written.items():
        assert committed[name] == text, f"dashboards/json/{name} is out of step: run 'make dashboards'"


@pytest.mark.parametrize("name", BOARDS)
def test_nothing_is_wrong_with_it(name: str) -> None:
    """No check has anything to say."""
    assert faults(BOARDS[name]) == []
    assert len(list(queries(BOARDS[name]))) > 15


def test_their_uids_stay() -> None:
    """Alerts and bookmarks link to them."""
    assert {name: board["uid"] for name, board in BOARDS.items()} == {
        "xero-exporter": "xero-exporter",
        "xero-fleet": "xero-fleet",
        "xero-organization": "xero-organization",
        "xero-remediation": "xero-remediation",
    }
    assert len({board["title"] for board in BOARDS.values()}) == len(BOARDS)


@pytest.mark.parametrize("alert", all_alerts(), ids=lambda alert: alert.name)
def test_each_alert_leads_to_a_dashboard_and_chooses_what_can_be_chosen_there(alert: Alert) -> None:
    """The dashboard is there, and has the variables that the link sets."""
    link = urlparse(annotations_of(alert)["dashboard_url"])
    [board] = [board for board in BOARDS.values() if link.path == f"/d/{board['uid']}"]
    chosen = {name.removeprefix("var-") for name in parse_qs(link.query)}
    assert chosen <= {variable["name"] for variable in board["templating"]["list"]}


def test_every_word_has_its_own_text() -> None:
    """All words of the closed lists are shown, and no two look alike."""
    assert set(VERDICT_CODES) == set(Verdict)
    assert set(ISSUES) == set(Issue)
    assert set(FRESHNESS) == set(Freshness)
    assert set(FAILURES) == set(Failure)
    assert len(PAGE_SAID) == len(ServiceStatus)
    assert 2 * len(VERDICT_SAID) == len(MEANING) == 2 * (len(Verdict) + 2)
    for said in (VERDICT_SAID, MEANING, PAGE_SAID, ISSUES, FRESHNESS):
        texts = [one.text for one in said.values()]
        assert len(set(texts)) == len(texts)


def test_every_word_of_remediation_has_its_own_text() -> None:
    """What holds all and the mode stand in one graph; no two look alike, and each hold has two sentences."""
    assert set(MODE_CODES) == set(Mode)
    assert set(STATE_COLORS) == set(ActionState)
    assert set(HOLD_COLORS) == set(Hold)
    assert set(OUTCOME_COLORS) == set(AttemptOutcome) - {AttemptOutcome.STARTED}
    assert [hold for hold in Hold if hold in HOLD_CODES] == list(HOLD_CODES)
    both = [one.text for one in (*MODE_SAID.values(), *WAY_SAID.values())]
    assert len(set(both)) == len(both) == len({**MODE_SAID, **WAY_SAID})
    held = next(panel for panel in panels(BOARDS["xero-remediation"]) if panel["title"].startswith("Held now"))
    told = [
        options
        for override in held["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "mappings" and (options := one["value"][0]["options"])
    ]
    assert [set(options) for options in told] == [set(Hold), set(Hold)]
    # Grafana would put what is text already into quotation marks, and no sentence would be found for it.
    assert "convertFieldType" not in {one["id"] for one in held["transformations"]}


def test_what_was_done_is_marked_but_at_one_organisation_only_when_asked_for() -> None:
    """The metrics do not say for whom something was done: on that board a line would be taken for that one's."""
    marked = {
        name: one["enable"]
        for name, board in BOARDS.items()
        for one in board["annotations"]["list"]
        if one["name"].startswith("What was done")
    }
    assert marked == {"xero-fleet": True, "xero-organization": False, "xero-remediation": True}


def test_no_list_of_organisations_is_without_an_end() -> None:
    """A query that gives a series for each of 10,000 organisations names how many it shows at most."""
    for board in BOARDS.values():
        for query in queries(board):
            of_each = re.search(r"by \([^)]*organization_id[^)]*\)", query.expr)
            if of_each and 'organization_id="$organization_id"' not in query.expr:
                bounded = query.expr.lstrip("(").startswith(
                    ("topk", "sort_desc(topk", "time() - ", "0 * topk", "count", "sum")
                )
                assert bounded, query.where
                assert re.search(r"topk\(\d+|count|sum", query.expr), query.where
    kinds = {variable["name"]: variable["type"] for variable in BOARDS["xero-organization"]["templating"]["list"]}
    assert kinds["organization_id"] == "textbox"


def test_an_empty_panel_says_what_that_means_in_its_own_words() -> None:
    """Wherever no data is allowed, a sentence stands in its place."""
    allowed = {query.empty for board in BOARDS.values() for query in queries(board)} - {""}
    assert len(allowed) > 10
    assert not any(text.lower().startswith("no data") for text in allowed)


Spoil = Callable[[dict[str, Any]], None]


def _panel(board: dict[str, Any], kind: str = "timeseries") -> dict[str, Any]:
    return next(panel for panel in board["panels"] if panel["type"] == kind)


def _expr(expr: str, legend: str = "") -> Spoil:
    def spoil(board: dict[str, Any]) -> None:
        target = _panel(board)["targets"][0]
        target["expr"] = expr
        target["legendFormat"] = legend or target["legendFormat"]

    return spoil


def _set(path: str, value: object, kind: str = "timeseries") -> Spoil:
    def spoil(board: dict[str, Any]) -> None:
        at = _panel(board, kind)
        *way, last = path.split(".")
        for step in way:
            at = at[int(step)] if step.isdigit() else at[step]  # type: ignore[index]
        at[last] = value

    return spoil


def _two_alike(board: dict[str, Any]) -> None:
    board["panels"][1]["id"] = board["panels"][0]["id"]


def _forget_time(board: dict[str, Any]) -> None:
    board["links"][0]["keepTime"] = False


def _forget_time_in_a_cell(board: dict[str, Any]) -> None:
    for panel in panels(board):
        for override in panel["fieldConfig"]["overrides"]:
            for one in override["properties"]:
                if one["id"] == "links" and one["value"][0]["url"].startswith("/d/"):
                    one["value"][0]["url"] = "/d/xero-organization"
                    return


def _color_alone(board: dict[str, Any]) -> None:
    [first, *_] = _panel(board, "state-timeline")["fieldConfig"]["defaults"]["mappings"][0]["options"].values()
    first["text"] = ""


def _unit_of_a_column(board: dict[str, Any]) -> None:
    for panel in panels(board):
        for override in panel["fieldConfig"]["overrides"]:
            for one in override["properties"]:
                if one["id"] == "unit":
                    one["value"] = "furlongs"
                    return


def _without_a_job(board: dict[str, Any]) -> None:
    board["templating"]["list"].pop(1)


def _of_one_grafana(board: dict[str, Any]) -> None:
    board["id"] = 7


def _uid(board: dict[str, Any]) -> None:
    board["uid"] = "Fleet 1"


def _annotation_by_name(board: dict[str, Any]) -> None:
    board["annotations"]["list"][0]["datasource"]["uid"] = "prometheus"


def _annotation_of_nothing(board: dict[str, Any]) -> None:
    board["annotations"]["list"][0]["expr"] = 'ALERT{job="$job"}'


def _variable_of_nothing(board: dict[str, Any]) -> None:
    board["templating"]["list"][1]["query"]["query"] = "label_values(xero_build_info, job)"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_two_alike, "have the id"),
        (_uid, "none of ours"),
        (_of_one_grafana, "belongs to one Grafana alone"),
        (_set("title", " "), "has no title"),
        (_set("description", ""), "does not say what to do"),
        (_set("fieldConfig.defaults.unit", "furlongs"), "no unit 'furlongs'"),
        (_set("fieldConfig.defaults.unit", None), "no unit None"),
        (_unit_of_a_column, "no unit 'furlongs'"),
        (_set("fieldConfig.defaults.thresholds", {"mode": "absolute", "steps": []}), "no thresholds"),
        (_set("fieldConfig.defaults.mappings", [], "state-timeline"), "its states have no words"),
        (_color_alone, "a colour without a word"),
        (_set("datasource", {"type": "prometheus", "uid": "prometheus"}), "not the variable"),
        (_set("targets.0.datasource", {"type": "prometheus", "uid": "prometheus"}), "not the variable"),
        (_annotation_by_name, "not the variable"),
        (_set("targets.0.legendFormat", "__auto"), "its series have no names"),
        (_set("targets.0.legendFormat", "{{colour}}"), "leaves no label colour for its legend"),
        (_expr('sum by (kind) (max by (kind, job) (xero_incident{job="$job"}))', "{{job}}"), "leaves no label job"),
        (_expr('sum without (kind) (xero_incident{job="$job"})', "{{kind}}"), "leaves no label kind"),
        (_set("targets", []), "asks nothing"),
        (_expr('sum(xero_issue{job="$job", issue="token_expird"})'), "the label issue is never token_expird"),
        (_expr('sum(xero_issue{job="$job", issue=~"sync_stale|stale"})'), "the label issue is never stale"),
        (_expr('sum(xero_issue{job="$job"}) / sum(xero_poll_success)'), "xero_poll_success is not of the chosen job"),
        (_expr('rate(xero_exporter_requests_total[5m]) and on () up{job="$job"}'), "requests_total is not of the"),
        (_expr('topk(1000, xero_issue{job="$job"})'), "must be a number up to 100"),
        (_expr('topk(scalar(up{job="$job"}), xero_issue{job="$job"})'), "must be a number up to 100"),
        (_expr('sum(xero_issue{job="$job"}'), "is no PromQL"),
        (_expr('sum(xero_isue{job="$job"})'), "there is no metric xero_isue"),
        (_expr('sum(xero_issue{job="$job", kind="sync"})'), "xero_issue has no label kind"),
        (_expr('sum by (kind) (xero_issue{job="$job"})'), "no metric in it has the label kind"),
        (_expr('xero_issue{job="$job"} and on (kind) up{job="$job"}'), "no metric in it has the label kind"),
        (_expr('rate(xero_issue{job="$job"}[5m])'), "is no counter: it has no rate"),
        (_expr('sum(xero_exporter_requests_total{job="$job"})'), "only its rate means anything"),
        (_expr('max_over_time(xero_exporter_requests_total{job="$job"}[5m])'), "only its rate means anything"),
        (_expr("sum(xero_issue)"), "is not of the chosen job"),
        (_annotation_of_nothing, "there is no metric ALERT"),
        (_variable_of_nothing, "there is no metric xero_build_info"),
        (_set("gridPos.x", 1), "is not full"),
        (_set("gridPos.y", 0), "overlap"),
        (_set("gridPos.w", 25), "wider than the grid"),
        (_without_a_job, "first variables"),
        (_forget_time, "forgets time or variables"),
        (_forget_time_in_a_cell, "a link forgets the time"),
    ],
)
def test_each_check_can_fail(spoil: Spoil, says: str) -> None:
    """One thing is spoilt, and a sentence says so."""
    board = copy.deepcopy(BOARDS["xero-fleet"])
    spoil(board)
    found = faults(board)
    assert any(says in fault for fault in found), found
