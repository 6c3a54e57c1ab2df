"""Who may read what, decided without a server."""

from __future__ import annotations

import base64
import hmac
from http import HTTPStatus
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.secrets import Token
from exporter.model.words import Role
from exporter.web.gate import Allowed, Refused, closed, crosses_sites, decide, holder
from exporter.web.site import WebToken

VIEWER = WebToken("prometheus", Role.VIEWER, Token.fixed("viewer-secret"))
OPERATOR = WebToken("on-call", Role.OPERATOR, Token.fixed("operator-secret"))
ALERTS = WebToken("alertmanager", Role.ALERTS, Token.fixed("alerts-secret"))
UNREADABLE = WebToken("broken", Role.VIEWER, Token.from_file(Path("does-not-exist")))
TOKENS = (VIEWER, OPERATOR, ALERTS)


def bearer(token: str) -> str:
    """The header that carries a token as Bearer."""
    return f"Bearer {token}"


def basic(name: str, token: str) -> str:
    """The header that a browser makes of a user and a password."""
    return "Basic " + base64.b64encode(f"{name}:{token}".encode()).decode()


def status(answer: Allowed | Refused) -> int:
    """200 for allowed, else the status of the refusal."""
    return 200 if isinstance(answer, Allowed) else answer.status


@pytest.mark.parametrize("authorization", [None, "", bearer("wrong"), bearer("alerts-secret"), basic("x", "y")])
@pytest.mark.parametrize("tokens", [(), (ALERTS,)], ids=["no token", "alerts token"])
def test_reading_is_open_until_a_token_exists_that_may_read(
    authorization: str | None, tokens: tuple[WebToken, ...]
) -> None:
    """Without a viewer or operator token anybody reads, whatever they send; a token for alerts closes nothing."""
    assert decide(authorization, tokens, Role.VIEWER) == Allowed(actor=None)
    assert not closed(tokens)


@pytest.mark.parametrize("token", [VIEWER, OPERATOR, UNREADABLE], ids=lambda token: token.name)
def test_reading_is_closed_by_any_token_that_may_read(token: WebToken) -> None:
    """A token whose file cannot be read closes reading too: a broken file never opens."""
    assert status(decide(None, (token,), Role.VIEWER)) == HTTPStatus.UNAUTHORIZED
    assert closed((token,))


@pytest.mark.parametrize("authorization", [None, "", bearer("wrong"), bearer("alerts-secret"), basic("x", "y")])
def test_reading_that_is_to_stay_open_stays_so_and_nothing_else(authorization: str | None) -> None:
    """`web.open_reading`: whatever is sent; what changes something still needs its token."""
    assert decide(authorization, TOKENS, Role.VIEWER, open_reading=True) == Allowed(actor=None)
    for role in (Role.OPERATOR, Role.ALERTS):
        assert decide(authorization, TOKENS, role, open_reading=True) == decide(authorization, TOKENS, role)
    assert status(decide(authorization, TOKENS, Role.OPERATOR, open_reading=True)) in {401, 403}


@pytest.mark.parametrize("required", [Role.OPERATOR, Role.ALERTS])
def test_only_reading_is_ever_open(required: Role) -> None:
    """Whatever changes something needs a token, also when none is configured: no token could help then."""
    others = tuple(token for token in TOKENS if token.role is not required)
    for tokens in ((), others):
        assert status(decide(None, tokens, required)) == HTTPStatus.FORBIDDEN
        assert status(decide(bearer("guess"), tokens, required)) == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token.name)
@pytest.mark.parametrize(
    ("required", "allowed"),
    [
        (Role.VIEWER, {Role.VIEWER, Role.OPERATOR}),
        (Role.OPERATOR, {Role.OPERATOR}),
        (Role.ALERTS, {Role.ALERTS}),
    ],
)
def test_operator_includes_viewer_and_alerts_includes_nothing(
    token: WebToken, required: Role, allowed: set[Role]
) -> None:
    """Each role against each requirement, as Bearer and as Basic; the actor is the token's name."""
    value = token.token.value
    assert value is not None
    for header in (bearer(value), basic(token.name, value)):
        answer = decide(header, TOKENS, required)
        if token.role in allowed:
            assert answer == Allowed(actor=token.name)
        else:
            assert status(answer) == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("header", [None, "", "nonsense", bearer("viewer-secret"), bearer("wrong")])
def test_what_is_open_is_open_to_everybody(header: str | None) -> None:
    """Health is told whatever is sent."""
    assert decide(header, TOKENS, None) == Allowed(actor=None)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "bearer viewer-secre",
        "bearer viewer-secret2",
        "Bearer VIEWER-SECRET",
        "viewer-secret",
        "Token viewer-secret",
        "Bearer viewer-secret, Bearer x",
        basic("on-call", "viewer-secret"),
        basic("", "viewer-secret"),
        basic("prometheus", ""),
        basic("prometheus:viewer-secret", ""),
        "Basic viewer-secret",
        "Basic ====",
        "Basic \u00e9",
        "Bearer \ud800",
    ],
)
def test_what_is_not_exactly_a_token_is_refused(header: str) -> None:
    """Nearly right is wrong, a Basic password under another token's name too; the reason repeats nothing."""
    answer = decide(header, TOKENS, Role.VIEWER)
    assert isinstance(answer, Refused)
    assert answer.status is HTTPStatus.UNAUTHORIZED
    assert "secret" not in answer.why


