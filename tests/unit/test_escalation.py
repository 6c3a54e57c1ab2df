"""The bundle that hands one organisation over: redacted by allow-list, whole only when told so, inert as Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from exporter.config.diagnosis import Links
from exporter.expose.documents import organization_document
from exporter.expose.escalation import REDACTED, WITH_PERSONAL_DATA, escalation_document
from exporter.expose.escalation_markdown import escalation_markdown
from exporter.expose.escalation_shapes import EscalationDocument
from exporter.expose.markdown import address, fenced, neutral, numbered, plain, table
from exporter.model.action import Action, ActionKind, ActionState
from exporter.model.facts import History, PastReading, Status, SyncError, UpstreamFailure
from exporter.model.fleet import PageSays, Surroundings
from exporter.model.holds import Hold
from exporter.model.words import ServiceStatus, SyncStatus
from exporter.observe.interpret import interpreted
from exporter.upstream.wire import parse_status
from tests.knowledge import (
    CALM,
    CANARY,
    GONE,
    HEALTHY,
    MAIL,
    NAME,
    NOW,
    OUTAGE,
    STRANGE,
    TENANT,
    TIMED_OUT,
    failing,
    known,
)
from tests.unit.acting import NOON, RESYNC, an_action

PERSONAL = (MAIL, "canary", "Canary", "Zorblax", NAME)
OFFLINE = "The Organisation is offline"
CORRELATION = "65e420cd-796c-493b-8f52-5eae2ee667ce"


def bundle(
    outcome: Status | UpstreamFailure,
    *,
    personal_data: bool = False,
    surroundings: Surroundings = CALM,
    key: bytes = b"the key of one exporter",
    actions: Sequence[Action] | None = (),
) -> EscalationDocument:
    """The bundle of an organisation that was read once."""
    state = known(outcome)
    readings = (PastReading(NOW.wall - 60, 3.0, TIMED_OUT), PastReading(NOW.wall, 0.1, None))
    document = organization_document(
        state,
        History(recent=readings, failures=readings[:1]),
        None,
        names=personal_data,
        links=Links(client_portal="https://portal.example/{organization_id}"),
        surroundings=surroundings,
    )
    errors = () if state.status is None else state.status.errors
    return escalation_document(
        document, errors, at=NOW.wall, version="1.2.3", personal_data=personal_data, hash_key=key, actions=actions
    )


def whole(document: EscalationDocument) -> str:
    """Both forms of it."""
    return document.model_dump_json() + escalation_markdown(document)


def test_of_a_recognised_text_only_its_fixed_words_are_shown() -> None:
    """The e-mail address in it is a person's."""
    [error] = bundle(failing(CANARY)).errors
    assert error.text is not None
    assert error.text.startswith("Duplicate contact")
    assert "[redacted:" in error.text
    assert (error.length, error.whole_text, error.whole_type) == (len(CANARY), None, None)


def test_an_unrecognised_text_is_withheld_whole() -> None:
    """Its length, when it was first seen, and a short hash by which equal texts are told; not one word."""
    newest, _, oldest = bundle(failing(STRANGE, CANARY, STRANGE)).errors
    assert (newest.text, oldest.text) == (None, None)
    assert (newest.length, len(newest.hash or ""), newest.hash == oldest.hash) == (len(STRANGE), 8, True)
    assert newest.first_seen == oldest.at == "2025-01-15T10:27:00.000Z"
    assert "withheld" in escalation_markdown(bundle(failing(STRANGE)))


def test_the_hash_of_a_text_tells_it_again_and_cannot_be_tried_out() -> None:
    """Equal within one exporter, other for another text; whoever has not the key gets another hash."""
    one, again, other = bundle(failing(STRANGE)), bundle(failing(STRANGE)), bundle(failing(STRANGE + "x"))
    assert one.errors[0].hash == again.errors[0].hash != other.errors[0].hash
    assert bundle(failing(STRANGE), key=b"another key").errors[0].hash != one.errors[0].hash


