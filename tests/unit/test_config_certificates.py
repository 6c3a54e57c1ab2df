"""Certificates that change while we run."""

from __future__ import annotations

import resource
import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from exporter.config.certificates import MAX_CERTIFICATES_SIZE, ServerCertificate, TrustedCertificates
from tests.certificates import Authority, replace


@dataclass
class Pair:
    """A certificate and its key in files."""

    authority: Authority
    cert_file: Path
    key_file: Path

    def renew(self) -> None:
        """Another certificate, with another key."""
        self.authority.issue(self.cert_file, self.key_file)

    def load(self) -> ServerCertificate:
        """What the program makes of it."""
        return ServerCertificate(self.cert_file, self.key_file)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """A good pair."""
    made = Pair(Authority(tmp_path), tmp_path / "tls.crt", tmp_path / "tls.key")
    made.renew()
    return made


def test_a_good_pair_is_served_with_tls_12_or_later(pair: Pair) -> None:
    """And says until when it is valid."""
    certificate = pair.load()
    assert certificate.problem is None
    assert certificate.context is not None
    assert certificate.context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert certificate.validity is not None
    assert certificate.look() is False


def test_a_replaced_pair_gets_a_context_of_its_own(pair: Pair) -> None:
    """The connections of the old one keep theirs."""
    certificate = pair.load()
    before = certificate.context
    pair.renew()
    assert certificate.look() is True
    assert certificate.context is not before
    assert certificate.look() is False


def test_half_of_a_new_pair_never_replaces_a_good_one(pair: Pair) -> None:
    """Until the other half comes, the old pair is served; then the new one."""
    certificate = pair.load()
    before, dates = certificate.context, certificate.validity
    other = pair.key_file.with_name("other.key")
    pair.authority.issue(pair.cert_file, other)
    assert certificate.look() is False
    assert (certificate.context, certificate.validity) == (before, dates)
    assert certificate.problem is not None
    assert certificate.problem.where == "web.tls.key_file"
    assert "does not belong" in certificate.problem.what
    other.replace(pair.key_file)
    assert certificate.look() is True
    assert certificate.problem is None
    assert certificate.context is not before


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("tls.crt", None, "does not exist"),
        ("tls.crt", b"", "no certificate"),
        ("tls.crt", b"\xff\xfe", "no certificate"),
        ("tls.crt", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "no certificate"),
        ("tls.crt", b"x" * (MAX_CERTIFICATES_SIZE + 1), "larger than 1 MiB"),
        ("tls.key", None, "does not exist"),
        ("tls.key", b"", "no private key"),
        ("tls.key", b"-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n", "no private key"),
        ("tls.key", b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", "cannot be used"),
    ],
)
def test_a_bad_file_keeps_the_last_good_pair_and_is_told(
    pair: Pair, name: str, content: bytes | None, says: str
) -> None:
    """By its key, without its path or content; once it is mended, nothing is told any more."""
    certificate = pair.load()
    before = certificate.context
    file = pair.cert_file.with_name(name)
    good = file.read_bytes()
    if content is None:
        file.unlink()
    else:
        replace(file, content)
    assert certificate.look() is False
    assert certificate.context is before
    assert certificate.problem is not None
    assert says in certificate.problem.what
    assert str(file.parent) not in str(certificate.problem)
    replace(file, good)
    assert certificate.look() is True
    assert certificate.problem is None


def counted(monkeypatch: pytest.MonkeyPatch, parsing: str) -> list[object]:
    """Notes each call of a function of ssl.SSLContext that parses."""
    calls: list[object] = []
    original = getattr(ssl.SSLContext, parsing)

    def noted(self: ssl.SSLContext, *args: object, **kwargs: object) -> object:
        calls.append(args)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(ssl.SSLContext, parsing, noted)
    return calls


def test_a_bad_pair_is_parsed_once_and_not_each_second(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until one of its files changes: also when that leaves it as bad."""
    certificate = pair.load()
    pair.authority.issue(pair.cert_file, pair.key_file.with_name("other.key"))
    parsed = counted(monkeypatch, "load_cert_chain")
    for _ in range(5):
        assert certificate.look() is False
    assert len(parsed) == 1
    replace(pair.cert_file, pair.cert_file.read_bytes())
    for _ in range(5):
        assert certificate.look() is False
    assert len(parsed) == 2
    assert certificate.problem is not None
    pair.key_file.with_name("other.key").replace(pair.key_file)
    assert certificate.look() is True
    assert len(parsed) == 3


def test_a_bad_bundle_is_parsed_once_and_not_each_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it changes."""
    authority = Authority(tmp_path)
    good = authority.file.read_bytes()
    trust = TrustedCertificates(authority.file)
    replace(authority.file, b"words")
    parsed = counted(monkeypatch, "load_verify_locations")
    for _ in range(5):
        assert trust.look() is False
    assert len(parsed) == 1
    replace(authority.file, good)
    assert trust.look() is True
    assert len(parsed) == 2


def test_files_that_could_not_be_read_for_a_moment_are_read_again_though_they_did_not_change(pair: Pair) -> None:
    """When there was no descriptor left for them, nothing of the files tells that there is one now."""
    certificate, trust = pair.load(), TrustedCertificates(pair.authority.file)
    pair.renew()
    replace(pair.authority.file, pair.authority.file.read_bytes())
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, most[1]))
    try:
        for _ in range(2):
            assert (certificate.look(), trust.look()) == (False, False)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most)
    assert str(certificate.problem) == "web.tls.cert_file: cannot be read"
    assert str(trust.problem) == "platform.ca_file: cannot be read"
    assert (certificate.look(), trust.look()) == (True, True)


