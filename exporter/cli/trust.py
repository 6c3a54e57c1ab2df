"""Whom a command trusts that asks a running exporter over https."""

from __future__ import annotations

import ssl


def context_for(host: str) -> ssl.SSLContext:
    """The system's authorities (SSL_CERT_FILE names one of one's own); on loopback, any certificate."""
    from exporter.config.addresses import is_loopback

    context = ssl.create_default_context()
    if is_loopback(host):
        # A certificate names the exporter as others reach it, never 127.0.0.1, and only this machine can answer.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
