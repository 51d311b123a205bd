"""The Bot API over HTTP. The token stands in every URL, so no log and no error may show one."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from truffles_gateway.errors import FileUnavailable
from truffles_gateway.messages import Receipt, ReceiptStatus
from truffles_gateway.plugin import Logger
from truffles_telegram.failures import CallFailed, failure
from truffles_telegram.fields import integer, mapping, number, text
from truffles_telegram.markup import sound
from truffles_telegram.settings import TelegramSettings

_CONNECT_SECONDS = 5.0
_LONGEST_SAID = 300
_NOT_WRITTEN = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError,
    httpx.WriteError, httpx.WriteTimeout,
)  # fmt: skip
_TOKEN = re.compile(r"/bot[^/\s\"']+")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to be sent along: its name and type as declared, and its bytes."""

    name: str
    mime: str
    data: bytes


class Client:
    """Calls methods and returns their `result`; raises `CallFailed` for everything else.

    Answers are read field by field: aiogram's models would refuse what Telegram adds tomorrow, and cost every process
    eight seconds at its start. A request that could not be written was not carried out; one that was written and not
    answered may have been.
    """

    def __init__(self, settings: TelegramSettings, http: httpx.AsyncClient, log: Logger) -> None:
        self._settings, self._http, self._log = settings, http, log
        self._token = settings.token.get_secret_value()
        self._moved: dict[str, str] = {}
        hide_tokens()

    def home(self, chat: str) -> str:
        """The chat's present id: a group that becomes a supergroup gets a new one."""
        return self._moved.get(chat, chat)

    async def call(
        self, method: str, params: Mapping[str, object], *, uploads: Mapping[str, Upload] | None = None,
        private: bool = False,
    ) -> object:  # fmt: skip
        """One call. `private` says that `chat_id` is a customer's own chat."""
        chat = text(params.get("chat_id"))
        try:
            return await self._call(
                method, {**params, "chat_id": self.home(chat)} if chat else params, uploads, private
            )
        except CallFailed as failed:
            if not chat or not failed.migrated_to or self.home(chat) == failed.migrated_to:
                raise
            new = self._moved[chat] = failed.migrated_to
            cure = f"write {new} where the managers' group is set"
            self._log.warning("telegram.group_moved", old=chat, new=new, cure=cure)
        return await self._call(method, {**params, "chat_id": new}, uploads, private)

    async def download(self, file_id: str, limit: int) -> bytes:
        """The bytes of a file that somebody sent to the bot, `limit` at most. Raises `FileUnavailable`."""
        try:
            file = mapping(await self.call("getFile", {"file_id": file_id}))
        except CallFailed as failed:
            again = failed.receipt.status is not ReceiptStatus.REFUSED
            raise FileUnavailable(failed.receipt.error, again=again, too_large=failed.too_big) from None
        if (integer(file.get("file_size")) or 0) > limit:
            raise FileUnavailable("is too large", too_large=True)
        url = f"{self._settings.base_url}/file/bot{self._token}/{text(file.get('file_path'))}"
        try:
            return await self._read(url, limit)
        except httpx.HTTPError as error:
            raise FileUnavailable(f"did not come: {type(error).__name__}", again=True) from None

    async def _read(self, url: str, limit: int) -> bytes:
        """The body while it comes: nobody's file shall fill the memory, whatever Telegram said of its size."""
        body = bytearray()
        async with self._http.stream("GET", url, timeout=self._timeout(media=True), follow_redirects=False) as response:
            if not response.is_success:
                raise FileUnavailable(f"did not come: HTTP {response.status_code}", again=response.is_server_error)
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > limit:
                    raise FileUnavailable("is too large", too_large=True)
        return bytes(body)

    async def _call(
        self, method: str, params: Mapping[str, object], uploads: Mapping[str, Upload] | None, private: bool
    ) -> object:
        response = await self._post(method, params, uploads)
        body = _json(response)
        if response.is_success and body.get("ok") is True:
            return body.get("result")
        if response.is_success:
            raise CallFailed(Receipt.ambiguous("Telegram's answer cannot be read"))
        more = mapping(body.get("parameters"))
        moved = integer(more.get("migrate_to_chat_id"))
        raise failure(
            integer(body.get("error_code")) or response.status_code,
            " ".join(text(body.get("description")).replace(self._token, "***").split())[:_LONGEST_SAID],
            retry_after=number(more.get("retry_after")) or None,
            migrated_to="" if moved is None else str(moved),
            private=private,
        )

    async def _post(
        self, method: str, params: Mapping[str, object], uploads: Mapping[str, Upload] | None
    ) -> httpx.Response:
        url, timeout = f"{self._settings.base_url}/bot{self._token}/{method}", self._timeout(media=bool(uploads))
        content = _multipart(params, uploads) if uploads else {"json": _clean(params)}
        try:
            return await self._http.post(url, timeout=timeout, follow_redirects=False, **content)  # type: ignore[arg-type]
        except _NOT_WRITTEN as error:
            raise CallFailed(Receipt.retry(f"not sent to Telegram: {type(error).__name__}")) from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise CallFailed(Receipt.refused(f"no request can be made of it: {type(error).__name__}")) from None
        except httpx.HTTPError as error:
            raise CallFailed(Receipt.ambiguous(f"sent, but no answer: {type(error).__name__}")) from None

    def _timeout(self, *, media: bool) -> httpx.Timeout:
        seconds = self._settings.media_timeout_seconds if media else self._settings.timeout_seconds
        return httpx.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds), pool=min(_CONNECT_SECONDS, seconds))


def _json(response: httpx.Response) -> Mapping[str, object]:
    try:
        return mapping(json.loads(response.content))
    except (ValueError, RecursionError):
        return {}


def _clean(value: object) -> object:
    """The same value with texts that UTF-8 can carry."""
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, Mapping):
        return {name: _clean(each) for name, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list | tuple) else value


def _multipart(params: Mapping[str, object], uploads: Mapping[str, Upload]) -> dict[str, object]:
    """Fields beside files; what is no text travels as JSON."""
    fields = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in mapping(_clean(params)).items()
    }
    return {"data": fields, "files": {name: (file.name, file.data, file.mime) for name, file in uploads.items()}}


class _HideTokens(logging.Filter):
    """httpx logs the whole URL of each request at INFO."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if "/bot" in said:
            record.msg, record.args = _TOKEN.sub("/bot***", said), ()
        return True


_FILTER = _HideTokens()


def hide_tokens() -> None:
    """Keep tokens out of httpx's log lines, whoever listens to them. Calling it again changes nothing."""
    logging.getLogger("httpx").addFilter(_FILTER)
