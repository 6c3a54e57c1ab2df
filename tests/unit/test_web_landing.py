"""The first page as HTML, read by a parser."""

from __future__ import annotations

import base64
import hashlib
import math
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from exporter.expose.verdicts import VERDICTS, meaning_of
from exporter.model.conditions import Conditions, Readiness, SourceState
from exporter.model.facts import Block, Organization, OrganizationState, Snapshot
from exporter.model.fleet import NOBODY, FleetJudgement, PageSays, Surroundings
from exporter.model.judgement import Connections
from exporter.model.moment import Moment
from exporter.model.words import Freshness, IncidentKind, Issue, RosterSource, ServiceStatus, Verdict
from exporter.observe.issues import ISSUES
from exporter.web.pages.landing import render
from exporter.web.pages.rendering import POLICY, duration, instant

NOW = Moment(wall=1_700_000_000.0, monotonic=5.0)
READY = Readiness(ready=True, why="polling")
CONDITIONS = Conditions(
    poll_interval=60.0,
    stale_after=300.0,
    platform_auth_ok=None,
    paused_until=None,
    sources=(SourceState(RosterSource.STATIC, 3, NOW.wall, rejected=False),),
)
HOSTILE = "<script>alert(1)</script>\"'&"


class Page(HTMLParser):
    """What a browser would see: its text, its tags, its links, its style sheet and its script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.style = ""
        self.script = ""
        self._text: list[str] = []
        self._open: list[str] = []
        self.feed(html)

    @property
    def text(self) -> str:
        """The words on the page, white space folded."""
        return " ".join(" ".join(self._text).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes the tag, its link and what it loads; inline handlers and styles are not allowed at all."""
        self.tags.append(tag)
        values = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(values["href"])
        self.loads += [value for name, value in values.items() if name == "src" or (tag == "link" and name == "href")]
        assert not any(name.startswith("on") or name == "style" for name in values)
        if tag not in {"meta", "link"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Checks that tags are nested as they should."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keeps the text, and the style sheet and the script apart from it."""
        if self._open[-1:] == ["style"]:
            self.style += data
        elif self._open[-1:] == ["script"]:
            self.script += data
        else:
            self._text.append(data)


def snapshot(*freshnesses: Freshness) -> Snapshot:
    """A snapshot of organisations that are this fresh."""
    states = tuple(
        OrganizationState(Organization(f"org-{index}", name=HOSTILE), NOW, freshness)
        for index, freshness in enumerate(freshnesses)
    )
    return Snapshot(
        blocks=(Block(states, math.inf),),
        places={state.organization.id: (0, index) for index, state in enumerate(states)},
        at=NOW,
        counts={freshness: freshnesses.count(freshness) for freshness in Freshness},
    )


def page(
    version: str = "1.2.3",
    known: Snapshot | None = None,
    conditions: Conditions = CONDITIONS,
    readiness: Readiness = READY,
) -> Page:
    """The page, parsed."""
    return Page(render(version, known, conditions, readiness))


def conditions(*, auth_ok: bool | None = None, paused_until: float | None = None, rejected: bool = False) -> Conditions:
    """Conditions that differ from the usual ones."""
    source = SourceState(RosterSource.FILE, 1200, NOW.wall, rejected=rejected)
    return Conditions(90.0, 7200.0, platform_auth_ok=auth_ok, paused_until=paused_until, sources=(source,))


def test_the_page_says_what_it_is_and_where_the_rest_is() -> None:
    """Name, question, version, and a link to everything else that can be asked."""
    found = page()
    assert "xero-exporter Is it Xero, is it us, or is it one customer? Version 1.2.3." in found.text
    assert found.links == [
        "#main",
        "/",
        "/organizations",
        "/actions",
        "/metrics",
        "/api/v1/fleet",
        "/api/v1/organizations",
        "/api/v1/actions",
        "/api/openapi.json",
        "/-/healthy",
        "/-/ready",
    ]


def test_before_the_first_fold_nothing_is_called_known() -> None:
    """Not known yet is not zero."""
    found = page()
    assert "Not known yet" in found.text
    assert "table" not in found.tags


def test_the_fleet_is_counted_in_words_and_numbers() -> None:
    """Every freshness has its word, its number and its meaning, the moment it was folded stands below."""
    found = page(known=snapshot(*[Freshness.FRESH] * 1234, Freshness.STALE, Freshness.NOT_FOUND))
    assert "fresh 1,234 the last good answer is not older than 5 min" in found.text
    assert "stale 1 no good answer for more than 5 min" in found.text
    assert "pending 0 new, and no good answer yet" in found.text
    assert "not found 1 the platform does not know it" in found.text
    assert "1,236 in all." in found.text
    assert "As of 2023-11-14 22:13:20 UTC" in found.text
    assert "/organizations?freshness=not_found" in found.links


@pytest.mark.parametrize("verdict", Verdict)
def test_the_verdict_stands_first_with_its_sentence(verdict: Verdict) -> None:
    """Right below the question; what to do first where there is something to do."""
    incidents = {IncidentKind.CONNECTION: False, IncidentKind.SYNC: verdict in {Verdict.XERO, Verdict.INCIDENT}}
    judged = replace(
        snapshot(Freshness.FRESH),
        judgement=FleetJudgement(verdict=verdict, incidents=incidents),
        tally=replace(NOBODY, known=9, fresh=9, app_refused=9 if verdict is Verdict.XERO_APP else 0),
    )
    found = page(known=judged)
    meaning = VERDICTS[verdict]
    assert f"one customer? {verdict.replace('_', ' ')} {meaning.sentence}" in found.text
    quiet = verdict in {Verdict.STARTING, Verdict.ALL_WELL}
    assert (f"First: {meaning.do_first}" in found.text) is not quiet


def test_what_nobody_can_say_yet_asks_for_somebody_to_look() -> None:
    """Many are affected, or nobody is watched at all: not quiet, though the word is that of an ordinary start."""
    started = Surroundings(started=True)
    undecided = replace(
        snapshot(Freshness.FRESH), surroundings=started, judgement=FleetJudgement(undecided_until=NOW.monotonic + 60)
    )
    for known in (undecided, replace(snapshot(), surroundings=started)):
        assert f"First: {meaning_of(known).do_first}" in page(known=known).text
    assert "First:" not in page(known=replace(snapshot(Freshness.FRESH), surroundings=started)).text


def test_who_could_not_be_read_is_told_beside_the_issues() -> None:
    """Nobody has one is said only of those that are known."""
    found = page(known=snapshot(Freshness.FRESH, Freshness.STALE, Freshness.PENDING)).text
    assert "No organisation that is fresh has one. Not known of 1 not read yet, 1 not answered for lately." in found
    assert "Not known of" not in page(known=snapshot(Freshness.FRESH)).text


def test_issues_are_counted_in_words_and_lead_to_the_list() -> None:
    """Only those that somebody has; and when nobody has any, that is said."""
    tally = replace(NOBODY, issues={**NOBODY.issues, Issue.TOKEN_EXPIRED: 1234, Issue.SYNC_STALE: 1})
    found = page(known=replace(snapshot(Freshness.FRESH), tally=tally))
    assert f"token expired 1,234 {ISSUES[Issue.TOKEN_EXPIRED].sentence}" in found.text
    assert f"sync stale 1 {ISSUES[Issue.SYNC_STALE].sentence}" in found.text
    assert "disconnected" not in found.text
    assert [link for link in found.links if "issue=" in link] == [
        "/organizations?issue=token_expired",
        "/organizations?issue=sync_stale",
    ]
    assert "No organisation that is fresh has one." in page(known=snapshot(Freshness.FRESH)).text


def test_an_incident_that_is_not_known_is_not_called_none() -> None:
    """Standing, none and unknown are three sentences."""
    tally = replace(NOBODY, affected={IncidentKind.CONNECTION: 2, IncidentKind.SYNC: 1234})
    fleet = replace(snapshot(Freshness.FRESH), tally=tally)
    incidents = {IncidentKind.CONNECTION: None, IncidentKind.SYNC: True}
    found = page(known=replace(fleet, judgement=FleetJudgement(incidents=incidents))).text
    assert "Connections: whether many turned bad together is not known yet; 2 affected." in found
    assert "Syncs: many turned bad together; 1,234 affected." in found
    calm = FleetJudgement(incidents=dict.fromkeys(IncidentKind, False))
    assert "Connections: no incident; 2 affected." in page(known=replace(fleet, judgement=calm)).text


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (ServiceStatus.NONE, "says that all is well."),
        (ServiceStatus.MINOR, "says that there is minor trouble."),
        (ServiceStatus.MAJOR, "says that there is a major outage."),
        (ServiceStatus.CRITICAL, "says that there is a critical outage."),
        (ServiceStatus.UNKNOWN, "could not be read, which says nothing of Xero."),
    ],
)
def test_xeros_status_pages_are_told(status: ServiceStatus, words: str) -> None:
    """One that cannot be read is no outage; without pages and list nothing is told of Xero."""
    fleet = snapshot(Freshness.FRESH)
    around = Surroundings(pages=(PageSays("status.xero.com", status), PageSays(HOSTILE, ServiceStatus.NONE)))
    found = page(known=replace(fleet, surroundings=around))
    assert f"status.xero.com {words}" in found.text
    assert f"{HOSTILE} says that all is well." in found.text
    assert "status.xero.com" not in page(known=fleet).text


