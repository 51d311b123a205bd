"""`truffles demo --keep`: the house stays open, with lines to try."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from shlex import quote

from truffles_gateway.cli.demo.play import Play, card_of
from truffles_gateway.cli.demo.scenes.circle import TAKE
from truffles_gateway.cli.demo.scenes.truth import SABINA
from truffles_gateway.cli.demo.wires import Topic

VISITOR = "77000000099@s.whatsapp.net"


async def show_lines(play: Play) -> None:
    """Print what can be done from another terminal."""
    console, open_topic = play.screen.console, await play.house.group.topic(SABINA.name)
    console.print("\n[bold]Everything keeps running. In another terminal:[/]")
    for about, line in _lines(play, open_topic):
        console.print(f"\n[dim]# {about}[/]", soft_wrap=True)
        console.out(line, highlight=False)


async def stay(play: Play) -> None:
    """Wait for Ctrl-C."""
    play.screen.console.print("\nEverything keeps running until Ctrl-C.")
    await asyncio.Event().wait()


def _lines(play: Play, topic: Topic | None) -> Iterator[tuple[str, str]]:
    yield from _customer(play)
    if topic is not None:
        yield from _manager(play, topic)
    yield from _operator(play)


def _customer(play: Play) -> Iterator[tuple[str, str]]:
    salon, shop, admin = play.house.salon, play.house.shop, play.house.admin
    said = {"jid": VISITOR, "name": "You", "text": "сколько стоит педикюр и где вы?"}
    yield "write to the salon, through the simulated WhatsApp", _post(f"{salon.phones.url}/_sim/write", said)
    yield "to the phone shop", _post(f"{shop.phones.url}/_sim/write", said | {"text": "сколько стоит защитное стекло?"})
    webhook = {"messageType": "text", "message": "где вы?", "metadata": {"remoteJid": VISITOR, "messageId": "TRY1"}}
    secret = f"-H {quote(f'X-Webhook-Secret: {salon.secret}')}"
    yield "or post the webhook yourself", f"{_post(f'{admin.url}/webhook/{salon.slug}', webhook)} {secret}"
    for place in (salon, shop):
        yield (
            f"read the customer's phone ({place.slug})",
            f"curl -s {quote(f'{place.phones.url}/_sim/read?jid={VISITOR}')}",
        )


def _manager(play: Play, topic: Topic) -> Iterator[tuple[str, str]]:
    """At both desks; in Telegram with the topic of somebody who still waits for a human."""
    group, shop, admin = play.house.group, play.house.shop, play.house.admin
    yield (
        "the salon's managers: topics of their group",
        f"curl -s {quote(f'{group.url}/_sim/topics?chat={group.chat}')}",
    )
    there = quote(f"{group.url}/_sim/read?chat={group.chat}&thread={topic.thread}")
    yield f"what the topic of {SABINA.name} shows", f"curl -s {there}"
    acting = {"chat": group.chat, "sender": group.owner}
    press = {**acting, "message_id": card_of(topic).get("id", 0), "button": TAKE}
    yield f"press «{TAKE}» on her card, as the owner", _post(f"{group.url}/_sim/press", press)
    words = {**acting, "thread": topic.thread, "text": "Скидку 50 % не даём, но ждём вас!"}
    yield "answer her as the owner", _post(f"{group.url}/_sim/write", words)
    reply = {"client_slug": shop.slug, "remote_jid": VISITOR, "text": "Ждём вас!", "manager": {"id": "erlan"}}
    yield "answer as the shop's owner", f"{_post(f'{admin.url}/admin/desk/reply', reply)} {_bearer(play)}"


def _operator(play: Play) -> Iterator[tuple[str, str]]:
    admin = play.house.admin
    if play.explained:  # a demo that ended before scene 4 has nothing to explain
        yield (
            "why did the bot say that? (any message id)",
            f"curl -s {admin.url}/admin/why/{play.explained} {_bearer(play)}",
        )
    yield "the ledger", f"curl -s {admin.url}/admin/ledger {_bearer(play)}"
    yield "the metrics", f"curl -s {admin.url}/metrics"
    database = quote(play.house.children.environment["DATABASE_URL"])
    asked = f"why {play.explained}" if play.explained else "ledger"
    yield "or with the command line", f"DATABASE_URL={database} truffles {asked}"


def _bearer(play: Play) -> str:
    return f"-H {quote(f'Authorization: Bearer {play.house.admin.token}')}"


def _post(url: str, body: Mapping[str, object]) -> str:
    return f"curl -s {url} -H 'Content-Type: application/json' -d {quote(json.dumps(body, ensure_ascii=False))}"
