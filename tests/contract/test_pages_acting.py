"""Retry, resync and the ledger on pages: forms over real sockets into a real ledger."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from exporter.expose.actions_document import action_document
from exporter.model.action import ActionKind, Mode, Parameters, TriggerSource
from exporter.model.asked import PersonRequest
from exporter.model.holds import Hold
from exporter.model.limits import Limits
from exporter.model.words import SyncType
from exporter.web.forms import comes_from_here
from exporter.web.pages.ledger import offer
from exporter.web.pages.rendering import Caller
from tests.contract.test_web_hooks import Hooked, hooked, locked
from tests.contract.test_web_routes import CANARY, bearer, problem
from tests.unit.acting import an_action

ORG = "/organizations/org-07"
OPERATOR = bearer("operator-secret")
VIEWER = bearer("viewer-secret")
RETRY = {"sync_type": "contacts", "record_ids": "uuid-1 uuid-2", "since": "", "note": "account mended"}
HOSTILE = '<b id="taken">&\x1b[31m'


async def send(its: Hooked, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
    """Posts a form as a browser does for an operator on one of our pages; a header that is empty is left out."""
    sent = {
        **OPERATOR,
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
        "Accept": "text/html",
        **headers,
    }
    given = {name: value for name, value in sent.items() if value}
    return await its.client.post(path, content=urlencode(fields), headers=given)


async def page(its: Hooked, path: str, headers: dict[str, str] = OPERATOR) -> str:
    """What somebody sees there."""
    answer = await its.client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def text_of(html: str) -> str:
    """The words of a page's content."""
    content = html[html.index("<main") : html.index("</main>")]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", content)).split())


def version_in(html: str) -> str:
    """The version of the action that a page shows, as its form sends it."""
    found = re.search(r'name="version" value="(\d+)"', html)
    assert found is not None, html
    return found[1]


def key_in(html: str) -> str:
    """The key that the page gives its form."""
    found = re.search(r'name="key" value="([^"]+)"', html)
    assert found is not None, html
    return found[1]


async def planned(its: Hooked, note: str = "", actor: str = "on-call") -> int:
    """An action in the ledger that has not started."""
    wanted = PersonRequest("org-07", ActionKind.RETRY, Parameters((SyncType.CONTACTS,), ("uuid-1",)), actor, note)
    return (await its.desk.ask(wanted)).id


async def test_the_plan_is_shown_before_anything_is_asked_for_and_confirmed_once(tmp_path: Path) -> None:
    """The plan writes nothing; its confirmation, sent twice, is one action; another plan has another key."""
    async with hooked(tmp_path / "ledger.db") as its:
        plan = await send(its, f"{ORG}/retry", {**RETRY, "step": "plan"})
        assert plan.status_code == 200
        assert "a retry of contacts" in text_of(plan.text)
        assert "2: uuid-1, uuid-2" in text_of(plan.text)
        assert "dry_run" in text_of(plan.text)
        assert await its.desk.actions() == []
        confirmation = {**RETRY, "step": "confirm", "key": key_in(plan.text)}
        for _ in range(2):
            done = await send(its, f"{ORG}/retry", confirmation)
            assert (done.status_code, done.headers["location"]) == (303, f"{ORG}#acts")
        (action,) = await its.desk.actions()
        assert action.parameters == Parameters((SyncType.CONTACTS,), ("uuid-1", "uuid-2"))
        assert (action.actor, action.note, action.approved_by) == ("on-call", "account mended", "on-call")
        record = await its.desk.action(action.id)
        assert record is not None
        assert len(record.events) == 1
        assert key_in(await page(its, f"{ORG}/resync")) != key_in(await page(its, f"{ORG}/resync"))
        shown = text_of(await page(its, ORG))
        assert "retry of contacts, 2 records" in shown
        assert "Action 1 waits with what was asked for before" in shown


