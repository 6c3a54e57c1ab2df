"""The platform's answer, read tolerantly."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.model.facts import Status, SyncError
from exporter.model.words import SyncStatus
from exporter.upstream.wire import FIELDS, MAX_ERRORS, MAX_EXAMINED, MAX_TEXT, WireError, parse_status

SAMPLE = b"""{
"connected": true,
"token_expires_at": "2025-01-20T15:00:00Z",
"last_sync": "2025-01-15T10:30:00Z",
"sync_status": "healthy",
"pending_syncs": 0,
"failed_syncs": 2,
"errors": [
{
"type": "contact_sync",
"message": "Duplicate contact: john@example.com",
"timestamp": "2025-01-15T09:15:00Z"
}
]
}"""
CANARY = "canary-7f3a@example.com"


def refusal(body: bytes | str) -> WireError:
    """The error that reading `body` must raise."""
    with pytest.raises(WireError) as refused:
        parse_status(body.encode() if isinstance(body, str) else body)
    return refused.value


def test_the_sample_of_the_troubleshooting_page_is_read() -> None:
    """Every field of the documented answer arrives."""
    assert parse_status(SAMPLE) == Status(
        connected=True,
        token_expires_at=1737385200.0,
        last_sync=1736937000.0,
        sync_status=SyncStatus.HEALTHY,
        pending_syncs=0,
        failed_syncs=2,
        errors=(
            SyncError(at=1736932500.0, kind="contact_sync", message="Duplicate contact: john@example.com", length=35),
        ),
    )


def test_missing_and_null_both_mean_that_the_platform_did_not_say() -> None:
    """One full of nulls says nothing, and so does one with a single known field."""
    assert parse_status(b'{"errors": []}') == Status()
    assert parse_status(json.dumps(dict.fromkeys(FIELDS)).encode()) == Status(errors_said=False)
    assert parse_status(b'{"connected": null}') == Status(errors_said=False)


@pytest.mark.parametrize("body", ["{}", '{"error": "maintenance"}', '{"status": {"connected": true}}'])
def test_an_object_without_any_known_field_is_no_status(body: str) -> None:
    """A proxy's apology with status 200 must not count as a success."""
    assert str(refusal(body)) == "the answer: has none of the fields of a status"


def test_unknown_fields_and_words_are_fine() -> None:
    """A newer platform may say more."""
    status = parse_status(b'{"sync_status": "Meditating", "plan": {"seats": 3.5, "seats": []}, "plan": 1}')
    assert status == Status(sync_status=SyncStatus.OTHER, errors_said=False)


def test_counts_are_taken_as_the_platform_says_them() -> None:
    """From none up to the end of 64 bits."""
    status = parse_status(f'{{"pending_syncs": 0, "failed_syncs": {2**63 - 1}}}'.encode())
    assert (status.pending_syncs, status.failed_syncs) == (0, 2**63 - 1)


