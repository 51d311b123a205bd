"""`truffles demo --keep`: the house stays open, with lines to try."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from shlex import quote

from truffles_gateway.cli.demo.scenes import Play

VISITOR = "77000000099@s.whatsapp.net"


async def open_house(play: Play) -> None:
    """Print the lines and stay until Ctrl-C, which is the ordinary end here."""
    console = play.screen.console
    console.print("\n[bold]Everything keeps running until Ctrl-C. In another terminal:[/]")
    for about, line in _lines(play):
        console.print(f"\n[dim]# {about}[/]", soft_wrap=True)
        console.out(line, highlight=False)
    console.print()
    await asyncio.Event().wait()


def _lines(play: Play) -> Iterator[tuple[str, str]]:
    house = play.house
    phones, admin, slug = house.phones.url, house.admin.url, house.slug
    bearer = f"-H {quote(f'Authorization: Bearer {house.admin.token}')}"
    yield (
        "write as a customer, through the simulated WhatsApp",
        _post(f"{phones}/_sim/write", {"jid": VISITOR, "name": "You", "text": "сколько стоит педикюр и где вы?"}),
    )
    webhook = {"messageType": "text", "message": "где вы?", "metadata": {"remoteJid": VISITOR, "messageId": "TRY1"}}
    secret = f"-H {quote(f'X-Webhook-Secret: {house.secret}')}"
    yield "or post the webhook yourself", f"{_post(f'{admin}/webhook/{slug}', webhook)} {secret}"
    yield "read the customer's phone", f"curl -s {quote(f'{phones}/_sim/read?jid={VISITOR}')}"
    yield (
        "answer as a manager",
        (
            _post(
                f"{admin}/admin/desk/reply",
                {"client_slug": slug, "remote_jid": VISITOR, "text": "Ждём вас!", "manager": {"id": "aigerim"}},
            )
            + f" {bearer}"
        ),
    )
    yield "why did the bot say that? (any message id)", f"curl -s {admin}/admin/why/{play.explained} {bearer}"
    yield "the ledger", f"curl -s {admin}/admin/ledger {bearer}"
    yield "the metrics", f"curl -s {admin}/metrics"
    database = quote(house.children.environment["DATABASE_URL"])
    yield "or with the command line", f"DATABASE_URL={database} truffles why {play.explained}"


def _post(url: str, body: Mapping[str, object]) -> str:
    return f"curl -s {url} -H 'Content-Type: application/json' -d {quote(json.dumps(body, ensure_ascii=False))}"
