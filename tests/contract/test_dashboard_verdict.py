"""The first panel of the Fleet dashboard tells the verdicts apart, as Prometheus itself computes them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from dashboards.fleet import SENTENCES, VERDICT
from dashboards.words import DO_FIRST, MEANING, NOBODY, VERDICT_CODES, VERDICT_SAID
from exporter.expose.catalogue import FLEET_FAMILIES
from exporter.expose.verdicts import VERDICTS
from exporter.model.facts import Organization
from exporter.model.words import Verdict
from exporter.observe.fold import snapshot_of
from tests.knowledge import NOW
from tests.needs import program


def told(verdict: Verdict, instance: str) -> dict[str, str]:
    """What a scrape of an exporter with this verdict has, by the catalogue: series -> value in promtool's notation."""
    [family] = [one for one in FLEET_FAMILIES if one.family.name == "xero_fleet_verdict"]
    snapshot = snapshot_of([Organization("org-1")], None, NOW)
    judged = replace(snapshot, judgement=replace(snapshot.judgement, verdict=verdict))
    return {
        f'xero_fleet_verdict{{job="xero", instance="{instance}", verdict="{labels[0]}"}}': f"{value:g}"
        for labels, value in family.samples(judged)
    }


def answers(folder: Path, cases: Iterable[tuple[str, Mapping[str, str], int]]) -> None:
    """Lets promtool ask the panel's query of each case; fails with its answer."""
    tests = [
        {
            "name": name,
            "interval": "1m",
            "input_series": [{"series": series, "values": value} for series, value in told_by.items()],
            "promql_expr_test": [
                {
                    "expr": VERDICT.replace("$job", "xero"),
                    "eval_time": "0s",
                    "exp_samples": [{"labels": "{}", "value": code}],
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
    assert len({*VERDICT_CODES.values(), NOBODY}) == len(Verdict) + 1


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
        assert sentences[str(code)]["text"] == VERDICTS[verdict].sentence
        assert sentences[str(code + DO_FIRST)]["text"] == VERDICTS[verdict].do_first
