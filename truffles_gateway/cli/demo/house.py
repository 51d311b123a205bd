"""The demo's house: PostgreSQL, the gateway's processes, and around them a WhatsApp for each business, a Telegram and a
model that are none. All on loopback, all gone at the end."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import tomlkit

from truffles_gateway.cli.demo.business import CHATFLOW, Business, read
from truffles_gateway.cli.demo.children import TRUFFLES, Child, ChildFailed, Children
from truffles_gateway.cli.demo.errands import BETWEEN
from truffles_gateway.cli.demo.screen import Screen
from truffles_gateway.cli.demo.wires import Admin, Group, Model, Phones, until
from truffles_gateway.errors import ConfigError
from truffles_gateway.postgres import PrivatePostgres, temporary_postgres
from truffles_gateway.settings import Settings

MISSING = re.compile(r"No module named '?(\w+)")
PYTHON = (sys.executable, "-m")
SERVED_SECONDS = 60.0
OWNER = {"id": 7001, "first_name": "Айгерим", "username": "aigerim"}


@dataclass(slots=True, kw_only=True)
class Place:
    """One business, its secret, and its customers' phones."""

    business: Business
    secret: str
    phones: Phones

    @property
    def slug(self) -> str:
        """Its slug."""
        return self.business.slug


@dataclass(slots=True, kw_only=True)
class House:
    """What runs, and how to talk to it."""

    salon: Place
    shop: Place
    place: Path
    children: Children
    admin: Admin
    group: Group
    model: Model
    web: Child
    workers: list[Child]

    async def serves(self) -> bool:
        """Has the web process both businesses, and the first worker, with their models loaded?"""
        slugs = (self.salon.slug, self.shop.slug)
        worker = [line for line in self.workers[0].lines if "tenant is served" in line]
        return all(any(slug in line for line in worker) for slug in slugs) and await self.admin.served(*slugs)

    async def command(self, *words: str, environment: Mapping[str, str]) -> list[str]:
        """What a command of `truffles` prints."""
        return await self.children.run(f"truffles {' '.join(words)}", (*TRUFFLES, *words), environment)


@asynccontextmanager
async def built(folders: Sequence[Path], screen: Screen) -> AsyncIterator[House]:
    """Set everything up, saying how long each part took."""
    businesses = [read(folder) for folder in folders]
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        began = loop.time()
        starting = _postgres(stack)
        children = Children(_environment(businesses))
        stack.push_async_callback(children.stop)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=30, trust_env=False))
        around = await Around.start(children, businesses)
        postgres = await asyncio.shield(starting)
        screen.step(f"a private PostgreSQL in {postgres.data_dir}", loop.time() - began)
        children.environment |= {"DATABASE_URL": postgres.url(), "TRUFFLES_DATA_DIR": str(postgres.data_dir)}
        house = await _open(children, http, postgres.data_dir, around)
        screen.step(
            f"simulators: a WhatsApp for each business, a Telegram, a model's double (llmock); the gateway at "
            f"{house.admin.url}", loop.time() - began,
        )  # fmt: skip
        screen.quote(await _move_in(house, screen))
        screen.step(
            "both businesses by `truffles tenants apply` and `truffles knowledge sync`; in all", loop.time() - began
        )
        yield house


def _postgres(stack: AsyncExitStack) -> asyncio.Future[PrivatePostgres]:
    """A server of this run alone, careful with the disk: the times are to be honest."""
    server = temporary_postgres(durable=True)
    starting = asyncio.ensure_future(asyncio.to_thread(server.__enter__))

    async def remove() -> None:
        """Whoever interrupts the start waits for its end: only then is everything there to be removed."""
        await asyncio.wait([starting])
        if starting.exception() is None:
            await asyncio.to_thread(server.__exit__, None, None, None)

    stack.push_async_callback(remove)
    return starting


def _environment(businesses: Sequence[Business]) -> dict[str, str]:
    """The environment of all processes: the caller's without its settings of a gateway, and made-up secrets."""
    foreign = {name.upper() for name in Settings.model_fields} | {"WEBHOOK_SECRET", "TELEGRAM_WEBHOOK_SECRET"}
    inherited = {name: value for name, value in os.environ.items() if name.upper() not in foreign}
    wanted = {"ADMIN_TOKEN"}.union(*(business.secrets() for business in businesses))
    made_up = {name: secrets.token_hex(12) for name in sorted(wanted)}
    return inherited | made_up | {"PYTHONUNBUFFERED": "1"}


@dataclass(slots=True, kw_only=True)
class Around:
    """What stands for the world around the gateway; it starts while PostgreSQL does."""

    businesses: Sequence[Business]
    port: int
    whatsapps: Sequence[Child]
    telegram: Child
    model: Child

    @classmethod
    async def start(cls, children: Children, businesses: Sequence[Business]) -> Around:
        """Start the simulators, which post to a gateway that is not there yet."""
        port = _free_port()
        gateway = f"http://127.0.0.1:{port}"
        return cls(
            businesses=businesses, port=port, model=await _model(children),
            telegram=await _telegram(children, businesses[0], gateway),
            whatsapps=[await _whatsapp(children, business, gateway) for business in businesses],
        )  # fmt: skip


