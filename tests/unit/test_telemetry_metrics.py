"""The exporter's own metrics are exactly the families that are documented, and count what happened."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from exporter.model.accounts import Account, GateView, Marks, Totals
from exporter.model.action import ActionState, AttemptOutcome, Mode, TriggerSource
from exporter.model.asked import LeftOut, Receipt
from exporter.model.family import Family, Group, Kind
from exporter.model.holds import Hold
from exporter.model.limits import Limits
from exporter.model.words import Failure, RosterSource
from exporter.telemetry.families import BUCKETS, FAMILIES, PREFIX, SCRAPE_FORMATS, UPSTREAMS
from exporter.telemetry.metrics import SelfMetrics


@pytest.fixture
def registry() -> CollectorRegistry:
    """A registry of its own, as the exporter has one."""
    return CollectorRegistry(auto_describe=False)


@pytest.fixture
def metrics(registry: CollectorRegistry) -> SelfMetrics:
    """The metrics on that registry."""
    return SelfMetrics(registry)


def collected(registry: CollectorRegistry) -> dict[str, Metric]:
    """What the registry gives, by the full name of each family."""
    return {metric.name + ("_total" if metric.type == "counter" else ""): metric for metric in registry.collect()}


def use_everything(metrics: SelfMetrics) -> None:
    """Calls each method once, so that each family has samples."""
    metrics.set_limits(60, 300)
    metrics.request_ended("memberpulse", 0.2, Failure.TIMEOUT)
    metrics.discovery_answered(held=True, missing=3, ids_rejected=2)
    metrics.connections_listed(1.76e9)
    metrics.status_pages_read({"status.xero.com": 1.76e9})
    metrics.clock_skew(-3.5)
    metrics.errors_dropped(2)
    metrics.reading_began(0.7)
    metrics.readings_in_flight(4)
    metrics.overran()
    metrics.tick_ended(0.002)
    metrics.tick_late(3)
    metrics.auth_ok(ok=True)
    metrics.paused_until(1.76e9)
    metrics.roster_stands(dict.fromkeys(RosterSource, 12), dict.fromkeys(RosterSource, 1.76e9))
    metrics.roster_readable(dict.fromkeys(RosterSource, True))
    for source in RosterSource:
        metrics.roster_rejected(source)
    metrics.token_files_stand({"platform": False})
    metrics.certificates_stand({"web": False}, 1.8e9)
    metrics.rendered(blocks=2)
    metrics.page_made(series=100)
    metrics.scraped("text", "identity", 1000, 0.001)
    metrics.scraped("openmetrics", "gzip", 1100, 0.001)
    metrics.remediation.rules(Limits())
    metrics.remediation.blind(blind=False)
    metrics.remediation.stands(an_account(), 1.76e9)


def an_account(**fields: object) -> Account:
    """A ledger in which each thing happened once."""
    totals = Totals(
        actions=dict.fromkeys(ActionState, 1),
        held=dict.fromkeys(Hold, 1),
    )
    account = Account(
        gate=GateView(paused_at=1.7e9),
        totals=totals,
        hour=1,
        day=2,
        triggers=dict.fromkeys(TriggerSource, 1),
        entered=dict.fromkeys(ActionState, 1),
        attempts={AttemptOutcome.ACCEPTED: 1},
        verified=(40.0,),
        marks=Marks(1, 2, 3),
    )
    return replace(account, **fields)  # type: ignore[arg-type]


def test_the_registry_has_exactly_the_families_that_are_documented(
    registry: CollectorRegistry, metrics: SelfMetrics
) -> None:
    """Name, type and help of each family agree, and nothing else begins with our prefix."""
    ours = {name: metric for name, metric in collected(registry).items() if name.startswith(PREFIX)}
    assert list(ours) == [family.name for family in FAMILIES]
    for family in FAMILIES:
        assert (ours[family.name].type, ours[family.name].documentation) == (family.kind, family.help)


def test_every_family_has_the_labels_that_are_documented(registry: CollectorRegistry, metrics: SelfMetrics) -> None:
    """Once everything happened, each sample has the documented label names, and a histogram's buckets `le`."""
    use_everything(metrics)
    found = collected(registry)
    for family in FAMILIES:
        samples = found[family.name].samples
        assert samples, family.name
        for sample in samples:
            extra = {"le"} if sample.name.endswith("_bucket") else set()
            assert set(sample.labels) == {*family.label_names, *extra}, family.name


