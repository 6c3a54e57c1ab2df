"""The configuration is read again while everything goes on: by signal, by request, by a change of the file."""

from __future__ import annotations

import asyncio
import gc
import re
import ssl
from collections import Counter
from contextlib import aclosing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from exporter.errors import ConfigError
from exporter.simulator.endpoints import DISCOVERY_PATH, Kind
from exporter.simulator.fleets import organizations_yaml, uniform_fleet
from exporter.simulator.server import Simulator
from exporter.simulator.world import World
from tests.certificates import Authority
from tests.scenario.story import TOKEN, Scrape, Story, Watch

SUCCESSFUL = "xero_exporter_config_last_reload_successful"
JSON = {"Content-Type": "application/json"}


def edit(story: Story, old: str, new: str) -> None:
    """Changes the configuration file, as an atomic replace."""
    path = story.folder / "config.yml"
    text = path.read_text()
    assert old in text
    (story.folder / "config.new").write_text(text.replace(old, new))
    (story.folder / "config.new").replace(path)


def fresh(scrape: Scrape) -> float | None:
    """How many organisations are fresh."""
    return scrape.value("xero_organizations", freshness="fresh")


async def test_a_changed_file_takes_effect_by_itself_without_losing_what_is_known(watch: Watch) -> None:
    """Another interval, another stale_after, another list: history and freshness stay."""
    story = await watch("poll: {interval: 1s, stale_after: 1h}", organizations=4)
    before = await story.until(lambda scrape: fresh(scrape) == 4)
    remembered = (await story.get("/api/v1/organizations/org-0001")).json()["recent"]
    edit(story, "{interval: 1s, stale_after: 1h}", "{interval: 600s, stale_after: 2h}\nlog: {level: debug}")
    after = await story.until(lambda scrape: scrape.value("xero_exporter_poll_interval_seconds") == 600)
    assert fresh(after) == 4
    assert after.value("xero_exporter_stale_after_seconds") == 7200
    name = "xero_poll_last_success_timestamp_seconds"
    assert (after.value(name, "org-0001") or 0) >= (before.value(name, "org-0001") or 1)
    now = (await story.get("/api/v1/organizations/org-0001")).json()["recent"]
    assert now[-1] == remembered[-1] or len(now) == 8
    asked = story.simulator.requests.total()
    await asyncio.sleep(2.5)
    assert story.simulator.requests.total() - asked <= 1, "the old pace goes on"
    assert after.value(SUCCESSFUL) == 1
    edit(story, "interval: 600s", "interval: 1s")
    total = story.simulator.requests.total()
    await story.until(lambda _: story.simulator.requests.total() >= total + 8, within=8)


async def test_a_shorter_stale_after_withdraws_at_once(watch: Watch) -> None:
    """What is too old by the new rule is gone with the reload."""
    story = await watch("poll: {interval: 1s, stale_after: 3h}", organizations=2)
    await story.until(lambda scrape: fresh(scrape) == 2)
    await story.stop_asking()
    story.clock.ahead += 3600
    assert fresh(await story.until(lambda scrape: fresh(scrape) == 2)) == 2
    edit(story, "3h", "30m")
    await story.until(lambda scrape: scrape.value("xero_organizations", freshness="stale") == 2, within=20)


@pytest.mark.parametrize("bad", ["poll: {interval: soon}", "poll: {interval: 1s}\nnonsense: 1", "poll: ["])
async def test_a_bad_configuration_never_replaces_a_good_one(watch: Watch, bad: str) -> None:
    """A gauge tells, polling goes on, and a mended file is taken."""
    story = await watch("poll: {interval: 1s}", organizations=3)
    await story.until(lambda scrape: fresh(scrape) == 3)
    edit(story, "poll: {interval: 1s}", bad)
    await story.until(lambda scrape: scrape.value(SUCCESSFUL) == 0)
    asked = story.simulator.requests.total()
    scrape = await story.until(lambda _: story.simulator.requests.total() > asked + 3)
    assert fresh(scrape) == 3
    assert "reload_refused" in story.log.read_text()
    edit(story, bad, "poll: {interval: 2s}")
    mended = await story.until(lambda scrape: scrape.value(SUCCESSFUL) == 1)
    assert mended.value("xero_exporter_poll_interval_seconds") == 2