def test_what_xero_says_of_the_app_is_told() -> None:
    """How many connections it lists, and that it refuses the app; neither before it is known."""
    fleet = snapshot(Freshness.FRESH)
    connections = Connections(frozenset(), count=1234, at=NOW, valid_until=math.inf)
    refused = FleetJudgement(app_refused=True)
    found = page(known=replace(fleet, connections=connections, judgement=refused)).text
    assert "Xero lists 1,234 connections of the app." in found
    assert "Xero refuses the credentials of the app." in found
    assert "of the app" not in page(known=fleet).text


@pytest.mark.parametrize(
    ("auth_ok", "words"),
    [(None, "not known yet"), (True, "The platform accepts our token"), (False, "The platform refuses our token")],
)
def test_the_page_says_whether_the_platform_accepts_our_token(auth_ok: bool | None, words: str) -> None:  # noqa: FBT001 - a parameter of the test
    """Accepted, refused and not known yet are three answers, each alone."""
    found = page(known=snapshot(Freshness.FRESH), conditions=conditions(auth_ok=auth_ok))
    answers = ("not known yet", "accepts our token.", "refuses our token")
    assert words in found.text
    polling = found.text.partition("Polling")[2]
    assert sum(answer in polling for answer in answers) == 1


def test_the_page_says_what_holds_polling_back() -> None:
    """A pause that the platform asked for, and a roster that was refused, are told; without them nothing is."""
    held = page(conditions=conditions(paused_until=NOW.wall + 60, rejected=True)).text
    assert "asked us to wait until 2023-11-14 22:14:20 UTC" in held
    assert "file lists 1,200; its newest content was refused" in held
    free = page(conditions=conditions()).text
    assert "asked us to wait" not in free
    assert "refused" not in free
    assert "every 90 s" in free
    assert "older than 2 h" in free


