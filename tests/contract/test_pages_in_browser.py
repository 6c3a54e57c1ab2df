"""The pages in a real browser, Debian's Chromium: found, read, kept live, and held in."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, HttpCredentials, Page, async_playwright, expect

from exporter.model.action import ActionKind, Parameters
from exporter.model.asked import PersonRequest
from exporter.model.facts import Organization, OrganizationState, Snapshot, SyncError
from exporter.model.judgement import WELL
from exporter.model.words import SyncType
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.world import SimulatedOrganization, World
from exporter.web.routes import application
from exporter.web.server import Server
from exporter.web.site import Site
from tests.contract.test_web_routes import NOW, OPERATOR, VIEWER, a_site, snapshot
from tests.needs import program
from tests.scenario.story import TOKEN, Story, watching

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATHS = (
    "/",
    "/organizations",
    "/organizations/org-05",
    "/organizations/org-03",
    "/organizations/nobody",
    "/organizations/org-05/retry",
    "/organizations/org-05/resync",
    "/actions",
    "/actions/1",
    "/actions/2",
)
AS_VIEWER: HttpCredentials = {"username": "prometheus", "password": "viewer-secret"}
AS_OPERATOR: HttpCredentials = {"username": "on-call", "password": "operator-secret"}
HOSTILE = "<img src=x onerror=\"document.title='taken'\">\x1b[31m\u202ered"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One for all: starting it takes a second."""
    chromium = program("chromium", "chromium")
    async with async_playwright() as playwright:
        # Root, as in a container, has no sandbox; only our own pages are opened.
        found = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield found
        await found.close()


@asynccontextmanager
async def looking(
    browser: Browser, site: Site, credentials: HttpCredentials | None = None, *, width: int = 1280, dark: bool = False
) -> AsyncIterator[Page]:
    """A window on a real server; whatever the page's policy stops, or its script breaks on, fails the test."""
    server = Server(application(site), "127.0.0.1", 0)
    await server.start()
    try:
        async with window(browser, server.url, credentials, width=width, dark=dark) as page:
            yield page
    finally:
        await server.stop(1)
        await site.desk.aclose()


@asynccontextmanager
async def window(
    browser: Browser, url: str, credentials: HttpCredentials | None, *, width: int = 1280, dark: bool = False
) -> AsyncIterator[Page]:
    """A window on a server that runs; what fails the test is as above."""
    context = await browser.new_context(
        base_url=url,
        http_credentials=credentials,
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
    )
    wrong: list[str] = []
    page = await context.new_page()
    page.set_default_timeout(8000)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda message: wrong.append(message.text) if "Content Security Policy" in message.text else None,
    )
    try:
        yield page
        assert wrong == []
    finally:
        await context.close()


def closed() -> Site:
    """A site with tokens; so reading needs one."""
    return replace(a_site(), tokens=(VIEWER, OPERATOR))


async def entered(site: Site, organization_id: str = "org-05") -> Site:
    """The site, with two actions in its ledger: a retry of the longest id there is, rejected, and a pause."""
    records = Parameters((SyncType.CONTACTS,), ("x" * 128, "y" * 128))
    one = await site.desk.ask(PersonRequest(organization_id, ActionKind.RETRY, records, "on-call", HOSTILE))
    await site.desk.reject(one.id, actor="on-call", note=HOSTILE)
    await site.desk.ask(PersonRequest(organization_id, ActionKind.RETRY, records, "on-call", "z" * 500))
    await site.desk.pause(actor="on-call", note=HOSTILE)
    return site


REMEDIATION = f"""
poll: {{interval: 1s}}
remediation: {{mode: approve, verify_within: 1m}}
web:
  listen: '127.0.0.1:0'
  tokens:
    - {{name: {AS_OPERATOR["username"]}, role: operator, token: {AS_OPERATOR["password"]}}}
    - {{name: {AS_VIEWER["username"]}, role: viewer, token: {AS_VIEWER["password"]}}}
"""


@asynccontextmanager
async def an_outage_is_over(folder: Path) -> AsyncIterator[Story]:
    """A whole exporter, and a platform that names the records which failed for one organisation and can be retried."""
    sick = uniform_fleet(1, "xero_outage", minute=91)
    well = [SimulatedOrganization(f"org-{number:04}", f"Club {number}", f"tenant-{number}") for number in range(2, 11)]
    world = World([*sick, *well], admin_token=TOKEN, speed=180, record_ids="record_ids")
    async with watching(folder) as watch:
        story = await watch(REMEDIATION, world=world)
        yield story


