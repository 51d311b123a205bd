"""`truffles demo --keep`: the house stays open, with lines to try."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from shlex import quote

from truffles_gateway.cli.demo.play import Play

VISITOR = "77000000099@s.whatsapp.net"


def show_lines(play: Play) -> None:
    """Print what can be done from another terminal."""
    console = play.screen.console
    console.print("\n[bold]Everything keeps running. In another terminal:[/]")
    for about, line in _lines(play):
        console.print(f"\n[dim]# {about}[/]", soft_wrap=True)
        console.out(line, highlight=False)


async def stay(play: Play) -> None:
    """Wait for Ctrl-C."""
    play.screen.console.print("\nEverything keeps running until Ctrl-C.")
    await asyncio.Event().wait()


def _lines(play: Play) -> Iterator[tuple[str, str]]:
    yield from _customer(play)
    yield from _manager(play)
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


def _manager(play: Play) -> Iterator[tuple[str, str]]:
    group, shop, admin = play.house.group, play.house.shop, play.house.admin
    yield (
        "the salon's managers: topics of their group",
        f"curl -s {quote(f'{group.url}/_sim/topics?chat={group.chat}')}",
    )
    there = quote(f"{group.url}/_sim/read?chat={group.chat}&thread=THREAD")
    yield "what one of them shows (THREAD: an id from above)", f"curl -s {there}"
    acting = {"chat": group.chat, "sender": group.owner}
    press = {**acting, "message_id": 0, "button": "Беру ✋"}
    yield "press a button as the owner (message_id: a card's id)", _post(f"{group.url}/_sim/press", press)
    words = {**acting, "thread": 0, "text": "Ждём вас!"}
    yield "answer as the owner (thread: the topic's id)", _post(f"{group.url}/_sim/write", words)
    reply = {"client_slug": shop.slug, "remote_jid": VISITOR, "text": "Ждём вас!", "manager": {"id": "erlan"}}
    yield "answer as the shop's owner", f"{_post(f'{admin.url}/admin/desk/reply', reply)} {_bearer(play)}"


def _operator(play: Play) -> Iterator[tuple[str, str]]:
    admin = play.house.admin
    yield (
        "why did the bot say that? (any message id)",
        f"curl -s {admin.url}/admin/why/{play.explained} {_bearer(play)}",
    )
    yield "the ledger", f"curl -s {admin.url}/admin/ledger {_bearer(play)}"
    yield "the metrics", f"curl -s {admin.url}/metrics"
    database = quote(play.house.children.environment["DATABASE_URL"])
    yield "or with the command line", f"DATABASE_URL={database} truffles why {play.explained}"


def _bearer(play: Play) -> str:
    return f"-H {quote(f'Authorization: Bearer {play.house.admin.token}')}"


def _post(url: str, body: Mapping[str, object]) -> str:
    return f"curl -s {url} -H 'Content-Type: application/json' -d {quote(json.dumps(body, ensure_ascii=False))}"