async def test_what_only_a_restart_can_change_is_refused_by_name_and_nothing_of_the_rest_is_taken(watch: Watch) -> None:
    """Whole or not at all."""
    story = await watch("poll: {interval: 1s}", organizations=1)
    edit(story, "web: {listen: '127.0.0.1:0'}", "web: {listen: '127.0.0.1:1'}")
    edit(story, "interval: 1s", "interval: 9s")
    with pytest.raises(ConfigError, match=r"web\.listen: changes only with a restart"):
        await story.exporter.reload("signal")
    scrape = await story.scrape()
    assert scrape.value("xero_exporter_poll_interval_seconds") == 1
    assert scrape.value(SUCCESSFUL) == 0


async def test_a_token_that_cannot_be_read_never_replaces_a_good_one(watch: Watch) -> None:
    """A slip in the path must not stop polling."""
    story = await watch("poll: {interval: 1s}", organizations=2)
    await story.until(lambda scrape: fresh(scrape) == 2)
    edit(story, "token_file: token", "token_file: tokken")
    with pytest.raises(ConfigError, match="the token of platform"):
        await story.exporter.reload("signal")
    asked = story.simulator.requests.total()
    await story.until(lambda _: story.simulator.requests.total() > asked + 3)


async def test_a_longer_stale_after_does_not_call_fresh_what_was_withdrawn(watch: Watch) -> None:
    """It is fresh again when it is read again."""
    story = await watch("poll: {interval: 1s, stale_after: 1h}", organizations=2)
    await story.until(lambda scrape: fresh(scrape) == 2)
    await story.stop_asking()
    story.clock.ahead += 3700
    await story.until(lambda scrape: scrape.value("xero_organizations", freshness="stale") == 2)
    edit(story, "1h", "3h")
    await story.exporter.reload("signal")
    await asyncio.sleep(1.2)
    scrape = await story.scrape()
    assert scrape.value("xero_organizations", freshness="stale") == 2
    assert not scrape["xero_connected"]


async def test_what_callers_are_told_by_is_built_anew_only_when_it_is_another(watch: Watch) -> None:
    """It is full of cycles, which a garbage collector that looks seldom leaves lying about with each reload."""
    story = await watch("poll: {interval: 1s}", organizations=1)
    before = story.exporter._server._app
    edit(story, "poll: {interval: 1s}", "poll: {interval: 2s}")
    assert await story.exporter.reload("signal") == ["poll.interval"]
    assert story.exporter._server._app is before
    edit(story, "poll: {interval: 2s}", "poll: {interval: 2s}\nexpose: {organization_names: true}")
    await story.exporter.reload("signal")
    assert story.exporter._server._app is not before
    await story.until(lambda scrape: 'name="' in scrape.text)


async def test_after_the_end_nothing_is_reloaded(watch: Watch) -> None:
    """Nothing that was closed is opened again."""
    story = await watch("poll: {interval: 1s}", organizations=1)
    await story.exporter.drain()
    with pytest.raises(ConfigError, match="stopping"):
        await story.exporter.reload("signal")


async def test_another_token_file_takes_effect_and_ends_the_brake(watch: Watch) -> None:
    """The brake was on for the old token; nothing of that is held against the new one."""
    story = await watch("poll: {interval: 1s, stale_after: 1h}", organizations=3, token="refused")
    await story.until(lambda scrape: scrape.value("xero_exporter_platform_auth_ok") == 0)
    (story.folder / "other-token").write_text(TOKEN)
    edit(story, "token_file: token", "token_file: other-token")
    await story.until(lambda scrape: scrape.value("xero_exporter_platform_auth_ok") == 1, within=5)
    await story.until(lambda scrape: fresh(scrape) == 3, within=5)


async def test_organisations_that_come_and_go_by_reload(watch: Watch) -> None:
    """Those who stay keep what is known."""
    story = await watch(
        "organizations: {static: [{id: org-0001}, {id: org-0002}]}\npoll: {interval: 1s}", organizations=3
    )
    await story.until(lambda scrape: fresh(scrape) == 2)
    edit(story, "{id: org-0001}, {id: org-0002}", "{id: org-0002}, {id: org-0003}")
    scrape = await story.until(lambda scrape: "org-0003" in scrape.organizations("xero_organization_info"))
    assert "org-0001" not in scrape.text
    assert scrape.value("xero_poll_success", "org-0002") == 1