@pytest.mark.parametrize(
    "header",
    [
        "bearer viewer-secret",
        "BEARER   viewer-secret  ",
        " Bearer viewer-secret",
        "basic " + basic("prometheus", "viewer-secret")[6:],
    ],
)
def test_the_scheme_is_read_as_http_writes_it(header: str) -> None:
    """The scheme's case and the spaces around the token mean nothing (RFC 9110 section 11.1)."""
    assert decide(header, TOKENS, Role.VIEWER) == Allowed(actor="prometheus")


@pytest.mark.parametrize("header", ["Bearer ", "Bearer None", basic("broken", ""), basic("broken", "None")])
def test_a_token_that_cannot_be_read_is_never_matched(header: str) -> None:
    """An empty credential is not the token that is not there."""
    assert status(decide(header, (UNREADABLE,), Role.VIEWER)) == HTTPStatus.UNAUTHORIZED


def test_one_secret_under_two_roles_gives_what_either_gives() -> None:
    """The order of the configuration does not take a right away."""
    both = (WebToken("hooks", Role.ALERTS, Token.fixed("same")), WebToken("reader", Role.VIEWER, Token.fixed("same")))
    assert decide(bearer("same"), both, Role.VIEWER) == Allowed(actor="reader")
    assert decide(bearer("same"), both, Role.ALERTS) == Allowed(actor="hooks")


def test_every_token_is_compared_whether_or_not_an_earlier_one_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time taken does not tell which token it was."""
    compared: list[bytes] = []
    genuine = hmac.compare_digest

    def noting(sent: bytes, expected: bytes) -> bool:
        compared.append(expected)
        return genuine(sent, expected)

    monkeypatch.setattr(hmac, "compare_digest", noting)
    assert decide(bearer("viewer-secret"), TOKENS, Role.VIEWER) == Allowed(actor="prometheus")
    assert compared == [b"viewer-secret", b"operator-secret", b"alerts-secret"]


def test_a_token_that_was_replaced_in_its_file_counts_from_the_next_look(tmp_path: Path) -> None:
    """Rotating a token needs no restart, and the old one ends."""
    file = tmp_path / "token"
    file.write_text("first-secret\n")
    token = WebToken("rotated", Role.VIEWER, Token.from_file(file))
    assert status(decide(bearer("first-secret"), (token,), Role.VIEWER)) == 200
    file.write_text("the-second-secret\n")
    token.token.look()
    assert status(decide(bearer("the-second-secret"), (token,), Role.VIEWER)) == 200
    assert status(decide(bearer("first-secret"), (token,), Role.VIEWER)) == HTTPStatus.UNAUTHORIZED


def test_a_token_is_not_in_the_repr() -> None:
    """A configured token can be logged by mistake without telling it."""
    assert "secret" not in repr(VIEWER)


@given(
    header=st.one_of(
        st.text(),
        st.text().map(lambda text: f"Bearer {text}"),
        st.text().map(lambda text: f"Basic {text}"),
        st.binary().map(lambda raw: f"Basic {base64.b64encode(raw).decode()}"),
    ),
    required=st.sampled_from([*Role]),
)
def test_no_header_raises_or_gets_in(header: str, required: Role) -> None:
    """Any text at all is refused in words of our own, and never with a 5xx."""
    assert status(decide(header, TOKENS, required)) == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize(
    ("origin", "fetch_site", "crosses"),
    [
        (None, None, False),
        ("http://here:9869", "same-origin", False),
        (None, "none", False),
        ("https://here:9869", None, False),
        ("http://elsewhere", None, True),
        ("http://here:9870", None, True),
        ("null", None, True),
        (None, "cross-site", True),
        ("http://here:9869", "same-site", True),
    ],
)
def test_a_change_that_another_site_asks_for_is_told_from_our_own(
    origin: str | None,
    fetch_site: str | None,
    crosses: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Programs send neither header; a browser sends one or both, and behind a proxy the scheme may differ."""
    assert crosses_sites(origin, fetch_site, "here:9869") is crosses


def test_whose_token_it_is_is_known_also_where_none_is_needed() -> None:
    """A page that everybody may read shows more to an operator who sends a token."""
    tokens = (WebToken("a", Role.VIEWER, Token.fixed("one")), WebToken("b", Role.OPERATOR, Token.fixed("two")))
    found = holder("Bearer two", tokens)
    assert found is not None
    assert found.role is Role.OPERATOR
    assert holder("Bearer three", tokens) is None
    assert holder(None, tokens) is None
