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

from truffles_gateway.errors import FileUnavailable, StorageFull
from truffles_gateway.messages import Attachment, Content, EventKind, Inbound, InboundEvent, Refusal, State, Turn
from truffles_gateway.plugin import Plugin, Resources, hookimpl
from truffles_media.cleaner import Cleaned, Cleaner
from truffles_media.faults import FileRefused
from truffles_media.fetch import Fetcher, FetchError, Trouble
from truffles_media.limits import Admission, Limits, Piece, Sender, pieces, pieces_of
from truffles_media.names import is_program, renamed, tidy
from truffles_media.settings import MediaSettings, misplaced, overlaid
from truffles_media.sniff import agreed
from truffles_media.words import CATALOGUE, Reason, Refused, for_the_customer, for_the_desk

GUARDED = frozenset({Content.IMAGE, Content.AUDIO, Content.VIDEO, Content.DOCUMENT})
FETCH_SECONDS = 8.0
"""Of the 10 s that the host gives the hook; the rest is for counting and storing."""
COLLECT_SECONDS = 30.0
"""Of one attempt apart from a turn: there is no hurry but that links expire."""
FIRST = "first"
AT_ONCE = 4
CHANNEL_PAUSES = (0.3, 1.0)
"""Seconds before each further attempt to get a file from its channel."""

WORTH_ANOTHER_TRY = frozenset({Reason.UNFETCHED, Reason.UNCHECKED})
"""Later, not in a turn: the way failed, or the machine was too busy to look at the file in time."""
Taken = Attachment | Refused