def test_a_pair_that_was_never_good_has_no_context(pair: Pair) -> None:
    """So nobody can serve with it by mistake."""
    pair.key_file.unlink()
    certificate = pair.load()
    assert certificate.context is None
    assert certificate.validity is None
    assert certificate.problem is not None


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked(pair: Pair) -> None:
    """OpenSSL would ask on the terminal, and wait there."""
    key = serialization.load_pem_private_key(pair.key_file.read_bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"s3cr3t"),
    )
    replace(pair.key_file, locked)
    certificate = pair.load()
    assert certificate.problem is not None
    assert certificate.problem.where == "web.tls.key_file"
    assert "passphrase" in certificate.problem.what


def test_a_pair_in_one_file_is_taken(pair: Pair) -> None:
    """Some tools write key and certificate together."""
    replace(pair.cert_file, pair.key_file.read_bytes() + pair.cert_file.read_bytes())
    assert ServerCertificate(pair.cert_file, pair.cert_file).problem is None


@pytest.mark.parametrize("kind", trustme.KeyType)
def test_every_usual_kind_of_key_is_taken(pair: Pair, kind: trustme.KeyType) -> None:
    """With words around it, as some tools write them."""
    issued = trustme.CA(key_type=kind).issue_cert("localhost", key_type=kind)
    replace(pair.cert_file, b"subject=CN = localhost\n" + issued.cert_chain_pems[0].bytes())
    replace(pair.key_file, b"Bag Attributes\n" + issued.private_key_pem.bytes())
    assert pair.load().problem is None


def test_the_swap_of_a_kubernetes_volume_is_seen_as_one_change(tmp_path: Path) -> None:
    """There, tls.crt -> ..data/tls.crt, and ..data is a link that is replaced: both files change at once."""
    authority = Authority(tmp_path)
    for version in ("v1", "v2"):
        (tmp_path / version).mkdir()
        authority.issue(tmp_path / version / "tls.crt", tmp_path / version / "tls.key")
    (tmp_path / "..data").symlink_to("v1")
    for name in ("tls.crt", "tls.key"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    certificate = ServerCertificate(tmp_path / "tls.crt", tmp_path / "tls.key")
    (tmp_path / "..new").symlink_to("v2")
    (tmp_path / "..new").replace(tmp_path / "..data")
    assert certificate.look() is True
    assert certificate.problem is None


def trusted(trust: TrustedCertificates) -> int:
    """How many authorities a context trusts."""
    return len(trust.context.get_ca_certs())


def test_without_a_file_the_trust_is_the_systems_and_never_changes() -> None:
    """As that of every other program."""
    trust = TrustedCertificates(None)
    assert trust.problem is None
    assert trust.look() is False
    assert trust.context.verify_mode is ssl.CERT_REQUIRED
    assert trust.context.check_hostname


def test_an_authority_in_the_file_is_trusted_beside_the_systems(tmp_path: Path) -> None:
    """Names and host are still checked; comments with letters of any language do no harm."""
    authority = Authority(tmp_path)
    replace(authority.file, "# Zürich, Geschäftsstelle\n".encode() + authority.file.read_bytes())
    trust = TrustedCertificates(authority.file)
    assert trust.problem is None
    assert trusted(trust) == trusted(TrustedCertificates(None)) + 1
    assert trust.context.verify_mode is ssl.CERT_REQUIRED
    assert trust.context.check_hostname


def test_a_replaced_bundle_replaces_the_trust(tmp_path: Path) -> None:
    """An authority that is no longer in it is no longer trusted."""
    first, second = Authority(tmp_path, "first"), Authority(tmp_path, "second")
    trust = TrustedCertificates(first.file)
    before = trust.context.get_ca_certs(binary_form=True)
    replace(first.file, second.file.read_bytes())
    assert trust.look() is True
    after = trust.context.get_ca_certs(binary_form=True)
    assert len(after) == len(before)
    assert set(after) != set(before)


@pytest.mark.parametrize(
    "content", [None, b"", b"words", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"]
)
def test_a_bad_bundle_keeps_the_last_good_trust_and_is_told(tmp_path: Path, content: bytes | None) -> None:
    """By its key."""
    authority = Authority(tmp_path)
    good = authority.file.read_bytes()
    trust = TrustedCertificates(authority.file)
    before = trust.context
    authority.file.unlink()
    if content is not None:
        authority.file.write_bytes(content)
    assert trust.look() is False
    assert trust.context is before
    assert trust.problem is not None
    assert trust.problem.where == "platform.ca_file"
    replace(authority.file, good)
    assert trust.look() is True
    assert trust.problem is None


def test_one_bad_certificate_spoils_the_bundle(tmp_path: Path) -> None:
    """A bundle that is cut off in the middle is not half a trust."""
    authority = Authority(tmp_path)
    replace(authority.file, authority.file.read_bytes() + b"-----BEGIN CERTIFICATE-----\nMIIB\n")
    assert TrustedCertificates(authority.file).problem is not None
