"""Whoever gives a conversation back to the bot is told the truth: where it is silent for now, that it is, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from truffles_gateway import clock, overrides, roles, spans, voice
from truffles_gateway.loops import SILENT_UNTIL
from truffles_gateway.records import Commit, Conversation
from truffles_gateway.tenants import Tenant

GIVES_BACK = frozenset({"resolve", "return"})
_KEYS = {
    voice.SUSPENDED: "quiet_suspended", voice.OFF: "quiet_off", voice.NOT_SERVED: "quiet_not_served",
    voice.SHADOW: "quiet_shadow",
}  # fmt: skip


def told(made: Commit, tenant: Tenant, action: str, name: str) -> str:
    """What a button says that was carried out."""
    silent = why(made, tenant) if action in GIVES_BACK else ""
    key = f"callback_{action}_quiet" if silent else f"callback_{action}"
    return tenant.texts.get(key, tenant.config.languages[0], name=name, why=silent)


def why(made: Commit, tenant: Tenant) -> str:
    """Why the bot says nothing to this customer for now, as a line; "" if it may speak."""
    assert made.after is not None
    return next(_reasons(tenant, made.after, made.now), "")


def _reasons(tenant: Tenant, about: Conversation, now: datetime) -> Iterator[str]:
    """Why the bot says nothing to this customer, the strongest first."""
    zone, language = clock.zone(tenant.config.timezone), tenant.config.languages[0]

    def say(key: str, until: datetime | None = None) -> str:
        return tenant.texts.get(key, language, until=spans.shown(until, now, zone) if until else "")

    if silence := voice.silence(tenant, about):
        yield say(_KEYS[silence])
    if about.context.get(voice.DO_NOT_ANSWER):
        yield say("quiet_left_alone")
    if roles.is_agent(tenant, about):
        yield say("quiet_agent")
    if pause := overrides.pause(tenant.overrides, now, roles.branch_of(tenant, about)):
        yield say("quiet_paused", pause.until)
    if about.muted_until and about.muted_until > now:
        yield say("quiet_muted", about.muted_until)
    if (until := _loop(about)) and until > now:
        yield say("quiet_loop", until)


def _loop(about: Conversation) -> datetime | None:
    until = str(about.context.get(SILENT_UNTIL) or "")
    return datetime.fromisoformat(until) if until else None