def test_the_page_says_whether_we_are_ready() -> None:
    """Readiness has its sentence."""
    assert "Ready: polling." in page().text
    assert "Not ready: 3 of 9 were asked." in page(readiness=Readiness(ready=False, why="3 of 9 were asked")).text


def test_hostile_texts_are_shown_and_not_obeyed() -> None:
    """A version or a sentence with markup in it stays text."""
    found = page(version=HOSTILE, known=snapshot(Freshness.FRESH), readiness=Readiness(ready=True, why=HOSTILE))
    assert found.tags.count("script") == 1
    assert f"Version {HOSTILE}." in found.text


def test_names_of_organisations_are_not_on_the_page() -> None:
    """The page counts; it names nobody."""
    assert HOSTILE not in page(known=snapshot(Freshness.FRESH)).text


def test_nothing_is_loaded_and_only_its_own_style_and_script_are_obeyed() -> None:
    """No image, no foreign address; the policy's hashes are those of the very style and script in the page."""
    found = page(known=snapshot(Freshness.FRESH))
    assert set(found.loads) == {"data:,"}
    assert not {"img", "iframe", "object", "form"} & set(found.tags)
    assert all(link.startswith(("/", "#main")) for link in found.links)
    for directive, text in (("style-src", found.style), ("script-src", found.script)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in POLICY
    assert POLICY.startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in POLICY


def test_the_page_is_made_for_dark_rooms_and_small_screens() -> None:
    """The style follows the system's choice of light or dark, and the width is the device's."""
    assert "prefers-color-scheme: dark" in page().style
    assert 'content="width=device-width' in render("1", None, CONDITIONS, READY)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.5, "0.5 s"),
        (1, "1 s"),
        (60, "1 min"),
        (90, "90 s"),
        (3600, "1 h"),
        (5400, "90 min"),
        (604_800, "7 d"),
        (0, "0 s"),
    ],
)
def test_durations_are_told_in_the_largest_unit_that_keeps_them_whole(seconds: float, words: str) -> None:
    """An hour and a half is 90 min, not 1.5 h."""
    assert duration(seconds) == words


@pytest.mark.parametrize("wall", [1e12, -1e12, 1e300, math.inf])
def test_an_instant_beyond_the_calendar_is_still_words(wall: float) -> None:
    """A pause until the year 33,000 must not break the page."""
    assert instant(wall) == "a time beyond the calendar"


def test_a_source_that_is_not_in_force_says_why() -> None:
    """In the words of whoever judged it."""
    source = SourceState(RosterSource.HTTP, 20, NOW.wall, rejected=False, held=True, why="its newest answer misses 20")
    found = page(conditions=replace(CONDITIONS, sources=(source,)))
    assert "http lists 20; its newest answer misses 20." in found.text