def test_a_hash_says_with_which_others_it_compares() -> None:
    """The key is gone with the process that made the bundle, and each `escalate` is a process of its own."""
    assert "in this bundle and in others that the same run of the exporter made" in bundle(failing(STRANGE)).notice


def test_of_a_text_that_was_cut_the_whole_length_is_told() -> None:
    """A megabyte is no 4,096 characters; what two texts have in common at both ends does not make them the same."""
    long, longer = (parse_status(json.dumps(answer).encode()) for answer in _answers("x" * 1_000_000, "x" * 1_000_001))
    one, other = bundle(interpreted(long)), bundle(interpreted(longer))
    assert (one.errors[0].length, one.errors[0].cut, other.errors[0].length) == (1_000_000, True, 1_000_001)
    assert one.errors[0].hash != other.errors[0].hash
    assert "1000000 characters, of which the beginning and the end are kept" in escalation_markdown(one)
    assert not bundle(failing(STRANGE)).errors[0].cut


def test_a_text_that_is_not_kept_is_told_with_its_length() -> None:
    """Texts have so much room; the oldest of many long ones give way, and are still texts."""
    [answer] = _answers(*["y" * 4_000] * 8, together=True)
    document = bundle(interpreted(parse_status(json.dumps(answer).encode())))
    kept = [error for error in document.errors if error.hash is not None]
    assert 0 < len(kept) < len(document.errors)
    assert all(error.length == 4_000 and not error.cut for error in document.errors)
    assert "a text of 4000 characters, not kept" in escalation_markdown(document)


def test_how_many_errors_were_left_out_is_told() -> None:
    """In the bundle, and to Xero; nothing is said where nothing is missing."""
    some = bundle(replace(failing(CANARY), errors_dropped=4_900, errors_malformed=2))
    assert "1 count here, the newest as far as is known; 4900 are left out, 2 of them because" in escalation_markdown(
        some
    )
    assert "The newest 1 of 4901 errors" in some.request
    assert "as far as is known" not in escalation_markdown(bundle(failing(CANARY)))


def _answers(*texts: str, together: bool = False) -> list[dict[str, object]]:
    """Answers of the platform with an error of each text; all in one answer when `together`."""
    errors = [{"type": "contact_sync", "message": text, "timestamp": "2025-01-15T10:29:00Z"} for text in texts]
    known = {"connected": True, "sync_status": "degraded", "failed_syncs": 1}
    return [{**known, "errors": errors}] if together else [{**known, "errors": [one]} for one in errors]


@pytest.mark.parametrize(
    "message", [CANARY, STRANGE, f"The contact name {NAME} is already assigned to another contact."]
)
def test_nothing_personal_stands_in_a_bundle_unless_it_is_asked_for(message: str) -> None:
    """JSON, Markdown and the request to Xero; a bundle that was asked for holds it, and says so at its top."""
    status = failing(message, kind=f"contact of {MAIL}")
    redacted = bundle(status)
    assert not any(one in whole(redacted) for one in PERSONAL)
    assert (redacted.personal_data, redacted.notice) == (False, REDACTED)
    personal = bundle(status, personal_data=True)
    assert message in personal.model_dump_json()
    assert message in escalation_markdown(personal)
    assert NAME in escalation_markdown(personal)
    assert (personal.personal_data, personal.notice) == (True, WITH_PERSONAL_DATA)
    assert "PERSONAL DATA" in escalation_markdown(personal)[:200]


def test_the_request_to_xero_is_never_personal() -> None:
    """Not even in a bundle with personal data: it goes to somebody else."""
    personal = bundle(failing(CANARY, STRANGE, kind=f"contact of {MAIL}"), personal_data=True)
    assert not any(one in personal.request for one in PERSONAL)


def test_the_request_holds_what_support_asks_for() -> None:
    """Tenant, instants in UTC, reasons, fixed words, correlation ids, what the status page says."""
    status = failing(OFFLINE)
    status = replace(status, errors=(replace(status.errors[0], correlation_id=CORRELATION),))
    request = bundle(status).request
    for wanted in (
        TENANT,
        "org-1",
        "UTC",
        "2025-01-15T10:29:00.000Z, contacts, xero_unavailable",
        CORRELATION,
        OFFLINE,
        "contacts_failing since 2025-01-15T10:29:00.000Z",
        "status.xero.com: none",
        "last successful sync: 2025-01-15T09:30:00.000Z",
    ):
        assert wanted in request


