"""The server that lists organisations is changed by a reload: nobody is lost, nobody is kept for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from exporter.errors import ConfigError
from exporter.simulator.answers import Answer, Slow
from exporter.simulator.endpoints import DISCOVERY_PATH, Kind
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.server import Simulator
from exporter.simulator.world import SimulatedOrganization, World, discovery_list
from tests.scenario.story import TOKEN, Scrape, Story, Watch

HTTP = f"http: {{url: '$URL{DISCOVERY_PATH}', token_file: token, refresh: 1s}}"
CONFIG = f"organizations: {{{HTTP}}}\npoll: {{interval: 1s, stale_after: 3h}}"


@pytest.fixture
async def other() -> AsyncIterator[Simulator]:
    """Another server that lists organisations, down at first: the story's own ones, once it is up."""
    world = World(uniform_fleet(20), admin_token=TOKEN)
    world.override_list(Answer(503))
    async with Simulator(world) as simulator:
        yield simulator


def listed(scrape: Scrape) -> set[str]:
    """Whose series are on the page."""
    return scrape.organizations("xero_organization_info")


def fresh(scrape: Scrape) -> int:
    """How many organisations the platform answered for."""
    return len(scrape.organizations("xero_poll_success", 1))


def asked(server: Simulator) -> int:
    """How often a server was asked for the list."""
    return server.requests["", Kind.DISCOVERY]


async def watching(watch: Watch, config: str = CONFIG) -> Story:
    """Twenty organisations, all from the platform's own list."""
    story = await watch(config, organizations=20)
    await story.until(lambda scrape: fresh(scrape) == 20)
    return story


async def reload(story: Story, old: str, new: str) -> None:
    """Changes the configuration, and asks for a reload."""
    path = story.folder / "config.yml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    await story.exporter.reload("signal")


async def moves(story: Story, other: Simulator) -> None:
    """Has the other server asked from now on."""
    await reload(story, f"{story.simulator.url}{DISCOVERY_PATH}", f"{other.url}{DISCOVERY_PATH}")


async def answers_more(story: Story, server: Simulator, times: int) -> Scrape:
    """Waits until a server was asked for its list so many times more, and the last but one of them counted."""
    goal = asked(server) + times
    return await story.until(lambda _: asked(server) >= goal)


async def source(story: Story) -> dict[str, object]:
    """What the API says of the server."""
    found: dict[str, object] = (await story.get("/api/v1/fleet")).json()["roster"][-1]
    return found


async def test_whom_the_old_server_listed_stay_until_the_new_one_answers(watch: Watch, other: Simulator) -> None:
    """With their history and freshness; the old one is asked no more, and the new one at once and again soon."""
    story = await watching(watch)
    before = (await story.get("/api/v1/organizations/org-0001")).json()["recent"]
    asked_before = asked(story.simulator)
    await moves(story, other)
    scrape = await answers_more(story, other, 3)
    assert (len(listed(scrape)), fresh(scrape)) == (20, 20)
    assert scrape.value("xero_exporter_roster_organizations", source="http") == 20
    assert scrape.value("xero_exporter_discovery_held") is None, "nothing is known yet of the answers of this one"
    assert asked(story.simulator) == asked_before
    assert (await story.get("/-/ready")).status_code == 200
    after = (await story.get("/api/v1/organizations/org-0001")).json()["recent"]
    assert len(after) > len(before) or after[-1] != before[-1]
    told = await source(story)
    assert (told["organizations"], told["why"]) == (20, "no answer: HTTP status 503")
    other.world.override_list(None)
    up = await story.until(lambda scrape: scrape.value("xero_exporter_discovery_held") == 0)
    assert fresh(up) == 20
    assert (await source(story))["why"] is None


async def test_the_new_server_is_judged_by_the_rules_of_the_old_one(watch: Watch, other: Simulator) -> None:
    """Whom it has are there at once; whom it misses are kept for three answers in a row, and gone then."""
    story = await watching(watch)
    new = SimulatedOrganization("new-1", "Club", "5f4e")
    story.world.organizations[new.id] = other.world.organizations[new.id] = new
    del other.world.organizations["org-0001"]
    other.world.override_list(None)
    await moves(story, other)
    came = await story.until(lambda scrape: "new-1" in listed(scrape))
    assert "org-0001" in listed(came)
    gone = await story.until(lambda scrape: "org-0001" not in listed(scrape))
    assert asked(other) >= 3
    assert len(listed(gone)) == 20
    assert (await story.get("/api/v1/organizations/org-0001")).status_code == 404


@pytest.mark.parametrize("left", [0, 9])
async def test_an_empty_or_half_list_of_the_new_server_is_held_until_a_person_reloads(
    watch: Watch, other: Simulator, left: int
) -> None:
    """A server that is new may still be filling its list."""
    story = await watching(watch)
    other.world.override_list(discovery_list(list(other.world.organizations.values())[:left]))
    await moves(story, other)
    await story.until(lambda scrape: scrape.value("xero_exporter_discovery_held") == 1)
    held = await answers_more(story, other, 4)
    assert fresh(held) == 20
    await story.exporter.reload("signal")
    await story.until(lambda scrape: len(listed(scrape)) == left)


async def test_what_was_held_of_the_old_server_is_not_believed_of_the_new_one(watch: Watch, other: Simulator) -> None:
    """Though a person reloads, and with that says that what is held is right: it is no longer there to be right."""
    story = await watching(watch)
    story.world.override_list(b"[]")
    await story.until(lambda scrape: scrape.value("xero_exporter_discovery_held") == 1)
    await moves(story, other)
    scrape = await answers_more(story, other, 2)
    assert fresh(scrape) == 20
    assert not (await source(story))["held"]


