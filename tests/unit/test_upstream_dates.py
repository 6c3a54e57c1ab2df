"""Points in time as the platform and its servers write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.upstream.dates import http_date, timestamp

HALF_PAST_TEN = 1736937000.0  # 2025-01-15T10:30:00Z


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2025-01-15T10:30:00Z", HALF_PAST_TEN),
        ("2025-01-15t10:30:00z", HALF_PAST_TEN),
        ("2025-01-15 10:30:00Z", HALF_PAST_TEN),
        ("2025-01-15T10:30:00", HALF_PAST_TEN),
        ("2025-01-15T10:30Z", HALF_PAST_TEN),
        ("2025-01-15T10:30:00+00:00", HALF_PAST_TEN),
        ("2025-01-15T10:30:00-00:00", HALF_PAST_TEN),
        ("2025-01-15T23:30:00+13:00", HALF_PAST_TEN),
        ("2025-01-15T02:00:00-0830", HALF_PAST_TEN),
        ("2025-01-15T12:30:00+02", HALF_PAST_TEN),
        ("2025-01-15T10:30:00.5Z", HALF_PAST_TEN + 0.5),
        ("2025-01-15T10:30:00,25", HALF_PAST_TEN + 0.25),
        ("2025-01-15T10:30:00.5000000000000000000000Z", HALF_PAST_TEN + 0.5),
        ("2025-01-15T10:29:60Z", HALF_PAST_TEN),
        ("2024-02-29T00:00:00Z", 1709164800.0),
        ("1970-01-01T00:00:00Z", 0.0),
        ("0001-01-01T00:00:00Z", -62135596800.0),
        ("0001-01-01T00:00:00+14:00", -62135596800.0 - 14 * 3600),
        ("9999-12-31T23:59:59Z", 253402300799.0),
        ("9999-12-31T23:59:59-12:00", 253402300799.0 + 12 * 3600),
    ],
)
def test_a_date_and_time_is_read(written: str, meant: float) -> None:
    """The usual ways to write a moment mean the same moment."""
    assert timestamp(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "2025-01-15",
        "2025-01-15T10Z",
        "10:30:00Z",
        "20250115T103000Z",
        "2025-W03-3T10:30:00Z",
        "2025-1-15T10:30:00Z",
        "2025-02-29T10:30:00Z",
        "2025-13-01T10:30:00Z",
        "2025-01-00T10:30:00Z",
        "0000-01-01T00:00:00Z",
        "2025-01-15T24:00:00Z",
        "2025-01-15T10:60:00Z",
        "2025-01-15T10:30:61Z",
        "2025-01-15T10:30:00.Z",
        "2025-01-15T10:30:00+24:00",
        "2025-01-15T10:30:00+02:60",
        "2025-01-15T10:30:00 UTC",
        "2025-01-15T10:30:00Z\n",
        " 2025-01-15T10:30:00Z",
        "\uff12025-01-15T10:30:00Z",
        "1736937000",
        "now",
        "null",
    ],
)
def test_anything_else_is_refused_without_being_repeated(written: str) -> None:
    """What is no date and time is refused in our own words."""
    with pytest.raises(ValueError, match=r"^(not written as|no such)") as refused:
        timestamp(written)
    assert not written.strip() or written.strip() not in str(refused.value)


@given(
    st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)),  # noqa: DTZ001 - the zone comes next
    st.integers(-23 * 60, 23 * 60),
)
def test_every_moment_survives_being_written_as_iso_8601(naive: datetime, offset_minutes: int) -> None:
    """Python's own writer and our reader agree, in every zone, to a millisecond."""
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1)
    assert timestamp(moment.isoformat()) == pytest.approx(expected, abs=0.001)


def test_a_date_header_is_read() -> None:
    """The example of RFC 9110, 5.6.7."""
    assert http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777.0


@pytest.mark.parametrize(
    "written",
    [
        "",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Xyz 1994 08:49:37 GMT",
        "Xyz, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "784111777",
    ],
)
def test_a_date_header_that_is_none_says_nothing(written: str) -> None:
    """Garbage, and the forms that nobody may write any more, are as good as no header."""
    assert http_date(written) is None


@given(st.text())
def test_no_text_breaks_the_reading_of_a_date_header(written: str) -> None:
    """Whatever stands in the header, there is an answer and no exception."""
    assert http_date(written) is None
