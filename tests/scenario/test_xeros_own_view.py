"""What Xero itself says, beside what the platform says: the whole exporter, a simulated platform, a simulated Xero."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from exporter.simulator.answers import Answer, Misbehaviour
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.world import World
from exporter.simulator.xero import PAGES, Kind, Notice, Tenant, Xero
from exporter.simulator.xero_server import XeroSimulator
from tests.scenario.story import TOKEN, Scrape, Story, Watch

SECRET = "canary-client-secret"
REFRESH = 10.0
GOOD_FOR = 3 * REFRESH
FIRST = "org-0001"


class Both:
    """A platform with three connected customers, and a Xero that lists them."""

    def __init__(self, xero: XeroSimulator, world: World) -> None:
        self.server = xero
        self.xero = xero.xero
        self.world = world
        organization = world.organizations[FIRST]
        self.tenant = Tenant(organization.xero_tenant_id, organization.name)

    @property
    def config(self) -> str:
        """The part of the configuration that is about Xero."""
        return (
            f"xero: {{status_pages: [{', '.join(self.server.pages)}], api_url: '{self.server.url}', "
            f"identity_url: '{self.server.url}', "
            f"app: {{client_id: the-app, client_secret_file: xero-secret, refresh: {REFRESH:g}s}}}}\n"
            "poll: {interval: 1s, stale_after: 1h}"
        )


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    """Both, over real sockets."""
    world = World(uniform_fleet(3, "healthy"), admin_token=TOKEN)
    (tmp_path / "xero-secret").write_text(SECRET)
    async with XeroSimulator(Xero(world, client_id="the-app", client_secret=SECRET)) as server:
        yield Both(server, world)


def authorized(scrape: Scrape) -> dict[str, float]:
    """Xero's own view of each organisation that it has one of."""
    return {dict(labels)["organization_id"]: found for labels, found in scrape["xero_connection_authorized"].items()}


def unauthorized(scrape: Scrape) -> bool:
    """Whether the first organisation has the issue."""
    return scrape.value("xero_issue", FIRST, issue="unauthorized") == 1


def failures(scrape: Scrape) -> float:
    """Requests for Xero's list that gave none."""
    return sum(
        found
        for labels, found in scrape["xero_exporter_request_failures_total"].items()
        if dict(labels)["upstream"] in {"xero", "xero_identity"}
    )


async def listed_anew(story: Story, both: Both) -> None:
    """Lets the time of the next list come, and waits until it was asked for."""
    before = both.server.requests[Kind.CONNECTIONS, "GET"]
    story.clock.ahead += REFRESH + 1
    await story.until(lambda _: both.server.requests[Kind.CONNECTIONS, "GET"] > before)


async def test_a_customer_that_xero_does_not_list_is_unauthorized_though_the_platform_says_connected(
    watch: Watch, both: Both
) -> None:
    """And only that one; it ends when Xero lists it again."""
    story = await watch(both.config, world=both.world)
    scrape = await story.until(lambda scrape: len(authorized(scrape)) == 3)
    assert (set(authorized(scrape).values()), scrape.value("xero_app_connections")) == ({1.0}, 3)
    both.xero.revoke(both.tenant.id)
    await listed_anew(story, both)
    scrape = await story.until(unauthorized)
    assert authorized(scrape) == {FIRST: 0, "org-0002": 1, "org-0003": 1}
    assert scrape.value("xero_connected", FIRST) == 1
    assert scrape.organizations("xero_issue") == {FIRST}
    assert scrape.value("xero_issue_organizations", issue="unauthorized") == 1
    both.xero.connect(both.tenant)
    await listed_anew(story, both)
    await story.until(lambda scrape: not unauthorized(scrape) and authorized(scrape)[FIRST] == 1)


