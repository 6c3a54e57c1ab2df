"""A status page's summary: which word it comes to, and what is kept of incidents."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model.facts import UpstreamFailure
from exporter.model.words import Failure, Sent, ServiceStatus
from exporter.upstream.conditional import Validators
from exporter.upstream.statuspage import MAX_INCIDENTS, MAX_NAME, PageReport, parse_summary
from exporter.upstream.transport import Answer
from exporter.upstream.wire import WireError

INCIDENT = {
    "id": "cp306tmzcl0y",
    "name": "Slow logins",
    "status": "investigating",
    "impact": "major",
    "created_at": "2026-05-14T14:22:39.441-06:00",
    "started_at": "2026-05-14T14:20:00.000-06:00",
}


def summary(indicator: object = "none", incidents: object = ()) -> bytes:
    """A summary, but for the fields that nobody reads."""
    return json.dumps({"page": {}, "status": {"indicator": indicator}, "incidents": incidents}).encode()


def incident(**changed: object) -> Any:  # noqa: ANN401 - the first incident, or None
    """What is kept of an incident that differs from the usual one by this."""
    found = parse_summary(summary("major", [INCIDENT | changed])).incidents
    return found[0] if found else None


@pytest.mark.parametrize(
    ("indicator", "status"),
    [
        ("none", ServiceStatus.NONE),
        ("minor", ServiceStatus.MINOR),
        ("major", ServiceStatus.MAJOR),
        ("critical", ServiceStatus.CRITICAL),
        ("Critical", ServiceStatus.CRITICAL),
        ("maintenance", ServiceStatus.MINOR),
        ("unknown", ServiceStatus.UNKNOWN),
        ("on fire", ServiceStatus.UNKNOWN),
        ("", ServiceStatus.UNKNOWN),
    ],
)
def test_the_indicator_comes_to_a_word_of_the_closed_list(indicator: str, status: ServiceStatus) -> None:
    """A planned maintenance is minor: something may not work, by intention. A new word is no outage."""
    assert parse_summary(summary(indicator)) == PageReport(status)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"<html>",
        b'{"status": "none"}',
        b'{"status": {}}',
        summary(None),
        summary(3),
        summary(["none"]),
        b'{"indicator": "none"}',
    ],
)
def test_what_says_nothing_of_the_service_is_refused(body: bytes) -> None:
    """It is not "none"."""
    with pytest.raises(WireError):
        parse_summary(body)


def test_an_unresolved_incident_is_kept() -> None:
    """Its id, how bad it is, since when, and its name for people."""
    found = incident()
    assert (found.id, found.impact, found.name) == ("cp306tmzcl0y", ServiceStatus.MAJOR, "Slow logins")
    assert found.started == 1_778_790_000.0


@pytest.mark.parametrize("status", ["resolved", "postmortem", "completed"])
def test_a_resolved_incident_is_not(status: str) -> None:
    """It is history."""
    assert incident(status=status) is None


def test_what_an_incident_leaves_out_or_says_amiss_is_left_out() -> None:
    """Nothing is concluded from it; when it was created stands in for when it started."""
    found = incident(id=None, impact="maintenance", started_at=None, name=["x"])
    assert (found.id, found.impact, found.name) == ("", ServiceStatus.MINOR, "")
    assert found.started == 1_778_790_159.441
    assert incident(started_at="soon", created_at=7).started is None
    assert incident(impact=None).impact is ServiceStatus.UNKNOWN
    assert parse_summary(summary("minor", ["x", None, INCIDENT])).incidents[0].id == "cp306tmzcl0y"
    assert parse_summary(summary("minor", {"a": 1})) == PageReport(ServiceStatus.MINOR)


def test_names_are_bounded_and_cannot_drive_a_terminal() -> None:
    """They are foreign text: control characters, line breaks and changes of direction become spaces."""
    assert len(incident(name="x" * 10_000).name) == MAX_NAME
    assert incident(name="a\x1b[31mb\nc\u202ed\u2028e\x9b").name == "a [31mb c d e"


def test_only_so_many_incidents_are_kept() -> None:
    """The first of the page's list."""
    assert len(parse_summary(summary("minor", [INCIDENT] * 500)).incidents) == MAX_INCIDENTS


def test_names_are_not_shown_where_a_report_is_printed() -> None:
    """Such as in a log line."""
    assert "Slow logins" not in repr(parse_summary(summary("major", [INCIDENT])))


@given(st.text(), st.text())
def test_any_name_and_id_come_out_printable(name: str, identifier: str) -> None:
    """Whatever the page says."""
    body = json.dumps({"status": {"indicator": "major"}, "incidents": [INCIDENT | {"name": name, "id": identifier}]})
    (found,) = parse_summary(body.encode()).incidents
    assert (found.name + found.id).isprintable()


def answer(etag: str | None = None, last_modified: str | None = None) -> Answer:
    """An answer with these validators."""
    return Answer(b"", None, etag, last_modified)


DATE = "Tue, 24 Nov 2026 21:29:10 GMT"


@pytest.mark.parametrize(
    ("given_answer", "headers"),
    [
        (answer(), {}),
        (answer('"a"'), {"If-None-Match": '"a"'}),
        (answer('W/"a"', DATE), {"If-None-Match": 'W/"a"'}),
        (answer(None, DATE), {"If-Modified-Since": DATE}),
        (answer('"a\r\nX: y"', DATE), {"If-Modified-Since": DATE}),
        (answer("a"), {}),
        (answer('"' + "a" * 1001 + '"'), {}),
        (answer(None, "yesterday"), {}),
        (answer(None, f"{DATE}\r\nX: y"), {}),
    ],
)
def test_what_an_answer_is_called_is_sent_back_if_it_can_be(given_answer: Answer, headers: dict[str, str]) -> None:
    """The ETag alone where there is one, and nothing that would break a header."""
    assert Validators.of(given_answer).headers == headers


def test_an_unasked_304_confirms_nothing() -> None:
    """Whoever sent no validator is not told that nothing changed."""
    unchanged = UpstreamFailure(Failure.UNEXPECTED_STATUS, Sent.YES, http_status=304)
    assert Validators.of(answer('"a"')).confirmed_by(unchanged)
    assert not Validators().confirmed_by(unchanged)
    assert not Validators('"a"').confirmed_by(UpstreamFailure(Failure.NETWORK, Sent.NO))