async def test_an_operator_finds_who_fails_retries_it_and_sees_it_verified(browser: Browser, tmp_path: Path) -> None:
    """From the first page by links and buttons; the outcome comes onto the page by itself."""
    async with (
        an_outage_is_over(tmp_path) as story,
        window(browser, story.exporter.url, AS_OPERATOR) as page,
    ):
        await page.goto("/")
        await page.click("#issues a", timeout=15000)
        await page.click("#found tbody a")
        assert await page.locator("#steps ol.steps > li").count() > 1
        await page.click("#acts a.button[href$='/retry']")
        assert "invoice_sync-1" in await page.inner_text("#plan")
        await page.dblclick("text=Confirm the retry")
        # Not `wait_for_url`: the second click aborts the navigation of the first one.
        await expect(page).to_have_url(re.compile("/organizations/org-0001#acts$"), timeout=25_000)
        await shown_within(page, 25, "#actions", "✓ verified")
        assert "by on-call" not in await page.inner_text("#actions li")
        assert "person on-call" in await page.inner_text("#actions li")
        assert len(story.simulator.calls) == 1
        await page.click("#actions li a")
        assert "verified" in await page.inner_text("#events")


async def test_the_keyboard_alone_leads_from_an_organisation_to_a_retry(browser: Browser) -> None:
    """Tab and Enter; what has the focus is seen to have it, and an update of the page does not take it."""
    site = closed()
    async with looking(browser, site, AS_OPERATOR) as page:

        async def reach(label: str) -> None:
            for _ in range(60):
                await page.keyboard.press("Tab")
                told = "(document.activeElement.textContent || document.activeElement.name || '').trim()"
                if (await page.evaluate(told)).startswith(label):
                    assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
                    return
            raise AssertionError(f"{label} was not reached")

        await page.goto("/organizations/org-05")
        await reach("Retry")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/retry")
        await reach("record_ids")
        await page.keyboard.type("uuid-1")
        await reach("Show the plan")
        await page.keyboard.press("Enter")
        await expect(page.locator("#plan")).to_contain_text("uuid-1")
        await reach("Confirm the retry")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile("/organizations/org-05#acts$"), timeout=25_000)
        (action,) = await site.desk.actions()
        assert action.parameters == Parameters((SyncType.CONTACTS,), ("uuid-1",))


async def test_what_is_being_written_is_not_taken_away_and_a_pause_is_taken_once(browser: Browser) -> None:
    """The page of actions stands still under a note, and is live again after it."""
    site = closed()
    async with looking(browser, site, AS_OPERATOR) as page:
        await page.goto("/actions")
        await page.fill("#everybody input[name=note]", "look first")
        await entered(site)
        await shown_within(page, 9, "#live", "Stands still while you write")
        assert await page.input_value("#everybody input[name=note]") == "look first"
        await page.fill("#everybody input[name=note]", "")
        await shown_within(page, 9, "#found", "cancelled")
        await page.fill("#everybody input[name=note]", "seen")
        await page.click("text=Resume")
        await page.wait_for_load_state()
        assert "resumed by on-call: seen" in await page.inner_text("#everybody")
        await page.click("#times")
        assert "UTC" in await page.inner_text("#found tbody tr td:last-child")


async def test_without_a_token_a_browser_shows_a_page_that_says_how_to_send_one(browser: Browser) -> None:
    """Whoever gives up the browser's question sees why."""
    async with looking(browser, closed()) as page:
        await give_up_signing_in(page)
        answer = await page.goto("/actions")
        assert answer is not None
        assert answer.status == 401
        assert "401 Unauthorized" in await page.inner_text("h1")
        assert "This needs a token" in await page.inner_text("#problem")


async def give_up_signing_in(page: Page) -> None:
    """Has the browser's question for a name and a password answered with its button Cancel."""
    session = await page.context.new_cdp_session(page)
    asked: set[asyncio.Task[object]] = set()

    def send(method: str, event: dict[str, Any], **more: object) -> None:
        asked.add(asyncio.ensure_future(session.send(method, {"requestId": event["requestId"], **more})))

    session.on("Fetch.requestPaused", lambda event: send("Fetch.continueRequest", event))
    cancel = {"response": "CancelAuth"}
    session.on("Fetch.authRequired", lambda event: send("Fetch.continueWithAuth", event, authChallengeResponse=cancel))
    await session.send("Fetch.enable", {"handleAuthRequests": True})


