"""Certificates that are replaced while the exporter runs."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from exporter.errors import ConfigError
from tests.certificates import Authority, replace
from tests.scenario.story import Scrape, Story, Watch

CONFIG = "web: {listen: '127.0.0.1:0', tls: {cert_file: tls.crt, key_file: tls.key}}"
READABLE = "xero_exporter_tls_certificate_readable"
NOT_AFTER = "xero_exporter_tls_certificate_not_after_timestamp_seconds"


async def watch_over_https(watch: Watch, authority: Authority, folder: Path) -> Story:
    """A story that is asked over https."""
    authority.issue(folder / "tls.crt", folder / "tls.key")
    story = await watch(CONFIG)
    await story.client.aclose()
    # A connection of its own for each scrape: kept ones would go on with the certificate that they began with.
    story.client = httpx.AsyncClient(verify=authority.trusting, timeout=10, headers={"Connection": "close"})
    return story


async def test_a_replaced_certificate_is_taken_over_and_told(watch: Watch, tmp_path: Path) -> None:
    """By the gauge of its end, and in the log; every scrape meanwhile is answered."""
    authority = Authority(tmp_path)
    story = await watch_over_https(watch, authority, tmp_path)
    assert story.exporter.url.startswith("https://")
    before = (await story.scrape()).value(NOT_AFTER)
    assert before is not None
    assert before > story.clock.now().wall
    authority.issue(tmp_path / "tls.crt", tmp_path / "tls.key", days=60)
    scrape = await story.until(lambda scrape: scrape.value(NOT_AFTER) != before)
    assert scrape.value(NOT_AFTER) == pytest.approx(before + 30 * 86_400, abs=60)
    assert scrape.value(READABLE, certificate="web") == 1
    assert "certificates_taken_over" in story.log.read_text()
    await story.client.aclose()


async def test_a_bad_pair_never_replaces_a_good_one_and_is_told(watch: Watch, tmp_path: Path) -> None:
    """The old pair is served, the gauge says 0; once it is mended, 1."""
    authority = Authority(tmp_path)
    story = await watch_over_https(watch, authority, tmp_path)
    good = (tmp_path / "tls.key").read_bytes()
    replace(tmp_path / "tls.key", b"-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n")
    await story.until(lambda scrape: scrape.value(READABLE, certificate="web") == 0)
    log = story.log.read_text()
    assert log.count("certificates_problem") == 1
    assert "web.tls.cert_file: cannot be used with the key" in log
    assert "canary" not in log
    replace(tmp_path / "tls.key", good)
    await story.until(lambda scrape: scrape.value(READABLE, certificate="web") == 1)
    await story.client.aclose()


async def test_without_tls_there_is_no_certificate_to_tell_of(watch: Watch) -> None:
    """No sample, rather than a 0 that would wake somebody."""
    scrape: Scrape = await (await watch()).scrape()
    assert not scrape[READABLE]
    assert not scrape[NOT_AFTER]


@pytest.mark.parametrize(
    ("config", "where"),
    [
        (CONFIG, "web.tls.cert_file"),
        ("platform: {url: '$URL', token_file: token, ca_file: ca.pem}", "platform.ca_file"),
    ],
)
async def test_an_exporter_does_not_start_without_the_certificates_that_it_should_have(
    watch: Watch, config: str, where: str
) -> None:
    """Serving http instead would send tokens in clear; trusting less would only fail later."""
    with pytest.raises(ConfigError) as error:
        await watch(config)
    (fault,) = error.value.faults
    assert (fault.where, fault.what) == (where, "does not exist")


async def test_authorities_are_taken_over_and_a_bad_file_of_them_is_told(watch: Watch, tmp_path: Path) -> None:
    """The last good trust is kept; polling goes on."""
    authority = Authority(tmp_path)
    story = await watch("platform: {url: '$URL', token_file: token, ca_file: ca.pem}\npoll: {interval: 1s}")
    await story.until(lambda scrape: scrape.value(READABLE, certificate="platform") == 1)
    replace(authority.file, b"no certificate")
    await story.until(lambda scrape: scrape.value(READABLE, certificate="platform") == 0)
    Authority(tmp_path)
    await story.until(lambda scrape: scrape.value(READABLE, certificate="platform") == 1)
    asked = story.simulator.requests.total()
    await story.until(lambda scrape: story.simulator.requests.total() > asked and not scrape["xero_poll_failure"])


async def test_who_trusts_somebody_else_does_not_talk_to_us(watch: Watch, tmp_path: Path) -> None:
    """What we present is our own certificate and no other."""
    story = await watch_over_https(watch, Authority(tmp_path), tmp_path)
    async with httpx.AsyncClient(verify=Authority(tmp_path, "other").trusting) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(story.exporter.url)
    await story.client.aclose()
