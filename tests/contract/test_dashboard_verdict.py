"""The first panel of the Fleet dashboard tells the verdicts apart, as Prometheus itself computes them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from alerts.exporters import WATCHDOG
from dashboards.fleet import firing
from dashboards.fleet_verdict import SENTENCES, VERDICT
from dashboards.queries import WITH_ISSUE
from dashboards.words import DO_FIRST, MEANING, NOBODY, ON_A_BOARD, PARTLY, VERDICT_CODES, VERDICT_SAID
from exporter.expose.catalogue import FLEET_FAMILIES
from exporter.expose.verdicts import VERDICTS
from exporter.model.facts import Organization
from exporter.model.words import Verdict
from exporter.observe.fold import snapshot_of
from tests.knowledge import NOW
from tests.needs import program

COUNTED = {Verdict.STARTING, Verdict.XERO, Verdict.XERO_APP, Verdict.ALL_WELL}
"""Verdicts whose sentence on the exporter's page depends on counts that a board's words cannot hold."""


def told(verdict: Verdict, instance: str) -> dict[str, str]:
    """What a scrape of an exporter with this verdict has, by the catalogue: series -> value in promtool's notation."""
    [family] = [one for one in FLEET_FAMILIES if one.family.name == "xero_fleet_verdict"]
    snapshot = snapshot_of([Organization("org-1")], None, NOW)
    judged = replace(snapshot, judgement=replace(snapshot.judgement, verdict=verdict))
    return {
        f'xero_fleet_verdict{{job="xero", instance="{instance}", verdict="{labels[0]}"}}': f"{value:g}"
        for labels, value in family.samples(judged)
    }


def answers(
    folder: Path, cases: Iterable[tuple[str, Mapping[str, str], int | None]], query: str = VERDICT, *, at: str = "0s"
) -> None:
    """Lets promtool ask the panel's query of each case; fails with its answer. None: it has none."""
    tests = [
        {
            "name": name,
            "interval": "1m",
            "input_series": [{"series": series, "values": value} for series, value in told_by.items()],
            "promql_expr_test": [
                {
                    "expr": query.replace("$job", "xero"),
                    "eval_time": at,
                    "exp_samples": [] if code is None else [{"labels": "{}", "value": code}],
                }
            ],
        }
        for name, told_by, code in cases
    ]
    (folder / "tests.yml").write_text(yaml.safe_dump({"rule_files": [], "tests": tests}))
    command = [program("promtool"), "test", "rules", str(folder / "tests.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_verdict_has_its_number_and_nobody_has_one_of_its_own(tmp_path: Path) -> None:
    """As one exporter tells it; and when none answers, it is said that nobody sees."""
    cases = [(verdict.value, told(verdict, "a"), VERDICT_CODES[verdict]) for verdict in Verdict]
    answers(
        tmp_path,
        [
            *cases,
            ("nobody", {}, NOBODY),
            ("elsewhere", {'xero_fleet_verdict{job="other", verdict="xero"}': "1"}, NOBODY),
        ],
    )
    assert len({*VERDICT_CODES.values(), NOBODY, PARTLY}) == len(Verdict) + 2


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        (Verdict.ALL_WELL, Verdict.XERO, Verdict.XERO),
        (Verdict.CUSTOMERS, Verdict.PLATFORM_API, Verdict.PLATFORM_API),
        (Verdict.STARTING, Verdict.PLATFORM_CREDENTIAL, Verdict.PLATFORM_CREDENTIAL),
        (Verdict.STARTING, Verdict.CUSTOMERS, Verdict.CUSTOMERS),
        (Verdict.STARTING, Verdict.ALL_WELL, Verdict.STARTING),
        (Verdict.ALL_WELL, Verdict.ALL_WELL, Verdict.ALL_WELL),
    ],
)
def test_of_several_exporters_the_worst_verdict_is_shown(
    one: Verdict, other: Verdict, shown: Verdict, tmp_path: Path
) -> None:
    """And all is well only once all of them have said so."""
    both = {**told(one, "a"), **told(other, "b")}
    answers(tmp_path, [("both", both, VERDICT_CODES[shown])])


