"""docs/config.md, written from the schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from exporter.config.keys import Key, Shape, keys_of
from exporter.config.schema import Config

EXAMPLE: Final = """\
platform:
  url: https://app.memberpulse.example
  token_file: /run/secrets/platform-token
  timeout: 10s
  max_concurrency: 50
  max_requests_per_second: 200
  ca_file: platform-ca.pem
  remediation_token_file: /run/secrets/platform-remediation-token
  paths:
    status: /api/admin/integrations/xero/{organization_id}/status
    retry: /api/admin/integrations/xero/{organization_id}/retry
    resync: /api/admin/integrations/xero/{organization_id}/resync
  sync_status_words:
    healthy: [ok, idle]
    degraded: []
    failing: [broken]
    disconnected: [unlinked]
links:
  integration_settings: https://app.memberpulse.example/organizations/{organization_id}/integrations/xero
  client_portal: https://portal.memberpulse.example/{organization_id}
organizations:
  static:
    - {id: org-1, name: Harbour Rowing Club, xero_tenant_id: 5f4e2c1a-0b7d-4c53-9a51-6c1f0f5f2a10}
    - id: org-2
  file: organizations.yml
  http:
    url: https://app.memberpulse.example/xero/organizations.sd.json
    token_file: /run/secrets/discovery-token
    refresh: 5m
    missing_grace: 3
  include: []
  exclude: ["test-.*"]
poll:
  interval: 60s
  stale_after: null
diagnosis:
  error_window: 1h
  token_grace: 15m
  token_clock: auto
  sync_stale_after: 26h
  sync_silent_after: null
  incident_window: 6h
xero:
  status_pages: [https://status.xero.com, https://status.developer.xero.com]
  app:
    client_id: 0123456789ABCDEF0123456789ABCDEF
    client_secret_file: /run/secrets/xero-client-secret
    refresh: 10m
  api_url: https://api.xero.com
  identity_url: https://identity.xero.com
remediation:
  mode: approve
  include: ["org-.*"]
  exclude: []
  record_id_fields: [record_id, record_ids]
  fallback: null
  catch_up: false
  lookback: 7d
  cooldown: 30m
  attempts: 3
  per_organization_day: 5
  per_hour: 20
  per_day: 100
  pace: 2s
  verify_within: 15m
  approval_expires: 4h
  expires: 1d
  quiet_hours: ["22:00-06:00"]
  storm: {share: 0.2, least: 5, calm: 15m}
  blind: {share: 0.1, least: 3}
  breaker: {after: 5, pause: 1h}
ledger:
  url: sqlite:////var/lib/xero-exporter/ledger.db
  keep: 90d
web:
  listen: 127.0.0.1:9869
  tls: {cert_file: /run/secrets/tls.crt, key_file: /run/secrets/tls.key}
  tokens:
    - {name: prometheus, role: viewer, token_file: /run/secrets/prometheus-token}
  open_reading: false
telemetry:
  otlp_endpoint: http://127.0.0.1:4318
log:
  level: info
  format: auto
expose:
  organization_names: false
"""
"""A configuration that uses every key which can stand beside the others."""

_HEAD: Final = """\
# Configuration

This page is written by `xero-exporter docs config`.

The configuration is one YAML file, named by `--config`. JSON is read too.

- Unknown keys, keys that stand twice and unknown `XERO_EXPORTER_` variables are faults. All faults are told at once,
  with key path, line and column, and never with a value.
- Durations are written as in Prometheus: `500ms`, `30s`, `5m`, `1h30m`, `7d`. Off is `null`.
- A text is the text that is written, with or without quotes: an id `0123`, `no` or `2024-01-01` is no number, truth or
  date. Numbers, `true` and `false` stand without quotes. Anchors, aliases, tags and merge keys of YAML are refused.
- Relative paths are taken from the folder of the configuration file.
- A token is visible ASCII without spaces. A file that holds one may end in a line break.

## Environment

Each key outside of lists has a variable: `XERO_EXPORTER_` and the key path in capitals, its steps joined by two
underscores. The environment beats the file. One value is written as in YAML, `null` means null. Lists and mappings are
written as JSON: a list replaces the file's, a mapping is laid over the file's key by key. The variables that Kubernetes
sets for a Service called xero-exporter (`XERO_EXPORTER_SERVICE_HOST`, `XERO_EXPORTER_PORT_9869_TCP` and so on) are left
alone.

## Example

```yaml
"""


def config_reference() -> str:
    """The Markdown page: rules, an example, and a table of keys for each section. Ends with one line break."""
    keys = list(keys_of(Config))
    sections = [key for key in keys if key.shape is Shape.SECTION or _holds_keys(key, keys)]
    parts = [_HEAD + EXAMPLE + "```\n"]
    parts += ["\n".join(_section(section, keys)) for section in sections]
    return "\n".join(parts)


def _holds_keys(key: Key, keys: Iterable[Key]) -> bool:
    return any(other.path[:-1] == (*key.path, "[]") for other in keys)


def _section(section: Key, keys: Iterable[Key]) -> Iterator[str]:
    items = section.shape is Shape.LIST
    inside = (*section.path, "[]") if items else section.path
    yield f"## {section.where}{'[]' if items else ''}"
    yield ""
    yield f"One item of `{section.where}`." if items else section.description
    yield ""
    yield "| key | value | default | meaning | variable |"
    yield "| --- | --- | --- | --- | --- |"
    for key in keys:
        if key.path[:-1] == inside:
            yield _row(key)
    yield ""


def _row(key: Key) -> str:
    value = f"{key.words}, or null" if key.nullable else key.words
    default = "must be given" if key.default is None else f"`{key.default}`"
    variable = f"`{key.variable}`" if key.variable else ""
    cells = (f"`{key.where}`", value, default, key.description, variable)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
