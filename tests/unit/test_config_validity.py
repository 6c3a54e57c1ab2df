"""The dates of a certificate, read from its bytes."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import pytest
import trustme
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.validity import validity_of

CA = trustme.CA()
PEM = CA.cert_pem.bytes().decode()
DER = ssl.PEM_cert_to_DER_cert(PEM)
SECONDS = st.datetimes(datetime(1971, 1, 1), datetime(2199, 12, 31)).map(lambda one: one.replace(microsecond=0))  # noqa: DTZ001 - trustme takes UTC without saying so


@given(SECONDS, SECONDS)
def test_both_dates_are_what_a_library_of_cryptography_wrote(one: datetime, other: datetime) -> None:
    """Years until 2049 are written in two digits, later ones in four."""
    begin, end = sorted((one, other))
    pem = CA.issue_cert("localhost", not_before=begin, not_after=end).cert_chain_pems[0].bytes().decode()
    found = validity_of(pem)
    assert found.not_before == begin.replace(tzinfo=UTC).timestamp()
    assert found.not_after == end.replace(tzinfo=UTC).timestamp()


def test_of_a_chain_the_first_certificate_counts() -> None:
    """It is the one that is presented; words around it do not matter."""
    leaf = CA.create_child_ca().issue_cert("localhost")
    chain = "".join(pem.bytes().decode() for pem in leaf.cert_chain_pems)
    assert chain.count("BEGIN CERTIFICATE") == 2
    first = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    assert validity_of(f"subject=CN = localhost\n{chain}").not_after == first.not_valid_after_utc.timestamp()


@pytest.mark.parametrize("pem", ["", "nothing", "-----BEGIN CERTIFICATE-----", PEM.replace("END", "FIN")])
def test_without_a_certificate_there_are_no_dates(pem: str) -> None:
    """A text without one, and one that breaks off."""
    with pytest.raises(ValueError, match="no certificate"):
        validity_of(pem)


@given(st.data())
def test_bytes_that_are_no_certificate_never_do_worse_than_a_value_error(data: st.DataObject) -> None:
    """Cut off or changed anywhere, it gives dates or a ValueError."""
    broken = bytearray(DER[: data.draw(st.integers(0, len(DER)))])
    if broken:
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    try:
        validity_of(ssl.DER_cert_to_PEM_cert(bytes(broken)))
    except ValueError:
        return
