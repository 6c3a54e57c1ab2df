"""What an Alertmanager posts, and what is read of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model.asked import AlertDelivery, LeftOut
from exporter.model.words import ORGANIZATION_ID, Issue
from exporter.remediation.webhook import MAX_OBJECTS, PayloadError, parsed

LABELS = {
    "alertname": "XeroContactsNotSyncing",
    "job": "xero",
    "organization_id": "org-1",
    "issue": "contacts_failing",
    "remediation": "request",
}


def an_alert(labels: Mapping[str, object] | None = None, **fields: object) -> dict[str, Any]:
    """An alert as Alertmanager writes it."""
    return {
        "status": "firing",
        "labels": {**LABELS, **(labels or {})},
        "annotations": {"summary": "Contacts of an organisation do not reach Xero."},
        "startsAt": "2026-01-15T10:30:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph?g0.expr=x",
        "fingerprint": "cfb8fb2adad1ac97",
        **fields,
    }


def a_post(*alerts: object, **fields: object) -> bytes:
    """The body of a post."""
    document = {
        "version": "4",
        "groupKey": '{}/{remediation="request"}:{alertname="XeroContactsNotSyncing"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "remediation",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example",
        "alerts": list(alerts),
        **fields,
    }
    return json.dumps(document).encode()


def test_an_alert_becomes_a_delivery_with_what_is_read_of_it_and_nothing_else() -> None:
    """Organisation, issue, fingerprint, begin, name, and whether it is over."""
    expected = AlertDelivery(
        "org-1",
        Issue.CONTACTS_FAILING,
        "cfb8fb2adad1ac97",
        "2026-01-15T10:30:00.123456789Z",
        alertname="XeroContactsNotSyncing",
    )
    assert parsed(a_post(an_alert())).deliveries == (expected,)
    over = parsed(a_post(an_alert(status="resolved"))).deliveries[0]
    assert over.resolved


@pytest.mark.parametrize(
    ("alert", "why"),
    [
        ("text", LeftOut.MALFORMED),
        (None, LeftOut.MALFORMED),
        (an_alert(labels={}) | {"labels": None}, LeftOut.MALFORMED),
        (an_alert(status="pending"), LeftOut.MALFORMED),
        (an_alert(status=["firing"]), LeftOut.MALFORMED),
        (an_alert(fingerprint=""), LeftOut.MALFORMED),
        (an_alert(fingerprint="a\nb"), LeftOut.MALFORMED),
        (an_alert(fingerprint=7), LeftOut.MALFORMED),
        (an_alert(startsAt="yesterday"), LeftOut.MALFORMED),
        (an_alert(startsAt=None), LeftOut.MALFORMED),
        (an_alert({"alertname": ""}), LeftOut.MALFORMED),
        (an_alert({"alertname": "\x1b[31mred"}), LeftOut.MALFORMED),
        (an_alert({"alertname": "\ud800"}), LeftOut.MALFORMED),
        (an_alert({"remediation": "none"}), LeftOut.NOT_REQUESTED),
        (an_alert({"remediation": None}), LeftOut.NOT_REQUESTED),
        (an_alert({"remediation": ["request"]}), LeftOut.NOT_REQUESTED),
        (an_alert({"organization_id": ""}), LeftOut.ORGANIZATION_ID),
        (an_alert({"organization_id": ".."}), LeftOut.ORGANIZATION_ID),
        (an_alert({"organization_id": "../retry"}), LeftOut.ORGANIZATION_ID),
        (an_alert({"organization_id": "org-1/../org-2"}), LeftOut.ORGANIZATION_ID),
        (an_alert({"organization_id": "org%2f1"}), LeftOut.ORGANIZATION_ID),
        (an_alert({"organization_id": "org-1\n"}), LeftOut.ORGANIZATION_ID),
        (an_alert({"organization_id": "o" * 129}), LeftOut.ORGANIZATION_ID),
        (an_alert({"organization_id": "örg"}), LeftOut.ORGANIZATION_ID),
        (an_alert({"organization_id": 7}), LeftOut.ORGANIZATION_ID),
        (an_alert({"issue": "everything"}), LeftOut.ISSUE),
        (an_alert({"issue": None}), LeftOut.ISSUE),
        (an_alert({"issue": {"a": 1}}), LeftOut.ISSUE),
    ],
)
def test_an_alert_that_cannot_be_used_is_left_out_with_its_word_and_spoils_no_other(
    alert: object, why: LeftOut
) -> None:
    """Those before and after it count."""
    payload = parsed(a_post(an_alert({"organization_id": "a"}), alert, an_alert({"organization_id": "b"})))
    assert [one.organization_id for one in payload.deliveries] == ["a", "b"]
    assert payload.left == {why: 1}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"4"',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"version": ' + b"9" * 5_000 + b"}",
        a_post(version="3"),
        a_post(version=4),
        b'{"alerts": []}',
        b'{"version": "4"}',
        b'{"version": "4", "alerts": {}}',
        b'{"version": "4", "alerts": null}',
    ],
)
def test_what_is_no_payload_of_version_4_is_refused_without_repeating_anything_of_it(body: bytes) -> None:
    """The error says what it must be."""
    with pytest.raises(PayloadError, match=r"^the body must "):
        parsed(body)


@pytest.mark.parametrize(("said", "counted"), [(7, 7), (0, 0), (-1, 0), (True, 0), ("7", 0), (None, 0), (1.5, 0)])
def test_alerts_that_alertmanager_left_out_are_counted(said: object, counted: int) -> None:
    """Only a count counts."""
    assert parsed(a_post(truncatedAlerts=said)).truncated == counted
    assert parsed(b'{"version": "4", "alerts": []}').truncated == 0


def test_keys_that_nobody_knows_yet_are_normal() -> None:
    """In the payload, in an alert, and among the labels."""
    body = a_post(an_alert({"team": "support", "more": "x"}, mutedBy=[]), notificationReason="firstNotification")
    assert len(parsed(body).deliveries) == 1
    assert not parsed(body).left


def test_an_old_begin_and_a_name_of_any_length_are_legitimate() -> None:
    """The name is cut, the begin is kept as it was written."""
    (one,) = parsed(a_post(an_alert({"alertname": "X" * 500}, startsAt="2019-01-01T00:00:00+01:00"))).deliveries
    assert (len(one.alertname), one.starts_at) == (128, "2019-01-01T00:00:00+01:00")


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=8,
)
alerts_of_any_kind = st.dictionaries(
    st.sampled_from(["status", "startsAt", "fingerprint", "labels", "x"]),
    json_values | st.dictionaries(st.sampled_from(list(LABELS)), json_values),
)


@given(st.lists(json_values | alerts_of_any_kind), st.binary())
def test_nothing_that_is_posted_breaks_it_and_every_alert_is_counted_once(alerts: list[object], noise: bytes) -> None:
    """Deliveries are of ids that may stand in a path, and the rest has its word."""
    payload = parsed(a_post(*alerts, an_alert()))
    assert len(payload.deliveries) + sum(payload.left.values()) == len(alerts) + 1
    assert all(ORGANIZATION_ID.fullmatch(one.organization_id) for one in payload.deliveries)
    with pytest.raises(PayloadError):
        parsed(noise)


def test_more_objects_than_any_post_of_alerts_has_are_not_decoded() -> None:
    """8 MiB of them would be 200 MB of memory."""
    with pytest.raises(PayloadError, match="objects"):
        parsed(b'{"version": "4", "alerts": [' + b"{}," * MAX_OBJECTS + b"{}]}")