def test_a_word_of_this_platform_means_what_is_configured() -> None:
    """In capitals or not, before what it means elsewhere; the others mean what they always do."""
    words = {"idle": SyncStatus.HEALTHY, "warning": SyncStatus.HEALTHY}
    for said, meant in (
        ("idle", SyncStatus.HEALTHY),
        ("IDLE", SyncStatus.HEALTHY),
        ("warning", SyncStatus.HEALTHY),
        ("partial", SyncStatus.DEGRADED),
        ("idling", SyncStatus.OTHER),
    ):
        body = json.dumps({"sync_status": said}).encode()
        assert parse_status(body, sync_status_words=words).sync_status is meant


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("connected", "1", "neither true nor false"),
        ("connected", '"true"', "neither true nor false"),
        ("connected", "[]", "neither true nor false"),
        ("token_expires_at", "1737385200", "not a timestamp"),
        ("token_expires_at", "true", "not a timestamp"),
        ("token_expires_at", '""', "not a timestamp: not written as a date and time"),
        ("last_sync", '"2025-01-15"', "not a timestamp: not written as a date and time"),
        ("last_sync", '"2025-02-30T10:30:00Z"', "not a timestamp: no such day"),
        ("last_sync", '"2025-01-15T25:30:00Z"', "not a timestamp: no such time of day"),
        ("last_sync", "{}", "not a timestamp"),
        ("sync_status", "true", "not a text"),
        ("sync_status", '["healthy"]', "not a text"),
        ("pending_syncs", "true", "not a whole number"),
        ("pending_syncs", "2.0", "not a whole number"),
        ("pending_syncs", "2e0", "not a whole number"),
        ("pending_syncs", '"2"', "not a whole number"),
        ("pending_syncs", "1e999", "not a whole number"),
        ("failed_syncs", "2.5", "not a whole number"),
        ("failed_syncs", str(2**63), "beyond 64 bits"),
        ("failed_syncs", "-1", "less than 0"),
        ("pending_syncs", str(-(2**63) - 1), "less than 0"),
        ("errors", "{}", "not a list"),
        ("errors", '"none"', "not a list"),
        ("errors", "0", "not a list"),
        ("errors", "false", "not a list"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_the_name_of_its_field(field: str, value: str, what: str) -> None:
    """The refusal names the field and what is wrong with it, never the value."""
    refused = refusal(
        f'{{"connected": true, "{field}": {value}}}' if field != "connected" else f'{{"{field}": {value}}}'
    )
    assert (refused.field, refused.what) == (field, what)
    assert str(refused) == f"{field}: {what}"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "not JSON"),
        (b" \n", "not JSON"),
        (SAMPLE[:-1], "not JSON"),
        (SAMPLE + b"}", "not JSON"),
        (b"<html>", "not JSON"),
        (b"{'connected': true}", "not JSON"),
        (b'{"failed_syncs": NaN}', "not JSON"),
        (b'{"anything": Infinity}', "not JSON"),
        (b'{"anything": -Infinity}', "not JSON"),
        (b'{"anything": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"anything": "\x01"}', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b'{"sync_status": "\xff"}', "not UTF-8"),
        (b'{"sync_status": "\xed\xa0\x80"}', "not UTF-8"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'"healthy"', "not a JSON object"),
        (b"200", "not a JSON object"),
        (b"[" * 500_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_object_is_refused_as_a_whole(body: bytes, what: str) -> None:
    """Nothing but WireError comes out, whatever went in."""
    refused = refusal(body)
    assert (refused.field, refused.what, str(refused)) == ("", what, what)


def test_a_known_field_twice_is_refused() -> None:
    """Nobody can say which of the two the platform means."""
    refused = refusal('{"failed_syncs": 0, "pending_syncs": 1, "failed_syncs": 0}')
    assert (refused.field, refused.what) == ("failed_syncs", "given more than once")


@pytest.mark.parametrize(
    "entry",
    [
        "null",
        "1",
        '"contact_sync"',
        "[]",
        "{}",
        '{"type": null, "message": null}',
        '{"type": 1}',
        '{"message": ["text"]}',
        '{"timestamp": 1736932500}',
        '{"timestamp": "yesterday"}',
        '{"type": "a", "type": "b"}',
    ],
)
def test_a_malformed_entry_is_dropped_counted_and_spoils_nothing(entry: str) -> None:
    """One bad entry among good ones leaves the good ones and the status."""
    status = parse_status(f'{{"failed_syncs": 2, "errors": [{{"type": "a"}}, {entry}, {{"type": "b"}}]}}'.encode())
    assert len(status.errors) == 2
    assert (status.errors_dropped, status.errors_malformed, status.failed_syncs) == (1, 1, 2)


@pytest.mark.parametrize(("field", "other"), [("message", "kind"), ("type", "message")])
def test_half_an_emoji_is_replaced_and_the_entry_stays(field: str, other: str) -> None:
    """Whoever cut a text in the middle of one still says what failed; a whole emoji stays what it is."""
    status = parse_status(f'{{"errors": [{{"{field}": "Cut \\ud83d, whole \\ud83d\\ude00, \\udc00"}}]}}'.encode())
    [error] = status.errors
    replaced = "Cut \N{REPLACEMENT CHARACTER}, whole \N{GRINNING FACE}, \N{REPLACEMENT CHARACTER}"
    assert (error.message if field == "message" else error.kind) == replaced
    assert getattr(error, other) is None
    assert status.errors_dropped == 0
    replaced.encode()


def test_half_an_emoji_in_the_sync_status_is_an_unknown_word() -> None:
    """As any other word that is not known."""
    assert parse_status(b'{"sync_status": "healthy\\ud800"}').sync_status is SyncStatus.OTHER


def test_an_entry_may_say_little() -> None:
    """A type or a message is enough; unknown fields are fine."""
    status = parse_status(b'{"errors": [{"type": "a", "timestamp": null, "id": 1, "id": 2}, {"message": "b"}]}')
    assert status.errors == (SyncError(None, kind="a"), SyncError(None, message="b", length=1))
    assert status.errors_dropped == 0


def test_the_texts_of_an_entry_stand_in_no_repr() -> None:
    """They hold names and addresses, and a repr ends up in logs and tracebacks."""
    status = parse_status(json.dumps({"errors": [{"type": CANARY, "message": CANARY}]}).encode())
    assert (status.errors[0].kind, status.errors[0].message) == (CANARY, CANARY)
    assert CANARY not in repr(status)


def test_of_a_long_text_the_beginning_and_the_end_are_kept() -> None:
    """What is kept is bounded; Xero's refusal of an invoice says why behind the whole invoice."""
    text = "a" * 5_000 + "b" * 5_000 + "c" * 500
    status = parse_status(json.dumps({"errors": [{"type": "a", "message": text}]}).encode())
    kept = status.errors[0].message or ""
    assert (len(kept), kept.startswith("a" * 2_000), kept.endswith("b" * 1_000 + "c" * 500)) == (MAX_TEXT, True, True)
    assert status.errors[0].length == len(text)


def test_a_text_at_the_bound_is_kept_whole() -> None:
    """The bound itself is not too long."""
    status = parse_status(json.dumps({"errors": [{"type": "a", "message": "b" * MAX_TEXT}]}).encode())
    assert status.errors[0].message == "b" * MAX_TEXT


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"correlation_id": "65E420CD-796C-493B-8F52-5EAE2EE667CE"}, "65e420cd-796c-493b-8f52-5eae2ee667ce"),
        ({"xero_correlation_id": "65e420cd-796c-493b-8f52-5eae2ee667ce"}, "65e420cd-796c-493b-8f52-5eae2ee667ce"),
        ({"correlation_id": "john@example.com"}, None),
        ({"correlation_id": 5}, None),
        ({}, None),
    ],
)
def test_a_correlation_id_is_kept_only_if_it_looks_like_one(given: dict[str, object], kept: str | None) -> None:
    """Xero's are UUIDs; anything else could be anything, and spoils nothing."""
    status = parse_status(json.dumps({"errors": [{"type": "a", **given}]}).encode())
    assert [error.correlation_id for error in status.errors] == [kept]