def test_every_label_value_of_a_closed_list_is_documented(registry: CollectorRegistry, metrics: SelfMetrics) -> None:
    """A value of `failure`, `source`, `format` or `upstream` stands in the documentation of its label."""
    use_everything(metrics)
    found = collected(registry)
    for family in FAMILIES:
        for name, meaning in family.labels:
            if name in {"failure", "source", "format", "upstream"}:
                values = {sample.labels[name] for sample in found[family.name].samples}
                assert values == set(re.findall(r"`([a-z_]+)`", meaning)), family.name


def test_the_series_of_a_family_without_children_are_counted_rightly(
    registry: CollectorRegistry, metrics: SelfMetrics
) -> None:
    """Where the documentation gives a plain number of series, so many there are."""
    use_everything(metrics)
    found = collected(registry)
    plain = [family for family in FAMILIES if family.series.isdecimal()]
    assert len(plain) > 10
    for family in plain:
        assert len(found[family.name].samples) == int(family.series), family.name


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_names_and_helps_are_what_promtool_asks_for(family: Family) -> None:
    """Counters end in _total, gauges in no suffix of another type; helps are one plain sentence."""
    assert family.group is Group.EXPORTER
    assert family.name.endswith("_total") is (family.kind is Kind.COUNTER)
    if family.kind is Kind.GAUGE:
        assert not family.name.endswith(("_count", "_sum", "_bucket"))
    assert (family.name in BUCKETS) is (family.kind is Kind.HISTOGRAM)
    assert re.fullmatch(r"[A-Z0-9][^\\\n\"]*\.", family.help)


def test_known_counters_start_at_zero(registry: CollectorRegistry, metrics: SelfMetrics) -> None:
    """Each known combination of a counter's labels has a sample before anything happened."""
    for upstream in UPSTREAMS:
        assert registry.get_sample_value("xero_exporter_requests_total", {"upstream": upstream}) == 0
        for failure in Failure:
            labels = {"upstream": upstream, "failure": failure}
            assert registry.get_sample_value("xero_exporter_request_failures_total", labels) == 0
    for source in RosterSource:
        assert registry.get_sample_value("xero_exporter_roster_rejected_total", {"source": source}) == 0
    for word in SCRAPE_FORMATS:
        assert registry.get_sample_value("xero_exporter_scrapes_total", {"format": word}) == 0


def test_what_is_not_known_has_no_sample(registry: CollectorRegistry, metrics: SelfMetrics) -> None:
    """At the start there is no sample for the token, the clocks, a pause or a source."""
    found = collected(registry)
    for name in (
        "platform_auth_ok",
        "platform_clock_skew_seconds",
        "platform_paused_until_timestamp_seconds",
        "roster_organizations",
        "roster_last_success_timestamp_seconds",
        "roster_readable",
        "token_file_readable",
        "xero_connections_last_success_timestamp_seconds",
        "status_page_last_success_timestamp_seconds",
        "scrape_bytes",
    ):
        assert found[PREFIX + name].samples == [], name


def test_no_sample_is_made_of_creation_times(registry: CollectorRegistry, metrics: SelfMetrics) -> None:
    """The library's _created samples are switched off."""
    use_everything(metrics)
    names = [sample.name for metric in registry.collect() for sample in metric.samples]
    assert names
    assert not [name for name in names if name.endswith("_created")]


@pytest.mark.parametrize(("ok", "value"), [(True, 1), (False, 0), (None, None)])
def test_the_platforms_answer_about_the_token_comes_and_goes(
    registry: CollectorRegistry,
    metrics: SelfMetrics,
    ok: bool | None,  # noqa: FBT001 - a case of the table
    value: float | None,
) -> None:
    """Accepted is 1, refused is 0, and not known takes the sample away again."""
    metrics.auth_ok(ok=True)
    metrics.auth_ok(ok)
    assert registry.get_sample_value("xero_exporter_platform_auth_ok") == value


def test_a_pause_that_is_over_has_no_sample(registry: CollectorRegistry, metrics: SelfMetrics) -> None:
    """The instant is told while the pause lasts, and not after."""
    metrics.paused_until(1.76e9)
    assert registry.get_sample_value("xero_exporter_platform_paused_until_timestamp_seconds") == 1.76e9
    metrics.paused_until(None)
    assert registry.get_sample_value("xero_exporter_platform_paused_until_timestamp_seconds") is None


