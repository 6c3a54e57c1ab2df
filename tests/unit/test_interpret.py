"""What becomes of a status when it comes in: reasons for its errors, and only so many texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporter.model.facts import Status, SyncError
from exporter.model.words import Reason, SyncType
from exporter.observe.interpret import MAX_TEXTS, interpreted

TEXTS = st.none() | st.text(max_size=40) | st.sampled_from(["x" * 4096, "\N{SNOWMAN}" * 4096, "\ud800" * 3])
TIMES = st.none() | st.floats(0, 2e9)
ERRORS = st.builds(SyncError, at=TIMES, kind=TEXTS, message=TEXTS)


def size(text: str | None) -> int:
    """Bytes of a text."""
    return len((text or "").encode("utf-8", "surrogatepass"))


def test_each_error_gets_its_reason_sync_type_and_correlation_id() -> None:
    """By its own texts; a correlation id in the text counts when there is no field for it."""
    number = "65e420cd-796c-493b-8f52-5eae2ee667ce"
    [first, second] = interpreted(
        Status(
            errors=(
                SyncError(5.0, kind="contact_sync", message="Duplicate contact: jo@example.com"),
                SyncError(
                    6.0, kind="invoice_sync", message=f"The Organisation is offline. Xero-Correlation-Id: {number}"
                ),
            )
        )
    ).errors
    assert (first.reason, first.sync_type, first.correlation_id) == (
        Reason.DUPLICATE_CONTACT,
        SyncType.CONTACTS,
        None,
    )
    assert (second.reason, second.sync_type, second.correlation_id) == (
        Reason.XERO_UNAVAILABLE,
        SyncType.INVOICES,
        number,
    )


def test_a_correlation_id_of_the_platform_is_kept() -> None:
    """What the platform says in a field is not looked for in the text."""
    [error] = interpreted(Status(errors=(SyncError(5.0, message="x", correlation_id="given"),))).errors
    assert error.correlation_id == "given"


def test_a_status_without_errors_is_the_same_object() -> None:
    """Most are, and they cost nothing."""
    status = Status(connected=True)
    assert interpreted(status) is status


def test_the_newest_texts_are_kept_and_of_the_others_the_reason() -> None:
    """16 kB hold four of these; an error without a time is the oldest."""
    text = "Duplicate contact: jo@example.com " + "x" * 4000
    times = [3.0, None, 9.0, 7.0, 1.0, 8.0]
    errors = interpreted(Status(errors=tuple(SyncError(at, kind="contact", message=text) for at in times))).errors
    assert [error.at for error in errors] == times
    assert {error.at for error in errors if error.message is not None} == {9.0, 8.0, 7.0, 3.0}
    assert {error.reason for error in errors} == {Reason.DUPLICATE_CONTACT}
    assert {error.sync_type for error in errors} == {SyncType.CONTACTS}
    assert all((error.kind is None) == (error.message is None) for error in errors)


@given(st.lists(ERRORS, max_size=30))
def test_no_texts_of_a_status_exceed_the_bound(errors: list[SyncError]) -> None:
    """Whatever they are; each text is kept whole or not at all, and nothing else of an error is lost."""
    status = interpreted(Status(errors=tuple(errors), errors_dropped=3))
    assert sum(size(one.kind) + size(one.message) for one in status.errors) <= MAX_TEXTS
    assert [one.at for one in status.errors] == [one.at for one in errors]
    assert status.errors_dropped == 3
    for new, old in zip(status.errors, errors, strict=True):
        assert new.message in (None, old.message)
        assert new.kind in (None, old.kind)
    if sum(size(one.kind) + size(one.message) for one in errors) <= MAX_TEXTS:
        assert [one.message for one in status.errors] == [one.message for one in errors]
