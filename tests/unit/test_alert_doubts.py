"""The rules hold a ticket by the very doubts that the exporter has about its issue."""

from __future__ import annotations

from alerts.organizations import HELD_BY
from exporter.model.judgement import DOUBTED
from exporter.model.words import Issue


def test_a_ticket_is_held_by_what_leaves_its_issue_open() -> None:
    """Written twice, as the rules follow what is promised and not the code."""
    assert {issue: set(doubts) for issue, doubts in HELD_BY.items()} == {
        issue: {doubt for doubt, issues in DOUBTED.items() if issue in issues} for issue in Issue
    }
