"""The list of organisations comes from a server, which fails in all the ways in which servers fail."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exporter.simulator.answers import Answer, Misbehaviour
from exporter.simulator.endpoints import DISCOVERY_PATH, Kind
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.server import Simulator
from exporter.simulator.world import SimulatedOrganization, World, discovery_list
from tests.scenario.story import TOKEN, Scrape, Story, Watch

LIST = f"organizations: {{http: {{url: '$URL{DISCOVERY_PATH}', token_file: token, refresh: 1s}}}}"


def discovered(interval: str = "1s", more: str = "") -> str:
    """A configuration whose organisations come from the platform, or from the server at `more`."""
    return f"{more or LIST}\npoll: {{interval: {interval}, stale_after: 3h}}"


def fresh(scrape: Scrape) -> int:
    """How many organisations the platform answered for."""
    return len(scrape.organizations("xero_poll_success", 1))


def asked(story: Story) -> int:
    """How often the list was asked for."""
    return story.simulator.requests["", Kind.DISCOVERY]


async def source(story: Story) -> dict[str, Any]:
    """What the API says of the source."""
    found: dict[str, Any] = (await story.get("/api/v1/fleet")).json()["roster"][-1]
    return found


async def answers_more(story: Story, times: int = 4) -> Scrape:
    """Waits until the list was answered so many times more."""
    goal = asked(story) + times
    return await story.until(lambda _: asked(story) >= goal)


async def test_organisations_come_from_the_server_with_their_attributes(watch: Watch) -> None:
    """And are counted as those of http."""
    story = await watch(discovered(more=f"{LIST}\nexpose: {{organization_names: true}}"), organizations=5)
    scrape = await story.until(lambda scrape: fresh(scrape) == 5)
    [one] = [one for one in story.world.organizations.values() if one.id == "org-0001"]
    labels = {"organization_id": one.id, "xero_tenant_id": one.xero_tenant_id, "name": one.name}
    assert scrape["xero_organization_info"][frozenset(labels.items())] == 1
    assert scrape.value("xero_exporter_roster_organizations", source="http") == 5
    assert scrape.value("xero_exporter_requests_total", upstream="discovery") >= 1  # type: ignore[operator]  # it is there
    assert scrape.value("xero_exporter_token_file_readable", token="discovery") == 1
    assert (await story.get("/-/ready")).status_code == 200


async def test_static_entries_win_over_what_the_server_lists(watch: Watch) -> None:
    """Their attributes, and their presence."""
    both = LIST.replace("{http", "{static: [{id: org-0001, xero_tenant_id: ours}, {id: org-0009}], http")
    story = await watch(discovered(more=both), organizations=3)
    scrape = await story.until(lambda scrape: len(scrape.organizations("xero_organization_info")) == 4)
    assert scrape.value("xero_organization_info", "org-0001", xero_tenant_id="ours") == 1
    assert scrape.organizations("xero_organization_info") >= {"org-0002", "org-0003", "org-0009"}


async def test_the_exporter_starts_without_the_server_and_is_not_ready_until_it_answers(watch: Watch) -> None:
    """It watches those of the other sources meanwhile, says what it waits for, and asks again soon."""
    world = World(uniform_fleet(4), admin_token=TOKEN)
    world.override_list(Answer(503))
    both = LIST.replace("refresh: 1s", "refresh: 1h").replace("{http", "{static: [{id: org-0001}], http")
    story = await watch(discovered(more=both), world=world)
    await story.until(lambda scrape: scrape.organizations("xero_poll_success", 1) == {"org-0001"})
    scrape = await story.until(
        lambda scrape: scrape.value(
            "xero_exporter_request_failures_total", upstream="discovery", failure="server_error"
        )
    )
    assert scrape.value("xero_exporter_roster_last_success_timestamp_seconds", source="http") is None
    ready = await story.get("/-/ready")
    assert ready.status_code == 503
    assert ready.text == (
        "the list of organisations is not loaded yet: organizations.http: no answer: HTTP status 503\n"
    )
    assert (await story.get("/-/healthy")).status_code == 200
    world.override_list(None)
    await story.until(lambda scrape: fresh(scrape) == 4)
    assert (await story.get("/-/ready")).status_code == 200


async def test_kill_and_restart_of_the_discovery_server_change_nothing_for_the_fleet(watch: Watch) -> None:
    """The last good list is kept and polled; the failures are counted, told, and over with the first answer."""
    server = await Simulator(World(uniform_fleet(20), admin_token=TOKEN)).__aenter__()
    port = int(server.url.rpartition(":")[2])
    url = server.url
    try:
        story = await watch(discovered(more=LIST.replace("$URL", url)), organizations=30)
        before = await story.until(lambda scrape: fresh(scrape) == 20)
        read = before.value("xero_exporter_roster_last_success_timestamp_seconds", source="http")
        assert read is not None
        await server.__aexit__(None, None, None)
        down = await story.until(
            lambda scrape: (
                (scrape.value("xero_exporter_request_failures_total", upstream="discovery", failure="network") or 0)
                >= 2
            )
        )
        assert fresh(down) == 20
        polled = story.simulator.requests["org-0020", Kind.STATUS]
        await story.until(lambda _: story.simulator.requests["org-0020", Kind.STATUS] >= polled + 3)
        assert down.value("xero_exporter_roster_organizations", source="http") == 20
        assert down.value("xero_exporter_roster_rejected_total", source="http") == 0
        assert (await source(story))["why"] == "no answer: no connection could be made"
        assert (await story.get("/-/ready")).status_code == 200, "a server that is away does not make it unready"
        server = Simulator(World(uniform_fleet(21), admin_token=TOKEN), port=port)
        await server.__aenter__()
        back = await story.until(lambda scrape: fresh(scrape) == 21)
        assert (await source(story))["why"] is None
        assert back.value("xero_exporter_roster_last_success_timestamp_seconds", source="http") > read  # type: ignore[operator]  # it is there
        assert "discovery_failed" in story.log.read_text()
    finally:
        await server.__aexit__(None, None, None)


async def test_a_server_that_lists_nobody_at_first_does_not_make_it_the_platforms_api(watch: Watch) -> None:
    """Those who come then were not asked yet: that says nothing of the platform."""
    world = World(uniform_fleet(30, "healthy"), admin_token=TOKEN)
    world.override_list(b"[]")
    story = await watch(discovered("8s"), world=world)
    await story.until(lambda _: asked(story) >= 2)
    scrape = await story.scrape()
    assert (scrape["xero_organization_info"], scrape.value("xero_fleet_verdict", verdict="starting")) == ({}, 1)
    world.override_list(None)
    seen: list[str] = []

    def verdict(scrape: Scrape) -> str:
        [found] = [dict(labels)["verdict"] for labels, value in scrape["xero_fleet_verdict"].items() if value == 1]
        seen.append(found)
        return found

    await story.until(lambda scrape: verdict(scrape) == "all_well")
    assert set(seen) == {"starting", "all_well"}
    assert len(seen) > 10, "it took most of an interval to ask them all"


@pytest.mark.parametrize("left", [pytest.param(0, id="an empty list"), pytest.param(9, id="half the list gone")])
async def test_an_empty_list_and_half_the_list_gone_are_held_counted_and_explained(watch: Watch, left: int) -> None:
    """For an hour of such answers; then they are believed."""
    story = await watch(discovered(), organizations=20)
    await story.until(lambda scrape: fresh(scrape) == 20)
    story.world.override_list(discovery_list(list(story.world.organizations.values())[:left]))
    held = await story.until(lambda scrape: scrape.value("xero_exporter_discovery_held") == 1)
    stands = held.value("xero_exporter_roster_last_success_timestamp_seconds", source="http")
    after = await answers_more(story)
    assert fresh(after) == 20, "far more answers than the grace, and yet nobody is dropped"
    assert len(after.organizations("xero_connected")) == 20
    assert after.value("xero_exporter_discovery_answers_held_total") >= 4  # type: ignore[operator]  # it is there
    assert after.value("xero_exporter_discovery_missing_organizations") == 20 - left
    assert after.value("xero_exporter_roster_last_success_timestamp_seconds", source="http") == stands
    told = await source(story)
    assert (told["held"], told["rejected"], told["organizations"]) == (True, False, 20)
    assert told["why"].startswith(f"its newest answer misses {20 - left} of 20 organisations")
    assert told["why"] in (await story.get("/")).text
    assert "roster_held" in story.log.read_text()
    story.clock.ahead += 3601
    over = await story.until(lambda scrape: len(scrape.organizations("xero_organization_info")) == left)
    assert over.value("xero_exporter_discovery_held") == 0
    assert (await source(story))["why"] is None


async def test_a_reload_believes_what_is_held(watch: Watch) -> None:
    """A person has looked."""
    story = await watch(discovered(), organizations=20)
    await story.until(lambda scrape: fresh(scrape) == 20)
    story.world.override_list(discovery_list(list(story.world.organizations.values())[:3]))
    await story.until(lambda scrape: scrape.value("xero_exporter_discovery_held") == 1)
    await story.exporter.reload("signal")
    scrape = await story.until(lambda scrape: len(scrape.organizations("xero_organization_info")) == 3)
    assert scrape.value("xero_exporter_discovery_held") == 0


async def test_whoever_leaves_is_dropped_after_three_answers_and_not_before(watch: Watch) -> None:
    """Gone from /metrics and the API then."""
    story = await watch(discovered(), organizations=20)
    await story.until(lambda scrape: fresh(scrape) == 20)
    story.world.override_list(discovery_list(list(story.world.organizations.values())[1:]))
    begin = asked(story)
    missing = await story.until(lambda scrape: scrape.value("xero_exporter_discovery_missing_organizations") == 1)
    assert asked(story) - begin < 3
    assert "org-0001" in missing.organizations("xero_organization_info")
    gone = await story.until(lambda scrape: "org-0001" not in scrape.text)
    assert asked(story) - begin >= 3
    assert gone.value("xero_exporter_discovery_missing_organizations") == 0
    assert fresh(gone) == 19
    assert (await story.get("/api/v1/organizations/org-0001")).status_code == 404


@pytest.mark.parametrize(
    "bad",
    [b"<html>log in</html>", b'{"targets": []}', b'[{"targets": "org-1"}]', Misbehaviour.GARBAGE],
    ids=["html", "object", "text", "no-http"],
)
async def test_garbage_is_refused_whole_counted_and_explained(watch: Watch, bad: bytes | Misbehaviour) -> None:
    """As often as it comes; the last good list is polled."""
    story = await watch(discovered(), organizations=20)
    await story.until(lambda scrape: fresh(scrape) == 20)
    story.world.override_list(bad)
    scrape = await story.until(
        lambda scrape: (scrape.value("xero_exporter_roster_rejected_total", source="http") or 0) >= 2
    )
    assert fresh(scrape) == 20
    told = await source(story)
    assert told["rejected"]
    assert scrape.value("xero_exporter_roster_readable", source="http") == 0
    assert told["why"].startswith("its newest answer was refused: ")
    assert "log in" not in story.log.read_text()
    story.world.override_list(None)
    await answers_more(story, 2)
    assert not (await source(story))["rejected"]
    await story.until(lambda scrape: scrape.value("xero_exporter_roster_readable", source="http") == 1)


async def test_one_bad_id_among_ten_thousand_is_left_out_and_counted(watch: Watch) -> None:
    """The other 9,999 are on the roster."""
    many = [SimulatedOrganization(f"org-{number:05d}", "Club", "5f4e") for number in range(10_000)]
    body = discovery_list(many).replace(b'"org-04711"', b'"org 04711"')
    assert b"org 04711" in body
    world = World((), admin_token=TOKEN)
    world.override_list(body)
    story = await watch(discovered("1h"), world=world)
    scrape = await story.until(lambda scrape: scrape["xero_organization_info"], within=30)
    assert len(scrape.organizations("xero_organization_info")) == 9_999
    assert scrape.value("xero_exporter_discovery_ids_rejected_total") >= 1  # type: ignore[operator]  # it is there
    assert scrape.value("xero_exporter_roster_rejected_total", source="http") == 0
    line = next(json.loads(one) for one in story.log.read_text().splitlines() if "discovery_ids_rejected" in one)
    assert line["ids"] == 1
    assert "org 04711" not in story.log.read_text()


async def test_a_list_that_grows_while_polls_run_loses_nobody_and_disturbs_nobody(watch: Watch) -> None:
    """Those who come are asked; what is known of those who stay is kept."""
    story = await watch(discovered("2s"), organizations=50)
    await story.until(lambda scrape: fresh(scrape) == 50)
    for number in range(1, 6):
        for one in range(10):
            name = f"new-{number}-{one}"
            story.world.organizations[name] = SimulatedOrganization(name, "Club", "5f4e")
        size = 50 + 10 * number

        def grown(scrape: Scrape, size: int = size) -> bool:
            old = {name for name in scrape.organizations("xero_poll_success", 1) if name.startswith("org-")}
            assert len(old) == 50, "somebody who stayed was forgotten"
            return len(scrape.organizations("xero_organization_info")) == size

        await story.until(grown)
    scrape = await story.until(lambda scrape: fresh(scrape) == 100)
    assert scrape.value("xero_organizations", freshness="fresh") == 100
    assert scrape.value("xero_exporter_discovery_missing_organizations") == 0
    assert "tick_broke" not in story.log.read_text()


async def test_a_new_token_file_is_taken_and_tried_at_once(watch: Watch) -> None:
    """The list comes within seconds, though its refresh is an hour."""
    world = World(uniform_fleet(3), admin_token="new-token")
    other = LIST.replace("token_file: token", "token_file: discovery-token").replace("1s", "1h")
    story = await watch(discovered(more=other), world=world, token="new-token")
    await story.until(lambda scrape: scrape.value("xero_exporter_token_file_readable", token="discovery") == 0)
    assert not asked(story)
    (story.folder / "discovery-token").write_text("old-token")
    await story.until(
        lambda scrape: scrape.value("xero_exporter_request_failures_total", upstream="discovery", failure="auth")
    )
    (story.folder / "discovery-token").write_text("new-token\n")
    await story.until(lambda scrape: fresh(scrape) == 3, within=8)
    assert "new-token" not in story.log.read_text()


async def test_a_hanging_server_delays_no_poll(watch: Watch) -> None:
    """Its answer has a deadline of its own, and nobody waits for it."""
    story = await watch(discovered(), organizations=5)
    await story.until(lambda scrape: fresh(scrape) == 5)
    story.world.override_list(Misbehaviour.HANG)
    await answers_more(story, 1)
    first = story.simulator.requests["org-0001", Kind.STATUS]
    await story.until(lambda _: story.simulator.requests["org-0001", Kind.STATUS] >= first + 3)