@pytest.mark.parametrize(
    ("seen", "shown"),
    [
        (Verdict.ALL_WELL, PARTLY),
        (Verdict.STARTING, PARTLY),
        (Verdict.CUSTOMERS, PARTLY),
        (Verdict.INCIDENT, VERDICT_CODES[Verdict.INCIDENT]),
        (Verdict.XERO, VERDICT_CODES[Verdict.XERO]),
        (Verdict.PLATFORM_API, VERDICT_CODES[Verdict.PLATFORM_API]),
    ],
)
def test_beside_one_that_is_down_nobody_says_that_the_others_are_well(
    seen: Verdict, shown: int, tmp_path: Path
) -> None:
    """What is worse than not to see them is still said; one that is down in another job changes nothing."""
    up = {'up{job="xero", instance="a"}': "1", 'up{job="xero", instance="b"}': "0"}
    elsewhere = {'up{job="xero", instance="a"}': "1", 'up{job="other", instance="b"}': "0"}
    answers(
        tmp_path,
        [
            ("one is down", told(seen, "a") | up, shown),
            ("all are up", told(seen, "a") | elsewhere, VERDICT_CODES[seen]),
            ("all are down", {'up{job="xero", instance="a"}': "0"}, NOBODY),
        ],
    )


def test_of_two_exporters_of_the_same_organisations_each_counts_once(tmp_path: Path) -> None:
    """A pair is no fleet of twice the size: never more than all have an issue."""
    series = {
        f'xero_issue{{job="xero", instance="{instance}", organization_id="org-{number}", issue="{issue}"}}': "1"
        for instance in ("a", "b")
        for number, issue in ((1, "contacts_failing"), (1, "invoices_failing"), (2, "sync_stale"))
    }
    answers(tmp_path, [("a pair", series, 2)], WITH_ISSUE)


def test_that_nothing_fires_is_said_only_where_rules_run(tmp_path: Path) -> None:
    """Without them nobody knows: no green 0."""
    watchdog = {f'ALERTS{{alertname="{WATCHDOG}", alertstate="firing", severity="none"}}': "1"}
    page = {'ALERTS{job="xero", alertname="XeroOutage", alertstate="firing", severity="critical"}': "1"}
    answers(
        tmp_path,
        [("no rules", {}, None), ("all is quiet", watchdog, 0), ("a page", watchdog | page, 1)],
        firing("critical"),
    )


def test_the_panels_say_of_each_number_what_the_exporter_says_of_the_verdict() -> None:
    """In the committed JSON: a word of its own, and the sentences that the pages and commands show."""
    board = json.loads((Path(__file__).parents[2] / "dashboards/json/xero-fleet.json").read_text())
    short, meaning, *_ = board["panels"]
    assert [panel["targets"][0]["expr"] for panel in (short, meaning)] == [VERDICT, SENTENCES]
    words = short["fieldConfig"]["defaults"]["mappings"][0]["options"]
    assert {int(code): shown["text"] for code, shown in words.items()} == {
        code: said.text for code, said in VERDICT_SAID.items()
    }
    [sentences] = [
        one["value"][0]["options"]
        for override in meaning["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "mappings"
    ]
    assert {int(code): shown["text"] for code, shown in sentences.items()} == {
        code: said.text for code, said in MEANING.items()
    }
    for verdict, code in VERDICT_CODES.items():
        assert sentences[str(code)]["text"] == ON_A_BOARD[verdict].sentence
        assert sentences[str(code + DO_FIRST)]["text"] == ON_A_BOARD[verdict].do_first
        if verdict not in COUNTED:
            assert ON_A_BOARD[verdict] == VERDICTS[verdict]


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.STARTING, ("not everybody was asked", "nobody is listed", "nobody can tell", "may be one incident")),
        (Verdict.ALL_WELL, ("of which there is fresh data", "not fresh")),
        (Verdict.XERO, ("as far as is known",)),
        (Verdict.XERO_APP, ("of the platform's app, or those of xero.app",)),
    ],
)
def test_where_the_exporters_page_counts_the_board_names_every_case(verdict: Verdict, words: tuple[str, ...]) -> None:
    """What it says is true of each of them."""
    assert all(word in ON_A_BOARD[verdict].sentence for word in words)
