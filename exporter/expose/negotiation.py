"""What a caller wants of the page, by its headers: the format, and whether compressed. There always is an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from exporter.expose.exposition import Encoding, Format

_QVALUE: Final = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
_TEXT_RANGES: Final = ("text/plain", "text/*", "*/*")
_GZIP_RANGES: Final = ("gzip", "x-gzip", "*")
_JSON_RANGES: Final = ("application/json", "application/*", "*/*")
_IDENTITY_RANGES: Final = ("identity", "*")


def format_for(accept: str | None) -> Format:
    """The format to answer with, by the Accept header (RFC 9110, sections 12.4.2 and 12.5.1).

    OpenMetrics when it is asked for by name, in version 1.0.0 or in none, and not less than text; else text, also
    for a header that makes no sense and one that wants neither.
    """
    openmetrics = 0.0
    text: dict[str, float] = {}
    for name, given in _preferences(accept):
        quality = _quality(given)
        if name == "application/openmetrics-text" and given.get("version", "1.0.0") == "1.0.0":
            openmetrics = max(openmetrics, quality)
        elif name in _TEXT_RANGES:
            text[name] = max(text.get(name, 0.0), quality)
    # The most specific range that matches text says what text is worth.
    worth_of_text = next((text[name] for name in _TEXT_RANGES if name in text), 0.0)
    return Format.OPENMETRICS if openmetrics > 0 and openmetrics >= worth_of_text else Format.TEXT


def encoding_for(accept_encoding: str | None) -> Encoding:
    """The encoding to answer with, by the Accept-Encoding header (RFC 9110, section 12.5.3).

    Gzip when it is wanted, by its name or by ``*``, and not less than identity; else identity, also for no header, one
    that makes no sense, and one that refuses both.
    """
    worth: dict[str, float] = {}
    for name, given in _preferences(accept_encoding):
        worth[name] = max(worth.get(name, 0.0), _quality(given))
    gzip = next((worth[name] for name in _GZIP_RANGES if name in worth), 0.0)
    identity = next((worth[name] for name in _IDENTITY_RANGES if name in worth), 0.0)
    return Encoding.GZIP if gzip > 0 and gzip >= identity else Encoding.IDENTITY


def wants_markdown(accept: str | None) -> bool:
    """Whether Markdown is to be answered rather than JSON: only where it is asked for by name, and more."""
    worth: dict[str, float] = {}
    for name, given in _preferences(accept):
        worth[name] = max(worth.get(name, 0.0), _quality(given))
    json = next((worth[name] for name in _JSON_RANGES if name in worth), 0.0)
    return worth.get("text/markdown", 0.0) > json


def _preferences(header: str | None) -> Iterator[tuple[str, dict[str, str]]]:
    # Splitting at every comma and semicolon would tear quoted parameters that hold one; no parameter of what is
    # offered here does.
    for preference in (header or "").split(","):
        name, *parameters = (part.strip().lower() for part in preference.split(";"))
        yield name, dict(_parameter(parameter) for parameter in parameters)


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip().strip('"')


def _quality(given: dict[str, str]) -> float:
    text = given.get("q", "1")
    return float(text) if _QVALUE.fullmatch(text) else 0.0