class Media:
    """One tenant's guard."""

    def __init__(
        self,
        settings: MediaSettings,
        resources: Resources,
        fetcher: Fetcher | None = None,
        cleaner: Cleaner | None = None,
    ) -> None:
        self._settings = overlaid(settings, resources.media, tenant=resources.tenant)
        self._resources = resources
        for key in misplaced(settings):
            resources.log.warning("key without effect in the plugin's settings", key=key, cure="Write it under [media]")
        self._limits = Limits(self._settings.rate_limit, resources.counters)
        self._fetcher = fetcher or Fetcher(self._settings.allowed_hosts)
        self._cleaner = cleaner or Cleaner()

    @hookimpl
    async def on_inbound(self, turn: Turn, message: Inbound) -> Inbound | None:
        """Media that pass are stored and carry their hash; the others become refusals. The text is never touched.

        Most were judged and fetched before their turn began; whatever was not is seen to now.
        """
        found = pieces(turn, message)
        if not any(piece.attachment.content in GUARDED for piece in found):
            return None
        taken = await self._take_all(turn, found)
        passed = tuple(each for each in taken if isinstance(each, Attachment))
        refused = [each if isinstance(each, Refused) else _unshown(each) for each in taken]
        return self._told(turn, message.with_(attachments=passed), [each for each in refused if each])

    async def admit(self, event: InboundEvent, state: State) -> InboundEvent:
        """Before any byte is fetched: what can be said at sight and, of a customer's files, what the limits say."""
        sender = _sender(event, state)
        parts = []
        for piece in pieces_of(event):
            objection = await self._object(event.channel, sender, piece) if _is_open(piece.attachment) else None
            parts.append(_marked(piece.attachment, objection) if objection else piece.attachment)
        return replace(event, attachments=tuple(parts))

    async def collect(self, event: InboundEvent, state: State, *, last: bool) -> InboundEvent:
        """The files that were not refused, fetched side by side, checked and kept."""
        deadline = asyncio.get_running_loop().time() + COLLECT_SECONDS
        gate, sender = asyncio.Semaphore(AT_ONCE), _sender(event, state)

        async def collected(piece: Piece) -> Attachment:
            if not _is_open(piece.attachment):
                return piece.attachment
            async with gate:
                taken = await self._take(event.channel, sender, piece, deadline)
            if isinstance(taken, Attachment):
                return taken
            again = taken.reason in WORTH_ANOTHER_TRY and not last
            return piece.attachment if again else _marked(taken.attachment, taken)

        found = pieces_of(event)
        results = await asyncio.gather(*map(collected, found), return_exceptions=True)
        return replace(event, attachments=tuple(map(self._or_as_it_was, found, results)))

    def _or_as_it_was(self, piece: Piece, result: Attachment | BaseException) -> Attachment:
        """One that goes wrong harms no other, and is tried again."""
        if not isinstance(result, BaseException):
            return result
        self._resources.log.error("media not checked", why=f"{type(result).__name__}: {result}")
        return piece.attachment

    def refusals(self, event: InboundEvent) -> tuple[Refusal, ...]:
        """What a desk is told of the files that were refused."""
        found = (self._remembered(part) if part.refused else _unshown(part) for part in event.attachments)
        texts, language = self._resources.texts, self._resources.languages[0]
        return tuple(for_the_desk(texts, each, language) for each in found if each)

    def _remembered(self, part: Attachment) -> Refused:
        """The refusal that a file was marked with; a word that is not ours says at least that it was refused."""
        word, _, first = part.refused.partition(" ")
        reason = Reason(word) if word in set(Reason) else Reason.UNCHECKED
        limit = self._settings.largest(part.content) if reason is Reason.SIZE else 0
        link = _openable(part.url) if reason is Reason.UNFETCHED else ""
        return Refused(attachment=part, reason=reason, limit=limit, link=link, first=first == FIRST)

    async def _take_all(self, turn: Turn, found: Sequence[Piece]) -> list[Taken]:
        """What becomes of each piece, in order. One that goes wrong harms no other."""
        sender = Sender.of(turn)
        objections = [await self._object(turn.channel, sender, piece) for piece in found]
        gate = asyncio.Semaphore(AT_ONCE)
        deadline = asyncio.get_running_loop().time() + FETCH_SECONDS

        async def take(piece: Piece, objection: Refused | None) -> Taken:
            if objection or not _is_open(piece.attachment):
                return objection or piece.attachment
            async with gate:
                return await self._take(turn.channel, sender, piece, deadline)

        pairs = zip(found, objections, strict=True)
        results = await asyncio.gather(*(take(*pair) for pair in pairs), return_exceptions=True)
        return [self._survived(piece, result) for piece, result in zip(found, results, strict=True)]

    async def _object(self, channel: str, sender: Sender | None, piece: Piece) -> Refused | None:
        """The guard: what can be said before any byte is fetched. What it refuses at sight is not counted."""
        part = piece.attachment
        if part.refused:
            return self._remembered(part)
        if not _is_open(part):
            return None
        if refused := self._at_sight(channel, part, of_customer=sender is not None):
            return refused
        return _too_much(part, await self._limits.admit(sender, piece)) if sender else None

    def _at_sight(self, channel: str, part: Attachment, *, of_customer: bool) -> Refused | None:
        """What a tenant does not want from customers, its own people may send them all the same."""
        if of_customer and not self._settings.enabled:
            return Refused(attachment=part, reason=Reason.OFF)
        if part.content is Content.VIDEO or (of_customer and not self._settings.allows(part.content)):
            return Refused(attachment=part, reason=Reason.KIND)
        if part.size > (limit := self._settings.largest(part.content)):
            return Refused(attachment=part, reason=Reason.SIZE, limit=limit)
        if is_program(part.file_name):
            return Refused(attachment=part, reason=Reason.TYPE)
        if part.blob or part.data or self._resources.files.holds(channel, part.url):
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

    async def _take(self, channel: str, sender: Sender | None, piece: Piece, deadline: float) -> Taken:
        """The bytes, checked and kept."""
        part, limit = piece.attachment, self._settings.largest(piece.attachment.content)
        try:
            data = await self._bytes(channel, part, limit, deadline)
        except FetchError as problem:
            return self._unfetched(part, problem, limit)
        part = replace(part, size=len(data), data=None, file_name=tidy(part.file_name))
        if len(data) > limit:
            return Refused(attachment=part, reason=Reason.SIZE, limit=limit)
        if not (mime := agreed(part.content, part.mime, data)):
            return Refused(attachment=part, reason=Reason.TYPE)
        refused = _too_much(part, await self._limits.weigh(sender, piece, len(data))) if sender else None
        if refused:
            return refused
        hidden = sender is not None and not self._settings.forward_to_telegram
        try:
            return await self._keep(replace(part, hidden=hidden), await self._cleaner.clean(data, mime))
        except FileRefused as problem:
            self._resources.log.warning("media refused by its content", fault=problem.fault.value, why=problem.detail)
            return Refused(attachment=part, reason=Reason(problem.fault.value))

    async def _bytes(self, channel: str, part: Attachment, limit: int, deadline: float) -> bytes:
        """Inline bytes, those that the host keeps, what the channel keeps, else what the link gives. Raises `FetchError`."""
        data = part.data or (await self._resources.blobs.get(part.blob) if part.blob else None)
        if data:
            return data
        left = max(deadline - asyncio.get_running_loop().time(), 0.0)
        if self._resources.files.holds(channel, part.url):
            return await self._from_the_channel(channel, part, limit, left)
        return await self._fetcher.fetch(part.url, limit=limit, seconds=left)

    async def _from_the_channel(self, channel: str, part: Attachment, limit: int, seconds: float) -> bytes:
        """A file that only the channel's plugin can get, asked for again as long as that may help."""
        pauses = iter(CHANNEL_PAUSES)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        return await self._resources.files.fetch(channel, part, limit=limit)
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
        return Refused(attachment=part, reason=Reason.UNFETCHED, link=_openable(part.url))

    async def _keep(self, part: Attachment, cleaned: Cleaned) -> Taken:
        """Store the bytes, where the tenant wants them stored; what came inline has no other way to a desk."""
        name = renamed(part.file_name, cleaned.mime)
        part = replace(part, mime=cleaned.mime, size=len(cleaned.data), file_name=name)
        if is_program(name):
            return Refused(attachment=part, reason=Reason.TYPE)
        if self._settings.store_media or not part.url:
            try:
                part = replace(part, blob=await self._resources.blobs.put(cleaned.data, part.mime))
            except StorageFull as problem:
                self._resources.log.warning("media not kept", why=str(problem))
                return Refused(attachment=part, reason=Reason.FULL)
        return replace(part, checked=True)

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


