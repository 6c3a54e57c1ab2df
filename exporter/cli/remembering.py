"""What a running exporter knows: history, incidents, the verdict. The command line itself remembers nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from exporter.cli.probing import Target, target_of
from exporter.errors import AnswerIsBadError, ExporterError, UnreachableError
from exporter.model.words import Role

if TYPE_CHECKING:
    from exporter.config.schema import Config
    from exporter.expose.action_shapes import ExplainedDocument
    from exporter.expose.escalation_shapes import EscalationDocument
    from exporter.expose.shapes import OrganizationDocument
    from exporter.model.facts import UpstreamFailure

_ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is listened on, not by us
_FLEET: Final = "/api/v1/fleet"
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _NOT_YET = 401, 403, 404, 503


def place_of(config: Config) -> Target | None:
    """Where the exporter of this configuration listens, as this machine reaches it; None when any port may be it."""
    listen = config.web.listen
    scheme = "http" if config.web.tls.cert_file is None else "https"
    return Target(scheme, _ANY_ADDRESS.get(listen.host, listen.host), listen.port, "") if listen.port else None


def place(config: Config, url: str | None) -> Target:
    """Where to ask: what somebody wrote, else where the exporter of this configuration listens.

    Raises:
        UsageError: `url` is none.
        AnswerIsBadError: nothing is written, and the configuration does not say a port.
    """
    if url is not None:
        return target_of(url, option="--from")
    found = place_of(config)
    if found is None:
        raise AnswerIsBadError("web.listen has port 0, so any port may be it: say with --from where it listens")
    return found


async def organization_from(config: Config, target: Target, organization_id: str) -> OrganizationDocument:
    """What the exporter at `target` knows of an organisation.

    Raises:
        UnreachableError: it cannot be asked.
        AnswerIsBadError: it refuses us, does not know the organisation, or is of another version.
    """
    from pydantic import ValidationError

    from exporter.expose.shapes import OrganizationDocument

    body = await _asked(config, target, _path(organization_id))
    try:
        document = OrganizationDocument.model_validate_json(body)
    except ValidationError:
        raise _another_version(target) from None
    if document.id != organization_id:
        raise _another_version(target)
    return document


async def escalation_from(
    config: Config, target: Target, organization_id: str, *, personal_data: bool
) -> EscalationDocument:
    """The bundle with which the exporter at `target` hands an organisation over.

    Args:
        config: has a token with the role operator.
        target: where the exporter listens.
        organization_id: whom it is about.
        personal_data: whether whole texts and the name shall be in it; the exporter logs that.

    Raises:
        UnreachableError: it cannot be asked.
        AnswerIsBadError: it refuses us, does not know the organisation, or is of another version.
    """
    from pydantic import ValidationError

    from exporter.expose.escalation_shapes import EscalationDocument

    query = "?personal_data=true" if personal_data else ""
    body = await _asked(config, target, f"{_path(organization_id)}/escalation{query}", Role.OPERATOR)
    try:
        document = EscalationDocument.model_validate_json(body)
    except ValidationError:
        raise _another_version(target) from None
    if document.organization.id != organization_id or document.personal_data is not personal_data:
        raise _another_version(target)
    return document


async def explained_from(config: Config, target: Target, organization_id: str) -> ExplainedDocument:
    """What the exporter at `target` would do for an organisation now.

    Raises:
        UnreachableError: it cannot be asked.
        AnswerIsBadError: it refuses us, does not know the organisation, or is of another version.
    """
    from pydantic import ValidationError

    from exporter.expose.action_shapes import ExplainedDocument

    body = await _asked(config, target, f"/api/v1/organizations/{quote(organization_id, safe='')}/remediation")
    try:
        return ExplainedDocument.model_validate_json(body)
    except ValidationError:
        raise _another_version(target) from None


async def fleet_from(config: Config, target: Target) -> dict[str, Any]:
    """What the exporter at `target` knows of the fleet; what is in it depends on its version.

    Raises:
        UnreachableError: it cannot be asked.
        AnswerIsBadError: it refuses us, or its answer is none.
    """
    from exporter.upstream.wire import WireError, decoded

    try:
        document = decoded(await _asked(config, target, _FLEET))
    except WireError:
        raise _another_version(target) from None
    if not isinstance(document, dict) or not isinstance(document.get("verdict"), str):
        raise _another_version(target)
    return document


def _path(organization_id: str) -> str:
    return f"/api/v1/organizations/{quote(organization_id, safe='')}"


async def _asked(config: Config, target: Target, path: str, role: Role = Role.VIEWER) -> bytes:
    from exporter.cli.trust import context_for
    from exporter.upstream.running import RunningExporter

    running = RunningExporter(target.base, token=_token(config, target, role), tls=context_for(target.host))
    try:
        answer = await running.document(path)
    finally:
        await running.aclose()
    if isinstance(answer, bytes):
        return answer
    raise _error(target, path, role, answer)


def _token(config: Config, target: Target, role: Role) -> str | None:
    """A token of the configuration for what needs `role`; None when there is none, or it would go out in clear."""
    from exporter.config.addresses import is_loopback
    from exporter.config.secrets import token_of

    if target.scheme == "http" and not is_loopback(target.host):
        return None
    reading = [one for one in config.web.tokens if one.role in {role, Role.OPERATOR}]
    # The least that will do comes first.
    for one in sorted(reading, key=lambda one: one.role is Role.OPERATOR):
        if (value := token_of(one).value) is not None:
            return value
    return None


def _error(target: Target, path: str, role: Role, failure: UpstreamFailure) -> ExporterError:
    status = failure.http_status
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        return AnswerIsBadError(
            f"the exporter at {target.base} refuses us ({status}): this needs a token of web.tokens with the role "
            f"{role} whose file can be read here, and https unless it is on loopback"
        )
    if status == _NOT_FOUND:
        what = "does not know this organisation: the ids stand at /api/v1/organizations"
        if path == _FLEET:
            what = "has no such path: check that the URL names xero-exporter"
        return AnswerIsBadError(f"the exporter at {target.base} {what}")
    if status == _NOT_YET:
        return UnreachableError(
            f"the exporter at {target.base} cannot tell: it has just started, so ask again in a few seconds; or its "
            "ledger cannot be used, which its log and `remediate list` tell"
        )
    return UnreachableError(
        f"no exporter answers at {target.base} ({failure.failure}): start it, or say with --from where it listens"
    )


def _another_version(target: Target) -> AnswerIsBadError:
    return AnswerIsBadError(f"the answer of {target.base} is not understood: it is no xero-exporter of this version")
