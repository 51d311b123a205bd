"""The demo's house: PostgreSQL, the gateway's processes and the simulated WhatsApp, all on loopback, all gone at the end."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import tomlkit

from truffles_gateway.cli.demo.children import TRUFFLES, Child, ChildFailed, Children
from truffles_gateway.cli.demo.screen import Screen
from truffles_gateway.cli.demo.wires import Admin, Phones, until
from truffles_gateway.errors import ConfigError
from truffles_gateway.postgres import PrivatePostgres, temporary_postgres
from truffles_gateway.settings import Settings

SIMULATOR = (sys.executable, "-m", "truffles_chatflow.simulator")
SERVED_SECONDS = 15.0
CHATFLOW = "chatflow"


@dataclass(slots=True, kw_only=True)
class House:
    """What runs, and how to talk to it."""

    slug: str
    secret: str
    folder: Path
    place: Path
    children: Children
    phones: Phones
    admin: Admin
    worker: Child
    workers: int = field(default=1)

    async def new_worker(self, **environment: str) -> Child:
        """One more worker process, ready."""
        self.workers += 1
        child = await self.children.start(f"worker {self.workers}", (*TRUFFLES, "worker"), ("working",), environment)
        await child.ready()
        return child

    async def command(self, *words: str, environment: dict[str, str]) -> list[str]:
        """What a command of `truffles` prints."""
        return await self.children.run(f"truffles {' '.join(words)}", (*TRUFFLES, *words), environment)


@asynccontextmanager
async def built(folder: Path, screen: Screen) -> AsyncIterator[House]:
    """Set everything up, saying how long each part took."""
    loop = asyncio.get_running_loop()
    tenant = _tenant(folder)
    async with AsyncExitStack() as stack:
        began = loop.time()
        postgres = await _postgres(stack)
        screen.step(f"a private PostgreSQL in {postgres.data_dir}", loop.time() - began)
        environment = _environment(postgres)
        children = Children(environment)
        stack.push_async_callback(children.stop)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=30, trust_env=False))

        began = loop.time()
        web, worker = await _processes(children)
        screen.step(f"`truffles serve` at {web.url}, a `truffles worker`", loop.time() - began)
        began = loop.time()
        simulator = await _simulator(children, web.url, tenant["slug"])
        screen.step(f"a simulated WhatsApp (ChatFlow's API) at {simulator.url}", loop.time() - began)

        house = House(
            slug=tenant["slug"], secret=environment["DEMO_WEBHOOK_SECRET"], folder=folder,
            place=postgres.data_dir, children=children, worker=worker,
            phones=Phones(http, simulator.url), admin=Admin(http, web.url, environment["ADMIN_TOKEN"]),
        )  # fmt: skip
        await _move_in(house, tenant, simulator.url, screen)
        yield house


async def _postgres(stack: AsyncExitStack) -> PrivatePostgres:
    """A server of this run alone, careful with the disk: the times are to be honest."""
    server = temporary_postgres(durable=True)
    starting = asyncio.ensure_future(asyncio.to_thread(server.__enter__))

    async def remove() -> None:
        """Whoever interrupts the start waits for its end: only then is everything there to be removed."""
        await asyncio.wait([starting])
        if starting.exception() is None:
            await asyncio.to_thread(server.__exit__, None, None, None)

    stack.push_async_callback(remove)
    return await asyncio.shield(starting)


def _environment(postgres: PrivatePostgres) -> dict[str, str]:
    """The environment of all processes: the caller's without its settings of a gateway, and made-up secrets."""
    foreign = {name.upper() for name in Settings.model_fields} | {"WEBHOOK_SECRET"}
    inherited = {name: value for name, value in os.environ.items() if name.upper() not in foreign}
    made_up = {name: secrets.token_hex(12) for name in ("DEMO_WEBHOOK_SECRET", "DEMO_CHATFLOW_TOKEN", "ADMIN_TOKEN")}
    return inherited | made_up | {
        "WEBHOOK_SECRET": made_up["DEMO_WEBHOOK_SECRET"],
        "DATABASE_URL": postgres.url(),
        "TRUFFLES_DATA_DIR": str(postgres.data_dir),
        "PYTHONUNBUFFERED": "1",
    }  # fmt: skip


async def _processes(children: Children) -> tuple[Child, Child]:
    """A web process and a worker; whoever is first makes the tables."""
    web = await children.start(
        "the web process", (*TRUFFLES, "serve", "--no-worker", "--host", "127.0.0.1", "--port", "0"), ("http://",)
    )
    worker = await children.start("worker 1", (*TRUFFLES, "worker"), ("working",))
    await web.ready()
    await worker.ready()
    return web, worker


async def _simulator(children: Children, gateway: str, slug: str) -> Child:
    token = children.environment["DEMO_CHATFLOW_TOKEN"]
    command = (*SIMULATOR, "--port", "0", "--gateway", gateway, "--tenant", slug, "--token", token)
    simulator = await children.start("the ChatFlow simulator", command, ("http://",))
    try:
        await simulator.ready()
    except ChildFailed as problem:
        if any("No module named" in line for line in simulator.lines):
            raise ConfigError(
                "the plugin truffles-chatflow is not installed", cure="Install it, or use make demo"
            ) from problem
        raise
    return simulator


def _tenant(folder: Path) -> dict[str, Any]:
    """The example's config. Raises `ConfigError` if the folder is not the example or a copy of it."""
    path = folder / "tenant.toml"
    if not path.is_file() or not (folder / "knowledge").is_dir():
        cure = "Run the demo in a checkout of the project, or name the folder with --folder PATH/examples/demo_salon"
        raise ConfigError(f"{folder} holds no tenant.toml with a folder knowledge beside it", cure=cure)
    try:
        tenant = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{path} is not TOML: {problem}", cure="Correct that line") from None
    if not isinstance(tenant.get("slug"), str) or not _chatflow(tenant):
        raise ConfigError(f"{path} has no slug or no plugin {CHATFLOW}", cure="Start from a copy of the example")
    return tenant


def _chatflow(tenant: dict[str, Any]) -> dict[str, Any]:
    plugins = [each for each in tenant.get("plugins", ()) if each.get("name") == CHATFLOW]
    return dict(plugins[0]) if plugins else {}


async def _move_in(house: House, tenant: dict[str, Any], simulator: str, screen: Screen) -> None:
    """Apply the tenant's config with the simulator as its provider, then load its facts, as an operator would."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    file = house.place / "tenant.toml"
    for plugin in tenant["plugins"]:
        if plugin["name"] == CHATFLOW:
            plugin["settings"]["base_url"] = simulator
    await asyncio.to_thread(file.write_text, tomlkit.dumps(tenant), encoding="utf-8")
    show = screen.environment()
    await house.command("tenants", "apply", str(file), "--yes", environment=show)
    if not await until(lambda: house.admin.served(house.slug), SERVED_SECONDS):
        raise ChildFailed(f"{house.slug} was applied, but is not served")
    screen.step(f"`truffles tenants apply`: {tenant.get('name', house.slug)}", loop.time() - began)
    began = loop.time()
    words = ("knowledge", "sync", house.slug, str(house.folder / "knowledge"))
    said = await house.children.watch(
        "truffles knowledge sync", (*TRUFFLES, *words), show, tty=screen.console.is_terminal
    )
    screen.quote(said)
    screen.step("`truffles knowledge sync`", loop.time() - began)
