"""The pages in a real browser, Debian's Chromium: found, read, kept live, and held in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, HttpCredentials, Page, async_playwright, expect

from exporter.model.facts import Organization, OrganizationState, Snapshot
from exporter.model.judgement import WELL
from exporter.web.routes import application
from exporter.web.server import Server
from exporter.web.site import Site
from tests.contract.test_web_routes import OPERATOR, VIEWER, a_site, snapshot
from tests.needs import program

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATHS = ("/", "/organizations", "/organizations/org-05", "/organizations/org-03", "/organizations/nobody")
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
    context = await browser.new_context(
        base_url=server.url,
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
        await server.stop(1)


def closed() -> Site:
    """A site with tokens; so reading needs one."""
    return replace(a_site(), tokens=(VIEWER, OPERATOR))


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
    async with looking(browser, with_organization("x" * 128, None), AS_OPERATOR, width=width) as page:
        for path in (*PATHS, "/organizations/" + "x" * 128):
            await page.goto(path)
            assert await page.locator("nav").count() == 1, path
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_axe_finds_nothing_serious(browser: Browser, dark: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Names, roles, order and contrast, in light and in dark, of every page."""
    async with looking(browser, closed(), AS_OPERATOR, dark=dark) as page:
        for path in PATHS:
            await page.goto(path)
            # Run outside of the page's policy, as an extension would be.
            assert await page.locator("nav").count() == 1, path
            found = (await Axe().run(page)).response
            assert found["passes"], path
            grave = [one["id"] for one in found["violations"] if one["impact"] in {"serious", "critical"}]
            assert grave == [], (path, found["violations"])


async def test_markup_and_escape_sequences_in_a_name_are_text(browser: Browser) -> None:
    """A name is shown as it is written, but for what drives a terminal or turns the writing around."""
    site = replace(with_organization("org-99", HOSTILE), organization_names=True)
    async with looking(browser, site, AS_OPERATOR) as page:
        for path in ("/organizations?search=org-99", "/organizations/org-99"):
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
