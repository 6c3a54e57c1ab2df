"""Pages on a terminal: what they say, and that nothing in them can drive it."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from exporter.cli import fleet_page, organization_page
from exporter.cli.terminal import Page, ago, length, seconds_of, since
from exporter.config.diagnosis import Links
from exporter.expose.diagnosis_shapes import Basis
from exporter.expose.documents import organization_document
from exporter.expose.shapes import OrganizationDocument
from exporter.model.facts import History, PastReading, Status, UpstreamFailure
from exporter.model.words import SyncStatus
from tests.knowledge import CALM, CANARY, GONE, HEALTHY, NAME, NEVER, NOW, STRANGE, TIMED_OUT, failing, known

LINKS = Links(integration_settings="https://app.example/" + "long/" * 20 + "{organization_id}")


def shown(document: OrganizationDocument, *, width: int = 80, terminal: bool = False, **more: Any) -> str:  # noqa: ANN401 - of `show`
    """The page as it is written."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=terminal, highlight=False, markup=False, emoji=False)
    organization_page.show(document, Page(console), NOW.wall, **more)
    return out.getvalue()


def document(outcome: Status | UpstreamFailure, *, names: bool = False) -> OrganizationDocument:
    """Of an organisation that was read once."""
    failure = outcome if isinstance(outcome, UpstreamFailure) else None
    reading = PastReading(NOW.wall, 3.0, failure)
    return organization_document(
        known(outcome),
        History((reading,), () if failure is None else (reading,)),
        None,
        names=names,
        links=LINKS,
        surroundings=CALM,
        basis=Basis.ONE_READING,
    )


@pytest.mark.parametrize(
    ("outcome", "first"),
    [
        (HEALTHY, "org-1: nothing is wrong"),
        (GONE, "org-1: disconnected"),
        (NEVER, "org-1: never connected"),
        (TIMED_OUT, "org-1: not known"),
        (failing(CANARY), "org-1: contacts_failing"),
    ],
)
def test_the_first_line_says_it_all_and_freshness_follows(outcome: Status | UpstreamFailure, first: str) -> None:
    """Then what is wrong; what to do comes last, where the eye is when the page has scrolled by."""
    lines = shown(document(outcome)).splitlines()
    assert lines[0] == first
    assert lines[1] == "  asked           2025-01-15 10:30:00 UTC, just now"
    headings = [line for line in lines[1:] if line and not line.startswith(" ")]
    assert headings[-1] == "What now"


@pytest.mark.parametrize("outcome", [HEALTHY, GONE, TIMED_OUT, failing(CANARY, STRANGE), NEVER])
@pytest.mark.parametrize("width", [80, 200])
def test_lines_fit_the_terminal_and_stay_readable_on_a_wide_one(outcome: Status | UpstreamFailure, width: int) -> None:
    """At most 100 columns; a URL is never broken, so that it can be followed."""
    for line in shown(document(outcome), width=width).splitlines():
        assert len(line) <= min(width, 100) or "https://" in line
    url = LINKS.integration_settings
    assert url is not None
    if outcome == failing(CANARY, STRANGE):
        assert f"     {url.replace('{organization_id}', 'org-1')}\n" in shown(document(outcome), width=width)


def test_there_is_colour_only_on_a_terminal() -> None:
    """A file gets plain text."""
    assert "\x1b[" not in shown(document(GONE))
    assert "\x1b[" in shown(document(GONE), terminal=True)


def test_no_colour_where_nobody_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR, whatever its value."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31" not in shown(document(GONE), terminal=True)
    assert "\x1b[1;31" not in shown(document(GONE), terminal=True)


def test_whoever_never_connected_has_no_token_that_never_expires() -> None:
    """No token is not one that lasts for ever; and what the platform does not say is not said."""
    assert "token expires   there is no token: it was never connected\n" in shown(document(NEVER))
    assert "token expires   not said\n" in shown(document(replace(HEALTHY, token_expires_at=None)))
    assert "token expires   2025-01-15 10:50:00 UTC" in shown(document(HEALTHY))


def test_what_is_in_doubt_is_not_called_well() -> None:
    """Not in the first line, nor in the last."""
    page = shown(document(replace(HEALTHY, sync_status=SyncStatus.OTHER, failed_syncs=3)))
    assert page.startswith("org-1: not known\n")
    assert "Nothing" not in page


