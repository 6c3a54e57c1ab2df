"""Points in time as others write them, in HTTP headers and in JSON, as seconds since 1970 UTC.

Reckoned with whole days and seconds, never with `datetime.timestamp`: year 1 and year 9999 work, on every platform
and in every time zone of this machine.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final

_EPOCH: Final = date(1970, 1, 1).toordinal()
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HTTP_DATE: Final = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?P<day>[0-9]{2}) (?P<month>[A-Z][a-z]{2}) (?P<year>[0-9]{4}) "
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2}) GMT"
)
# Tolerant where writers differ: seconds are left out by Java when they are zero, RFC 3339 (5.6) allows lower case and
# a space, ISO 8601 a comma and offsets without colon. What is left out of the zone means UTC, as Xero's own API has it.
_TIMESTAMP: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
    r"(?:[Zz]|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)
_MAX_FRACTION: Final = 9  # digits; a float of today holds no more than 7


@lru_cache(maxsize=8)  # a Date header is the same for a whole second, so for some 200 answers
def http_date(text: str) -> float | None:
    """The time in an HTTP header such as Date, as IMF-fixdate (RFC 9110, 5.6.7); None when it is anything else.

    The two obsolete forms are not read: nobody has been allowed to write them since 1999.
    """
    match = _HTTP_DATE.fullmatch(text)
    if match is None:
        return None
    try:
        day = (int(match["year"]), _MONTHS.index(match["month"]) + 1, int(match["day"]))
        return float(_seconds(day, int(match["hour"]), int(match["minute"]), int(match["second"])))
    except ValueError:
        return None


def timestamp(text: str) -> float:
    """The time in a JSON string: RFC 3339, or ISO 8601 with a date and a time of day; without a zone it means UTC.

    Raises:
        ValueError: it is anything else, a date alone too. The message holds nothing of `text`.
    """
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise ValueError("not written as a date and time")
    year, month, day, hour, minute, second, fraction, sign, off_hours, off_minutes = match.groups()
    seconds = _seconds((int(year), int(month), int(day)), int(hour), int(minute), int(second or 0))
    if sign:
        offset = _offset(int(off_hours), int(off_minutes or 0))
        seconds += offset if sign == "-" else -offset
    return seconds + float(f"0.{fraction[:_MAX_FRACTION]}") if fraction else float(seconds)


def _seconds(day: tuple[int, int, int], hour: int, minute: int, second: int) -> int:
    # 60 is a leap second (RFC 3339, 5.7); it becomes the first second of the next minute.
    if hour > 23 or minute > 59 or second > 60:  # noqa: PLR2004 - the clock's own numbers
        raise ValueError("no such time of day")
    try:
        days = date(*day).toordinal() - _EPOCH
    except ValueError:
        raise ValueError("no such day") from None
    return days * 86_400 + hour * 3_600 + minute * 60 + second


def _offset(hours: int, minutes: int) -> int:
    if hours > 23 or minutes > 59:  # noqa: PLR2004 - the clock's own numbers
        raise ValueError("no such offset from UTC")
    return hours * 3_600 + minutes * 60