async def test_a_resync_carries_its_types_and_an_instant_in_utc(tmp_path: Path) -> None:
    """What the browser's field holds has no zone."""
    async with hooked(tmp_path / "ledger.db") as its:
        form = await page(its, f"{ORG}/resync")
        since = re.search(r'name="since" value="([^"]+)"', form)
        assert since is not None
        refused = await send(its, f"{ORG}/resync", {"step": "plan", "sync_type": "invoices", "since": "soon"})
        assert "since when" in text_of(refused.text)
        assert 'name="key"' not in refused.text
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M}"
        fields = {"step": "confirm", "key": "k", "sync_type": "invoices", "since": now, "record_ids": "", "note": ""}
        assert (await send(its, f"{ORG}/resync", fields)).status_code == 303
        (action,) = await its.desk.actions()
        assert action.kind is ActionKind.RESYNC
        assert action.parameters is not None
        assert action.parameters.sync_types == (SyncType.INVOICES,)
        assert action.parameters.since is not None


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"record_ids": ""}, "name 1 to 100 records"),
        ({"record_ids": "jane@example.com"}, "an id is"),
        ({"sync_type": "other"}, "other"),
        ({"sync_type": CANARY}, "choose what"),
        ({"note": "x" * 501}, "note is too long"),
        ({"key": ""}, "lost its key"),
        ({"step": "now"}, "`step`"),
        ({CANARY: "1"}, "unknown here"),
    ],
)
async def test_what_is_not_complete_asks_for_nothing_and_says_why(
    tmp_path: Path, changed: dict[str, str], told: str
) -> None:
    """On a page, without anything of what was sent."""
    async with hooked(tmp_path / "ledger.db") as its:
        answer = await send(its, f"{ORG}/retry", {**RETRY, "step": "confirm", "key": "k", **changed})
        assert answer.status_code == 400
        assert told in text_of(answer.text)
        assert CANARY not in answer.text
        assert "jane" not in answer.text
        assert await its.desk.actions() == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "", "Origin": "http://elsewhere.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": ""}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Type": "application/json"}, 415),
    ],
)
async def test_a_form_that_no_page_of_ours_sent_changes_nothing(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    """The browser must vouch for where it comes from; every path that takes a form asks so."""
    async with hooked(tmp_path / "ledger.db") as its:
        number = await planned(its)
        before = await its.desk.action(number)
        for path in (
            f"{ORG}/retry",
            f"{ORG}/resync",
            f"/actions/{number}/approve",
            f"/actions/{number}/reject",
            "/remediation/pause",
            "/remediation/resume",
        ):
            fields = {"key": "k", "note": ""} if "org" not in path else {**RETRY, "step": "confirm", "key": "k"}
            answer = await send(its, path, fields, **headers)
            assert answer.status_code == status, path
            assert "text/html" in answer.headers["content-type"]
        assert await its.desk.action(number) == before
        assert (await its.desk.gate()).paused_at is None
        assert await its.desk.events(action_id=None) == []


def test_only_a_browser_that_vouches_is_believed() -> None:
    """What a program sends, neither header, is no form of ours."""
    assert comes_from_here("http://here", None)
    assert comes_from_here(None, "same-origin")
    assert not comes_from_here(None, None)
    assert not comes_from_here(None, "none")


async def test_a_viewer_changes_nothing_reads_no_names_and_is_told_why(tmp_path: Path) -> None:
    """Buttons are disabled with the reason beside them; who wrote what is for operators."""
    async with hooked(tmp_path / "ledger.db") as its:
        number = await planned(its, note="secret note", actor="jane")
        await its.desk.pause(actor="jane", note="secret note")
        for path in (ORG, "/actions", f"/actions/{number}"):
            shown = await page(its, path, VIEWER)
            assert "jane" not in shown, path
            assert "secret note" not in shown, path
            assert "needs a token with the role operator" in shown, path
            assert 'method="post"' not in shown, path
            told = await page(its, path)
            assert "jane" in told, path
            assert "secret note" in told, path
        for path in (f"{ORG}/retry", f"{ORG}/resync"):
            assert (await its.client.get(path, headers=VIEWER)).status_code == 403
        for path in (f"{ORG}/retry", f"/actions/{number}/approve", "/remediation/resume"):
            answer = await send(its, path, {"key": "k", "note": ""}, **VIEWER)
            assert answer.status_code == 403
            assert "operator" in text_of(answer.text)
        assert (await its.desk.gate()).paused_by == "jane"


@pytest.mark.parametrize(("mode", "held"), [(Mode.OFF, "remediation.mode is off"), (Mode.APPROVE, None)])
async def test_a_button_that_cannot_help_says_why(tmp_path: Path, mode: Mode, held: str | None) -> None:
    """Mode off disables both."""
    async with hooked(tmp_path / "ledger.db") as its:
        its.desk.become(Limits(mode=mode))
        shown = await page(its, ORG)
        assert shown.count('<button type="button" disabled aria-describedby="why-no-') == (2 if held else 0)
        assert (held or "Shows the plan first") in text_of(shown)
        plan = await send(its, f"{ORG}/retry", {**RETRY, "step": "plan"})
        assert ("disabled" in plan.text[plan.text.index("<main") :]) is (held is not None)


async def test_a_plan_names_the_holds_that_stand(tmp_path: Path) -> None:
    """A pause, and an organisation whose status is too old."""
    async with hooked(tmp_path / "ledger.db") as its:
        its.desk.become(Limits(mode=Mode.APPROVE))
        free = text_of((await send(its, f"{ORG}/retry", {**RETRY, "step": "plan"})).text)
        assert "No running exporter acts on this ledger" in free
        await its.desk.pause(actor="jane")
        held = text_of((await send(its, f"{ORG}/retry", {**RETRY, "step": "plan"})).text)
        assert "It would be held now by paused" in held
        stale = text_of((await send(its, "/organizations/org-03/retry", {**RETRY, "step": "plan"})).text)
        assert "unreadable" in stale


async def test_approve_reject_pause_and_resume_are_recorded_with_who_and_why(tmp_path: Path) -> None:
    """Each with a note; the same form sent again is heeded once."""
    async with hooked(tmp_path / "ledger.db") as its:
        number = await planned(its)
        shown = await page(its, f"/actions/{number}")
        form = {"key": key_in(shown), "version": version_in(shown), "note": "it is right"}
        for _ in range(2):
            assert (await send(its, f"/actions/{number}/approve", form)).headers["location"] == f"/actions/{number}"
        other = {"key": key_in(await page(its, f"/actions/{number}")), "note": "it is wrong"}
        assert other["key"] != form["key"]
        await send(its, f"/actions/{number}/reject", other)
        record = await its.desk.action(number)
        assert record is not None
        assert [(one.what, one.actor, one.note) for one in record.events[1:]] == [
            ("planned", "on-call", "it is right"),
            ("cancelled", "on-call", "it is wrong"),
        ]
        assert "Decide" not in text_of(await page(its, f"/actions/{number}"))
        late = await send(its, f"/actions/{number}/reject", {"key": "new", "note": ""})
        assert (late.status_code, "cancelled" in text_of(late.text)) == (409, True)
        pause = {"key": key_in(await page(its, "/actions")), "note": "look first"}
        await send(its, "/remediation/pause", pause)
        assert "by on-call: look first" in text_of(await page(its, "/actions"))
        resume = {"key": key_in(await page(its, "/actions")), "note": "seen"}
        await send(its, "/remediation/resume", resume)
        await send(its, "/remediation/pause", pause)
        assert (await its.desk.gate()).paused_at is not None, "an old page's stop is a stop"
        assert [one.what for one in await its.desk.events(action_id=None)] == ["paused", "resumed", "paused"]


async def test_a_plan_of_another_mode_is_shown_again_and_not_done(tmp_path: Path) -> None:
    """What said that nothing is sent must not become a call by a reload."""
    async with hooked(tmp_path / "ledger.db") as its:
        form = {**RETRY, "step": "confirm", "key": "k", "mode": "approve"}
        answer = await send(its, f"{ORG}/retry", form)
        assert (answer.status_code, "look at it again" in text_of(answer.text)) == (409, True)
        assert list(await its.desk.actions()) == []
        assert (await send(its, f"{ORG}/retry", {**form, "mode": "dry_run"})).status_code == 303


def test_what_alerts_wait_for_gives_way_to_a_person_and_the_page_says_to_what() -> None:
    """Only what another person asked for does not."""
    caller = Caller("on-call", operator=True, may_sign_in=True)
    for source, joins in ((TriggerSource.ALERT, 1), (TriggerSource.RECONNECT, 1), (TriggerSource.PERSON, None)):
        waits = action_document(an_action(source=source))
        offered = offer(ActionKind.RETRY, (waits,), Mode.APPROVE, caller)
        assert (offered.joins, offered.why_not is None) == (joins, joins is not None)


async def test_what_a_person_asked_for_is_not_offered_to_be_overwritten(tmp_path: Path) -> None:
    """It would be refused: the page says so first, and of which action."""
    async with hooked(tmp_path / "ledger.db") as its:
        number = await planned(its)
        shown = text_of(await page(its, ORG))
        assert f"Action {number} waits with what was asked for before" in shown
        assert "takes the place" not in shown


async def test_what_changed_since_it_was_shown_is_not_approved(tmp_path: Path) -> None:
    """Only the call that somebody saw is; 409 with a sentence, and nothing is written."""
    async with hooked(tmp_path / "ledger.db") as its:
        number = await planned(its)
        shown = await its.desk.action(number)
        assert shown is not None
        form = {"key": "a key", "version": str(shown.action.version + 1), "note": ""}
        answer = await send(its, f"/actions/{number}/approve", form)
        assert (answer.status_code, "look at it again" in text_of(answer.text)) == (409, True)
        for unknown in ("", "x", "-1"):
            assert (await send(its, f"/actions/{number}/approve", {**form, "version": unknown})).status_code == 400
        after = await its.desk.action(number)
        assert after is not None
        assert after.action.version == shown.action.version


async def test_the_ledger_is_filtered_and_paged(tmp_path: Path) -> None:
    """By state, kind, organisation and hold; what a filter cannot be is 400."""
    async with hooked(tmp_path / "ledger.db") as its:
        for index in range(60):
            parameters = Parameters((SyncType.CONTACTS,), ("uuid-1",))
            asked = PersonRequest(f"org-{index:02}", ActionKind.RETRY, parameters, "on-call")
            await its.desk.ask(asked)
        await its.desk.reject(7, actor="on-call")
        first = await page(its, "/actions")
        assert first.count('<th scope="row">') == 50
        older = re.search(r'rel="next" href="([^"]+)"', first)
        assert older is not None
        assert (await page(its, unescape(older[1]))).count('<th scope="row">') == 10
        for query, count in {
            "state=cancelled": 1,
            "organization=org-06": 1,
            "organization=org-05&state=cancelled": 0,
            "kind=resync": 0,
            "kind=retry&state=cancelled&hold=": 1,
            "hold=paused": 0,
            "organization=%3Cb%3E": 0,
        }.items():
            assert (await page(its, f"/actions?{query}")).count('<th scope="row">') == count, query
        for query in (
            "state=new",
            "before=0",
            "before=x",
            "kind=retry&kind=retry",
            "limit=5",
            f"organization={'x' * 129}",
        ):
            assert (await its.client.get(f"/actions?{query}", headers=VIEWER)).status_code == 400, query
        for path in ("/actions/61", "/actions/0", "/actions/x", f"/actions/{'9' * 30}"):
            refused = await its.client.get(path, headers=VIEWER)
            assert refused.status_code == 404, path
            assert "nothing is known yet" not in refused.text, path


async def test_actions_by_hold_are_those_that_it_holds(tmp_path: Path) -> None:
    """The ledger's own filter."""
    async with hooked(tmp_path / "ledger.db") as its:
        await planned(its)
        assert await its.desk.actions(hold=Hold.PAUSED) == []
        assert len(await its.desk.actions(kind=ActionKind.RETRY)) == 1
        assert await its.desk.actions(kind=ActionKind.RESYNC) == []


async def test_a_ledger_that_cannot_be_used_is_unknown_and_not_empty(tmp_path: Path) -> None:
    """Pages come all the same, in time, and say so; a deed is 503 and changes nothing."""
    path = tmp_path / "ledger.db"
    async with hooked(path) as its:
        number = await planned(its)
        etag = (await its.client.get("/actions", headers=OPERATOR)).headers["etag"]
        path.rename(tmp_path / "away.db")
        path.mkdir()
        await its.desk.aclose()
        for where in (ORG, f"{ORG}/resync", "/actions", f"/actions/{number}"):
            shown = text_of(await page(its, where))
            assert "Not known: the ledger cannot be used" in shown, where
            assert "nothing was asked for yet" not in shown, where
        assert (await its.client.get("/actions", headers={**OPERATOR, "If-None-Match": etag})).status_code == 200
        deed = await send(its, f"{ORG}/retry", {**RETRY, "step": "confirm", "key": "k"})
        assert deed.status_code == 503
        assert "Nothing was changed" in text_of(deed.text)


async def test_what_people_write_is_shown_as_text_and_an_unchanged_page_is_304(tmp_path: Path) -> None:
    """Markup and escape sequences in a note; nothing in a page changes but with the ledger."""
    async with hooked(tmp_path / "ledger.db") as its:
        number = await planned(its, note=HOSTILE)
        for path in (ORG, "/actions", f"/actions/{number}"):
            shown = await its.client.get(path, headers=OPERATOR)
            assert "&lt;b id=&#34;taken&#34;&gt;&amp;" in shown.text, path
            assert "\x1b" not in shown.text
            again = await its.client.get(path, headers={**OPERATOR, "If-None-Match": shown.headers["etag"]})
            assert (again.status_code, again.content) == (304, b""), path


async def test_a_refused_page_is_a_page_for_browsers_and_a_problem_for_programs(tmp_path: Path) -> None:
    """Both are asked for a token, and told how to send one."""
    async with hooked(tmp_path / "ledger.db") as its:
        for path in ("/", ORG, "/actions"):
            browser = await its.client.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
            assert (browser.status_code, "401 Unauthorized" in text_of(browser.text)) == (401, True)
            assert browser.headers.get_list("www-authenticate")[0].startswith("Basic")
            assert "This needs a token" in problem(await its.client.get(path), 401)


async def test_a_locked_ledger_does_not_hold_the_page_of_an_organisation(tmp_path: Path) -> None:
    """What is known of it is told within seconds."""
    path = tmp_path / "ledger.db"
    async with hooked(path) as its:
        await its.desk.gate()
        with locked(path):
            answer = await its.client.get(ORG, headers=OPERATOR, timeout=4)
            assert answer.status_code == 200