def _sender(event: InboundEvent, state: State) -> Sender | None:
    """Whose limits count; managers have none."""
    if event.kind is not EventKind.CUSTOMER:
        return None
    return Sender(channel=event.channel, address=event.address, state=state)


def _unshown(part: Attachment) -> Refused | None:
    """What is said of a file that passed, and that the tenant does not want at a desk."""
    return Refused(attachment=part, reason=Reason.HIDDEN) if part.hidden else None


def _is_open(part: Attachment) -> bool:
    return part.content in GUARDED and not part.checked and not part.refused


def _marked(part: Attachment, refused: Refused) -> Attachment:
    """The file with its refusal, as `Media._remembered` reads it again; bytes that came with it are of no more use."""
    return replace(part, blob="", refused=f"{refused.reason} {FIRST}" if refused.first else str(refused.reason))


def _openable(url: str) -> str:
    """A link that a person may open; a file of a channel has none."""
    return url if url.startswith("https://") else ""


def _presentable(part: Attachment) -> Attachment:
    return replace(part, file_name=tidy(part.file_name))


plugin = Plugin(
    name="media",
    version="0.1.0",
    settings=MediaSettings,
    create=Media,
    summary="Guard, limits, safe fetch and storage for photos, voice notes and documents.",
    catalogue=CATALOGUE,
)