def test_only_so_many_entries_are_looked_at() -> None:
    """The rest of a flood is counted as left out."""
    flood = [{"type": "a"}] * (MAX_EXAMINED + 500)
    status = parse_status(json.dumps({"errors": flood}).encode())
    assert (len(status.errors), status.errors_dropped) == (MAX_ERRORS, MAX_EXAMINED + 500 - MAX_ERRORS)
    assert status.errors_malformed == 0


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_a_flood_the_newest_are_kept_at_whichever_end_they_stand(newest_first: bool) -> None:  # noqa: FBT001 - pytest's argument
    """5,000 entries, of which only the ends are looked at."""
    seconds = sorted(range(5_000), reverse=newest_first)
    entries = [
        {"type": "a", "timestamp": f"2025-01-15T{one // 3600:02}:{one // 60 % 60:02}:{one % 60:02}Z"} for one in seconds
    ]
    status = parse_status(json.dumps({"errors": entries}).encode())
    assert {error.at for error in status.errors} == {1736899200.0 + one for one in range(4_900, 5_000)}
    assert status.errors_dropped == 4_900


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_too_many_entries_the_newest_stay_in_the_order_of_the_platform(newest_first: bool) -> None:  # noqa: FBT001 - pytest's argument
    """Whichever end the platform lists the newest at, those are what matters."""
    minutes = sorted(range(MAX_ERRORS + 50), reverse=newest_first)
    entries = [{"type": "a", "timestamp": f"2025-01-15T{minute // 60:02}:{minute % 60:02}:00Z"} for minute in minutes]
    status = parse_status(json.dumps({"errors": [{"type": "timeless"}, *entries, 0]}).encode())
    times = [error.at for error in status.errors]
    assert len(times) == MAX_ERRORS
    assert times == sorted((at for at in times if at is not None), reverse=newest_first)
    assert min(at for at in times if at is not None) == 1736899200.0 + 50 * 60  # 50 minutes into that day
    assert (status.errors_dropped, status.errors_malformed) == (52, 1)


