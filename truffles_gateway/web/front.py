"""The doors: a small ASGI application in front of Quart for what channels post.

It reads, verifies and parses a request, and answers 200 only after its events are committed. Everything else goes to
the application behind it.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from prometheus_client import Counter

from truffles_gateway.accept import Committer, RefusedRowError, patience
from truffles_gateway.calls import Fault, FaultSink
from truffles_gateway.catalog import Catalog
from truffles_gateway.clock import Clock
from truffles_gateway.errors import RejectedRequest, StoreUnavailable
from truffles_gateway.observability import Metrics, bound, logger
from truffles_gateway.plugin import Door, Ingress, WebhookRequest
from truffles_gateway.registry import Registry
from truffles_gateway.tenants import Tenant
from truffles_gateway.web.intake import Intake, correlation_id, read_json, take_in, without
from truffles_gateway.web.plain_door import PlainDoor

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
PutBlobs = Callable[[Tenant, Mapping[str, tuple[str, bytes]]], Awaitable[Collection[str]]]
"""Keeps bytes by hash; tells for which of them the tenant has no room."""

INLINE_LIMIT, DRAINED = 15 * 1024 * 1024, 32 * 1024 * 1024
READ_SECONDS = 30.0
DENIED = "unknown tenant or wrong secret"
NO_ADMIN = "wrong or missing bearer token: send ADMIN_TOKEN of the gateway as Authorization: Bearer …"
Value = TypeVar("Value")
_encode = json.JSONEncoder(ensure_ascii=False).encode
log = logger("front")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer with a JSON body."""

    status: int
    body: Mapping[str, Any]
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A door, and what the path says beyond it. `plugin` is "" for the host's own door."""

    ingress: Ingress
    plugin: str
    limit: int
    slug: str = ""
    rest: str = ""


class Doors:
    """Which ingress listens where."""

    def __init__(self, catalog: Catalog) -> None:
        plain = PlainDoor()
        self._doors = {plain.path: Place(plain, "", plain.max_body)}
        for path, (plugin, ingress) in catalog.ingresses().items():
            limit = max(INLINE_LIMIT, ingress.max_body) if plugin.capabilities.inline_media else ingress.max_body
            self._doors[path] = Place(ingress, plugin.name, limit)

    def find(self, path: str) -> Place | None:
        """The door at `path`: `{ingress path}[/{tenant}[/{rest}]]`."""
        if door := self._doors.get(path):
            return door
        head, tail = path.rstrip("/"), ""
        while head:
            if door := self._doors.get(head):
                slug, _, rest = tail.strip("/").partition("/")
                return Place(door.ingress, door.plugin, door.limit, slug, f"/{rest}" if rest else "")
            head, _, last = head.rpartition("/")
            tail = f"/{last}{tail}"
        return None


