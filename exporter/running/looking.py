"""Looks each second at the files that somebody replaces while we run, tokens and certificates, and tells of them."""

from __future__ import annotations

import structlog

from exporter.config.certificates import ServerCertificate, TrustedCertificates
from exporter.running.building import Tokens
from exporter.telemetry.metrics import SelfMetrics

_log = structlog.get_logger("exporter")


def tell_unreadable(tokens: Tokens) -> None:
    """Tells at the start which files of tokens cannot be used; from then on, `look_at_tokens` tells what changes."""
    for owner, token in tokens.in_files.items():
        if token.problem is not None:
            _log.error("token_file_problem", token=owner, problem=token.problem)


def look_at_tokens(tokens: Tokens, metrics: SelfMetrics) -> None:
    """Reads again the files of tokens that changed."""
    for owner, token in tokens.in_files.items():
        before, changed = token.problem, token.look()
        if token.problem is not None and token.problem != before:
            _log.error("token_file_problem", token=owner, problem=token.problem)
        elif changed or token.problem != before:
            _log.info("token_file_read", token=owner, changed=changed)
    metrics.token_files_stand({owner: token.problem is not None for owner, token in tokens.in_files.items()})


def look_at_certificates(
    trust: TrustedCertificates, certificate: ServerCertificate | None, metrics: SelfMetrics
) -> bool:
    """Reads again the files of certificates that changed.

    Args:
        trust: whom we trust to be the platform.
        certificate: what https is served with; None while http is served.
        metrics: told of them.

    Returns:
        Whether another trust is in force.
    """
    problems = {}
    trust_changed = _look("platform", trust)
    if trust.is_from_a_file:
        problems["platform"] = trust.problem is not None
    ends = None
    if certificate is not None:
        _look("web", certificate)
        problems["web"] = certificate.problem is not None
        ends = None if certificate.validity is None else certificate.validity.not_after
    metrics.certificates_stand(problems, ends)
    return trust_changed


def _look(owner: str, files: ServerCertificate | TrustedCertificates) -> bool:
    before = files.problem
    taken = files.look()
    if taken:
        _log.info("certificates_taken_over", certificates=owner)
    elif files.problem is not None and files.problem != before:
        _log.error("certificates_problem", certificates=owner, problem=str(files.problem))
    return taken