def test_steps_are_numbered_with_who_takes_them() -> None:
    """And the page where they begin."""
    page = shown(document(failing(CANARY)))
    assert "  1. [platform] " in page
    assert "  2. [customer] " in page


@pytest.mark.parametrize(
    ("dropped", "malformed", "words"),
    [
        (1, 1, "Of 1 error that the platform lists, 1 cannot be read and is left out."),
        (4_900, 0, "4900 are left out."),
        (0, 0, None),
    ],
)
def test_errors_that_were_left_out_are_told(dropped: int, malformed: int, words: str | None) -> None:
    """Even where nothing is wrong by those that are there."""
    page = " ".join(shown(document(replace(HEALTHY, errors_dropped=dropped, errors_malformed=malformed))).split())
    assert words in page if words is not None else "left out" not in page


def test_nothing_personal_is_shown() -> None:
    """No text, and no name unless it is opted in."""
    for message in (CANARY, STRANGE):
        page = shown(document(failing(message, kind=message)))
        assert "canary" not in page.lower()
    assert NAME in shown(document(HEALTHY, names=True))


def test_without_history_it_says_why() -> None:
    """What one look cannot know must not look like nothing."""
    assert "no history      nobody answers" in shown(document(HEALTHY), no_history="nobody answers")


HOSTILE = st.text(max_size=30) | st.sampled_from(
    [
        "\x1b]0;x\x07",
        "[bold]x[/bold]",
        "[/]",
        ":smile:",
        "\x9b31m",
        "a\nb",
        "\N{RIGHT-TO-LEFT OVERRIDE}x",
        "\x00",
        "\ud800",
    ]
)


@settings(deadline=None)
@given(name=HOSTILE, why=HOSTILE, page=HOSTILE, step=HOSTILE)
def test_an_exporter_cannot_drive_the_terminal_of_whoever_asks_it(name: str, why: str, page: str, step: str) -> None:
    """A document of another process is foreign to its last word; markup is not interpreted."""
    told = document(failing(CANARY))
    diagnosis = told.diagnosis
    told = told.model_copy(
        update={
            "name": name,
            "diagnosis": diagnosis.model_copy(
                update={
                    "freshness": diagnosis.freshness.model_copy(update={"why_not": why, "asked": name}),
                    "issues": tuple(
                        one.model_copy(update={"sentence": step, "since": why}) for one in diagnosis.issues
                    ),
                    "xero": diagnosis.xero.model_copy(update={"note": page}),
                    "next_steps": tuple(
                        one.model_copy(update={"text": step, "url": page}) for one in diagnosis.next_steps
                    ),
                }
            ),
        }
    )
    assert all(one == "\n" or one.isprintable() for one in shown(told, no_history=why))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    "verdict",
    "verdict_means",
    "do_first",
    "at",
    "organizations",
    "freshness",
    "incidents",
    "issues",
    "worst",
    "xero",
]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_any_document_of_the_fleet_gives_a_page(fleet: dict[str, Any]) -> None:
    """Whatever version answers, and whatever it says."""
    out = io.StringIO()
    fleet_page.show_fleet(fleet, Page(Console(file=out, width=80, highlight=False, markup=False)), NOW.wall)
    assert all(one == "\n" or one.isprintable() for one in out.getvalue())


@pytest.mark.parametrize(
    ("verdict", "wrong"),
    [("all_well", False), ("customers", True), ("platform_api", True), ("starting", None), (3, None)],
)
def test_the_verdict_says_whether_anything_is_wrong(verdict: object, wrong: bool | None) -> None:  # noqa: FBT001 - a case
    """Before there is one it is not known."""
    assert fleet_page.wrong_with({"verdict": verdict}) is wrong


def test_what_somebody_has_is_wrong_before_it_is_known_whose_problem_it_is() -> None:
    """Not known whether it is an incident; that something is wrong is."""
    assert fleet_page.wrong_with({"verdict": "starting", "issues": {"sync_stale": 600}}) is True
    assert fleet_page.wrong_with({"verdict": "starting", "issues": {"sync_stale": 0}}) is None


