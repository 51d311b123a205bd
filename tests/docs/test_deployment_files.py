"""The files for containers and for hosted checks: not run here, but parsed and held to what they promise."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "compose.yml"
WORKFLOW = ROOT / ".github/workflows/ci.yml"
DOCKERFILE = ROOT / "Dockerfile"
ENV_EXAMPLE = ROOT / ".env.example"
DEPLOYMENT_FILES = [COMPOSE, WORKFLOW, DOCKERFILE, ENV_EXAMPLE, ROOT / ".dockerignore"]
TOOLCHAIN_FILES = [*DEPLOYMENT_FILES, ROOT / "Makefile", ROOT / "requirements.lock", ROOT / "pyproject.toml"]
TOOLCHAIN_FILES += [ROOT / "scripts/setup.sh", ROOT / ".ci/run"]

PACKAGE_INDEX = re.compile(r"pypi\.|pythonhosted|index-url|index_url|trusted-host|find-links|files\.python|/simple/")
SECRET_NAME = re.compile(r"(PASSWORD|TOKEN|SECRET|KEY)$")


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = load(COMPOSE)["services"]
    return services


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    jobs: dict[str, Any] = load(WORKFLOW)["jobs"]
    return jobs


def test_compose_starts_everything_that_a_deployment_needs(services: dict[str, Any]) -> None:
    assert set(services) == {"migrate", "gateway", "worker", "postgres", "qdrant", "embeddings"}
    assert services["gateway"]["command"] == ["truffles", "serve"]
    assert services["worker"]["command"] == ["truffles", "worker"]
    assert services["migrate"]["command"] == ["truffles", "db", "upgrade"]
    assert "text-embeddings-inference" in services["embeddings"]["image"]
    assert "BAAI/bge-m3" in services["embeddings"]["command"]


def test_every_service_says_how_its_health_is_known(services: dict[str, Any]) -> None:
    asks_by_http = {"gateway"}  # the image's own HEALTHCHECK
    assert {name for name, service in services.items() if "healthcheck" not in service} == asks_by_http
    assert "HEALTHCHECK" in DOCKERFILE.read_text(encoding="utf-8")


def test_the_gateway_waits_for_its_schema_and_the_schema_for_the_database(services: dict[str, Any]) -> None:
    for name in ("gateway", "worker"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_data_lives_in_volumes(services: dict[str, Any]) -> None:
    used = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert used == set(load(COMPOSE)["volumes"])
    for name in ("postgres", "qdrant", "embeddings", "gateway"):
        assert services[name]["volumes"]


def test_only_the_gateway_is_reached_from_outside_and_through_traefik(services: dict[str, Any]) -> None:
    assert not [name for name, service in services.items() if "ports" in service]
    labelled = [name for name, service in services.items() if "labels" in service]
    assert labelled == ["gateway"]
    labels = services["gateway"]["labels"]
    assert labels["traefik.enable"] == "true"
    assert "PORT=8080" in DOCKERFILE.read_text(encoding="utf-8")
    assert labels["traefik.http.services.truffles.loadbalancer.server.port"] == "8080"


def test_images_are_pinned_to_a_version(services: dict[str, Any]) -> None:
    images = [service["image"] for service in services.values() if "build" not in service]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)
    for image in images:
        tag = image.rpartition(":")[2]
        assert re.search(r"\d", tag), image
        assert "latest" not in tag


def test_what_compose_asks_for_is_in_the_example_and_left_empty() -> None:
    example = dict(re.findall(r"^(\w+)=(.*)$", ENV_EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))
    asked = re.findall(r"\$\{(\w+):\?", COMPOSE.read_text(encoding="utf-8"))
    assert asked
    assert {example[name] for name in asked} == {""}
    assert {value for name, value in example.items() if SECRET_NAME.search(name)} == {""}
    assert ".env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_image_runs_the_gateway_as_an_ordinary_user_from_checked_packages() -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")
    instructions = re.findall(r"^([A-Z]+) (.*(?:\\\n.*)*)", text, re.MULTILINE)
    assert [name for name, _ in instructions].count("FROM") == 2
    assert dict(instructions)["USER"] == "truffles"
    assert dict(instructions)["CMD"] == '["truffles", "serve"]'
    for name in ("APP_VERSION", "GIT_COMMIT", "BUILD_TIME"):
        assert f"ARG {name}=unknown" in text
        assert f"{name}=${name}" in text
    assert "--verify-hashes" in text
    assert "--constraint requirements.lock" in text


def test_every_pinned_package_has_hashes_and_none_names_where_it_comes_from() -> None:
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements.lock").read_text(encoding="utf-8").strip())
    assert len(entries) > 50
    for entry in entries:
        assert re.match(r"[a-z0-9.-]+==\S+", entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]
        assert "://" not in entry, entry.splitlines()[0]


def test_the_workflow_checks_builds_and_deploys_only_on_request(jobs: dict[str, Any]) -> None:
    assert set(jobs) == {"lint", "test", "image", "deploy"}
    runs = {name: " ".join(step.get("run", "") for step in job["steps"]) for name, job in jobs.items()}
    assert "make lint" in runs["lint"]
    assert "make test" in runs["test"]
    assert set(jobs["image"]["needs"]) == {"lint", "test"}
    build = next(step["with"] for step in jobs["image"]["steps"] if "build-push-action" in step.get("uses", ""))
    assert all(f"{name}=" in build["build-args"] for name in ("APP_VERSION", "GIT_COMMIT", "BUILD_TIME"))
    assert jobs["deploy"]["needs"] == "image"
    assert "vars.DEPLOY_ENABLED == 'true'" in jobs["deploy"]["if"]


def test_the_workflow_tests_the_oldest_python_we_promise(jobs: dict[str, Any]) -> None:
    promised = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert promised.removeprefix(">=") in jobs["test"]["strategy"]["matrix"]["python"]


@pytest.mark.parametrize("path", DEPLOYMENT_FILES[:3], ids=lambda path: path.name)
def test_files_that_are_not_run_here_say_so_at_the_top(path: Path) -> None:
    assert "own checks parse this file but" in " ".join(path.read_text(encoding="utf-8").splitlines()[:4])


@pytest.mark.parametrize("path", TOOLCHAIN_FILES, ids=lambda path: path.name)
def test_no_file_names_a_package_index_or_holds_a_secret(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not PACKAGE_INDEX.search(text)
    assert "PRIVATE KEY" not in text
    assert not re.search(r"://[^/\s:$]+:(?!\$\{)[^@\s/]+@", text), "an address with a password"
