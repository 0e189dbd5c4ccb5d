"""deploy/compose.yaml starts what it should, and stands open to nobody."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
import yaml

from medvid.core.settings import EngineOptions, Settings, load
from medvid.engine.serving import serve_command
from medvid.mcp_server.transports import HEALTH_PATH
from tests.cli.program import medvid
from tests.deploy.compose import FILE, GIVEN, ROOT, SCHEMA, VARIABLE, Refused, by_schema, configured

SERVICES = ["vllm", "medvid"]
WEIGHTS = "/models/medvlm"
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return configured(GIVEN)["services"]


def settings_from(services: dict[str, Any]) -> Settings:
    """As the server in its container reads them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in services["medvid"]["environment"].items():
            patch.setenv(name, value)
        return load()


def test_it_is_a_configuration_that_compose_reads(services: dict[str, Any]) -> None:
    assert set(services) == set(SERVICES)


def test_the_schema_would_notice_a_mistake() -> None:
    configuration = by_schema(GIVEN)
    configuration["services"]["medvid"]["health_check"] = {}
    with pytest.raises(jsonschema.ValidationError, match="health_check"):
        jsonschema.validate(configuration, json.loads(SCHEMA.read_text(encoding="utf-8")))


@pytest.mark.parametrize("missing", GIVEN)
def test_without_a_token_and_the_folders_it_does_not_start(missing: str) -> None:
    with pytest.raises(Refused, match=missing):
        configured({name: value for name, value in GIVEN.items() if name != missing})


def test_there_is_no_default_secret() -> None:
    for service in yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"].values():
        for name, value in service["environment"].items():
            if re.search(r"TOKEN|KEY|SECRET|PASSWORD", name):
                found = VARIABLE.fullmatch(value)
                assert found is not None, name
                assert found["kind"] == "?", name


def test_only_the_server_is_published_and_only_on_this_machine(services: dict[str, Any]) -> None:
    assert not services["vllm"].get("ports")
    (port,) = services["medvid"]["ports"]
    host = port["host_ip"] if isinstance(port, dict) else port.split(":")[0]
    assert host == "127.0.0.1"


def test_the_model_is_on_a_network_that_leads_nowhere() -> None:
    configuration = configured(GIVEN)
    assert list(configuration["services"]["vllm"]["networks"]) == ["engine"]
    assert configuration["networks"]["engine"]["internal"] is True


@pytest.mark.parametrize("name", SERVICES)
def test_what_comes_from_the_machine_is_read_only(services: dict[str, Any], name: str) -> None:
    bound = [volume for volume in services[name]["volumes"] if volume["type"] == "bind"]
    assert [volume["target"] for volume in bound] == [{"vllm": WEIGHTS, "medvid": "/media"}[name]]
    assert all(volume["read_only"] is True for volume in bound)


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_is_root_and_nothing_is_privileged(services: dict[str, Any], name: str) -> None:
    service = services[name]
    user, group = service["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "network_mode", "pid", "cap_add"} & set(service)


@pytest.mark.parametrize("name", SERVICES)
def test_each_is_watched_by_a_health_check(services: dict[str, Any], name: str) -> None:
    check = services[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"vllm": "http://127.0.0.1:8000/health'", "medvid": f"http://127.0.0.1:8000{HEALTH_PATH}'"}[name] in check["test"][-1]
    compile(check["test"][-1], "health check", "exec")
    assert {"interval", "timeout", "retries", "start_period"} <= set(check)


def test_the_server_waits_for_the_model_and_calls_it_by_its_name(services: dict[str, Any]) -> None:
    assert services["medvid"]["depends_on"]["vllm"]["condition"] == "service_healthy"
    settings = settings_from(services)
    assert (settings.engine, settings.endpoint) == ("remote", "http://vllm:8000/v1")
    assert settings.model is not None
    line = serve_command(settings.model, EngineOptions(), host="0.0.0.0", port=8000)
    # As `medvid serve-model` prints it, but with the folder in which the weights are mounted.
    assert services["vllm"]["command"] == [*line[:2], WEIGHTS, *line[3:]]
    assert services["vllm"]["entrypoint"] == []
    (device,) = services["vllm"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


def test_the_server_is_started_with_options_that_it_has(services: dict[str, Any]) -> None:
    name, *args = services["medvid"]["command"]
    help_text = medvid(name, "--help").stdout
    assert [arg for arg in args if arg.startswith("--") and f"{arg} " not in help_text] == []


def test_lists_are_given_as_settings_read_them(services: dict[str, Any]) -> None:
    settings = settings_from(services)
    assert settings.allow_hosts == ("127.0.0.1", "localhost")
    assert settings.allow_origins == ("http://127.0.0.1:8000", "http://localhost:8000")


def test_the_image_runs_as_the_user_of_the_service_from_files_that_are_there(services: dict[str, Any]) -> None:
    assert "'.[remote]'" in DOCKERFILE  # what the engine of that name needs
    assert f"USER {services['medvid']['user']}\n" in DOCKERFILE
    copied = [word for line in DOCKERFILE.splitlines() if line.startswith("COPY ") for word in line.split()[1:-1]]
    assert {"pyproject.toml", "medvid"} <= set(copied)
    kept = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    for word in copied:
        assert (ROOT / word).exists()
        assert f"!{word}" in kept