@pytest.mark.parametrize(("unanswered", "wrong"), [(0, False), (2, False), (3, None), (10, None), ("3", False)])
def test_a_platform_that_stops_answering_leaves_nobody_known_to_be_well(unanswered: object, wrong: bool | None) -> None:  # noqa: FBT001 - a row
    """Before what it said is too old; the document is of another process, and may hold anything."""
    fleet = {"verdict": "all_well", "organizations": 10, "unanswered": unanswered}
    assert fleet_page.wrong_with(fleet) is wrong
    assert fleet_page.wrong_with({**fleet, "verdict": "customers"}) is True


def test_the_fleet_is_told_with_its_worst() -> None:
    """Verdict, what it means, incidents, counts, who comes first."""
    out = io.StringIO()
    fleet = {
        "verdict": "customers",
        "verdict_means": "It is single customers.",
        "do_first": "Take the worst first.",
        "at": "2025-01-15T10:29:58.000Z",
        "organizations": 900,
        "freshness": {"fresh": 899, "stale": 1},
        "incidents": {"connection": False, "sync": None},
        "issues": {"disconnected": 2, "sync_stale": 0},
        "worst": [
            {
                "id": "org-7",
                "issues": ["disconnected"],
                "reasons": ["disconnected"],
                "since": "2025-01-15T09:30:00.000Z",
            }
        ],
        "xero": {
            "pages": [
                {"page": "status.xero.com", "status": "none", "read": "2025-01-15T10:29:20.000Z"},
                {"page": "status.developer.xero.com", "status": "unknown", "read": None},
            ]
        },
    }
    fleet_page.show_fleet(fleet, Page(Console(file=out, width=80)), NOW.wall)
    page = out.getvalue()
    assert page.startswith("900 organisations: customers\n")
    for line in (
        "  It is single customers.",
        "  as of           2025-01-15 10:29:58 UTC, 2 s ago",
        "  freshness       899 fresh, 1 stale",
        "  connection      no",
        "  sync            not known yet",
        "  status pages    status.xero.com: none, last read 40 s ago",
        "                  status.developer.xero.com: unknown",
        "  2 x disconnected",
        "  org-7: disconnected, for 1 h",
    ):
        assert f"{line}\n" in page
    assert "sync_stale" not in page
    assert "  not known of 1 stale\n" in page


@pytest.mark.parametrize(
    ("freshness", "doubtful", "lines"),
    [
        ({"fresh": 9, "stale": 0, "pending": 0}, 0, "  none\n"),
        (
            {"fresh": 9, "stale": 2, "pending": 1},
            0,
            "  none of those that are fresh\n  not known of 2 stale, 1 pending\n",
        ),
        ({"fresh": 9, "stale": 0}, 3, "  none of those that are fresh\n  not known of 3 in doubt\n"),
    ],
)
def test_that_nobody_has_an_issue_is_said_only_of_those_who_were_read(
    freshness: dict[str, int], doubtful: int, lines: str
) -> None:
    """Unknown is not broken, and not healthy."""
    out = io.StringIO()
    fleet = {"verdict": "all_well", "freshness": freshness, "doubtful": doubtful, "issues": {"sync_stale": 0}}
    fleet_page.show_fleet(fleet, Page(Console(file=out, width=80)), NOW.wall)
    assert f"Organisations with an issue\n{lines}" in out.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (3599, "60 min"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (86_400, "1 d"),
        (100_000, "1 d 3 h"),
    ],
)
def test_lengths_of_time_are_told_in_two_units_at_most(seconds: float, text: str) -> None:
    """Seconds are told up to two minutes."""
    assert length(seconds) == text


def test_instants_are_told_with_their_age() -> None:
    """Past and future, never, and what is no instant."""
    assert since("2025-01-15T10:00:00.000Z", NOW.wall) == "2025-01-15 10:00:00 UTC, 30 min ago"
    assert since("2025-01-15T11:00:00.000Z", NOW.wall) == "2025-01-15 11:00:00 UTC, in 30 min"
    assert since(None, NOW.wall) == since("soon", NOW.wall) == "never"
    assert ago(0.4) == "just now"
    assert seconds_of("2025-01-15T10:30:00") == NOW.wall