@pytest.mark.parametrize(
    "broken",
    [
        Misbehaviour.RESET,
        Answer(500, {"Content-Type": "text/html"}, b"<h1>no</h1>"),
        Answer(200, {"Content-Type": "application/json"}, b'{"Message": "not a list"}'),
        Answer(200, {"Content-Type": "application/json"}, b'[{"id": 5}]'),
        Answer(403, {}, b""),
    ],
    ids=["reset", "server error", "no list", "a malformed entry", "forbidden"],
)
async def test_a_xero_that_gives_no_list_leads_to_no_claim(
    watch: Watch, both: Both, broken: Answer | Misbehaviour
) -> None:
    """A customer leaves meanwhile: nobody can know. The last list counts for a while, then nothing is told."""
    story = await watch(both.config, world=both.world)
    await story.until(lambda scrape: len(authorized(scrape)) == 3)
    both.xero.revoke(both.tenant.id)
    both.xero.instead(Kind.CONNECTIONS, broken)
    before = failures(await story.scrape())
    await listed_anew(story, both)
    scrape = await story.until(lambda scrape: failures(scrape) > before)
    assert authorized(scrape)[FIRST] == 1
    story.clock.ahead += GOOD_FOR
    scrape = await story.until(lambda scrape: not authorized(scrape))
    assert (scrape.organizations("xero_issue"), scrape.value("xero_app_connections")) == (set(), None)
    assert scrape.value("xero_connected", FIRST) == 1
    assert scrape.value("xero_fleet_verdict", verdict="all_well") == 1


async def test_unauthorized_becomes_not_known_and_not_well_when_the_list_cannot_be_read_any_more(
    watch: Watch, both: Both
) -> None:
    """Nobody can say that it was mended: not the document, not the verdict; the next list decides."""
    story = await watch(both.config, world=both.world)
    await story.until(lambda scrape: len(authorized(scrape)) == 3)
    both.xero.revoke(both.tenant.id)
    await listed_anew(story, both)
    await story.until(unauthorized)
    both.xero.instead(Kind.CONNECTIONS, Misbehaviour.RESET)
    story.clock.ahead += GOOD_FOR + 1
    scrape = await story.until(lambda scrape: not unauthorized(scrape))
    assert scrape["xero_doubt"] == {frozenset({("organization_id", FIRST), ("doubt", "list_unread")}): 1}

    async def told() -> dict[str, Any]:
        found: dict[str, Any] = (await story.get(f"/api/v1/organizations/{FIRST}")).json()["diagnosis"]
        return found

    diagnosis = await told()
    assert (diagnosis["wrong"], diagnosis["issues"], diagnosis["doubts"]) == (None, [], ["list_unread"])
    assert "did not have it, and could not be read since" in diagnosis["summary"]
    fleet = (await story.get("/api/v1/fleet")).json()
    assert (fleet["verdict"], fleet["doubtful"]) == ("starting", 1)
    assert fleet["verdict_means"] == "Not known: of 1 of 3 organisations nobody can tell whether they are well."
    both.xero.instead(Kind.CONNECTIONS, None)
    both.xero.connect(both.tenant)
    story.clock.ahead += REFRESH + 60
    scrape = await story.until(lambda scrape: len(authorized(scrape)) == 3)
    assert not scrape["xero_doubt"]
    assert (await told())["wrong"] is False


@pytest.mark.parametrize("major", [True, False])
async def test_a_start_in_the_midst_of_an_outage_does_not_speak_of_single_customers(
    watch: Watch,
    both: Both,
    major: bool,  # noqa: FBT001 - drawn
) -> None:
    """It is Xero where its page says so, since when nobody knows; else it is not known what it is."""
    both.world.organizations |= {one.id: one for one in uniform_fleet(20, "customer_disconnects", minute=100)}
    if major:
        both.xero.announce(PAGES[0], Notice("major", both.world.now(), "name"))
    story = await watch(both.config, world=both.world)
    expected, words = ("xero", "Since when is not known") if major else ("starting", "Not known yet whether it is one")
    scrape = await story.until(lambda scrape: scrape.value("xero_fleet_verdict", verdict=expected) == 1)
    scrape = await story.until(lambda scrape: scrape.value("xero_organizations_affected", kind="connection") == 20)
    assert scrape.value("xero_fleet_verdict", verdict=expected) == 1
    assert scrape["xero_incident"] == {}
    assert words in (await story.get("/api/v1/fleet")).json()["verdict_means"]


async def test_a_xero_that_was_never_reached_leads_to_no_claim(watch: Watch, both: Both) -> None:
    """From the start on."""
    both.xero.instead(Kind.TOKEN, Misbehaviour.RESET)
    both.xero.revoke(both.tenant.id)
    story = await watch(both.config, world=both.world)
    scrape = await story.until(lambda scrape: failures(scrape) > 0 and scrape.organizations("xero_poll_success", 1))
    assert not authorized(scrape)
    assert not scrape["xero_issue"]
    assert scrape.value("xero_app_credentials_rejected") == 0


