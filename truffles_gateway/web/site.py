"""The Quart application behind the doors: health, version, metrics, files, and the operator's pages under `/admin`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from quart import Blueprint, Quart, Response, current_app, request
from werkzeug.exceptions import HTTPException

from truffles_gateway import __version__
from truffles_gateway.app import Gateway
from truffles_gateway.errors import StoreUnavailable
from truffles_gateway.observability import logger
from truffles_gateway.plugin import KnowledgeWriter
from truffles_gateway.store import outcomes, reports
from truffles_gateway.store import tenants as tenant_store
from truffles_gateway.store.codec import storable
from truffles_gateway.web.front import bearer
from truffles_gateway.web.media import media

CHECK_SECONDS = 3.0
public = Blueprint("public", __name__)
admin = Blueprint("admin", __name__, url_prefix="/admin")
log = logger("site")


def make_site(gateway: Gateway) -> Quart:
    """The application, bound to one gateway."""
    site = Quart("truffles_gateway")
    site.extensions["gateway"] = gateway
    site.register_blueprint(public)
    site.register_blueprint(admin)
    site.register_blueprint(media)
    site.register_error_handler(HTTPException, _http_error)
    site.register_error_handler(StoreUnavailable, _no_store)
    site.register_error_handler(Exception, _bug)
    return site


def _gateway() -> Gateway:
    found: Gateway = current_app.extensions["gateway"]
    return found


def _json(body: object, status: int = 200) -> Response:
    return Response(_dumps(body), status=status, content_type="application/json")


def _dumps(body: object) -> str:
    return str(current_app.json.dumps(body, default=_plain, ensure_ascii=False))


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, (datetime, date)) else str(value)


def _http_error(error: HTTPException) -> Response:
    return _json({"error": error.description or error.name}, error.code or 500)


def _no_store(error: StoreUnavailable) -> Response:
    return _json({"error": str(error)}, 503)


def _bug(error: Exception) -> Response:
    log.error("request failed", path=request.path, error=repr(error), exc_info=error)
    return _json({"error": "internal error; the log says more"}, 500)


def version(gateway: Gateway) -> dict[str, Any]:
    """What runs here."""
    settings = gateway.settings
    return {
        "version": settings.app_version or __version__,
        "git_commit": settings.git_commit,
        "build_time": settings.build_time,
        "plugins": {each.name: each.version for each in gateway.catalog.plugins()},
    }


@public.get("/health")
async def health() -> Response:
    """The process lives."""
    return _json({"status": "ok"})


@public.get("/ready")
async def ready() -> Response:
    """Its database answers, and retrievers can be reached. One tenant's broken retriever does not make the gateway
    unready for the others; when none works it is not ready."""
    gateway = _gateway()
    database, retrievers = await asyncio.gather(_database(gateway), _retrievers(gateway))
    failing = sum(map(bool, retrievers.values()))
    unready = bool(database) or (failing > 0 and failing == len(retrievers))
    status = "unready" if unready else "degraded" if failing else "ready"
    body = {"status": status, "database": database or "ok", "retrievers": len(retrievers), "failing": failing}
    return _json(body, 503 if unready else 200)


@public.get("/version")
async def public_version() -> Response:
    """The version of the package."""
    return _json({"version": version(_gateway())["version"]})


@public.get("/metrics")
async def metrics() -> Response:
    """For Prometheus; queue gauges are computed now and left out while the database is away."""
    gateway = _gateway()
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            found = await reports.gauges(gateway.database, gateway.clock.now())
    except (StoreUnavailable, TimeoutError):
        found = {}
    body = gateway.metrics.render((name, name.replace("_", " "), value) for name, value in found.items())
    return Response(body, content_type="text/plain; version=0.0.4; charset=utf-8")


@admin.before_request
async def guard() -> Response | None:
    """Admin calls need the bearer token; without one in the settings admin is closed."""
    token = _gateway().settings.admin_token
    if token is None or not token.get_secret_value():
        return _json({"error": "admin is closed: set ADMIN_TOKEN and send it as Authorization: Bearer …"}, 403)
    if not bearer(request.headers.get("Authorization", ""), token.get_secret_value()):
        return _json({"error": "wrong or missing bearer token"}, 401)
    return None


@admin.get("/health")
async def admin_health() -> Response:
    """Everything that /ready knows, by name, and how full the queues are."""
    gateway = _gateway()
    database, retrievers = await asyncio.gather(_database(gateway), _retrievers(gateway))
    body: dict[str, Any] = {
        "status": "unready" if database else "degraded" if any(retrievers.values()) else "ok",
        "database": database or "ok",
        "retrievers": {name: problem or "ok" for name, problem in retrievers.items()},
        "tenants": sum(1 for _ in gateway.registry),
        "bad_configs": dict(gateway.registry.broken),
        "plugin_faults": gateway.catalog.faults(),
    }
    if not database:
        body |= {
            "queues": await reports.gauges(gateway.database, gateway.clock.now()),
            "open_circuits": await reports.open_circuits(gateway.database),
        }
    return _json(body, 503 if database else 200)


@admin.get("/version")
async def admin_version() -> Response:
    """Version, commit, build time and plugins."""
    return _json(version(_gateway()))


@admin.get("/tenants")
async def tenants() -> Response:
    """Who is served, with which config version and plugins."""
    registry = _gateway().registry
    served = [
        {
            "slug": each.slug, "name": each.config.name, "status": each.config.status, "mode": each.config.mode,
            "version": each.version, "plugins": list(each.used), "problem": registry.broken.get(each.slug, ""),
        }
        for each in registry
    ]  # fmt: skip
    unserved = [{"slug": slug, "problem": why} for slug, why in registry.broken.items() if not registry.get(slug)]
    return _json({"tenants": served, "not_served": unserved})


@admin.post("/outbox/process")
async def process() -> Response:
    """Tick the inbox and the outbox once."""
    tick = _gateway().tick
    if tick is None:
        return _json({"error": "this process has no worker: call one that has, or start it without --no-worker"}, 409)
    await tick()
    return _json({"status": "ok"})


@admin.get("/ledger")
async def ledger() -> Response:
    """What became of every accepted event, and whether the sums match."""
    tenant = _asked_tenant()
    found = await reports.ledger(_gateway().database, tenant)
    if tenant is not None and not found:
        return _no_tenant(tenant)
    rows = [
        {
            "tenant": each.tenant, "accepted": each.accepted, **each.outcomes, "waiting": each.waiting,
            "lost": each.lost, "balanced": each.balanced,
            "desk": {"accepted": each.desk_accepted, **each.desk_outcomes, "waiting": each.desk_waiting},
        }
        for each in found
    ]  # fmt: skip
    return _json({"balanced": all(each.balanced for each in found), "tenants": rows})


@admin.get("/metrics")
async def quality() -> Response:
    """How well customers were served, summed up and by branch and day: `?tenant=salon&days=14`."""
    gateway, days = _gateway(), request.args.get("days", "14")
    if not (days.isascii() and days.isdigit() and 1 <= int(days[:4]) <= 366 and len(days) <= 3):
        return _json({"error": "days is a number from 1 to 366"}, 400)
    asked: dict[str, Any] = {"days": int(days), "tenant": _asked_tenant()}
    if asked["tenant"] is not None and not await _is_known(asked["tenant"]):
        return _no_tenant(asked["tenant"])
    summed = await outcomes.outcomes(gateway.database, gateway.clock.now(), **asked)
    daily = await outcomes.outcomes(gateway.database, gateway.clock.now(), **asked, by_day=True)
    body = {"tenants": [each.as_json() for each in summed], "days": [each.as_json() for each in daily]}
    return _json(body)


@admin.get("/why/<path:message>")
async def why(message: str) -> Response:
    """The story of a message, with its decision trace."""
    found = await reports.why(_gateway().database, storable(message))
    if not found:
        return _json({"error": "no such message: give its id, its event id or its correlation id"}, 404)
    return _json({"message": message, "turns": found})


@admin.get("/dead")
async def dead() -> Response:
    """Rows that were not delivered and wait for an operator."""
    tenant = _asked_tenant()
    if tenant is not None and not await _is_known(tenant):
        return _no_tenant(tenant)
    return _json({"dead": await reports.outbox(_gateway().database, reports.UNDELIVERED, tenant)})


def _asked_tenant() -> str | None:
    """The tenant of the query, as a text that the database can compare."""
    tenant = request.args.get("tenant")
    return tenant if tenant is None else storable(tenant)


async def _is_known(slug: str) -> bool:
    """Is there such a tenant, be it one that cannot be served?"""
    return bool(await tenant_store.load(_gateway().database, [slug]))


def _no_tenant(slug: str) -> Response:
    return _json({"error": f'no tenant "{slug}": GET /admin/tenants lists all'}, 404)


async def _database(gateway: Gateway) -> str:
    """ "" when the database answers, else one line."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await gateway.database.fetch("SELECT 1", retry=True)
    except (StoreUnavailable, TimeoutError) as problem:
        return str(problem) or "does not answer"
    return ""


async def _retrievers(gateway: Gateway) -> Mapping[str, str]:
    """For each tenant's retriever "" or what is wrong with it, by "tenant/plugin"."""
    found = {
        f"{tenant.slug}/{name}": writer
        for tenant in gateway.registry
        for name, writer in tenant.knowledge_writers().items()
    }
    return dict(zip(found, await asyncio.gather(*map(_check, found.values())), strict=True))


async def _check(writer: KnowledgeWriter) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await writer.check()
    except TimeoutError:
        return f"did not answer within {CHECK_SECONDS:g} s"
    except Exception as problem:  # noqa: BLE001 - a plugin's own code
        return repr(problem)
