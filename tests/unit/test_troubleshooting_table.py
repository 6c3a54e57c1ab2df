"""The platform's own troubleshooting page: each line has a row, and each row is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.expose.reference import all_families
from exporter.expose.troubleshooting.line import Kind, Line
from exporter.expose.troubleshooting.reference import PAGE, MissingSentenceError, acts, told, troubleshooting_reference
from exporter.model.words import Issue, Reason
from exporter.observe.reasons import REASONS
from exporter.observe.recognise import recognise

SOURCE = (Path(__file__).parent.parent / "data" / "xero-troubleshooting.txt").read_text()
NAMES = {family.name for family in all_families()}

HEADINGS = {
    "Xero Troubleshooting",
    "Diagnose and resolve Xero accounting integration issues",
    "Platform administrators can diagnose and assist with Xero integration issues.",
    "Common Issues",
    "Authentication & Connection",
    "Symptoms:",
    "Resolution:",
    "Sync Issues",
    "Common causes:",
    "Troubleshooting:",
    "Diagnostic Endpoints",
    "Escalation",
    "For issues requiring Xero support:",
}
"""Lines of the page that only lead to others."""


def lines_of_the_page() -> list[str]:
    """The lines that say something, without the examples of requests and answers."""
    found, example = [], False
    for raw in SOURCE.splitlines():
        line = raw.removeprefix("- ").strip()
        if line.startswith(("GET ", "POST ")):
            example = True
        elif line in {"Retry Failed Syncs", "Force Full Resync", "Escalation"}:
            example = False
        if line and not example and line not in HEADINGS:
            found.append(line)
    return found


def test_each_line_of_the_page_has_one_row_in_its_order() -> None:
    """Nothing is left out, nothing is made up."""
    assert [line.text for line in PAGE] == lines_of_the_page()


@pytest.mark.parametrize("line", PAGE, ids=lambda line: line.text)
def test_a_row_names_only_what_there_is_and_quotes_what_the_program_says(line: Line) -> None:
    """Families of the catalogue, and sentences of the tables; and it says how and whether it may act."""
    assert set(line.metrics) <= NAMES
    assert all(sentence.endswith((".", ":")) for sentence in told(line))
    assert line.detected.endswith(".")
    assert acts(line)
    assert line.told or line.kind in {Kind.ENDPOINT, Kind.ESCALATION}


@pytest.mark.parametrize("line", [line for line in PAGE if line.sample], ids=lambda line: line.text)
def test_the_sample_of_a_row_leads_to_its_reason(line: Line) -> None:
    """As the platform, or Xero through it, would write it."""
    assert recognise("sync", line.sample).reason is line.reasons[0]


def test_each_cause_of_the_page_has_a_sample() -> None:
    """A cause that no text shows would be a promise."""
    assert [line.text for line in PAGE if line.kind is Kind.CAUSE and not line.sample] == []


@pytest.mark.parametrize("line", [line for line in PAGE if line.kind is Kind.CAUSE], ids=lambda line: line.text)
def test_no_cause_of_the_page_is_one_that_a_retry_cures(line: Line) -> None:
    """Each waits for a person; the table must not promise otherwise."""
    assert not any(REASONS[reason].retry_helps for reason in line.reasons)
    assert acts(line) == "no: the same request would fail again"


def test_the_page_covers_every_issue() -> None:
    """What the program can call an issue, the page has a class, a symptom or a check for."""
    assert {issue for line in PAGE for issue in line.issues} == set(Issue)


def test_a_sentence_that_nobody_says_is_found_out() -> None:
    """The quotes cannot drift from the tables."""
    line = Line("x", "y", Kind.CHECK, "z.", reasons=(Reason.CURRENCY,), told=("words that nobody says",))
    with pytest.raises(MissingSentenceError):
        told(line)


def test_the_reference_has_a_row_for_each_line() -> None:
    """And a table under each heading."""
    text = troubleshooting_reference()
    assert text.count("\n| ") == len(PAGE) + 2 * len({line.heading for line in PAGE})
