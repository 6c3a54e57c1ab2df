"""http and https are exchanged by a reload, on the same socket, and a bad pair never replaces what is served."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest

from exporter.errors import ConfigError
from tests.certificates import Authority, replace
from tests.scenario.story import Scrape, Story, Watch

PLAIN = "web: {listen: '127.0.0.1:0'}"
SECURE = "web: {listen: '127.0.0.1:0', tls: {cert_file: tls.crt, key_file: tls.key}}"
OTHER = SECURE.replace("tls.crt", "other.crt").replace("tls.key", "other.key")
READABLE = "xero_exporter_tls_certificate_readable"
NOT_AFTER = "xero_exporter_tls_certificate_not_after_timestamp_seconds"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Two good pairs, one of which is valid for longer, lie beside the configuration."""
    made = Authority(tmp_path)
    made.issue(tmp_path / "tls.crt", tmp_path / "tls.key", days=30)
    made.issue(tmp_path / "other.crt", tmp_path / "other.key", days=60)
    return made


async def reload(story: Story, web: str) -> None:
    """Has `web` in force."""
    path = story.folder / "config.yml"
    lines = [web if line.startswith("web:") else line for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines))
    await story.exporter.reload("signal")


async def scrape(story: Story, trusting: ssl.SSLContext) -> Scrape:
    """One scrape over a connection of its own."""
    async with httpx.AsyncClient(verify=trusting, timeout=10) as client:
        answer = await client.get(f"{story.exporter.url}/metrics")
    assert answer.status_code == 200
    return Scrape(answer.text)


async def test_https_comes_changes_and_goes_on_one_socket(watch: Watch, authority: Authority) -> None:
    """Each time new connections are served as it says now, and the gauges say so; the port and what is known stay."""
    story = await watch(f"{PLAIN}\npoll: {{interval: 1s}}")
    await story.until(lambda scrape: len(scrape.organizations("xero_poll_success", 1)) == 3)
    port = story.exporter.url.rpartition(":")[2]
    ends = []
    for web, scheme in ((SECURE, "https"), (OTHER, "https"), (PLAIN, "http"), (SECURE, "https")):
        await reload(story, web)
        assert story.exporter.url == f"{scheme}://127.0.0.1:{port}"
        page = await scrape(story, authority.trusting)
        assert len(page.organizations("xero_poll_success", 1)) == 3
        ends.append(page.value(NOT_AFTER))
        assert page.value(READABLE, certificate="web") == (1 if scheme == "https" else None)
    assert ends[0] is not None
    assert ends[1] == pytest.approx(ends[0] + 30 * 86_400, abs=60)
    assert ends[2:] == [None, ends[0]]


async def test_after_a_change_of_scheme_the_old_one_gets_no_answer(watch: Watch, authority: Authority) -> None:
    """A client with a kept connection would go on to send its token in clear, and never notice."""
    story = await watch(PLAIN)
    plain = story.exporter.url
    assert (await story.client.get(f"{plain}/-/healthy")).status_code == 200
    await reload(story, SECURE)
    with pytest.raises(httpx.TransportError):
        await story.client.get(f"{plain}/-/healthy")
    async with httpx.AsyncClient(verify=authority.trusting) as client:
        assert (await client.get(f"{story.exporter.url}/-/healthy")).status_code == 200
        secure = story.exporter.url
        await reload(story, PLAIN)
        with pytest.raises(httpx.TransportError):
            await client.get(f"{secure}/-/healthy")
    assert (await story.client.get(f"{plain}/-/healthy")).status_code == 200


async def test_another_pair_leaves_kept_connections_alone(watch: Watch, authority: Authority) -> None:
    """They are as safe as they were; new ones see the new pair."""
    story = await watch(SECURE)
    async with httpx.AsyncClient(verify=authority.trusting) as client:
        kept = await client.get(f"{story.exporter.url}/-/healthy")
        await reload(story, OTHER)
        again = await client.get(f"{story.exporter.url}/-/healthy")
        assert again.extensions["network_stream"] is kept.extensions["network_stream"]