async def test_reload_by_request_needs_an_operator_and_json(watch: Watch) -> None:
    """Each refusal says what to do."""
    story = await watch("poll: {interval: 1s}", organizations=1)
    url = f"{story.exporter.url}/-/reload"
    none = await story.client.post(url, headers=JSON)
    assert (none.status_code, "role operator" in none.text) == (403, True)
    (story.folder / "operator").write_text("op-secret")
    (story.folder / "viewer").write_text("view-secret")
    tokens = "[{name: op, role: operator, token_file: operator}, {name: see, role: viewer, token_file: viewer}]"
    edit(story, "web: {listen: '127.0.0.1:0'}", f"web: {{listen: '127.0.0.1:0', tokens: {tokens}}}")
    await story.exporter.reload("signal")
    assert (await story.client.get(f"{story.exporter.url}/metrics")).status_code == 401, "new tokens count at once"
    operator = {"Authorization": "Bearer op-secret"}
    cases = [
        ({**JSON}, 401),
        ({**JSON, "Authorization": "Bearer view-secret"}, 403),
        (operator, 415),
        ({**JSON, **operator}, 200),
    ]
    for headers, status in cases:
        answer = await story.client.post(url, headers=headers)
        assert answer.status_code == status, answer.text
    assert answer.json() == {"changed": []}
    edit(story, "interval: 1s", "interval: canary")
    refused = await story.client.post(url, headers={**JSON, **operator})
    assert refused.status_code == 422
    assert "poll.interval" in refused.json()["detail"]
    assert "canary" not in refused.text
    assert (await story.client.get(url, headers=operator)).status_code == 405


def open_files() -> int:
    """How many descriptors this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


BAD = (
    "poll: [",
    "organizations: {http: {url: '$A', token_file: not-there}}",
    "organizations: {http: {url: '$A', refresh: never}}",
    "web: {listen: '127.0.0.1:0', tls: {cert_file: tls.crt, key_file: other.key}}",
    "web: {listen: '127.0.0.1:1'}",
    "platform: {url: '$PLATFORM', token_file: token, ca_file: tls.key}",
)
"""What is refused: no YAML, servers and certificates that cannot be used, what only a restart changes."""

SCHEME_EVERY = 25
"""Each so many reloads https becomes http, or http https."""


def mixed(number: int, platform: str, servers: tuple[str, str], *, in_file: bool) -> str:
    """A configuration by which the same 200 organisations are watched, in another way each time.

    Args:
        number: which.
        platform: where it is.
        servers: two that list the same.
        in_file: True, and all of them are in a file, too, and the server comes and goes; else half of them are nowhere
            but on the servers, and one follows on the other.
    """
    http = (
        f"{{url: '{servers[number // 3 % 2]}{DISCOVERY_PATH}', token_file: {('token', 'same-token')[number // 2 % 2]}, "
        f"refresh: {1 + number // 4 % 2}s, missing_grace: {3 + number % 2}}}"
    )
    file = "organizations.yml" if in_file else "half.yml"
    sources = f"{{file: {file}}}" if in_file and number % 7 == 6 else f"{{file: {file}, http: {http}}}"
    pair = ("tls", "other")[number // 2 % 2]
    tls = "" if number // SCHEME_EVERY % 2 else f", tls: {{cert_file: {pair}.crt, key_file: {pair}.key}}"
    return f"""\