async def test_an_app_that_xero_refuses_is_one_fact_of_the_fleet(watch: Watch, both: Both) -> None:
    """The verdict names it, no customer is blamed, and another secret ends it."""
    both.xero.client_secret = "another"
    story = await watch(both.config, world=both.world)
    scrape = await story.until(lambda scrape: scrape.value("xero_fleet_verdict", verdict="xero_app") == 1)
    assert (scrape.value("xero_app_credentials_rejected"), scrape["xero_issue"]) == (1, {})
    told = (await story.get("/api/v1/fleet")).json()
    assert "no organisation reports it" in told["verdict_means"]
    assert "no customer can sync." not in told["verdict_means"]
    assert "client_secret_file" in told["do_first"]
    assert told["verdict_means"] in html.unescape((await story.get("/")).text)
    (story.folder / "xero-secret").write_text("another")
    scrape = await story.until(lambda scrape: scrape.value("xero_app_credentials_rejected") == 0)
    await story.until(lambda scrape: len(authorized(scrape)) == 3)
    assert SECRET not in story.log.read_text()


async def test_a_status_page_that_says_major_is_told_and_alone_is_no_verdict(watch: Watch, both: Both) -> None:
    """Nor is a page that cannot be read an outage: after a while it is unknown."""
    both.xero.announce(PAGES[0], Notice("major", both.world.now(), "canary name"))
    story = await watch(both.config, world=both.world)
    page = both.server.pages[0].removeprefix("http://")

    def says(scrape: Scrape) -> set[str]:
        return {
            dict(labels)["status"]
            for labels, found in scrape["xero_service_status"].items()
            if found == 1 and dict(labels)["page"] == page
        }

    scrape = await story.until(lambda scrape: says(scrape) == {"major"})
    await story.until(lambda scrape: scrape.value("xero_fleet_verdict", verdict="all_well") == 1)
    assert "canary" not in scrape.text
    both.xero.instead(Kind.PAGE, Misbehaviour.RESET)
    story.clock.ahead += 200
    await story.until(
        lambda scrape: scrape.value("xero_exporter_request_failures_total", upstream="statuspage", failure="network")
    )
    assert says(await story.scrape()) == {"major"}
    story.clock.ahead += 200
    await story.until(lambda scrape: says(scrape) == {"unknown"})


async def test_a_reload_takes_xeros_view_away_and_brings_it_back(watch: Watch, both: Both) -> None:
    """Nothing of it is told while it is not configured, and the organisations are polled on."""
    story = await watch(both.config, world=both.world)
    await story.until(lambda scrape: len(authorized(scrape)) == 3)
    config = story.folder / "config.yml"
    whole = config.read_text()
    config.write_text(
        "\n".join(line for line in whole.splitlines() if not line.startswith("xero:")) + "\nxero: {status_pages: []}\n"
    )
    await story.exporter.reload("signal")
    scrape = await story.scrape()
    assert (authorized(scrape), scrape["xero_service_status"], scrape["xero_app_connections"]) == ({}, {}, {})
    assert scrape["xero_exporter_token_file_readable"].keys() == {frozenset({("token", "platform")})}
    config.write_text(whole)
    await story.exporter.reload("signal")
    await story.until(lambda scrape: len(authorized(scrape)) == 3)


async def test_a_list_of_another_app_disconnects_nobody(watch: Watch, both: Both) -> None:
    """Xero lists a stranger and one of ours: that is a wrong client id, not a fleet that left."""
    for number in range(4, 9):
        both.world.organizations |= {one.id: one for one in uniform_fleet(number, "healthy")}
    for one in [*both.world.organizations.values()][1:]:
        both.xero.revoke(one.xero_tenant_id)
    both.xero.connect(Tenant("00000000-0000-4000-8000-00000000000f", "a stranger"))
    story = await watch(both.config, world=both.world)
    await story.until(lambda scrape: len(scrape.organizations("xero_poll_success", 1)) == len(both.world.organizations))
    await listed_anew(story, both)
    await story.until(lambda _: "xero_lists_too_few_of_ours" in story.log.read_text())
    scrape = await story.scrape()
    assert (authorized(scrape), scrape["xero_issue"]) == ({}, {})