def test_the_request_lists_only_so_many_errors() -> None:
    """The newest; the bundle has all."""
    document = bundle(failing(*[CANARY] * 60))
    assert document.request.count(", duplicate_contact\n") == 20
    assert "The newest 20 of 60 errors" in document.request
    assert len(document.errors) == 60


@pytest.mark.parametrize(
    ("pages", "words"),
    [
        ((), "No status page was read: look at https://status.xero.com"),
        ((PageSays("status.xero.com", ServiceStatus.NONE),), "status.xero.com says none. Xero knows of no trouble."),
        (
            (PageSays("a", ServiceStatus.NONE), PageSays("b", ServiceStatus.UNKNOWN)),
            "a says none, b says unknown. What is unknown",
        ),
        (OUTAGE.pages, "status.xero.com says major. Xero knows of trouble: wait"),
    ],
)
def test_the_status_page_comes_first(pages: tuple[PageSays, ...], words: str) -> None:
    """Unknown is not an outage, and not its absence."""
    document = bundle(failing(OFFLINE), surroundings=Surroundings(pages=pages))
    assert words in document.status_page_first
    assert escalation_markdown(document).index("The status page:") < 700


@pytest.mark.parametrize(
    ("outcome", "begins"),
    [
        (failing(OFFLINE), "Yes"),
        (failing(STRANGE), "Perhaps"),
        (failing(CANARY), "Not yet"),
        (GONE, "Not yet"),
        (HEALTHY, "No:"),
        (TIMED_OUT, "Not known: the platform gives no status"),
        (replace(HEALTHY, sync_status=SyncStatus.OTHER, failed_syncs=3), "Not known: there is a status"),
    ],
)
def test_it_says_whether_it_is_anything_for_xero(outcome: Status | UpstreamFailure, begins: str) -> None:
    """Most are not: support would send them back."""
    assert bundle(outcome).for_xero.startswith(begins)


def test_it_says_what_was_tried_and_how_reading_went() -> None:
    """Nothing by this exporter; what the platform counts; the readings, failures among them."""
    document = bundle(failing(CANARY))
    assert document.tried[0] == "Nothing was sent for it by this exporter, as far back as its ledger reaches."
    assert "1 failed and 0 pending syncs" in document.tried[1]
    text = escalation_markdown(document)
    assert "| 2025-01-15T10:29:00.000Z | timeout |" in text
    assert "| 2025-01-15T10:30:00.000Z | success | 200 |" in text


def test_it_says_what_this_exporter_did_about_it_and_what_of_that_waits() -> None:
    """Who takes it over must not have it done again; whom it names and in what words stays in the ledger."""
    done = an_action(id=7, state=ActionState.VERIFIED, called_at=NOON, note="Jane said so", actor="jane")
    waits = an_action(id=8, state=ActionState.HELD, hold=Hold.STORM, kind=ActionKind.RESYNC, parameters=RESYNC)
    rejected = an_action(id=6, state=ActionState.CANCELLED)
    document = bundle(failing(CANARY), actions=(waits, done, rejected))
    assert document.tried[:2] == (
        "2023-11-14T12:00:00.000Z: retry of contacts, 1 record (action 7), verified: it helped.",
        "resync of contacts (action 8) waits, held by storm; nothing of it was sent.",
    )
    assert not any(word in whole(document) for word in ("Jane", "jane", "action 6"))
    unread = bundle(failing(CANARY), actions=None)
    assert "not known: its ledger cannot be read" in unread.tried[0]


def test_an_error_without_a_text_is_still_told() -> None:
    """What is not kept, or was never given, is no text; its reason is there."""
    [error] = bundle(failing(None)).errors
    assert (error.length, error.hash, error.text, error.first_seen) == (None, None, None, None)
    assert "no text" in escalation_markdown(bundle(failing(None)))


