"""The files people deploy with say what is true: real commands, real keys, real paths, nothing that is not there."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from exporter import __version__
from exporter.cli.main import app
from exporter.cli.probing import target_of
from exporter.config.load import load, load_organizations
from exporter.config.schema import Web
from exporter.web.routes import ROUTES
from tests.needs import lacking, program

PROJECT = Path(__file__).parents[2]
COMPOSE = PROJECT / "deploy/compose"
KUBERNETES = PROJECT / "deploy/kubernetes"
UNIT = PROJECT / "deploy/systemd/xero-exporter.service"
PORT = Web().listen.port
OPEN_PATHS = {row.path for row in ROUTES if row.role is None}


def understood(arguments: list[str]) -> dict[str, Any]:
    """What the command line makes of these arguments, without doing it; fails when it would be wrong usage."""
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    context = group.make_context("xero-exporter", list(arguments))
    names, rest = [], list(arguments)
    while isinstance(group, typer.core.TyperGroup):
        name, command, rest = group.resolve_command(context, rest)
        assert name is not None
        assert command is not None
        context = command.make_context(name, list(rest), parent=context)
        names.append(name)
        group = command
    return {"command": " ".join(names), **context.params}


def locked(name: str) -> dict[str, frozenset[str]]:
    """Package and version -> its hashes, in one lock file."""
    text = (PROJECT / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines()]
    return {words[0]: frozenset(word for word in words if word.startswith("--hash=sha256:")) for words in lines}


class TestLocks:
    @pytest.mark.parametrize("name", ["run", "build", "dev"])
    def test_every_package_has_a_hash(self, name: str) -> None:
        """Without one for each, pip refuses the whole file."""
        assert all(locked(name).values())

    @pytest.mark.parametrize("name", ["run", "build"])
    def test_the_image_is_built_of_what_is_tested(self, name: str) -> None:
        """The same versions and the same files as in development."""
        assert locked(name).items() <= locked("dev").items()


def instructions(word: str) -> list[str]:
    """What follows each instruction of that word in the Dockerfile, continued lines joined."""
    lines = [line for line in (PROJECT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    text = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return re.findall(rf"^{word} (.+)$", text, re.MULTILINE)


class TestDockerfile:
    def test_what_it_starts_is_a_command(self) -> None:
        """The entry point is what the package installs, and the rest is understood."""
        [entry], [command] = instructions("ENTRYPOINT"), instructions("CMD")
        scripts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["scripts"]
        assert json.loads(entry) == [*scripts]
        assert understood(json.loads(command))["command"] == "serve"

    def test_its_health_check_asks_where_serve_listens_by_itself(self) -> None:
        """And gives up before the engine does, so that its line is in the engine's log."""
        [check] = instructions("HEALTHCHECK")
        name, *arguments = json.loads(check.partition(" CMD ")[2])
        assert name == "xero-exporter"
        asked = understood(arguments)
        assert asked["command"] == "health"
        assert target_of(asked["url"]).port == PORT
        assert instructions("EXPOSE") == [str(PORT)]
        assert "--timeout=10s" in check

    def test_what_it_copies_is_there_and_reaches_the_builder(self) -> None:
        """.dockerignore names each source, and nothing else."""
        wanted = {one for line in instructions("COPY") if "--from" not in line for one in line.split()[:-1]}
        rules = (PROJECT / ".dockerignore").read_text().splitlines()
        assert {rule[1:] for rule in rules if rule.startswith("!")} == wanted
        assert "*" in rules
        assert all((PROJECT / one).exists() for one in wanted)

    def test_nothing_is_installed_without_a_hash_or_from_the_network_later(self) -> None:
        """Each pip has its lock file, or no index."""
        steps = [
            step for run in instructions("RUN") for step in run.split("&&") if " install " in step and "pip" in step
        ]
        steps += [step for run in instructions("RUN") for step in run.split("&&") if " wheel " in step]
        assert len(steps) == 4
        for step in steps:
            assert ("--require-hashes" in step and "--only-binary :all:" in step) or "--no-index" in step

    def test_it_runs_as_a_number_that_is_not_root_and_owns_its_volume(self) -> None:
        """The same number as in the manifests; Kubernetes cannot look up a name."""
        assert instructions("USER") == ["10001:10001"]
        assert instructions("VOLUME") == instructions("WORKDIR")[-1:] == ["/var/lib/xero-exporter"]
        assert any("install -d -o 10001 -g 10001 -m 0750 /var/lib/xero-exporter" in run for run in instructions("RUN"))

    def test_every_stage_can_have_another_base(self) -> None:
        """Two stages; the second one has what was built in the first."""
        assert instructions("ARG") == ["PYTHON_IMAGE=python:3.13-slim-trixie"]
        assert instructions("FROM") == ["${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"]

    def test_it_is_understood_by_old_builders(self) -> None:
        """A heredoc in RUN needs a builder of its own kind."""
        assert not any("<<" in run for run in instructions("RUN"))

    def test_what_it_compiles_ahead_can_be_imported(self) -> None:
        """A module that was renamed would fail the build only."""
        [code] = [found[1] for run in instructions("RUN") if (found := re.search(r'python -c "import ([^"]+)"', run))]
        for module in code.split(", "):
            importlib.import_module(module)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of compose.yaml."""
    return dict(yaml.safe_load((PROJECT / "compose.yaml").read_text())["services"])


class TestCompose:
    def test_the_demo_can_be_reached_by_the_other_containers(self, services: dict[str, Any]) -> None:
        """On every address of its container, at the port that Prometheus asks and that is published."""
        demo = understood(services["xero-exporter"]["command"])
        assert (demo["command"], demo["listen"]) == ("demo", f"0.0.0.0:{PORT}")
        [job] = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["scrape_configs"]
        assert job["static_configs"] == [{"targets": [f"xero-exporter:{PORT}"]}]

    def test_nothing_is_published_beyond_this_machine(self, services: dict[str, Any]) -> None:
        """The demo and Grafana ask for no password."""
        ports = [port for service in services.values() for port in service["ports"]]
        assert len(ports) == 4
        assert all(port.startswith("127.0.0.1:") for port in ports)

    def test_every_file_that_is_mounted_is_there(self, services: dict[str, Any]) -> None:
        """Docker makes an empty folder of one that is not."""
        mounted = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())}
        shipped = {PROJECT / one for one in ("alerts/rules", "dashboards/json", "dashboards/provisioning.yml")}
        assert {(PROJECT / one).resolve() for one in mounted} == set(COMPOSE.iterdir()) | shipped
        assert all(one.exists() for one in shipped)

    def test_grafana_shows_the_dashboards_and_prometheus_records_what_they_show(self, services: dict[str, Any]) -> None:
        """Where the provisioning file looks, and where the rules are mounted."""
        [provider] = yaml.safe_load((PROJECT / "dashboards/provisioning.yml").read_text())["providers"]
        assert f"./dashboards/json:{provider['options']['path']}:ro" in services["grafana"]["volumes"]
        [rules] = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["rule_files"]
        assert f"./alerts/rules:{Path(rules).parent}:ro" in services["prometheus"]["volumes"]
        assert (PROJECT / "alerts/rules" / Path(rules).name).is_file()

    def test_the_services_find_each_other(self, services: dict[str, Any]) -> None:
        """By the names that compose gives them."""
        prometheus = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())
        [receivers] = prometheus["alerting"]["alertmanagers"][0]["static_configs"]
        [source] = yaml.safe_load((COMPOSE / "grafana-datasource.yml").read_text())["datasources"]
        assert receivers["targets"] == ["alertmanager:9093"]
        assert source["url"] == "http://prometheus:9090"
        assert {"alertmanager", "prometheus", "grafana"} <= set(services)

    def test_alerts_go_to_a_receiver_that_exists(self) -> None:
        """Alertmanager does not start otherwise."""
        config = yaml.safe_load((COMPOSE / "alertmanager.yml").read_text())
        assert [{"name": config["route"]["receiver"]}] == config["receivers"]


@pytest.fixture(scope="module")
def settings() -> list[tuple[str, str]]:
    """The settings of the unit in their order; a key may stand more than once."""
    lines = [line.partition("=") for line in UNIT.read_text().splitlines() if re.match(r"[A-Za-z]+=", line)]
    return [(key, value) for key, _, value in lines]


class TestSystemd:
    def test_what_it_starts_is_a_command(self, settings: list[tuple[str, str]]) -> None:
        """With the configuration that README.md puts there."""
        program, *arguments = shlex.split(dict(settings)["ExecStart"])
        assert program == "/opt/xero-exporter/bin/xero-exporter"
        assert understood(arguments) == {"command": "serve", "config": Path("/etc/xero-exporter/xero-exporter.yml")}
        readme = (UNIT.parent / "README.md").read_text()
        assert program in readme
        assert "/etc/xero-exporter/xero-exporter.yml" in readme

    def test_its_user_is_the_one_that_is_made(self, settings: list[tuple[str, str]]) -> None:
        """By the file for systemd-sysusers beside it."""
        assert f"u {dict(settings)['User']} " in (UNIT.parent / "xero-exporter.sysusers.conf").read_text()

    def test_it_keeps_the_metrics_of_the_process(self, settings: list[tuple[str, str]]) -> None:
        """prometheus_client reads /proc/stat, and says nothing of the process without it."""
        assert "ProcSubset" not in dict(settings)

    def test_it_is_hardened(self) -> None:
        """What a broken exporter could do, as systemd counts it: 10.0 is everything, at most 2.0 is asked for."""
        analyze = program("systemd-analyze", "systemd")
        command = [analyze, "security", "--no-pager", "--offline=true", "--threshold=20", str(UNIT)]
        counted = subprocess.run(command, capture_output=True, text=True, check=False)
        if "unrecognized option" in counted.stderr:
            lacking("this systemd-analyze is older than 250 and has no --offline")
        assert counted.returncode == 0, counted.stdout[-500:] + counted.stderr


@pytest.fixture(scope="module")
def objects() -> dict[str, Any]:
    """Kind -> object, of all that kustomization.yaml lists."""
    listed = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
    files = {path.name for path in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(listed) == files
    found = [yaml.safe_load((KUBERNETES / name).read_text()) for name in listed]
    return {one["kind"]: one for one in found}


@pytest.fixture(scope="module")
def pod(objects: dict[str, Any]) -> dict[str, Any]:
    """The pod that the Deployment makes."""
    return dict(objects["Deployment"]["spec"]["template"]["spec"])


@pytest.fixture
def config_file(tmp_path: Path, objects: dict[str, Any]) -> Path:
    """The ConfigMap as a folder, as the pod sees it."""
    for name, text in objects["ConfigMap"]["data"].items():
        (tmp_path / name).write_text(text)
    return tmp_path / "xero-exporter.yml"


class TestKubernetes:
    def test_the_config_is_valid_and_reachable_by_the_probes(self, config_file: Path, pod: dict[str, Any]) -> None:
        """By the loader that serve uses; loopback would hide it from the kubelet."""
        config = load(config_file, {})
        assert not config.web.listen.is_loopback
        [container] = pod["containers"]
        assert container["ports"] == [{"name": "http", "containerPort": config.web.listen.port}]
        assert config.organizations.file is not None
        assert len(load_organizations(config.organizations.file)) == 2

    def test_the_commented_lines_of_the_config_are_valid_too(self, config_file: Path) -> None:
        """They are the first that people use."""
        written = config_file.read_text()
        config_file.write_text(written.replace("# tokens:", "tokens:").replace("#   - {name", "  - {name"))
        assert [one.name for one in load(config_file, {}).web.tokens] == ["prometheus"]

    def test_the_variables_of_its_own_service_do_not_disturb(
        self, config_file: Path, objects: dict[str, Any], pod: dict[str, Any]
    ) -> None:
        """They begin as the exporter's own do. They are off, and would be ignored if somebody switched them on."""
        service = objects["Service"]
        prefix = service["metadata"]["name"].upper().replace("-", "_")
        [port] = [one["port"] for one in service["spec"]["ports"]]
        links = {"SERVICE_HOST": "10.0.0.1", "SERVICE_PORT": f"{port}", "SERVICE_PORT_HTTP": f"{port}"}
        links |= {"PORT": f"tcp://10.0.0.1:{port}", f"PORT_{port}_TCP": f"tcp://10.0.0.1:{port}"}
        links |= {f"PORT_{port}_TCP_{what}": "x" for what in ("PROTO", "PORT", "ADDR")}
        assert prefix == "XERO_EXPORTER"
        assert load(config_file, {f"{prefix}_{name}": value for name, value in links.items()}) == load(config_file, {})
        assert pod["enableServiceLinks"] is False

    def test_what_it_starts_is_a_command_and_its_files_are_mounted(
        self, config_file: Path, objects: dict[str, Any], pod: dict[str, Any]
    ) -> None:
        """Configuration from the ConfigMap, token from a Secret that only the exporter's group can read."""
        [container] = pod["containers"]
        mounts = {one["name"]: Path(one["mountPath"]) for one in container["volumeMounts"]}
        assert understood(container["args"]) == {"command": "serve", "config": mounts["config"] / "xero-exporter.yml"}
        token_file = load(config_file, {}).platform.token_file
        assert token_file is not None
        assert token_file.parent == mounts["tokens"]
        volumes = {one["name"]: one for one in pod["volumes"]}
        assert volumes["config"]["configMap"]["name"] == objects["ConfigMap"]["metadata"]["name"]
        assert volumes["tokens"]["secret"]["defaultMode"] == 0o440
        assert not any("subPath" in one for one in container["volumeMounts"])

    def test_no_secret_is_shipped(self, objects: dict[str, Any]) -> None:
        """A made-up one would be applied over the real one."""
        assert set(objects) == {"ConfigMap", "Deployment", "Service"}

    def test_there_is_one_at_a_time(self, objects: dict[str, Any]) -> None:
        """Two would ask the platform twice."""
        spec = objects["Deployment"]["spec"]
        assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})

    def test_the_probes_ask_paths_that_are_open(self, pod: dict[str, Any]) -> None:
        """A probe has no token."""
        [container] = pod["containers"]
        asked = {name: container[f"{name}Probe"]["httpGet"] for name in ("liveness", "readiness")}
        assert asked["liveness"] == {"path": "/-/healthy", "port": "http"}
        assert asked["readiness"] == {"path": "/-/ready", "port": "http"}
        assert {one["path"] for one in asked.values()} <= OPEN_PATHS

    def test_the_pod_may_do_little(self, pod: dict[str, Any]) -> None:
        """What the restricted pod security standard asks for, and a root file system that is read-only."""
        [container] = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert pod["securityContext"]["runAsNonRoot"] is True
        ids = {pod["securityContext"][one] for one in ("runAsUser", "runAsGroup", "fsGroup")}
        assert ids == {int(one) for one in instructions("USER")[0].split(":")}
        assert pod["automountServiceAccountToken"] is False

    def test_labels_and_image_fit_together(self, objects: dict[str, Any], pod: dict[str, Any]) -> None:
        """The Service finds the pod, and the tag is this version."""
        labels = objects["Deployment"]["spec"]["template"]["metadata"]["labels"]
        assert objects["Service"]["spec"]["selector"].items() <= labels.items()
        assert objects["Deployment"]["spec"]["selector"]["matchLabels"].items() <= labels.items()
        [image] = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["images"]
        assert image == {"name": pod["containers"][0]["image"], "newTag": __version__}