async def test_the_request_that_asks_for_the_change_is_answered(watch: Watch, authority: Authority) -> None:
    """It came over http, is answered over http, and its connection ends."""
    story = await watch(PLAIN[:-1] + ", tokens: [{name: op, role: operator, token: op-secret}]}")
    path = story.folder / "config.yml"
    path.write_text(path.read_text().replace("0', tokens", "0', tls: {cert_file: tls.crt, key_file: tls.key}, tokens"))
    headers = {"Content-Type": "application/json", "Authorization": "Bearer op-secret"}
    answer = await story.client.post(f"{story.exporter.url}/-/reload", headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"changed": ["web.tls"]})
    assert story.exporter.url.startswith("https://")
    with pytest.raises(httpx.TransportError):
        await story.client.get(story.exporter.url.replace("https", "http"))


@pytest.mark.parametrize("before", [PLAIN, SECURE], ids=["http", "https"])
@pytest.mark.parametrize("spoil", ["missing", "garbage", "of another key"])
async def test_a_bad_pair_never_replaces_what_is_served(
    watch: Watch, authority: Authority, before: str, spoil: str
) -> None:
    """Nor is anything else of that configuration taken; mended, it is."""
    story = await watch(f"{before}\npoll: {{interval: 1s}}")
    key = story.folder / "other.key"
    good = key.read_bytes()
    if spoil == "missing":
        key.unlink()
    else:
        replace(key, b"canary" if spoil == "garbage" else (story.folder / "tls.key").read_bytes())
    path = story.folder / "config.yml"
    path.write_text(path.read_text().replace("interval: 1s", "interval: 9s"))
    with pytest.raises(ConfigError, match=r"web\.tls\.key_file") as refused:
        await reload(story, OTHER)
    assert "canary" not in str(refused.value)
    page = await scrape(story, authority.trusting)
    assert page.value("xero_exporter_poll_interval_seconds") == 1
    assert page.value(READABLE, certificate="web") == (1 if before == SECURE else None)
    replace(key, good)
    await reload(story, OTHER)
    page = await scrape(story, authority.trusting)
    assert (page.value("xero_exporter_poll_interval_seconds"), page.value(READABLE, certificate="web")) == (9, 1)


async def test_files_that_went_bad_since_do_not_stand_in_the_way_of_a_reload(
    watch: Watch, authority: Authority
) -> None:
    """The last good pair and the last good authorities stay, as they would without a reload; the gauges tell."""
    platform = "platform: {url: '$URL', token_file: token, timeout: 1s, ca_file: ca.pem}"
    story = await watch(f"{SECURE}\n{platform}\npoll: {{interval: 1s}}")
    trusting = authority.trusting
    replace(story.folder / "tls.crt", b"no certificate")
    replace(authority.file, b"no certificate either")
    path = story.folder / "config.yml"
    path.write_text(path.read_text().replace("interval: 1s", "interval: 9s").replace("timeout: 1s", "timeout: 2s"))
    await story.exporter.reload("signal")
    page = await scrape(story, trusting)
    assert page.value("xero_exporter_poll_interval_seconds") == 9
    assert (page.value(READABLE, certificate="web"), page.value(READABLE, certificate="platform")) == (0, 0)
    path.write_text(path.read_text().replace(", ca_file: ca.pem", ""))
    await story.exporter.reload("signal")
    page = await scrape(story, trusting)
    assert [dict(labels) for labels in page[READABLE]] == [{"certificate": "web"}]


async def test_scrapes_go_on_through_a_renewal_and_another_pair(watch: Watch, authority: Authority) -> None:
    """Each over a connection of its own, without a pause: none fails."""
    story = await watch(f"{SECURE}\npoll: {{interval: 1s}}")
    stop = asyncio.Event()
    scrapes = 0

    async def scraping() -> None:
        nonlocal scrapes
        while not stop.is_set():
            await scrape(story, authority.trusting)
            scrapes += 1

    scraper = asyncio.create_task(scraping())
    for _ in range(5):
        for web in (OTHER, SECURE):
            await reload(story, web)
            authority.issue(story.folder / "tls.crt", story.folder / "tls.key")
            await asyncio.sleep(0.1)
    stop.set()
    await scraper
    assert scrapes >= 5
