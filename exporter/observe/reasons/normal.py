"""The normal form of a text: its words in lower case, British spelling, nothing between them.

Case, quotes of every kind, stops, brackets and line breaks tell no two errors apart, and texts on their way through
three programs lose or double them. What is not ASCII ends a word, so a look-alike letter never passes for the one it
looks like.
"""

from __future__ import annotations

from typing import Final

_KEPT: Final = b"abcdefghijklmnopqrstuvwxyz0123456789"
_APOSTROPHES: Final = b"'`"
"""Left out, not turned into a space: ``can't`` is one word, and so is ``''476''``."""
_TYPOGRAPHIC: Final = "\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}\N{ACUTE ACCENT}"

_TABLE: Final = bytes(
    lowered if lowered in _KEPT else ord(" ")
    for lowered in (ord(chr(code).lower()) if code < 128 else ord(" ") for code in range(256))  # noqa: PLR2004 - ASCII
)

_AMERICAN: Final = {
    b"organization": b"organisation",
    b"organizations": b"organisations",
    b"authorized": b"authorised",
    b"authorization": b"authorisation",
    b"authorize": b"authorise",
    b"unauthorized": b"unauthorised",
    b"reauthorize": b"reauthorise",
    b"reauthorization": b"reauthorisation",
    b"authorizationunsuccessful": b"authorisationunsuccessful",
    b"recognized": b"recognised",
    b"unrecognized": b"unrecognised",
    b"finalized": b"finalised",
    b"initialized": b"initialised",
    b"synchronized": b"synchronised",
    b"utilized": b"utilised",
}


def words_of(text: str) -> list[bytes]:
    """The words of `text` in normal form. Linear, whatever the text."""
    if not text.isascii():
        for quote in _TYPOGRAPHIC:
            text = text.replace(quote, "")
    raw = text.encode("ascii", "replace")
    words = raw.translate(_TABLE, _APOSTROPHES).split()
    if b"z" in raw or b"Z" in raw:  # all American spellings that matter have one
        return [_AMERICAN.get(word, word) for word in words]
    return words