def test_the_json_is_one_shape_and_reads_back() -> None:
    """Frozen, and the same again."""
    document = bundle(failing(CANARY))
    assert EscalationDocument.model_validate_json(document.model_dump_json()) == document


# Markdown in which foreign text is only text

PIECES = (
    "```",
    "`",
    "~~~~",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "<script>alert(1)</script>",
    "<img src=x onerror=y>",
    "&lt;",
    "\\",
    "\x1b[31m",
    "\x07",
    "\x00",
    "\x9b",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "\N{LINE SEPARATOR}",
    "\ud800",
    "x" * 30,
    "](http://evil.example)",
    "| a |",
    "# x",
    "    x",
    "* ",
    "1. ",
    "> ",
    "---",
    "[redacted:name]",
)  # fmt: skip - a list of what does harm elsewhere
HOSTILE = st.text(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")


@settings(deadline=None)
@given(HOSTILE)
@example("```\n</script>\n````")
def test_a_fence_holds_whatever_stands_in_it(text: str) -> None:
    """One code block, its content the neutral text, nothing behind it that came from inside."""
    [fence, after] = [one for one in MARKDOWN.parse(f"{fenced(text)}\nafter\n") if one.type in {"fence", "inline"}]
    assert fence.content == f"{neutral(text)}\n"
    assert after.content == "after"


@settings(deadline=None)
@given(HOSTILE)
def test_neutral_text_drives_no_terminal(text: str) -> None:
    """Only printable characters and line breaks are left; encoding it never fails."""
    assert all(one == "\n" or one.isprintable() for one in neutral(text))
    neutral(text).encode()


@settings(deadline=None)
@given(HOSTILE)
def test_plain_text_is_no_markup(text: str) -> None:
    """Behind a word it is running text: no link, no HTML, no emphasis, and reads as what it is."""
    [inline] = [one for one in MARKDOWN.parse(f"word {plain(text)}.\n") if one.type == "inline"]
    assert {one.type for one in inline.children or ()} <= {"text", "text_special"}
    assert "".join(one.content for one in inline.children or ()).split() == f"word {neutral(text)}.".split()


@settings(deadline=None)
@given(st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=3))
def test_a_table_keeps_its_rows_and_columns(rows: list[tuple[str, str]]) -> None:
    """Whatever stands in its cells."""
    tokens = MARKDOWN.parse(table(("a", "b"), rows))
    assert sum(one.type == "td_open" for one in tokens) == 2 * len(rows)
    assert not any(one.type == "html_block" for one in tokens)


def test_an_address_is_a_link_to_itself_and_nothing_else() -> None:
    """A URL with a space or a bracket is text."""
    assert address("https://app.example/a_b?x=1") == "<https://app.example/a_b?x=1>"
    assert address("https://x> <script>") == "https://x\\> \\<script\\>"
    assert numbered(["a", "b"]) == "1. a\n2. b\n"


@settings(deadline=None)
@given(
    st.lists(
        st.builds(SyncError, at=st.none() | st.floats(0, 2e9), kind=st.none() | HOSTILE, message=HOSTILE), max_size=4
    )
)
def test_a_bundle_with_hostile_texts_is_inert(errors: list[SyncError]) -> None:
    """With personal data even: every foreign text stands in a code block, the headings are ours, and it encodes."""
    document = bundle(replace(failing("x"), errors=tuple(errors)), personal_data=True)
    text = escalation_markdown(document)
    text.encode()
    tokens = MARKDOWN.parse(text)
    inline = [child.type for one in tokens if one.type == "inline" for child in one.children or ()]
    assert "html_inline" not in inline
    assert "image" not in inline
    assert not any(one.type == "html_block" for one in tokens)
    headings = [after.content for one, after in pairwise(tokens) if one.type == "heading_open"]
    ours = {"First", "Which organisation", "What is wrong", "What the platform says", "What Xero says", "Readings"}
    ours |= {"Escalation of org-1", "Errors that the platform lists", "What was tried", "What can be done"}
    assert set(headings) == ours | {"Request to Xero partner support"}
    json.dumps(document.model_dump(mode="json")).encode("ascii")
