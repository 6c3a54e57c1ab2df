"""What people ask of remediation over the API, with a real ledger behind it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.test_web_hooks import Hooked, hooked, locked
from tests.contract.test_web_routes import CANARY, bearer, problem

RETRY = {"sync_type": "contacts", "record_ids": ["uuid-1", "uuid-2"], "note": "account mended"}
ORG = "/api/v1/organizations/org-07"
OPERATOR = bearer("operator-secret")
VIEWER = bearer("viewer-secret")


async def ask(its: Hooked, path: str, body: object = None, **headers: str) -> httpx.Response:
    """Posts as an operator."""
    return await its.client.post(path, json={} if body is None else body, headers={**OPERATOR, **headers})


async def read(its: Hooked, path: str, who: dict[str, str] = VIEWER) -> Any:  # noqa: ANN401 - any JSON
    """Reads as a viewer, or as who is said."""
    answer = await its.client.get(path, headers=who)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_retry_is_recorded_with_who_asked_and_why_and_can_be_followed(tmp_path: Path) -> None:
    """202, then the action with its events; nothing is sent by asking."""
    async with hooked(tmp_path / "ledger.db") as its:
        asked = await ask(its, f"{ORG}/retry", RETRY)
        assert asked.status_code == 202
        action = asked.json()
        assert (action["organization_id"], action["kind"], action["state"]) == ("org-07", "retry", "planned")
        assert action["record_ids"] == ["uuid-1", "uuid-2"]
        assert (action["actor"], action["note"], action["approved_by"]) == ("on-call", "account mended", "on-call")
        record = await read(its, f"/api/v1/actions/{action['id']}", OPERATOR)
        assert [(one["what"], one["actor"]) for one in record["events"]] == [("planned", "on-call")]
        assert record["attempts"] == []
        listed = await read(its, "/api/v1/actions?organization_id=org-07&state=planned")
        assert [one["id"] for one in listed["actions"]] == [action["id"]]
        assert (await read(its, "/api/v1/actions?state=held"))["actions"] == []


async def test_the_same_request_with_its_key_is_done_once_and_another_one_with_that_key_is_refused(
    tmp_path: Path,
) -> None:
    """The second answer tells of the first action; a key for something else is 409."""
    async with hooked(tmp_path / "ledger.db") as its:
        key = {"Idempotency-Key": "abc"}
        first = (await ask(its, f"{ORG}/retry", RETRY, **key)).json()
        await ask(its, f"/api/v1/actions/{first['id']}/reject")
        again = await ask(its, f"{ORG}/retry", RETRY, **key)
        assert (again.status_code, again.json()["id"], again.json()["state"]) == (202, first["id"], "cancelled")
        other = await ask(its, f"{ORG}/retry", {**RETRY, "record_ids": ["uuid-3"]}, **key)
        assert "Idempotency-Key" in problem(other, 409)
        new = await ask(its, f"{ORG}/retry", RETRY, **{"Idempotency-Key": "abd"})
        assert new.json()["id"] != first["id"]


async def test_a_resume_that_comes_again_does_not_undo_a_later_pause(tmp_path: Path) -> None:
    """By its key it is known for what it is."""
    async with hooked(tmp_path / "ledger.db") as its:
        key = {"Idempotency-Key": "r1"}
        await ask(its, "/api/v1/remediation/resume", **key)
        await ask(its, "/api/v1/remediation/pause", {"note": "look first"})
        late = (await ask(its, "/api/v1/remediation/resume", **key)).json()
        assert (late["paused_by"], late["paused_note"]) == ("on-call", "look first")


async def test_a_pause_says_whether_anybody_obeys_it(tmp_path: Path) -> None:
    """Here no executor runs; once one says that it does, it is obeyed."""
    async with hooked(tmp_path / "ledger.db") as its:
        paused = (await ask(its, "/api/v1/remediation/pause", {"note": "incident"})).json()
        assert (paused["obeyed"], paused["paused_note"], paused["mode"]) == (False, "incident", "dry_run")
        await its.desk.beat(its.desk.limits.mode, 1, "")
        assert (await read(its, "/api/v1/remediation"))["obeyed"] is True
        resumed = (await ask(its, "/api/v1/remediation/resume")).json()
        assert resumed["paused_at"] is None


async def test_approving_and_rejecting_are_for_what_has_not_started(tmp_path: Path) -> None:
    """What ended is 409, what never was is 404; both say so in a sentence."""
    async with hooked(tmp_path / "ledger.db") as its:
        number = (await ask(its, f"{ORG}/retry", RETRY)).json()["id"]
        approved = (await ask(its, f"/api/v1/actions/{number}/approve", {"note": "yes"})).json()
        assert (approved["state"], approved["approved_by"]) == ("planned", "on-call")
        assert (await ask(its, f"/api/v1/actions/{number}/reject")).json()["state"] == "cancelled"
        for decision in ("approve", "reject"):
            assert "cancelled" in problem(await ask(its, f"/api/v1/actions/{number}/{decision}"), 409)
            problem(await ask(its, f"/api/v1/actions/99/{decision}"), 404)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("retry", {}),
        ("retry", {"sync_type": "contacts"}),
        ("retry", {"sync_type": "contacts", "record_ids": []}),
        ("retry", {"sync_type": "contacts", "record_ids": ["../x"]}),
        ("retry", {"sync_type": "other", "record_ids": ["uuid-1"]}),
        ("retry", {"sync_type": CANARY, "record_ids": ["uuid-1"]}),
        ("retry", {**RETRY, "extra": 1}),
        ("retry", {**RETRY, "note": "x" * 501}),
        ("retry", [CANARY]),
        ("resync", {"sync_types": ["contacts"]}),
        ("resync", {"sync_types": [], "since": "2026-01-01T00:00:00Z"}),
        ("resync", {"sync_types": ["contacts"], "since": "2026-01-01T00:00:00"}),
        ("resync", {"sync_types": ["contacts"], "since": "yesterday"}),
    ],
)
async def test_a_request_that_is_not_complete_asks_for_nothing(tmp_path: Path, path: str, body: object) -> None:
    """400 with the field that is wrong; no list of ids never means all of them."""
    async with hooked(tmp_path / "ledger.db") as its:
        answer = await ask(its, f"{ORG}/{path}", body)
        assert CANARY not in problem(answer, 400)
        assert await its.desk.actions() == []


@pytest.mark.parametrize("since", [timedelta(days=91), timedelta(days=-1)])
async def test_a_resync_reaches_neither_too_far_back_nor_into_the_future(tmp_path: Path, since: timedelta) -> None:
    """It would cost the customer days of their limit at Xero."""
    async with hooked(tmp_path / "ledger.db") as its:
        body = {"sync_types": ["contacts"], "since": (datetime.now(UTC) - since).isoformat()}
        assert "90 days" in problem(await ask(its, f"{ORG}/resync", body), 409)
        assert await its.desk.actions() == []


async def test_a_viewer_reads_and_changes_nothing_and_an_organisation_that_is_not_ours_is_404(tmp_path: Path) -> None:
    """The role operator is for changes; whoever has it cannot ask for those who are not watched."""
    async with hooked(tmp_path / "ledger.db") as its:
        for path in (f"{ORG}/retry", f"{ORG}/resync", "/api/v1/actions/1/approve", "/api/v1/remediation/pause"):
            problem(await its.client.post(path, json=RETRY, headers=VIEWER), 403)
            problem(await its.client.post(path, json=RETRY), 401)
            problem(await its.client.post(path, content=b"a=b", headers=OPERATOR), 415)
        assert "roster" in problem(await ask(its, "/api/v1/organizations/nobody/retry", RETRY), 404)
        assert (await its.desk.gate()).paused_at is None


async def test_what_would_be_done_is_explained_with_every_hold_that_stands_in_the_way(tmp_path: Path) -> None:
    """An issue that no retry cures is held for that; where nothing is wrong, nothing would be done."""
    async with hooked(tmp_path / "ledger.db") as its:
        await its.desk.beat(its.desk.limits.mode, 1, "")
        well = await read(its, f"{ORG}/remediation")
        assert (well["explanations"], well["unfinished"]) == ([], [])
        assert well["summary"].startswith("Nothing is wrong")
        wrong = await read(its, "/api/v1/organizations/org-05/remediation")
        (only,) = wrong["explanations"]
        assert (only["issue"], only["would_call"]) == ("contacts_failing", False)
        # First what policy says of it, then what holds everybody: most are not fresh here, and it is a dry run.
        holds = [one["hold"] for one in only["obstacles"]]
        assert (holds[0], holds[1], holds[-1]) == ("retry_cannot_help", "blind", "dry_run")
        assert "retry_cannot_help" in wrong["summary"]
        assert CANARY not in str(wrong)


async def test_a_ledger_that_cannot_be_used_is_503_and_changes_nothing(tmp_path: Path) -> None:
    """Asking again later is right; what was asked is not recorded."""
    path = tmp_path / "ledger.db"
    async with hooked(path) as its:
        await its.desk.gate()
        with locked(path):
            assert "Nothing was changed" in problem(await ask(its, "/api/v1/remediation/pause"), 503)
            problem(await ask(its, f"{ORG}/retry", RETRY), 503)
        assert (await its.desk.gate()).paused_at is None
        assert await its.desk.actions() == []


async def test_who_asked_and_in_what_words_is_for_operators(tmp_path: Path) -> None:
    """A viewer, or anybody while reading is open, sees what is done and not by whom."""
    async with hooked(tmp_path / "ledger.db") as its:
        number = (await ask(its, f"{ORG}/retry", RETRY)).json()["id"]
        await ask(its, "/api/v1/remediation/pause", {"note": "asked by mary@club.example"})
        paths = ("/api/v1/actions", f"/api/v1/actions/{number}", "/api/v1/remediation", f"{ORG}/remediation")
        for path in paths:
            seen, whole = str(await read(its, path)), str(await read(its, path, OPERATOR))
            assert "on-call" not in seen
            assert "account mended" not in seen
            assert "mary@club.example" not in seen
            assert "on-call" in whole


@pytest.mark.parametrize(
    "path", ["/api/v1/actions?before=99999999999999999999", "/api/v1/actions/99999999999999999999"]
)
async def test_a_number_that_no_ledger_holds_is_refused(tmp_path: Path, path: str) -> None:
    """In a sentence, not as a fault of ours."""
    async with hooked(tmp_path / "ledger.db") as its:
        assert (await its.client.get(path, headers=VIEWER)).status_code == 400


async def test_no_body_and_an_empty_one_are_the_same_request(tmp_path: Path) -> None:
    """Another library may send the one for the other."""
    async with hooked(tmp_path / "ledger.db") as its:
        key = {"Idempotency-Key": "p1", "Content-Type": "application/json"}
        path = "/api/v1/remediation/pause"
        first = await its.client.post(path, content=b"", headers={**OPERATOR, **key})
        second = await its.client.post(path, content=b"{}", headers={**OPERATOR, **key})
        assert (first.status_code, second.status_code) == (200, 200)
