"""The table of issues: complete, in whole sentences, and nobody's name in it."""

from __future__ import annotations

import pytest

from exporter.model.judgement import CONNECTION_ISSUES, Because
from exporter.model.words import Failure, Issue, Owner
from exporter.observe.issues import EVIDENCE, FAILURES, ISSUES, OPPOSITE
from exporter.observe.reasons import Link


@pytest.mark.parametrize("issue", Issue)
def test_every_issue_has_a_sentence_and_steps(issue: Issue) -> None:
    """Whole sentences, each step once."""
    row = ISSUES[issue]
    texts = [task.step.text for task in row.tasks]
    assert row.sentence.endswith(".")
    assert texts
    assert len(set(texts)) == len(texts)
    assert all(text.endswith(".") and text[0].isupper() for text in texts)


@pytest.mark.parametrize("issue", CONNECTION_ISSUES)
def test_a_connection_is_mended_on_a_page(issue: Issue) -> None:
    """Somebody must connect or authorise again, and is led there."""
    assert any(task.step.link in {Link.CLIENT_PORTAL, Link.INTEGRATION_SETTINGS} for task in ISSUES[issue].tasks)


@pytest.mark.parametrize("because", Because)
def test_whatever_an_issue_was_concluded_from_can_be_said(because: Because) -> None:
    """In words that follow "because", without a full stop."""
    assert EVIDENCE[because]
    assert not EVIDENCE[because].endswith(".")


@pytest.mark.parametrize("failure", Failure)
def test_every_failure_to_read_is_explained(failure: Failure) -> None:
    """Why, and what the platform's people do: a reading that fails is never the customer's to mend."""
    row = FAILURES[failure]
    assert row.why
    assert not row.why.endswith(".")
    assert row.task.owner is Owner.PLATFORM
    assert row.task.step.text.endswith(".")


def test_the_opposite_names_who_comes_first() -> None:
    """When Xero lists a tenant that the platform calls disconnected, the customer is not asked first."""
    assert "look at the platform first" in OPPOSITE