def test_a_request_is_counted_once_and_its_failure_by_class(registry: CollectorRegistry, metrics: SelfMetrics) -> None:
    """A success raises no failure counter; a failure raises exactly its own."""
    metrics.request_ended("memberpulse", 0.2, None)
    metrics.request_ended("memberpulse", 12.0, Failure.TIMEOUT)
    who = {"upstream": "memberpulse"}
    assert registry.get_sample_value("xero_exporter_requests_total", who) == 2
    assert registry.get_sample_value("xero_exporter_request_duration_seconds_count", who) == 2
    assert registry.get_sample_value("xero_exporter_request_duration_seconds_sum", who) == 12.2
    counts = {
        failure: registry.get_sample_value("xero_exporter_request_failures_total", {**who, "failure": failure})
        for failure in Failure
    }
    assert counts == {failure: int(failure is Failure.TIMEOUT) for failure in Failure}


def test_a_token_file_that_can_be_read_again_says_so(registry: CollectorRegistry, metrics: SelfMetrics) -> None:
    """The gauge is 0 while there is a problem and 1 when it is mended."""
    metrics.token_files_stand({"prometheus": True})
    assert registry.get_sample_value("xero_exporter_token_file_readable", {"token": "prometheus"}) == 0
    metrics.token_files_stand({"prometheus": False})
    assert registry.get_sample_value("xero_exporter_token_file_readable", {"token": "prometheus"}) == 1


def test_a_status_page_that_is_no_longer_configured_has_no_series(
    registry: CollectorRegistry, metrics: SelfMetrics
) -> None:
    """It would else be told of for ever, as it last was; the same goes for Xero's list."""
    metrics.status_pages_read({"a.example": 1.0, "b.example": 2.0})
    metrics.status_pages_read({"b.example": 3.0})
    name = "status_page_last_success_timestamp_seconds"
    assert [(one.labels["page"], one.value) for one in collected(registry)[PREFIX + name].samples] == [("b.example", 3)]
    metrics.connections_listed(5.0)
    metrics.connections_listed(None)
    assert not collected(registry)["xero_exporter_xero_connections_last_success_timestamp_seconds"].samples


def test_what_is_no_longer_configured_has_no_series(registry: CollectorRegistry, metrics: SelfMetrics) -> None:
    """A token, a source or a certificate that is gone would else be told of for ever, as it last was."""
    use_everything(metrics)
    metrics.token_files_stand({"web/prometheus": True})
    metrics.roster_stands({RosterSource.FILE: 3}, {})
    metrics.roster_readable({RosterSource.FILE: False})
    metrics.certificates_stand({"platform": True}, None)
    metrics.discovery_unknown()
    found = collected(registry)

    def series(name: str) -> dict[tuple[str, ...], float]:
        return {tuple(sample.labels.values()): sample.value for sample in found[PREFIX + name].samples}

    assert series("token_file_readable") == {("web/prometheus",): 0}
    assert series("roster_organizations") == {("file",): 3}
    assert series("roster_last_success_timestamp_seconds") == {}
    assert series("roster_readable") == {("file",): 0}
    assert series("tls_certificate_readable") == {("platform",): 0}
    assert series("tls_certificate_not_after_timestamp_seconds") == {}
    assert series("discovery_held") == series("discovery_missing_organizations") == {}
    assert series("roster_rejected_total") == {(source,): 1 for source in RosterSource}, "a counter goes on"


def test_a_scrape_is_counted_under_its_format_only(registry: CollectorRegistry, metrics: SelfMetrics) -> None:
    """The other format stays at zero, and what was not sent has no size."""
    metrics.scraped("openmetrics", "gzip", 4096, 0.002)
    assert registry.get_sample_value("xero_exporter_scrapes_total", {"format": "openmetrics"}) == 1
    labels = {"format": "openmetrics", "encoding": "gzip"}
    assert registry.get_sample_value("xero_exporter_scrape_bytes", labels) == 4096
    assert registry.get_sample_value("xero_exporter_scrapes_total", {"format": "text"}) == 0
    sizes = [sample.labels for family in registry.collect() for sample in family.samples if "_bytes" in sample.name]
    assert [one for one in sizes if "format" in one] == [labels]


def test_the_process_and_python_are_measured_too(registry: CollectorRegistry, metrics: SelfMetrics) -> None:
    """The client library's own collectors are on the same registry."""
    assert {"process_resident_memory_bytes", "python_info", "python_gc_collections_total"} <= set(collected(registry))


