"""Asking a running exporter for the fleet: whatever answers there, a document of the fleet or one line why not."""

from __future__ import annotations

import pytest

from exporter.cli.probing import target_of
from exporter.cli.remembering import fleet_from
from exporter.config.schema import Config
from exporter.errors import AnswerIsBadError
from tests.contract.test_health_command import says, server

CONFIG = Config.model_validate(
    {"platform": {"url": "https://platform.example", "token": "t"}, "organizations": {"static": [{"id": "a"}]}}
)


async def asked(body: bytes) -> object:
    """What is taken for the fleet of a server that answers with this body."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with server(says(answer)) as port:
        return await fleet_from(CONFIG, target_of(f"http://127.0.0.1:{port}", option="--from"))


async def test_a_document_with_a_verdict_is_one_of_the_fleet() -> None:
    """Whatever else is in it: other versions tell more, or less."""
    assert await asked(b'{"verdict": "all_well", "new": 1}') == {"verdict": "all_well", "new": 1}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[1]", b"{}", b'{"verdict": null}', b'{"status": "ok"}', b"[" * 500_000, b"\xff", b"NaN"]
)
async def test_anything_else_is_refused_in_one_line(body: bytes) -> None:
    """The health page of another service is no fleet in which nothing is wrong, and no fault of ours either."""
    with pytest.raises(AnswerIsBadError, match="is not understood"):
        await asked(body)
