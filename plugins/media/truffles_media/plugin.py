"""The media plugin: what a customer sends is checked before it is fetched, fetched safely, and kept by its hash.

    guard (kind, size, link) ─▶ limits ─▶ bytes (inline, or fetched) ─▶ real type ─▶ blobs ─▶ the desk
         └────────────────────────┴──────────────┴───────────────────────┴─▶ refused, and named

A turn's media are admitted one after the other, so that which of them passes is no accident, and then fetched side by
side. Speech, which needs the bytes, is an `on_inbound` of its own behind this one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from truffles_gateway.errors import FileUnavailable
from truffles_gateway.messages import Attachment, Content, Inbound, Turn
from truffles_gateway.plugin import Plugin, Resources, hookimpl
from truffles_media.cleaner import Cleaned, Cleaner
from truffles_media.faults import FileRefused
from truffles_media.fetch import Fetcher, FetchError, Trouble
from truffles_media.limits import Admission, Limits, Piece, pieces
from truffles_media.names import is_program, renamed, visible
from truffles_media.settings import MediaSettings, overlaid
from truffles_media.sniff import agreed
from truffles_media.words import CATALOGUE, Reason, Refused, for_the_customer, for_the_desk

GUARDED = frozenset({Content.IMAGE, Content.AUDIO, Content.VIDEO, Content.DOCUMENT})
FETCH_SECONDS = 8.0
"""Of the 10 s that the host gives the hook; the rest is for counting and storing."""
AT_ONCE = 4
CHANNEL_PAUSES = (0.3, 1.0)
"""Seconds before each further attempt to get a file from its channel."""
LONGEST_NAME = 100

Taken = Attachment | Refused


class Media:
    """One tenant's guard."""

    def __init__(self, settings: MediaSettings, resources: Resources, fetcher: Fetcher | None = None) -> None:
        self._settings = overlaid(settings, resources.media, tenant=resources.tenant)
        self._resources = resources
        self._limits = Limits(self._settings.rate_limit, resources.counters)
        self._fetcher = fetcher or Fetcher(self._settings.allowed_hosts)
        self._cleaner = Cleaner()

    @hookimpl
    async def on_inbound(self, turn: Turn, message: Inbound) -> Inbound | None:
        """Media that pass are stored and carry their hash; the others become refusals. The text is never touched."""
        found = pieces(turn, message)
        if not any(piece.attachment.content in GUARDED for piece in found):
            return None
        taken = await self._take_all(turn, found)
        refused = [each for each in taken if isinstance(each, Refused)]
        passed = tuple(each for each in taken if isinstance(each, Attachment))
        return self._told(turn, message.with_(attachments=passed), refused)

    async def _take_all(self, turn: Turn, found: Sequence[Piece]) -> list[Taken]:
        """What becomes of each piece, in order. One that goes wrong harms no other."""
        objections = [await self._object(turn, piece) for piece in found]
        gate = asyncio.Semaphore(AT_ONCE)
        deadline = asyncio.get_running_loop().time() + FETCH_SECONDS

        async def take(piece: Piece, objection: Refused | None) -> Taken:
            if objection or piece.attachment.content not in GUARDED:
                return objection or piece.attachment
            async with gate:
                return await self._take(turn, piece, deadline)

        pairs = zip(found, objections, strict=True)
        results = await asyncio.gather(*(take(*pair) for pair in pairs), return_exceptions=True)
        return [self._survived(piece, result) for piece, result in zip(found, results, strict=True)]

    async def _object(self, turn: Turn, piece: Piece) -> Refused | None:
        """The guard: what can be said before any byte is fetched. What it refuses at sight is not counted."""
        part = piece.attachment
        if part.content not in GUARDED:
            return None
        if refused := self._at_sight(turn, part):
            return refused
        return _too_much(part, await self._limits.admit(turn, piece))

    def _at_sight(self, turn: Turn, part: Attachment) -> Refused | None:
        if not self._settings.enabled:
            return Refused(attachment=part, reason=Reason.OFF)
        if not self._settings.allows(part.content):
            return Refused(attachment=part, reason=Reason.KIND)
        if part.size > (limit := self._settings.largest(part.content)):
            return Refused(attachment=part, reason=Reason.SIZE, limit=limit)
        if is_program(part.file_name):
            return Refused(attachment=part, reason=Reason.TYPE)
        if part.blob or part.data or self._resources.files.holds(turn.channel, part.url):
            return None
        return self._at_the_link(part)

    def _at_the_link(self, part: Attachment) -> Refused | None:
        if not part.url:
            return Refused(attachment=part, reason=Reason.EMPTY)
        try:
            self._fetcher.check(part.url)
        except FetchError as problem:
            self._resources.log.warning("media link refused", why=problem.detail)
            return Refused(attachment=part, reason=Reason.LINK)
        return None

    async def _take(self, turn: Turn, piece: Piece, deadline: float) -> Taken:
        """The bytes, checked and kept."""
        part, limit = piece.attachment, self._settings.largest(piece.attachment.content)
        try:
            data = await self._bytes(turn, part, limit, deadline)
        except FetchError as problem:
            return self._unfetched(part, problem, limit)
        part = replace(part, size=len(data), data=None, file_name=tidy(part.file_name))
        if len(data) > limit:
            return Refused(attachment=part, reason=Reason.SIZE, limit=limit)
        if not (mime := agreed(part.content, part.mime, data)):
            return Refused(attachment=part, reason=Reason.TYPE)
        if refused := _too_much(part, await self._limits.weigh(turn, piece, len(data))):
            return refused
        try:
            return await self._keep(part, await self._cleaner.clean(data, mime))
        except FileRefused as problem:
            self._resources.log.warning("media refused by its content", fault=problem.fault.value, why=problem.detail)
            return Refused(attachment=part, reason=Reason(problem.fault.value))

    async def _bytes(self, turn: Turn, part: Attachment, limit: int, deadline: float) -> bytes:
        """Inline bytes, those that the host keeps, what the channel keeps, else what the link gives. Raises `FetchError`."""
        data = part.data or (await self._resources.blobs.get(part.blob) if part.blob else None)
        if data:
            return data
        left = max(deadline - asyncio.get_running_loop().time(), 0.0)
        if self._resources.files.holds(turn.channel, part.url):
            return await self._from_the_channel(turn, part, limit, left)
        return await self._fetcher.fetch(part.url, limit=limit, seconds=left)

    async def _from_the_channel(self, turn: Turn, part: Attachment, limit: int, seconds: float) -> bytes:
        """A file that only the channel's plugin can get, asked for again as long as that may help."""
        pauses = iter(CHANNEL_PAUSES)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        return await self._resources.files.fetch(turn.channel, part, limit=limit)
                    except FileUnavailable as problem:
                        pause = next(pauses, None)
                        if pause is None or not problem.again:
                            trouble = Trouble.SIZE if problem.too_large else Trouble.WAY
                            raise FetchError(trouble, problem.reason) from problem
                    await asyncio.sleep(pause)
        except TimeoutError as problem:
            raise FetchError(Trouble.WAY, f"took longer than {seconds:g} s") from problem

    def _unfetched(self, part: Attachment, problem: FetchError, limit: int) -> Refused:
        """No bytes. Where only the way failed, the manager gets the link: its host is one that the tenant trusts."""
        self._resources.log.warning("media not fetched", trouble=problem.trouble.value, why=problem.detail)
        if problem.trouble is Trouble.SIZE:
            return Refused(attachment=part, reason=Reason.SIZE, limit=limit)
        if problem.trouble is Trouble.LINK:
            return Refused(attachment=part, reason=Reason.LINK if part.url else Reason.EMPTY)
        link = (
            part.url if part.url.startswith("https://") else ""
        )  # a file of a channel has none that anybody could open
        return Refused(attachment=part, reason=Reason.UNFETCHED, link=link)

    async def _keep(self, part: Attachment, cleaned: Cleaned) -> Taken:
        """Store the bytes, and hold back from the desk what the tenant does not want there."""
        name = renamed(part.file_name, cleaned.mime)
        part = replace(part, mime=cleaned.mime, size=len(cleaned.data), file_name=name)
        if self._settings.store_media:
            part = replace(part, blob=await self._resources.blobs.put(cleaned.data, part.mime))
        return part if self._settings.forward_to_telegram else Refused(attachment=part, reason=Reason.HIDDEN)

    def _survived(self, piece: Piece, result: Taken | BaseException) -> Taken:
        if not isinstance(result, BaseException):
            return result
        self._resources.log.error("media not checked", why=f"{type(result).__name__}: {result}")
        return Refused(attachment=piece.attachment, reason=Reason.UNCHECKED)

    def _told(self, turn: Turn, message: Inbound, refused: list[Refused]) -> Inbound:
        """The message, with what the desk and the customer are told about the refused."""
        texts, languages = self._resources.texts, self._resources.languages
        named = [replace(each, attachment=_presentable(each.attachment)) for each in refused]
        lines = tuple(for_the_desk(texts, each, languages[0]) for each in named)
        message = message.with_(refusals=(*message.refusals, *lines))
        language = message.language or turn.context.get("language", "") or languages[0]
        line = for_the_customer(texts, named, language, self._settings.rate_limit.block_seconds)
        return message.with_(notices=(*message.notices, line)) if line else message


def _too_much(part: Attachment, admission: Admission) -> Refused | None:
    if admission is Admission.PASSED:
        return None
    return Refused(attachment=part, reason=Reason.RATE, first=admission is Admission.FIRST)


def _presentable(part: Attachment) -> Attachment:
    return replace(part, file_name=tidy(part.file_name))


def tidy(name: str) -> str:
    """A file name to be shown: no folders, no control or direction characters, its end kept when it is long.

    Nothing is ever opened or written under it.
    """
    last = PurePosixPath(visible(name).replace("\\", "/")).name
    return last if len(last) <= LONGEST_NAME else f"{last[: LONGEST_NAME - 13]}…{last[-12:]}"


plugin = Plugin(
    name="media",
    version="0.1.0",
    settings=MediaSettings,
    create=Media,
    summary="Guard, limits, safe fetch and storage for photos, voice notes and documents.",
    catalogue=CATALOGUE,
)