platform: {{url: '{platform}', token_file: token, timeout: {1 + number % 3}s, max_concurrency: {50 + number % 2}}}
organizations: {sources}
poll: {{interval: {1 + number % 2}s, stale_after: 1h}}
web: {{listen: '127.0.0.1:0'{tls}}}
"""


@dataclass
class Scraper:
    """Scrapes without a pause, each time over a connection of its own; each must be answered, with everybody on it."""

    story: Story
    trusting: ssl.SSLContext
    scheme: asyncio.Lock = field(default_factory=asyncio.Lock)
    answered: int = 0
    enough: bool = False

    async def run(self) -> None:
        """Goes on until it has `enough`. Who changes the scheme holds `scheme`: a client has to be told of that."""
        while not self.enough:
            async with self.scheme, httpx.AsyncClient(verify=self.trusting, timeout=10) as client:
                answer = await client.get(f"{self.story.exporter.url}/metrics")
            assert answer.status_code == 200
            assert answer.text.count("xero_organization_info{") == 200
            self.answered += 1
            await asyncio.sleep(0)


async def storm(watch: Watch, folder: Path, reloads: int) -> None:
    """Reloads, valid and invalid mixed, under scrapes and polls; then looks for what was lost or left."""
    authority = Authority(folder)
    for pair in ("tls", "other"):
        authority.issue(folder / f"{pair}.crt", folder / f"{pair}.key")
    world = World(uniform_fleet(200), admin_token=TOKEN)
    story = await watch("poll: {interval: 1s, stale_after: 1h}", world=world)
    await story.client.aclose()
    # Looking over kept connections would meet those that end with a change of the scheme.
    story.client = httpx.AsyncClient(verify=authority.trusting, timeout=10, headers={"Connection": "close"})
    (folder / "same-token").write_text(TOKEN)
    (folder / "half.yml").write_text(organizations_yaml(list(world.organizations.values())[:100]))
    async with Simulator(world) as other, aclosing(story.client):
        servers = (story.simulator.url, other.url)
        await story.until(lambda scrape: fresh(scrape) == 200)
        scraper = Scraper(story, authority.trusting)
        scraping = asyncio.create_task(scraper.run())
        await reload_often(story, scraper, range(1), servers, in_file=True)
        gc.collect()
        tasks, files = len(asyncio.all_tasks()), open_files()
        refused = await reload_often(story, scraper, range(reloads // 2), servers, in_file=True)
        await reload_often(story, scraper, range(1), servers, in_file=True)
        await story.until(lambda scrape: scrape.value("xero_exporter_roster_organizations", source="http") == 200)
        refused += await reload_often(story, scraper, range(reloads // 2, reloads), servers, in_file=False)
        await reload_often(story, scraper, range(1), servers, in_file=False)
        assert refused == reloads // 5
        scraper.enough = True
        await scraping
        assert scraper.answered > 5
        # A busy machine may have let a reading run into its second: such a one is read again soon.
        await story.until(lambda scrape: len(scrape.organizations("xero_poll_success", 1)) == 200, within=40)
        assert fresh(await story.scrape()) == 200
        asked = story.simulator.requests.copy()
        await story.until(lambda _: status_requests(story.simulator.requests - asked) == 200, within=40)
        await story.until(lambda _: len(asyncio.all_tasks()) <= tasks + 20, within=20)
        gc.collect()
        assert open_files() <= files + 20
        assert story.simulator.connections_open + other.connections_open <= 100
        assert not re.search(r"_broke|not_taken", story.log.read_text())


async def reload_often(
    story: Story, scraper: Scraper, numbers: range, servers: tuple[str, str], *, in_file: bool
) -> int:
    """Reloads with each of these configurations, every fifth of them spoilt; how many were refused."""
    path = story.folder / "config.yml"
    refused = 0
    for number in numbers:
        text = mixed(number, story.simulator.url, servers, in_file=in_file)
        if number % 5 == 4:
            bad = BAD[number // 5 % len(BAD)].replace("$A", servers[0]).replace("$PLATFORM", story.simulator.url)
            text = "\n".join([bad, *(line for line in text.splitlines() if line.split(":")[0] != bad.split(":")[0])])
        scheme_stays = ("tls:" in text) == story.exporter.url.startswith("https:")
        try:
            # The file is written within, too: the exporter itself looks whether it changed.
            async with nullcontext() if scheme_stays else scraper.scheme:
                path.write_text(text)
                await story.exporter.reload("signal")
        except ConfigError:
            refused += 1
    return refused


def status_requests(requests: Counter[tuple[str, Kind]]) -> int:
    """Of how many organisations the status was asked for."""
    return sum(kind is Kind.STATUS for _, kind in requests)


async def test_a_storm_of_reloads_drops_no_scrape_loses_nobody_and_leaves_nothing(watch: Watch, tmp_path: Path) -> None:
    """Sixty, every fifth of them bad; servers, tokens, certificates, http and https come and go."""
    await storm(watch, tmp_path, 60)


@pytest.mark.verify
async def test_a_thousand_reloads_under_load(watch: Watch, tmp_path: Path) -> None:
    """The same, a thousand times."""
    await storm(watch, tmp_path, 1000)
