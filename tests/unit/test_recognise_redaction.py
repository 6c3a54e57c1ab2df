"""Of a text only words of our own tables are shown, whatever stands in it and wherever."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model.words import Reason
from exporter.observe.reasons import REASONS
from exporter.observe.reasons.pattern import REACH
from exporter.observe.reasons.vocabulary import CHOICES
from exporter.observe.recognise import MAX_TEXT, recognise, redacted

DATA: Final = Path(__file__).parent.parent / "data"
TEXTS: Final = [
    entry["text"]
    for name in ("xero-error-texts.json", "xero-error-texts-more.json")
    for entry in json.loads((DATA / name).read_text(encoding="utf-8"))["entries"]
]

PERSONAL: Final = ("jo.tern@example.com", "Marlow Finch", "+44 20 7946 0958", "GB29NWBK60161331926819", "Zwyxvut")
"""What must not come out; no word of it is in the tables."""

PLACEHOLDER: Final = re.compile(r"\[redacted:(\w+)\]")

TABLE_WORDS: Final = frozenset(
    word
    for source in (
        *(pattern for row in REASONS.values() for pattern in (*row.patterns, *row.loose, *row.bare)),
        *(way for ways in CHOICES.values() for way in ways),
    )
    for word in re.split(r"[\s()|]+", source)
)


def assert_ours(shown: str | None) -> None:
    """Nothing but words of the tables and placeholders of known kinds."""
    if shown is None:
        return
    assert set(PLACEHOLDER.findall(shown)) <= REACH.keys()
    assert set(PLACEHOLDER.sub(" ", shown).split()) <= TABLE_WORDS


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Duplicate contact: jo.tern@example.com", "Duplicate contact [redacted:email]"),
        (
            "The contact name Marlow Finch is already assigned to another contact.",
            "The contact name [redacted:name] is already assigned to another contact",
        ),
        (
            "The TaxType code 'INPUT2' cannot be used with account code '310'.",
            "[redacted:text] TaxType code [redacted:code] cannot be used with account code [redacted:code]",
        ),
        ("Marlow Finch owes us: Invoice # must be unique.", "[redacted:text] Invoice must be unique"),
        ("A poem about the sea", None),
    ],
)
def test_fixed_words_stay_and_variable_parts_go(text: str, shown: str | None) -> None:
    """A text that no rule knows is withheld whole."""
    assert redacted(None, text) == shown


def test_of_joined_messages_each_recognised_part_is_shown() -> None:
    """What is between them is not."""
    text = "#1: Account code '600' is not a valid code for this document. Call Marlow. #2: Tax rate must be valid."
    assert redacted(None, text) == (
        "[redacted:text] Account code [redacted:code] is not a valid code for this document "
        "[redacted:text] Tax rate must be valid"
    )


@pytest.mark.parametrize("text", TEXTS)
def test_real_texts_show_only_our_words(text: str) -> None:
    """However they are wrapped."""
    assert_ours(redacted("invoice_sync", text))
    assert_ours(redacted(None, json.dumps({"Message": text})))


def test_personal_data_planted_anywhere_never_comes_out() -> None:
    """Between the words of every real text, before, behind, and within its words."""
    rng = random.Random(11)  # noqa: S311 - no secret
    for text in TEXTS:
        for secret in PERSONAL:
            words = text.split(" ")
            words.insert(rng.randint(0, len(words)), secret)
            at = rng.randint(0, len(text))
            for planted in (" ".join(words), f"{secret} {text}", f"{text} {secret}", text[:at] + secret + text[at:]):
                shown = redacted("contact_sync", planted)
                assert_ours(shown)
                assert not any(part in (shown or "") for part in secret.split())


LOOK_ALIKES: Final = {"a": "а", "e": "е", "o": "о", "c": "с", "p": "р", "i": "і"}  # noqa: RUF001 - Cyrillic


@pytest.mark.parametrize("letter", sorted(LOOK_ALIKES))
def test_look_alike_letters_pass_for_nothing(letter: str) -> None:
    """A text written with them is not recognised, and nothing of it comes out."""
    text = "Duplicate contact: jo".replace(letter, LOOK_ALIKES[letter])
    shown = redacted(None, text)
    if letter in "Duplicate contact":
        assert recognise(None, text).reason is Reason.UNKNOWN
        assert shown is None


fragments = st.sampled_from(
    [
        *TEXTS,
        *PERSONAL,
        "#1: ",
        "{",
        "}",
        '"Message": "',
        "<Message>",
        "</Message>",
        "&quot;",
        "\\u2019",
        "'",
        "''",
        "\x00",
    ]
)
anything = st.one_of(st.text(), st.lists(st.one_of(st.text(max_size=8), fragments), max_size=8).map("".join))


@given(
    kind=st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["contact_sync", "rate_limited"])), text=anything
)
def test_whatever_the_text_it_has_a_reason_and_shows_only_our_words(kind: str | None, text: str) -> None:
    """Never an exception, lone surrogates and broken notations included."""
    recognition = recognise(kind, text)
    assert recognition.reason in Reason
    assert_ours(recognition.shown)


@given(st.text(alphabet=st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF), max_size=20))
def test_lone_surrogates_do_no_harm(text: str) -> None:
    """JSON can carry them."""
    assert recognise(None, f"Duplicate contact: {text}").reason is Reason.DUPLICATE_CONTACT


def test_what_lies_beyond_the_bound_is_not_looked_at() -> None:
    """And so cannot come out either."""
    assert redacted(None, " " * MAX_TEXT + "Duplicate contact: jo") is None
    assert redacted(None, "x " * MAX_TEXT + "Duplicate contact: jo") is None
