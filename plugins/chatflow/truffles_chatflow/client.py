"""ChatFlow's sending API: one GET for each message, the token in the query, where no log may see it."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from urllib.parse import quote_plus

import httpx

from truffles_chatflow.receipts import judge
from truffles_chatflow.settings import ChatFlowSettings
from truffles_gateway.messages import Content, Receipt
from truffles_gateway.plugin import Clock

_MEDIA = {Content.IMAGE: ("send-image", "imageurl"), Content.AUDIO: ("send-audio", "audiourl")}
_ANY_FILE = ("send-doc", "docurl")
_CONNECT_SECONDS = 5.0
_NOT_WRITTEN = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError,
    httpx.WriteError, httpx.WriteTimeout,
)  # fmt: skip
_TOKEN = re.compile(r"(token=)[^&\s\"']+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One message as the customer will see it: a text, or a medium with its caption."""

    msg_id: str
    text: str
    content: Content = Content.TEXT
    url: str = ""


class Client:
    """Sends parts and says what became of each.

    A GET is a request only when its last empty line has arrived: connecting or writing that fails sent nothing (RETRY).
    Once it is written, silence, a broken connection or an unreadable answer leave it open (AMBIGUOUS).
    """

    def __init__(self, settings: ChatFlowSettings, http: httpx.AsyncClient, clock: Clock) -> None:
        self._settings, self._http, self._clock = settings, http, clock
        hide_tokens()

    async def send(self, part: Part, recipient: str, instance: str) -> Receipt:
        """One attempt to send one part."""
        path, query = _call(part)
        instance = instance or self._settings.instance_id
        token = self._settings.token_of(instance)
        query = {"token": token, "instance_id": instance, "jid": recipient, **query, "msg_id": part.msg_id}
        receipt = await self._get(f"{self._settings.base_url}/api/v1/{path}", query, self._timeout(part))
        return _without(token, receipt)

    async def _get(self, url: str, query: dict[str, str], timeout: httpx.Timeout) -> Receipt:
        try:
            response = await self._http.get(url, params=_clean(query), timeout=timeout, follow_redirects=False)
        except _NOT_WRITTEN as error:
            return Receipt.retry(f"not sent: {type(error).__name__}")
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            return Receipt.refused(f"no request can be made of it: {type(error).__name__}")
        except httpx.HTTPError as error:
            return Receipt.ambiguous(f"sent, but no answer: {type(error).__name__}")
        return judge(response, self._clock.now())

    def _timeout(self, part: Part) -> httpx.Timeout:
        media = part.content is not Content.TEXT
        seconds = self._settings.media_timeout_seconds if media else self._settings.timeout_seconds
        return httpx.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds), pool=min(_CONNECT_SECONDS, seconds))


def _call(part: Part) -> tuple[str, dict[str, str]]:
    """The API's method for a part, and its parameters."""
    if part.content is Content.TEXT:
        return "send-text", {"msg": part.text}
    path, name = _MEDIA.get(part.content, _ANY_FILE)
    return path, {name: part.url, "caption": part.text}


def _clean(query: dict[str, str]) -> dict[str, str]:
    """Text that UTF-8 can carry."""
    return {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}


def _without(token: str, receipt: Receipt) -> Receipt:
    """The receipt without the token, should the provider have quoted it back."""
    error = receipt.error.replace(token, "***").replace(quote_plus(token), "***")
    return receipt if error == receipt.error else Receipt(
        status=receipt.status, error=error, retry_after=receipt.retry_after, logged_out=receipt.logged_out
    )  # fmt: skip


class _HideTokens(logging.Filter):
    """httpx logs the whole URL of each request at INFO, and ours holds a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if "token=" in said:
            record.msg, record.args = _TOKEN.sub(r"\1***", said), ()
        return True


_FILTER = _HideTokens()


def hide_tokens() -> None:
    """Keep tokens out of httpx's log lines, whoever listens to them. Calling it again changes nothing."""
    logging.getLogger("httpx").addFilter(_FILTER)
