"""A tenant's config for the stage: its own plugins think, and what it hears and says goes through recorders.

No channel and no desk of the tenant is made at all, so that nothing can reach a customer or a manager.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from json import dumps
from typing import Any

from pydantic import ConfigDict

from truffles_gateway.catalog import Catalog, Installed
from truffles_gateway.errors import ConfigError, PluginError
from truffles_gateway.messages import Delivery, HandoverCard, Outgoing, OutgoingKind, Receipt, Turn
from truffles_gateway.plugin import Capabilities, Plugin, PluginSettings, Resources, hookimpl

PHONE, DESK = "eval_phone", "eval_desk"
CARD = "card"
DROPPED = ("webhook_secret", "accept_webhooks_without_secret", "only_numbers", "connected_at", "status")


class AnySettings(PluginSettings):
    """A recorder needs none, whatever the plugin in whose place it stands is given."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class RecordingChannel:
    """Whatever is sent counts as sent, and goes nowhere: it stands in the outbox."""

    def __init__(self, channel: str) -> None:
        self._channel = channel

    @hookimpl
    async def deliver(self, delivery: Delivery) -> Receipt:
        """Done."""
        return Receipt.sent(delivery.key)


class RecordingDesk(RecordingChannel):
    """A desk whose cards are kept whole."""

    @hookimpl
    async def escalate(self, turn: Turn, card: HandoverCard) -> Sequence[Outgoing]:
        """The card, with all that a desk is given."""
        told = asdict(replace(card, dialogue=()))
        text = "\n".join(filter(None, (card.reason, card.question)))
        whole = {CARD: dumps(told, ensure_ascii=False, default=str)}
        return [
            Outgoing(
                channel=self._channel, recipient=turn.conversation_id, text=text, kind=OutgoingKind.CARD, data=whole
            )
        ]


def recorder(plugin: Plugin) -> Plugin:
    """What stands in the place of a channel's plugin: the same name, channel and abilities, and no wire."""
    kind = RecordingDesk if plugin.capabilities.desk else RecordingChannel

    def create(settings: AnySettings, resources: Resources) -> RecordingChannel:
        return kind(plugin.channel)

    hooks = ("deliver", "escalate") if plugin.capabilities.desk else ("deliver",)
    return Plugin(
        name=plugin.name, version=plugin.version, create=create, settings=AnySettings, implements=hooks,
        channel=plugin.channel, address=plugin.address, catalogue=plugin.catalogue, templates=plugin.templates,
        capabilities=replace(plugin.capabilities, merges=frozenset()),
    )  # fmt: skip


def _own(name: str, *, desk: bool) -> Plugin:
    return recorder(
        Plugin(name=name, version="1", create=lambda *_: None, channel=name, capabilities=Capabilities(desk=desk))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """A config that can go on stage, and the channel on which customers write there."""

    config: Mapping[str, Any]
    channel: str


def is_wire(plugin: Plugin) -> bool:
    """Does it hear or tell anybody outside?"""
    return bool(plugin.channel or plugin.ingress or plugin.capabilities.desk)


def stage_catalog(installed: Catalog) -> Catalog:
    """All that is installed, with every wire cut."""
    kept = [
        replace(each, plugin=recorder(each.plugin)) if each.plugin and is_wire(each.plugin) else each
        for each in installed.installed.values()
    ]
    own = [Installed(name=name, plugin=_own(name, desk=name == DESK)) for name in (PHONE, DESK)]
    return Catalog([*kept, *own])


def cast(raw: Mapping[str, Any], catalog: Catalog, *, without: Collection[str] = (), models: bool = True) -> Cast:
    """The config of a tenant for the stage. `without` names plugins to leave out; without `models` those that ask one are.
    Raises `ConfigError` for a plugin that is not there."""
    choices = [dict(each) for each in raw.get("plugins", ()) if isinstance(each, Mapping)]
    if missing := sorted(set(without) - {each.get("name") for each in choices}):
        raise ConfigError(
            f"does not use {', '.join(missing)}", tenant=str(raw.get("slug", "")), cure="Leave --without off"
        )
    found = [(each, _plugin(catalog, str(each.get("name")))) for each in choices if each.get("name") not in without]
    played = [(each, plugin) for each, plugin in found if models or not (plugin and plugin.uses_model)]
    plugins = [_choice(each, plugin) for each, plugin in played]
    wires = [plugin for _, plugin in played if plugin and is_wire(plugin)]
    phones = [plugin.channel for plugin in wires if not plugin.capabilities.desk and plugin.channel]
    plugins += [] if phones else [{"name": PHONE}]
    plugins += [] if any(plugin.capabilities.desk for plugin in wires) else [{"name": DESK}]
    kept = {key: value for key, value in raw.items() if key not in DROPPED}
    config = {
        **kept, "media": _media(kept.get("media")), "mode": "auto", "plugins": plugins, "csat": {**kept.get("csat", {}), "enabled": False},
        "branches": [_branch(each) for each in raw.get("branches", ())],
        "agents": [{key: each[key] for key in ("name", "role", "branch") if key in each} for each in raw.get("agents", ())],
    }  # fmt: skip
    return Cast(config=config, channel=phones[0] if phones else PHONE)


def _plugin(catalog: Catalog, name: str) -> Plugin | None:
    """None for one that cannot be used: the tenant's own check names it."""
    try:
        return catalog.get(name)
    except PluginError:
        return None


def _choice(choice: dict[str, Any], plugin: Plugin | None) -> dict[str, Any]:
    if plugin is None:
        return choice
    settings = {} if is_wire(plugin) else dict(plugin.rehearsal(choice.get("settings", {})))
    return {"name": choice["name"], **({"settings": settings} if settings else {})}


def _media(raw: Any) -> Any:
    """Files of the stage lie in its database: the tenant's own folder is not touched."""
    return {key: each for key, each in raw.items() if key != "storage_dir"} if isinstance(raw, Mapping) else raw or {}


def _branch(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A branch that can be written to: where no number leads to it, one that nobody else has."""
    kept = {key: value for key, value in raw.items() if key not in {"mode", "telegram_chat_id", "connected_at"}}
    return {**kept, "instance_id": raw.get("instance_id") or f"eval-{raw.get('slug', '')}"}