async def _open(children: Children, http: httpx.AsyncClient, data: Path, around: Around) -> House:
    """The gateway's processes, while the simulators become ready."""
    web = await _gateway(children, around.port)
    worker = await children.start("worker 1", (*TRUFFLES, "worker"), ("working",))
    for child in (*around.whatsapps, around.telegram, around.model):
        await _ready(child)
    salon, shop = (
        Place(business=business, secret=business.webhook_secret(children.environment), phones=Phones(http, sim.url))
        for business, sim in zip(around.businesses, around.whatsapps, strict=True)
    )
    url = f"http://127.0.0.1:{around.port}"
    return House(
        salon=salon, shop=shop, place=data, children=children, web=web, workers=[worker],
        admin=Admin(http, url, children.environment["ADMIN_TOKEN"]), model=Model(http, around.model.url),
        group=Group(http, around.telegram.url, _chat(salon.business), OWNER),
    )  # fmt: skip


def _free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _gateway(children: Children, port: int) -> Child:
    command = (*TRUFFLES, "serve", "--no-worker", "--host", "127.0.0.1", "--port", str(port))
    return await children.start("the web process", command, ("http://",))


async def _whatsapp(children: Children, business: Business, gateway: str) -> Child:
    token = children.environment[str(business.setting(CHATFLOW, "token")).removeprefix("env:")]
    command = (
        *PYTHON, "truffles_chatflow.simulator", "--port", "0", "--gateway", gateway, "--tenant", business.slug,
        "--token", token,
    )  # fmt: skip
    secret = {"WEBHOOK_SECRET": business.webhook_secret(children.environment)}
    return await children.start(f"the WhatsApp of {business.slug}", command, ("http://",), secret)


async def _telegram(children: Children, business: Business, gateway: str) -> Child:
    token, secret = (
        children.environment.get(str(business.setting("telegram", name)).removeprefix("env:"), "")
        for name in ("token", "webhook_secret")
    )
    command = (
        *PYTHON, "truffles_telegram.simulator", "--port", "0", "--gateway", gateway, "--tenant", business.slug,
        "--token", token, "--group", str(_chat(business)),
    )  # fmt: skip
    return await children.start("the Telegram", command, ("http://",), {"TELEGRAM_WEBHOOK_SECRET": secret})


async def _model(children: Children) -> Child:
    command = (*PYTHON, "llmock.cli", "serve", "--host", "127.0.0.1", "--port", "0")
    return await children.start("the model's double", command, ("Uvicorn running",))


def _chat(business: Business) -> int:
    return int(business.setting("telegram", "chat_id") or 0)


async def _ready(child: Child) -> None:
    """Wait for it; say which package is missing if one is."""
    try:
        await child.ready()
    except ChildFailed as problem:
        missing = MISSING.search("\n".join(child.lines))
        if missing is None:
            raise
        package = missing[1].replace("_", "-")
        cure = f"Use make demo, or install it: pip install {package}"
        raise ConfigError(f"{child.name} needs the package {package}, which is not installed", cure=cure) from problem


async def _move_in(house: House, screen: Screen) -> list[str]:
    """Apply both configs with the simulators as providers, then load the facts, as an operator would."""
    outside = {"telegram": house.group.url, "llm_openai": f"{house.model.url}/v1"}
    files = []
    for place in (house.salon, house.shop):
        config = place.business.pointing_at({**outside, CHATFLOW: place.phones.url})
        files.append(house.place / f"{place.slug}.toml")
        await asyncio.to_thread(files[-1].write_text, tomlkit.dumps(config), encoding="utf-8")
    words = ["tenants", "apply", *map(str, files), "--yes"]
    for place in (house.salon, house.shop):
        words += [BETWEEN, "knowledge", "sync", place.slug, str(place.business.folder / "knowledge")]
    errands = (*PYTHON, "truffles_gateway.cli.demo.errands", *words)
    quiet = screen.environment() | {"NO_COLOR": "1"}
    quiet.pop("FORCE_COLOR", None)
    moving = await house.children.start("the set-up", errands, (), quiet)
    await moving.succeeded()
    for child in (house.web, *house.workers):
        await child.ready()
    if not await until(house.serves, SERVED_SECONDS):
        raise ChildFailed("both businesses were applied, but are not served")
    # The second worker takes its time beside the first scenes; it finds its tenants when it starts.
    house.workers.append(await house.children.start("worker 2", (*TRUFFLES, "worker"), ("taking turns",)))
    await house.model.says()
    return [line for line in moving.lines if "added" in line]
