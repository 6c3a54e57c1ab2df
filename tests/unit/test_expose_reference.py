"""The generated reference holds every family once, as a table that Markdown can show."""

from __future__ import annotations

from exporter.expose.reference import all_families, metrics_reference
from exporter.model.words import (
    Failure,
    Freshness,
    IncidentKind,
    Issue,
    Reason,
    ServiceStatus,
    SyncStatus,
    SyncType,
    Verdict,
)

LINES = metrics_reference().splitlines()


def test_every_family_has_exactly_one_row() -> None:
    """With its type, meaning and stability."""
    for family in all_families():
        rows = [line for line in LINES if line.startswith(f"| `{family.name}` |")]
        assert len(rows) == 1, family.name
        assert f"| {family.kind} |" in rows[0]
        assert family.help in rows[0]
        assert rows[0].endswith(f"| {family.stability} |")


def test_every_row_has_as_many_cells_as_the_head() -> None:
    """A cell with a bar in it would shift the others."""
    rows = [line for line in LINES if line.startswith("|")]
    assert len(rows) == len(all_families()) + 3 * 2
    assert {line.replace(r"\|", "").count("|") for line in rows} == {8}


def test_closed_lists_are_written_out() -> None:
    """A user finds each value a label can have."""
    text = metrics_reference()
    lists = (Failure, Freshness, SyncStatus, SyncType, Reason, Issue, IncidentKind, Verdict, ServiceStatus)
    for word in (word for words in lists for word in words):
        assert f"`{word}`" in text


def test_it_says_what_an_organisation_costs() -> None:
    """Counted on organisations of which everything is known."""
    assert (
        "15 series for an organisation with which nothing is wrong, 14 without `xero.app`; 1 more while readings fail, "
        "2 more for each issue, and 1 for each kind of recent error, of which there are 10 at most."
    ) in LINES


def test_it_ends_with_one_newline_and_is_the_same_each_time() -> None:
    """So that the file in docs/ can be compared with it."""
    text = metrics_reference()
    assert text.endswith("|\n")
    assert "\n\n\n" not in text
    assert text == metrics_reference()