async def test_an_answer_of_the_old_server_that_comes_late_does_not_count(watch: Watch, other: Simulator) -> None:
    """It was asked before the reload, and answers after it."""
    story = await watching(watch)
    story.world.override_list(Slow(1.0))
    await answers_more(story, story.simulator, 1)
    story.world.organizations["late-1"] = SimulatedOrganization("late-1", "Club", "5f4e")
    await moves(story, other)
    began = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() - began < 2:
        assert "late-1" not in listed(await story.scrape())
        await asyncio.sleep(0.1)
    assert "discovery_broke" not in story.log.read_text()


async def test_removing_the_server_removes_its_organisations_at_once(watch: Watch) -> None:
    """And every series about it; those of other sources stay, with what is known of them."""
    story = await watching(watch, CONFIG.replace("{http", "{static: [{id: org-0001}], http"))
    await reload(story, HTTP.replace("$URL", story.simulator.url), "")
    scrape = await story.scrape()
    assert listed(scrape) == {"org-0001"}
    assert scrape.value("xero_poll_success", "org-0001") == 1
    for name in ("roster_organizations", "roster_last_success_timestamp_seconds", "roster_readable"):
        assert [dict(labels) for labels in scrape[f"xero_exporter_{name}"]] == [{"source": "static"}]
    assert [dict(labels) for labels in scrape["xero_exporter_token_file_readable"]] == [{"token": "platform"}]
    assert not scrape["xero_exporter_discovery_held"]
    assert not scrape["xero_exporter_discovery_missing_organizations"]
    asked_before = asked(story.simulator)
    await asyncio.sleep(2.2)
    assert asked(story.simulator) == asked_before
    assert (await story.get("/-/ready")).status_code == 200


async def test_removing_the_server_while_it_is_asked_keeps_its_late_answer_out(watch: Watch) -> None:
    """The list that is under way is that of nobody."""
    story = await watching(watch, CONFIG.replace("{http", "{static: [{id: org-0001}], http"))
    story.world.override_list(Slow(1.0))
    await answers_more(story, story.simulator, 1)
    story.world.organizations["late-1"] = SimulatedOrganization("late-1", "Club", "5f4e")
    await reload(story, HTTP.replace("$URL", story.simulator.url), "")
    began = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() - began < 2:
        assert listed(await story.scrape()) == {"org-0001"}
        await asyncio.sleep(0.1)
    assert "discovery_broke" not in story.log.read_text()


async def test_a_server_that_is_added_is_asked_at_once(watch: Watch) -> None:
    """However long its refresh is."""
    static = "static: [{id: org-0001}]"
    story = await watch(f"organizations: {{{static}}}\npoll: {{interval: 1s}}", organizations=20)
    await story.until(lambda scrape: fresh(scrape) == 1)
    added = HTTP.replace("$URL", story.simulator.url).replace("1s", "1d")
    await reload(story, static, f"{static}, {added}")
    scrape = await story.until(lambda scrape: fresh(scrape) == 20, within=5)
    assert scrape.value("xero_exporter_roster_organizations", source="http") == 20
    assert scrape.value("xero_exporter_token_file_readable", token="discovery") == 1


async def test_another_pace_grace_or_token_keeps_what_is_known_of_the_same_server(watch: Watch) -> None:
    """Also how many answers missed somebody."""
    story = await watching(watch, CONFIG.replace("refresh: 1s", "refresh: 1s, missing_grace: 100"))
    story.world.override_list(discovery_list(list(story.world.organizations.values())[1:]))
    await answers_more(story, story.simulator, 5)
    (story.folder / "other-token").write_text(TOKEN)
    story.world.override_list(Answer(503))
    await answers_more(story, story.simulator, 1)
    await reload(story, "token_file: token, refresh: 1s, missing_grace: 100", "token_file: other-token, refresh: 1h")
    scrape = await story.scrape()
    assert (len(listed(scrape)), scrape.value("xero_exporter_discovery_missing_organizations")) == (20, 1)
    asked_before = asked(story.simulator)
    await asyncio.sleep(2.2)
    assert asked(story.simulator) <= asked_before + 1, "the old pace goes on"
    story.world.override_list(discovery_list(list(story.world.organizations.values())[1:]))
    await reload(story, "refresh: 1h", "refresh: 1s")
    asked_before = asked(story.simulator)
    gone = await story.until(lambda scrape: "org-0001" not in listed(scrape), within=8)
    assert asked(story.simulator) - asked_before <= 2, "it had missed more than three answers in a row before"
    assert len(listed(gone)) == 19


@pytest.mark.parametrize(
    "bad", ["url: 'ftp://x/'", "token_file: not-there", "refresh: never", "missing_grace: 0"], ids=lambda bad: bad[:8]
)
async def test_a_server_that_cannot_be_used_changes_nothing(watch: Watch, bad: str) -> None:
    """Neither who is listed nor who is asked; and nothing else of that configuration is taken."""
    story = await watching(watch)
    key = bad.partition(":")[0]
    whole = HTTP.replace("$URL", story.simulator.url).replace("}", ", missing_grace: 3}")
    (now,) = (part.strip("}") for part in whole.partition("{")[2].split(", ") if part.startswith(key))
    path = story.folder / "config.yml"
    good = path.read_text()
    spoilt = whole.replace(now, bad)
    text = good.replace(HTTP.replace("$URL", story.simulator.url), spoilt).replace("interval: 1s", "interval: 9s")
    assert text != good
    path.write_text(text)
    with pytest.raises(ConfigError):
        await story.exporter.reload("signal")
    scrape = await answers_more(story, story.simulator, 2)
    assert fresh(scrape) == 20
    assert scrape.value("xero_exporter_poll_interval_seconds") == 1
    assert scrape.value("xero_exporter_config_last_reload_successful") == 0