def test_a_hundred_entries_all_stay() -> None:
    """The bound itself is not too many."""
    status = parse_status(json.dumps({"errors": [{"type": str(number)} for number in range(MAX_ERRORS)]}).encode())
    assert len(status.errors) == MAX_ERRORS
    assert status.errors_dropped == 0


def status_or_refusal(body: bytes) -> Status | str:
    """The status in `body`, or the text of the error it is refused with."""
    try:
        return parse_status(body)
    except WireError as refused:
        return str(refused)


@given(st.binary() | st.binary().map(lambda noise: b'{"errors":[{"message":"' + noise + b'"}]}'))
@example(b'{"errors":[{"message":"\xed\xb0\x80"}]}')
def test_any_bytes_are_a_status_or_refused(body: bytes) -> None:
    """No bytes raise anything but WireError."""
    assert isinstance(status_or_refusal(body), Status | str)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text(st.characters(categories=["Cs"]))
    | st.sampled_from(["2025-01-15T10:30:00Z", "healthy", "", CANARY])
)
ENTRIES = st.dictionaries(st.sampled_from(["type", "message", "timestamp", CANARY]), SCALARS)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
ANSWERS = st.dictionaries(st.sampled_from([*sorted(FIELDS), CANARY]), JSON | st.lists(ENTRIES | JSON))


@given(JSON | ANSWERS)
def test_any_json_is_a_status_or_refused(document: object) -> None:
    """No JSON raises anything but WireError, and what is kept is of the promised types and bounds."""
    outcome = status_or_refusal(json.dumps(document).encode())
    if isinstance(outcome, Status):
        assert len(outcome.errors) <= MAX_ERRORS
        assert all(type(count) is int for count in (outcome.pending_syncs, outcome.failed_syncs) if count is not None)


@given(st.sampled_from(sorted(FIELDS)), JSON)
def test_a_refusal_never_repeats_what_it_refuses(field: str, value: object) -> None:
    """Neither a value nor an unknown name of the answer gets into the text of the error."""
    document = {CANARY: CANARY, field: [CANARY, value] if field != "errors" else {CANARY: value}}
    refused = refusal(json.dumps(document))
    assert refused.field in (field, "")  # "" when the value is an infinity, which is no JSON
    assert CANARY not in str(refused)
    assert CANARY not in repr(refused)
    assert refused.__cause__ is None
