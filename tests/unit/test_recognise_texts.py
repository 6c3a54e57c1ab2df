"""Real error texts get their reason, and keep it however programs on the way dress them up."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from exporter.model.words import Reason
from exporter.observe.recognise import recognise

DATA: Final = Path(__file__).parent.parent / "data"


def entries(name: str) -> list[tuple[str, Reason]]:
    """The texts of a file, each with its reason."""
    document = json.loads((DATA / name).read_text(encoding="utf-8"))
    return [(entry["text"], Reason(entry["reason"])) for entry in document["entries"]]


GIVEN: Final = entries("xero-error-texts.json")
MORE: Final = entries("xero-error-texts-more.json")


@pytest.mark.parametrize(("text", "reason"), GIVEN)
def test_each_given_text_gets_its_reason(text: str, reason: Reason) -> None:
    """All of them, whatever the type says."""
    assert recognise(None, text).reason is reason
    assert recognise("sync_error", text).reason is reason


@pytest.mark.parametrize(("text", "reason"), MORE)
def test_each_gathered_text_gets_its_reason(text: str, reason: Reason) -> None:
    """Those that people report in public."""
    assert recognise(None, text).reason is reason


def test_the_gathered_texts_are_many_and_no_repetitions() -> None:
    """At least 150 beyond the given ones."""
    texts = {text for text, _ in MORE}
    assert len(texts) == len(MORE)
    assert len(texts - {text for text, _ in GIVEN}) >= 150


QUOTES: Final = ("\u2019", "\u2018", "`", "\u201c", "\u201d")
"""Typographic ones, as Xero writes some."""


def _quotes(text: str, rng: random.Random) -> str:
    for quote in ("''", "'", '"', *QUOTES):
        text = text.replace(quote, "\0")
    return text.replace("\0", rng.choice(["'", '"', "''", "", *QUOTES]))


def _spaced(text: str, rng: random.Random) -> str:
    return rng.choice(["  ", "\n", "\r\n", "\t", " \n "]).join(text.split(" "))


def _spelled(text: str, rng: random.Random) -> str:
    pairs = [("rganisation", "rganization"), ("uthorised", "uthorized"), ("ecognised", "ecognized")]
    rng.shuffle(pairs)
    for british, american in pairs:
        text = text.replace(british, american) if british in text else text.replace(american, british)
    return text


def _without_stop(text: str, rng: random.Random) -> str:
    return text.rstrip(".!") + rng.choice(["", " ", "...", "!"])


PREFIXES: Final = (
    "Error: ",
    "XERO API Exception Detected #1: ",
    "400 Bad Request: ",
    "xero-node: ",
    "Sync failed - ",
    "ValidationException: A validation exception occurred: ",
    "[Xero] ",
    "Failed to save record 17: ",
)


def _prefixed(text: str, rng: random.Random) -> str:
    return rng.choice(PREFIXES) + text


def _joined(text: str, rng: random.Random) -> str:
    return rng.choice(
        [
            f"A validation exception occurred #1: {text} #2: An error occurred in Xero.",
            f"#1: {text} #2: {text}",
            f"Validation Error ({text}, {text})",
            f"{text}\nA validation exception occurred",
        ]
    )


def _json(text: str, rng: random.Random) -> str:
    envelope = {
        "ErrorNumber": 10,
        "Type": "ValidationException",
        "Message": "A validation exception occurred",
        "Elements": [{"Name": "Jo Tern", "ValidationErrors": [{"Message": text}], "Warnings": []}],
    }
    written = json.dumps(envelope, ensure_ascii=rng.random() < 0.5)
    return rng.choice([written, written.lower(), f"400 Bad Request: {written}", json.dumps(written), written[:-4]])


def _repr(text: str, rng: random.Random) -> str:
    return rng.choice([f"XeroException({text!r})", repr({"Message": text}), f"b{text!r}"])


def _xml(text: str, rng: random.Random) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;")
    begin = rng.choice(["<ApiException>", '<?xml version="1.0" encoding="utf-8"?>\n<ApiException xmlns:i="http://x">'])
    return (
        f"{begin}<ErrorNumber>10</ErrorNumber><Message>A validation exception occurred</Message><Elements>"
        f"<ValidationErrors><ValidationError><Message>{escaped}</Message></ValidationError></ValidationErrors>"
        "</Elements></ApiException>"
    )


def _upper(text: str, _: random.Random) -> str:
    return text.upper()


DRESSES: Final[tuple[Callable[[str, random.Random], str], ...]] = (
    _quotes, _spaced, _spelled, _without_stop, _prefixed, _upper, _joined, _json, _repr, _xml,
)  # fmt: skip


def _plain(text: str) -> bool:
    return not text.startswith(("{", "<")) and "\n" not in text


def test_variants_of_the_given_texts_keep_their_reason() -> None:
    """300 of them, one to three dresses each; seeded, so that a failure comes back."""
    rng = random.Random(20_240_501)  # noqa: S311 - no secret
    plain = [entry for entry in GIVEN if _plain(entry[0])]
    lost = []
    for _ in range(300):
        text, reason = rng.choice(plain)
        dressed = text
        for dress in sorted(rng.sample(DRESSES, rng.randint(1, 3)), key=DRESSES.index):
            dressed = dress(dressed, rng)
        if reason is Reason.UNSPECIFIED and "An error occurred in Xero" in dressed:
            continue  # a cause beside it, if a poor one
        if recognise(None, dressed).reason is not reason:
            lost.append((reason, recognise(None, dressed).reason, dressed))
    assert lost == []


def test_answers_with_an_envelope_of_their_own_keep_their_reason_in_another() -> None:
    """A JSON body inside a prefix, inside a string, with spaces in it, with keys in lower case."""
    for text, reason in GIVEN:
        if text.startswith("{"):
            lowered = json.dumps({key.lower(): value for key, value in json.loads(text).items()})
            for dressed in (
                f"[401] Client error: {text}",
                json.dumps(text),
                json.dumps(json.loads(text), indent=2),
                lowered,
            ):
                assert recognise(None, dressed).reason is reason, dressed
