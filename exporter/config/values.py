"""How a value is written: text in the configuration -> the value the program works with, and the rule in words.

Every parser refuses with a `SpellingError` that says what is wanted and never what was found.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import GetCoreSchemaHandler, SecretStr
from pydantic_core import CoreSchema, core_schema

from exporter.config.tree import Plain

TOKEN: Final = re.compile(rb"[\x21-\x7e]+")
"""What a token may hold: visible ASCII. Anything else would break, or split, the Authorization header."""

TOKEN_RULE: Final = "must be visible ASCII without spaces (it becomes an HTTP header)"  # noqa: S105 - a rule, no token

MAX_TEXT: Final = 4096
"""Characters of a path or an expression."""

MAX_TOKEN_SIZE: Final = 16 * 1024
"""Bytes; header lines beyond that are refused by most servers."""

_UNITS_MS: Final = {
    "y": 31_536_000_000,
    "w": 604_800_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
_DURATION: Final = re.compile("".join(rf"(?:([0-9]{{1,9}}){unit})?" for unit in _UNITS_MS))
_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL: Final = re.compile(r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,9})?")

_Word = TypeVar("_Word", bound=StrEnum)


class SpellingError(ValueError):
    """What the value must look like: a predicate for people such as ``must be true or false``, without the value."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """Annotates a field of the schema with its parser.

    Attributes:
        words: what the value is, for the reference: ``duration from 1s to 1h``.
        parse: the written value -> the value; raises SpellingError.
        show: a value -> how it is written, for defaults in the reference.
    """

    words: str
    parse: Callable[[object], object]
    show: Callable[[Any], str] = str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The parser is the whole validation: what it returns has the annotated type."""
        return core_schema.no_info_plain_validator_function(self.parse)


def text(value: object) -> str:
    """Any text, as it was written: quotes or not, ``no``, ``0123`` and ``2024-01-01`` are the text they show."""
    if value is None:
        raise SpellingError("must not be null; leave the key out to have its default")
    if not isinstance(value, str):
        raise SpellingError("must be text; put it in quotes")
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate: bytes of the environment that are no UTF-8, or half of a JSON escape
        raise SpellingError("must be valid Unicode text") from None
    return str(value)


def limited(most: int) -> Spelling:
    """Text of at most `most` characters."""

    def parse(value: object) -> str:
        written = text(value)
        if len(written) > most:
            raise SpellingError(f"must be at most {most} characters long")
        return written

    return Spelling(f"text of at most {most} characters", parse)


def matching(pattern: re.Pattern[str], rule: str) -> Spelling:
    """Text that matches `pattern` as a whole; `rule` is the pattern in words."""

    def parse(value: object) -> str:
        written = text(value)
        if not pattern.fullmatch(written):
            raise SpellingError(f"must be {rule}")
        return written

    return Spelling(rule, parse)


def one_of(words: type[_Word]) -> Spelling:
    """One of the words of a closed list."""
    rule = " or ".join(words) if len(words) < 3 else f"{', '.join([*words][:-1])} or {[*words][-1]}"  # noqa: PLR2004 - a, b or c

    def parse(value: object) -> _Word:
        written = text(value)
        if written not in list(words):
            raise SpellingError(f"must be {rule}")
        return words(written)

    return Spelling(rule, parse)


def duration(least: str = "1ms", most: str = "100y") -> Spelling:
    """Seconds, written as Prometheus writes durations: ``500ms``, ``30s``, ``1h30m``, ``7d``."""
    rule = f"duration from {least} to {most}"

    def parse(value: object) -> float:
        seconds = seconds_of(text(value))
        if not seconds_of(least) <= seconds <= seconds_of(most):
            raise SpellingError(f"must be a {rule}")
        return seconds

    return Spelling(rule, parse, _as_written)


def _as_written(seconds: float) -> str:
    """As a person writes it, and as it can be read again: 90d, 26h, 15m, 10s, 500ms."""
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:g}ms"


def seconds_of(written: str) -> float:
    """Seconds of a duration; a year has 365 days, as in Prometheus. Raises SpellingError."""
    match = _DURATION.fullmatch(written)
    if match is None or not written:
        raise SpellingError("must be a duration such as 30s, 5m or 1h30m")
    parts = zip(match.groups(), _UNITS_MS.values(), strict=True)
    return sum(int(count) * unit for count, unit in parts if count) / 1000


def whole(least: int, most: int) -> Spelling:
    """A whole number in a range. No octal, no exponent, no quotes."""
    rule = f"whole number from {least} to {most}"

    def parse(value: object) -> int:
        number = value if type(value) is int else int(_unquoted(value, _WHOLE, f"a {rule}"))
        if not least <= number <= most:
            raise SpellingError(f"must be a {rule}")
        return number

    return Spelling(rule, parse)


def positive(most: int) -> Spelling:
    """A number above 0. No exponent, no quotes."""
    rule = f"number above 0, at most {most}"

    def parse(value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            number = float(value)
        else:
            number = float(_unquoted(value, _DECIMAL, f"a {rule}"))
        if not 0 < number <= most:
            raise SpellingError(f"must be a {rule}")
        return number

    return Spelling(rule, parse, lambda number: f"{number:g}")


def _truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    return _unquoted(value, re.compile("true|false"), "true or false") == "true"


def _unquoted(value: object, pattern: re.Pattern[str], rule: str) -> str:
    if isinstance(value, Plain) and pattern.fullmatch(value):
        return str(value)
    raise SpellingError(f"must be {rule}, without quotes" if isinstance(value, str) else f"must be {rule}")


def _path(value: object) -> Path:
    written = text(value)
    if not written.strip() or "\0" in written or len(written) > MAX_TEXT:
        raise SpellingError("must be the path of a file")
    return Path(written)


def _secret(value: object) -> SecretStr:
    if isinstance(value, SecretStr):
        return value
    written = text(value)
    if not written:
        raise SpellingError("must not be empty")
    if not TOKEN.fullmatch(written.encode()) or len(written) > MAX_TOKEN_SIZE:
        raise SpellingError(TOKEN_RULE)
    return SecretStr(written)


TRUTH: Final = Spelling("true or false", _truth, lambda value: str(value).lower())
PATH: Final = Spelling("path", _path)
SECRET: Final = Spelling("text", _secret)
