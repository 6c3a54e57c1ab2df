"""Every reason has a row that says what it means, and the tables are what they should be."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from exporter.model.words import Owner, Reason, SyncType
from exporter.observe.reasons import RANKING, REASONS, Link, Row
from exporter.observe.reasons.normal import words_of
from exporter.observe.reasons.pattern import Pattern
from exporter.observe.reasons.reference import reasons_reference
from exporter.observe.reasons.tree import PhraseTree
from exporter.observe.reasons.vocabulary import CHOICES

ROWS: Final = list(REASONS.values())


def test_the_table_and_the_ranking_are_complete() -> None:
    """Each reason once."""
    assert list(REASONS) == list(Reason)
    assert all(row.reason is reason for reason, row in REASONS.items())
    assert sorted(RANKING) == sorted(Reason)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.reason)
def test_each_row_says_why_what_to_do_and_who(row: Row) -> None:
    """In sentences; what cannot be recognised is only what nobody said."""
    assert row.cause.endswith(".")
    assert ". " not in row.cause
    assert len(row.steps) >= 2
    assert all(step.text.endswith((".", "?")) for step in row.steps)
    assert row.owner in Owner
    assert row.sync_types
    assert list(row.sync_types) == [one for one in SyncType if one in row.sync_types]
    assert row.patterns or row.loose or row.reason is Reason.UNKNOWN


def test_retry_helps_only_where_time_or_a_refresh_heals() -> None:
    """Everything else burns the customer's daily quota."""
    helps = {row.reason for row in ROWS if row.retry_helps}
    assert helps == {Reason.TOKEN_EXPIRED, Reason.RATE_LIMITED, Reason.XERO_UNAVAILABLE, Reason.NETWORK}


def test_the_first_step_of_most_cures_is_a_page_of_the_platform() -> None:
    """So that a person can begin with a click."""
    firsts = [row.steps[0].link for row in ROWS]
    assert sum(link in {Link.INTEGRATION_SETTINGS, Link.CLIENT_PORTAL} for link in firsts) > len(firsts) / 2


def test_every_pattern_stands_once_and_is_found_in_its_own_words() -> None:
    """With each variable part filled in; a pattern that cannot match is a mistake."""
    seen: set[str] = set()
    for row in ROWS:
        for source in (*row.patterns, *row.loose):
            assert source not in seen, source
            seen.add(source)
            tree = PhraseTree()
            pattern = Pattern(source, tree)
            phrases = tree.phrases()
            words = [word for element in pattern.elements for word in phrases[min(element)]]
            assert list(pattern.find(tree.walk(words))), source


def test_every_named_choice_is_used() -> None:
    """And says each way once."""
    written = " ".join(pattern for row in ROWS for pattern in (*row.patterns, *row.loose))
    for name, ways in CHOICES.items():
        assert f"<{name}>" in written
        assert len(set(ways)) == len(ways)


@pytest.mark.parametrize("source", ["{name}", "...", "a {nonsense} b", "a <NONSENSE> b", "# !", "(|)"])
def test_a_pattern_that_cannot_work_is_refused(source: str) -> None:
    """When the tables are read, so at the first test."""
    with pytest.raises(ValueError, match=r".+"):
        Pattern(source, PhraseTree())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("You’ve EXCEEDED the limit!", b"you ve exceeded the limit"),  # noqa: RUF001 - as Xero writes it
        ("code ''476''", b"code 476"),
        ("unauthorized_client", b"unauthorised client"),
        ("Organization\r\n\tis  offline", b"organisation is offline"),
        ("Duplicаte", b"duplic te"),  # noqa: RUF001 - a Cyrillic letter
        ("", b""),
    ],
)
def test_the_normal_form_has_words_only(text: str, words: bytes) -> None:
    """Of British spelling, in lower case."""
    assert b" ".join(words_of(text)) == words


def test_the_reference_has_a_section_for_each_reason_and_is_the_file_in_docs() -> None:
    """With its cause and all of its steps."""
    text = reasons_reference()
    for row in ROWS:
        section = text.split(f"\n## {row.reason}\n")[1].split("\n## ")[0]
        assert row.cause in section
        assert all(step.text in section for step in row.steps)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert (Path(__file__).parents[2] / "docs" / "reasons.md").read_text(encoding="utf-8") == text