async def shown_within(page: Page, seconds: float, place: str, text: str) -> None:
    """Waits until a page shows that by itself, and has it look at once, as for somebody who comes back to it."""
    deadline = time.monotonic() + seconds
    while text not in await page.inner_text(place):
        assert time.monotonic() < deadline, await page.inner_text(place)
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await page.wait_for_timeout(250)


async def test_an_operator_signs_in_finds_who_fails_and_reads_what_to_do(browser: Browser) -> None:
    """From the first page by links alone: the issue, the organisation, the first step, the texts, the bundle."""
    async with looking(browser, closed(), AS_OPERATOR) as page:
        await page.goto("/")
        assert "customers" in await page.inner_text("#verdict")
        await page.click("#issues a")
        await page.click("#found tbody a")
        assert page.url.endswith("/organizations/org-05")
        assert await page.locator("#steps ol.steps > li").count() > 1
        assert "Duplicate contact" in await page.inner_text("#texts") or "withheld" in await page.inner_text("#texts")
        async with page.expect_download() as download:
            await page.click("#escalate a.button")
        assert (await download.value).suggested_filename == "xero-org-05.md"


async def test_a_viewer_reads_no_texts_and_is_told_why(browser: Browser) -> None:
    """The steps are there; error texts and the bundle are not, with the reason beside the disabled button."""
    async with looking(browser, closed(), AS_VIEWER) as page:
        await page.goto("/organizations/org-05")
        assert await page.locator("#steps ol.steps > li").count() > 1
        assert "needs a token with the role operator" in await page.inner_text("#texts")
        assert await page.locator("#texts table").count() == 0
        assert await page.is_disabled("#escalate button")
        assert await page.locator("#acts button:disabled").count() == 2
        assert "needs a token with the role operator" in await page.inner_text("#why-no-retry")
        assert await page.locator("#acts a").count() == 0
        assert "needs a token with the role operator" in await page.inner_text("#why-not")


async def test_where_reading_is_open_an_operator_can_still_sign_in(browser: Browser) -> None:
    """The browser is asked for the token once, and sends it with every page from then on."""
    async with looking(browser, replace(closed(), open_reading=True), AS_OPERATOR) as page:
        await page.goto("/")
        await page.click("nav a[href='/sign-in']")
        assert "on-call (operator)" in await page.inner_text("nav")
        await page.goto("/organizations/org-05")
        assert await page.locator("#texts table").count() == 1