class Front:
    """The ASGI application that a server runs. `behind` gets everything that is not posted to a door."""

    def __init__(
        self, behind: App, *, catalog: Catalog, registry: Registry, committer: Committer, put_blobs: PutBlobs,
        clock: Clock, metrics: Metrics, faults: FaultSink, admin_token: str = "",
    ) -> None:  # fmt: skip
        self._behind, self._doors, self._registry, self._committer = behind, Doors(catalog), registry, committer
        self._put_blobs, self._clock, self._metrics, self._faults = put_blobs, clock, metrics, faults
        self._admin_token = admin_token
        self._decoy = secrets.token_hex(16)
        self._counters: dict[tuple[str, str, str, bool], Counter] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        place = self._doors.find(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if place is None:
            await self._behind(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        correlation = correlation_id(headers)
        answer = await self._serve(place, scope, headers, receive, correlation)
        if answer.status >= 400:
            self._metrics.refused.labels(str(answer.status)).inc()
        await _send(send, answer)

    async def _serve(
        self, place: Place, scope: Scope, headers: dict[str, str], receive: Receive, correlation: str
    ) -> Answer:
        try:
            body = await _read(receive, headers, place.limit)
            query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
            request = WebhookRequest(place.rest, query, headers, body, read_json(body))
            return await self._accept(place, request, correlation)
        except RejectedRequest as rejected:
            return Answer(rejected.status, {"error": rejected.reason, "correlation_id": correlation})
        except RefusedRowError as refused:
            return Answer(422, {"error": str(refused), "correlation_id": correlation})
        except (StoreUnavailable, TimeoutError):
            line = "the message cannot be stored now; send it again"
            return Answer(503, {"error": line, "correlation_id": correlation}, ((b"retry-after", b"2"),))
        except Exception as problem:  # a bug of ours must not lose a message: the sender repeats a 5xx
            with bound(correlation_id=correlation):
                log.exception("accept failed", error=repr(problem))
            return Answer(500, {"error": "internal error", "correlation_id": correlation})

    async def _accept(self, place: Place, request: WebhookRequest, correlation: str) -> Answer:
        start = time.perf_counter()
        tenant, door, seen = self._enter(place, request, correlation)
        intake = self._intake(place, seen, door, tenant, correlation)
        if intake.blobs:
            async with asyncio.timeout(patience(sum(len(data) for _, data in intake.blobs.values()))):
                intake = without(intake, await self._put_blobs(tenant, intake.blobs))
        new = await self._committer.add(intake.rows) if intake.rows else []
        self._count(tenant, intake, new)
        self._metrics.accept_seconds.observe(time.perf_counter() - start)
        accepted = sum(new)
        return Answer(200, {"accepted": accepted, "duplicates": len(new) - accepted, "correlation_id": correlation})

    def _enter(self, place: Place, request: WebhookRequest, correlation: str) -> tuple[Tenant, Door, WebhookRequest]:
        """The tenant whose door this is, the door, and the request as the ingress shall see it, if it may pass."""
        slug, seen = self._named(place, request, correlation)
        tenant = self._registry.get(slug)
        if tenant and place.plugin and place.plugin not in tenant.used:
            tenant = None
        shut = self._registry.shut(slug) if tenant is None else None
        if shut and place.plugin and place.plugin not in shut.plugins:
            shut = None
        known = tenant.door(place.plugin) if tenant else shut.door() if shut else None
        door = known or self._decoy_door(place, slug)
        passed = self._passes(place, seen, door, correlation)
        if shut and (passed or passed is None or not (shut.readable or place.ingress.admin)):
            # Where nobody can tell right from wrong, losing a message is worse than telling that the name exists.
            raise StoreUnavailable(f"the config of {slug} cannot be used")
        if tenant is None or not passed:
            if self._knows(place.slug):
                self._ask_ingress(place, seen, correlation)  # the work that a name nobody knows would have cost
            raise RejectedRequest(NO_ADMIN if place.ingress.admin and not passed else DENIED, status=401)
        return tenant, door, seen

    def _named(self, place: Place, request: WebhookRequest, correlation: str) -> tuple[str, WebhookRequest]:
        """The tenant's slug, from the path or from what the ingress finds; where the path names no tenant it belongs
        to the ingress (`/admin/desk/reply`)."""
        if self._knows(place.slug) and not place.ingress.admin:
            return place.slug, request
        whole = replace(request, path=f"/{place.slug}{place.rest}") if place.slug else request
        found = self._ask_ingress(place, whole, correlation)
        return (found, whole) if found else (place.slug, request)

    def _knows(self, slug: str) -> bool:
        return self._registry.get(slug) is not None or slug in self._registry.broken

    def _ask_ingress(self, place: Place, request: WebhookRequest, correlation: str) -> str:
        return self._guard(place, "tenant", correlation, lambda: self._ask(place, request)) or ""

    def _ask(self, place: Place, request: WebhookRequest) -> str:
        """The tenant that the request names, or whose secret it carries."""
        match = getattr(place.ingress, "match", None)
        found = place.ingress.tenant(request)
        if found or match is None or place.slug:  # a path that names somebody else is not put right by a secret
            return found or ""
        doors = [tenant.door(place.plugin) for tenant in self._registry if place.plugin in tenant.used]
        return match(request, doors) or ""

    def _passes(self, place: Place, request: WebhookRequest, door: Door, correlation: str) -> bool | None:
        """Whether the request is from whom it claims; None if the ingress failed to say."""
        if place.ingress.admin:
            return bearer(request.headers.get("authorization", ""), self._admin_token)
        return self._guard(place, "verify", correlation, lambda: bool(place.ingress.verify(request, door)))

    def _decoy_door(self, place: Place, slug: str) -> Door:
        """A door that opens for nobody, so that an unknown tenant costs the same work as a wrong secret."""
        twin = next((each for each in self._registry if place.plugin in each.used), None)
        settings = twin.used[place.plugin].settings if twin else None
        return Door(tenant=slug, secret=self._decoy, open=False, settings=settings)

    def _intake(self, place: Place, request: WebhookRequest, door: Door, tenant: Tenant, correlation: str) -> Intake:
        now = self._clock.now()
        taken = self._guard(
            place, "parse", correlation,
            lambda: take_in(place.ingress, request, door, tenant, now, correlation), tenant.slug,
        )  # fmt: skip
        if taken is None:
            raise RejectedRequest("the message cannot be understood")
        return taken

    def _guard(
        self, place: Place, what: str, correlation: str, call: Callable[[], Value], tenant: str = ""
    ) -> Value | None:
        """Call code of a plugin; a failure is a fault and gives None."""
        try:
            return call()
        except RejectedRequest:
            raise
        except Exception as problem:  # noqa: BLE001 - whatever a plugin's door does
            self._faults(
                Fault(
                    tenant=tenant, plugin=place.plugin, hook=f"ingress.{what}", correlation_id=correlation,
                    error=repr(problem), at=self._clock.now(),
                )
            )  # fmt: skip
            return None

    def _count(self, tenant: Tenant, intake: Intake, new: list[bool]) -> None:
        for row, is_new in zip(intake.rows, new, strict=True):
            key = (tenant.slug, row.channel, row.kind, is_new)
            counter = self._counters.get(key) or self._counters.setdefault(key, self._counter(*key))
            counter.inc()

    def _counter(self, tenant: str, channel: str, kind: str, is_new: bool) -> Counter:
        metrics = self._metrics
        labels = (tenant, channel, kind) if is_new else (tenant, channel)
        found: Counter = (metrics.accepted if is_new else metrics.duplicates).labels(*labels)
        return found


def bearer(header: str, token: str) -> bool:
    """Does an Authorization header carry `token`? Compared in constant time; no token means closed."""
    given = header[7:] if header[:7].lower() == "bearer " else ""
    return hmac.compare_digest(given.strip().encode("utf-8", "replace"), token.encode()) and bool(token)


async def _read(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    """The body. Raises `RejectedRequest` when it is too large, too slow or cut off."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await _collect(receive, headers.get("content-length", ""), limit)
    except TimeoutError:
        raise RejectedRequest("the body came too slowly", status=408) from None


async def _collect(receive: Receive, length: str, limit: int) -> bytes:
    """Read on for a while when it is too large: a sender that still writes would not see the answer."""
    parts: list[bytes] = []
    size, more = 0, not (length.isascii() and length.isdigit() and int(length) > limit + DRAINED)
    if not more:
        size = limit + 1
    while more and size <= limit + DRAINED:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RejectedRequest("the body ended early")
        part = message.get("body", b"")
        size, more = size + len(part), message.get("more_body", False)
        if size <= limit:
            parts.append(part)
        else:
            parts.clear()
    if size > limit:
        raise RejectedRequest(f"the body is larger than {limit} bytes", status=413)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _send(send: Send, answer: Answer) -> None:
    body = _encode(answer.body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
