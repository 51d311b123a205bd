"""`truffles smoke`, and the figures of `truffles metrics`: a running gateway, looked at from outside."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import httpx
from rich.table import Table

from truffles_gateway.cli.common import console
from truffles_gateway.errors import ConfigError, TrufflesError
from truffles_gateway.settings import Settings

SAMPLE = re.compile(r"^truffles_(\w+?)(\{.*\})? (\S+)$")


@click.command()
@click.argument("url")
@click.option("--tenant", help="Also post a test message to this tenant: stored, counted, never answered.")
@click.option("--secret", help="The tenant's webhook secret, as env:NAME or file:PATH.")
def smoke(url: str, tenant: str | None, secret: str | None) -> None:
    """Check a deployment from outside: it lives, it is ready, its doors are guarded and, with --tenant, take messages.

    Example: truffles smoke https://gateway.example.com --tenant salon --secret env:SALON_WEBHOOK_SECRET
    """
    given = Settings.load().secrets().resolve(secret, where="--secret") if secret else ""
    bad = 0
    with _client(url) as client:
        for what, problem in _checks(client, tenant, given):
            bad += bool(problem)
            console.print(f"[red]✗[/] {what}: {problem}" if problem else f"[green]✓[/] {what}")
    raise SystemExit(1 if bad else 0)


def _client(url: str) -> httpx.Client:
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"{url} is not an address", cure="Write it with http:// or https://")
    return httpx.Client(base_url=url.rstrip("/"), timeout=10)


def _checks(client: httpx.Client, tenant: str | None, secret: str) -> Iterator[tuple[str, str]]:
    yield "GET /health is 200", _expect(client, "GET", "/health", 200)
    yield "GET /ready is 200", _expect(client, "GET", "/ready", 200)
    yield "GET /version is 200", _expect(client, "GET", "/version", 200)
    body: dict[str, object] = {"client_slug": "nobody-smoke", "remote_jid": "0", "content": "smoke", "channel": "test"}
    yield "a stranger is refused", _expect(client, "POST", "/message", 401, body)
    if tenant:
        body |= {"client_slug": tenant, "test": True}
        yield f"a test message to {tenant} is accepted", _expect(client, "POST", "/message", 200, body, secret)


def _expect(
    client: httpx.Client, method: str, path: str, status: int, body: dict[str, object] | None = None, secret: str = ""
) -> str:
    """ "" or what was wrong."""
    try:
        headers = {"X-Webhook-Secret": secret} if secret else {}
        answer = client.request(method, path, json=body, headers=headers)
    except httpx.HTTPError as problem:
        return f"{type(problem).__name__}: {problem}. Is the gateway running, and is this its address?"
    if answer.status_code == status:
        return ""
    cure = ". Give the tenant's secret with --secret env:NAME" if answer.status_code == 401 and not secret else ""
    return f"answered {answer.status_code}: {answer.text[:200]}{cure}"


def show_figures(url: str) -> None:
    """The raw figures of the gateway at `url`, as a table. Raises `TrufflesError` if it does not answer."""
    try:
        with _client(url) as client:
            text = client.get("/metrics").raise_for_status().text
    except httpx.HTTPError as problem:
        raise TrufflesError(f"{url} does not answer: {problem}. Is the gateway running?") from problem
    table = Table("figure", "of", "value")
    for line in text.splitlines():
        found = SAMPLE.match(line)
        if found and not found[1].endswith(("_bucket", "_created")):
            table.add_row(found[1], (found[2] or "").strip("{}").replace('"', ""), found[3].removesuffix(".0"))
    console.print(table)
