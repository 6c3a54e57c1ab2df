"""Where the health check asks: what a URL on the command line means."""

import pytest

from exporter.cli.probing import Target, target_of
from exporter.errors import UsageError


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("http://127.0.0.1:9869", "http://127.0.0.1:9869/-/healthy"),
        ("http://127.0.0.1:9869/", "http://127.0.0.1:9869/-/healthy"),
        ("HTTP://Exporter", "http://exporter:80/-/healthy"),
        ("https://exporter.example", "https://exporter.example:443/-/healthy"),
        ("https://[::1]:9869", "https://[::1]:9869/-/healthy"),
        ("http://proxy/xero/", "http://proxy:80/xero/-/healthy"),
    ],
)
def test_the_path_is_put_after_what_was_given(written: str, asked: str) -> None:
    """A port that is left out is the scheme's; a proxy's prefix stays."""
    assert target_of(written).url == asked


def test_an_ipv6_address_loses_its_brackets() -> None:
    """A socket wants it without."""
    assert target_of("http://[::1]:9869") == Target("http", "::1", 9869, "")


@pytest.mark.parametrize(
    "written",
    [
        *("", "127.0.0.1:9869", "ftp://host", "http://", "http:///path", "http://[::1", "http://host:99999"),
        *("http://host:port", "http://user:canary@host", "http://host/?token=canary", "http://host/#canary"),
        *(
            "http://host/a b",
            "http://host/\x1b[31m",
            "http://host/\r\nX-Canary: 1",
            "http://h\u00f6st",
            "http://host\\x",
        ),
    ],
)
def test_what_is_no_plain_url_is_refused_and_not_repeated(written: str) -> None:
    """Wrong usage; a password that somebody put there stays off the terminal."""
    with pytest.raises(UsageError, match=r"must be a URL such as http://127\.0\.0\.1:9869") as refused:
        target_of(written)
    assert "canary" not in str(refused.value).lower()