def test_two_registries_know_nothing_of_each_other(registry: CollectorRegistry, metrics: SelfMetrics) -> None:
    """Nothing is kept in the library's global registry."""
    other = CollectorRegistry(auto_describe=False)
    SelfMetrics(other).overran(5)
    assert other.get_sample_value("xero_exporter_poll_overruns_total") == 5
    assert registry.get_sample_value("xero_exporter_poll_overruns_total") == 0


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    """One sample of remediation."""
    return registry.get_sample_value(f"xero_exporter_remediation_{name}", labels)


def test_every_word_of_remediation_is_there_from_the_first_look(
    registry: CollectorRegistry, metrics: SelfMetrics
) -> None:
    """Counters before it, gauges with it, each at 0."""
    for name, label, words in (
        ("triggers_total", "source", TriggerSource),
        ("transitions_total", "state", ActionState),
        ("webhook_alerts_total", "result", (*LeftOut, "recorded", "repeated")),
        ("webhook_requests_total", "code", (202, 401, 403, 413, 415, 422, 500, 503)),
        ("attempts_total", "outcome", [one for one in AttemptOutcome if one is not AttemptOutcome.STARTED]),
    ):
        for word in words:
            assert value(registry, name, **{label: str(word)}) == 0, word
    totals = Totals(
        actions=dict.fromkeys(ActionState, 0),
        held=dict.fromkeys(Hold, 0),
    )
    metrics.remediation.rules(Limits(mode=Mode.AUTO))
    metrics.remediation.stands(an_account(totals=totals, gate=GateView()), 1.76e9)
    assert [value(registry, "actions", state=state) for state in ActionState] == [0] * len(ActionState)
    assert [value(registry, "held_actions", hold=hold) for hold in Hold] == [0] * len(Hold)
    assert [value(registry, "mode", mode=mode) for mode in Mode] == [0, 0, 0, 1]
    assert value(registry, "paused") == value(registry, "storm") == value(registry, "breaker_open") == 0
    assert value(registry, "paused_since_timestamp_seconds") is None


def test_what_is_new_in_the_ledger_is_counted_and_how_it_stands_is_set(
    registry: CollectorRegistry, metrics: SelfMetrics
) -> None:
    """Two looks: counters add up, gauges do not."""
    for _ in range(2):
        metrics.remediation.stands(an_account(), 1.76e9)
    assert value(registry, "attempts_total", outcome="accepted") == 2
    assert value(registry, "transitions_total", state="verified") == 2
    assert value(registry, "actions", state="verified") == 1
    assert (value(registry, "verified_seconds_count"), value(registry, "verified_seconds_sum")) == (2, 80)
    assert (value(registry, "budget_calls", window="hour"), value(registry, "budget_limit_calls", window="hour")) == (
        1,
        None,
    )
    assert (value(registry, "paused"), value(registry, "paused_since_timestamp_seconds")) == (1, 1.7e9)


def test_a_ledger_that_cannot_be_read_says_so_and_nothing_else(
    registry: CollectorRegistry, metrics: SelfMetrics
) -> None:
    """What it said before is withdrawn, not kept; counters stay."""
    metrics.remediation.stands(an_account(), 1.76e9)
    metrics.remediation.unusable()
    assert value(registry, "ledger_up") == 0
    assert value(registry, "paused") is None
    assert value(registry, "actions", state="held") is None
    assert value(registry, "attempts_total", outcome="accepted") == 1
    metrics.remediation.stands(an_account(), 1.76e9)
    assert (value(registry, "ledger_up"), value(registry, "actions", state="held")) == (1, 1)


def test_posts_and_their_alerts_are_counted_by_what_became_of_them(
    registry: CollectorRegistry, metrics: SelfMetrics
) -> None:
    """An answer that is none of the known ones is not counted under another."""
    metrics.remediation.posted(202)
    metrics.remediation.posted(418)
    metrics.remediation.delivered(Receipt(recorded=3, repeated=2), {LeftOut.ISSUE: 4})
    assert value(registry, "webhook_requests_total", code="202") == 1
    assert sum(value(registry, "webhook_requests_total", code=str(code)) or 0 for code in (401, 422, 500, 503)) == 0
    results = [value(registry, "webhook_alerts_total", result=one) for one in ("recorded", "repeated", "issue")]
    assert results == [3, 2, 4]