@pytest.mark.parametrize("width", [360, 1280, 2560])
async def test_every_page_fits_every_screen(browser: Browser, width: int) -> None:
    """A phone, a laptop, a wall: nothing has to be scrolled sideways, with the longest id too."""
    site = await entered(with_organization("x" * 128, None), "x" * 128)
    async with looking(browser, site, AS_OPERATOR, width=width) as page:
        longest = "/organizations/" + "x" * 128
        for path in (*(one for one in PATHS if "org-05" not in one), longest, f"{longest}/retry", f"{longest}/resync"):
            await page.goto(path)
            assert await page.locator("nav").count() == 1, path
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_axe_finds_nothing_serious(browser: Browser, dark: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Names, roles, order and contrast, in light and in dark, of every page."""
    async with looking(browser, await entered(closed()), AS_OPERATOR, dark=dark) as page:
        for path in PATHS:
            await page.goto(path)
            # Run outside of the page's policy, as an extension would be. In the dark only the colours are others.
            assert await page.locator("nav").count() == 1, path
            found = (await Axe().run(page, options={"runOnly": ["color-contrast"]} if dark else None)).response
            assert found["passes"], path
            grave = [one["id"] for one in found["violations"] if one["impact"] in {"serious", "critical"}]
            assert grave == [], (path, found["violations"])


async def test_markup_and_escape_sequences_in_names_and_notes_are_text(browser: Browser) -> None:
    """They are shown as they are written, but for what drives a terminal or turns the writing around."""
    site = await entered(replace(with_organization("org-99", HOSTILE), organization_names=True), "org-99")
    async with looking(browser, site, AS_OPERATOR) as page:
        for path in ("/organizations?search=org-99", "/organizations/org-99", "/actions", "/actions/1"):
            await page.goto(path)
            text = await page.inner_text("main")
            assert '<img src=x onerror="document.title=' in text
            assert "\x1b" not in text
            assert "\u202e" not in text
            assert await page.locator("main img").count() == 0
            assert await page.title() != "taken"


async def test_a_page_stays_live_and_says_when_it_is_not(browser: Browser) -> None:
    """A change comes without a reload, and keeps what is open and focused; silence is told, not shown as news."""
    known = [snapshot()]
    async with looking(browser, replace(closed(), snapshot=lambda: known[0]), AS_OPERATOR) as page:
        await page.goto("/organizations/org-05")
        await page.click("#recent summary")
        await page.evaluate("window.here = true")
        known[0] = snapshot_without_issues()
        await expect(page.locator("#issues")).to_have_count(0, timeout=8000)
        assert "Nothing is wrong." in await page.inner_text("#summary")
        assert await page.evaluate("window.here")
        assert await page.evaluate("document.querySelector('#recent').open")
        await page.route("**/organizations/**", lambda route: route.abort())
        await expect(page.locator("#live")).to_contain_text("Not current", timeout=8000)


async def test_markup_and_escape_sequences_in_error_texts_and_ids_are_text(browser: Browser) -> None:
    """What the platform writes, and what stands in an address, makes nothing of the page and of its title."""
    one = _state("org-05")
    assert one.status is not None
    error = SyncError(NOW.wall, kind=HOSTILE, message=f"The Contact Name is already assigned {HOSTILE}")
    known = _with(replace(one, status=replace(one.status, errors=(error, replace(error, message=HOSTILE)))))
    site = replace(closed(), snapshot=lambda: known)
    async with looking(browser, site, AS_OPERATOR) as page:
        for path in ("/organizations/org-05", "/organizations/org-05/retry", f"/organizations/{quote(HOSTILE)}"):
            await page.goto(path)
            assert await page.locator("main h1").count() == 1, path
            assert await page.locator("main img").count() == 0, path
            assert "\x1b" not in await page.content()
            assert await page.title() != "taken"
        await page.goto("/organizations/org-05")
        assert await page.locator("#texts tbody tr").count() == 2


def snapshot_without_issues() -> Snapshot:
    """The fleet, and of org-05 nothing is wrong any more."""
    return _with(replace(_state("org-05"), diagnosis=WELL))


def with_organization(organization_id: str, name: str | None) -> Site:
    """The site, with org-05 called otherwise."""
    changed = replace(_state("org-05"), organization=Organization(organization_id, name=name))
    known = _with(changed)
    return replace(closed(), snapshot=lambda: known)


def _state(organization_id: str) -> OrganizationState:
    found = snapshot().state(organization_id)
    assert found is not None
    return found


def _with(changed: OrganizationState) -> Snapshot:
    """The fleet with another org-05."""
    known = snapshot()
    block, place = known.places["org-05"]
    states = list(known.blocks[block].states)
    states[place] = changed
    places = {one.organization.id: (0, index) for index, one in enumerate(states)}
    return replace(known, blocks=(replace(known.blocks[0], states=tuple(states)),), places=places)


async def test_another_sites_page_cannot_change_anything(browser: Browser) -> None:
    """Although the browser would send the operator's token along, a reload that another site asks for is refused."""
    asked: list[str] = []

    async def reload(who: str) -> list[str]:
        asked.append(who)
        return []

    request = "(url) => fetch(url, {method: 'POST', headers: {'Content-Type': 'application/json'}}).then(a => a.status)"
    async with looking(browser, replace(closed(), reload=reload), AS_OPERATOR) as page:
        await page.goto("/")
        home = page.url
        assert await page.evaluate(request, home + "-/reload") == 200
        form = f"<form method=post action={home}-/reload></form><script>document.forms[0].submit()</script>"
        await page.route("http://elsewhere.test/", lambda route: route.fulfill(body=form, content_type="text/html"))
        async with page.expect_response(home + "-/reload") as refused:
            await page.goto("http://elsewhere.test/")
        answer = await refused.value
        assert answer.status == 403
        assert "A page of another site" in (await answer.json())["detail"]
    assert asked == ["request"]
