"""The files that a customer sent lately: what "like in the photo" points at, and what comes with the next card because nobody
at the desk has seen it yet. Pure.

The conversation keeps them for a quarter of an hour (`dialogue.files_minutes`). A turn that is thought about again begins from
what was known before it: its own files count as its own, and what the desk was shown of them is not shown twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from truffles_gateway.decision import Case
from truffles_gateway.messages import Attachment, Content, Refusal
from truffles_gateway.records import Commit, Conversation, Work
from truffles_gateway.tenants import Tenant

KEY, REFUSED = "files", "files_refused"
"""The conversation's words for its latest files, and for what the desk was told of refused ones in the latest turn."""
AT_THE_DESK = "desk"
"""In the place of a handover's id: the desk saw a file without being called."""
MOST = 50
_FIELDS = tuple(each.name for each in fields(Attachment) if each.name not in {"data", "content"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file, when and in which turn it came (`by` is the turn's first event), and with what the desk saw it: the id of a
    handover, `AT_THE_DESK`, or "" as long as it has not."""

    file: Attachment
    at: datetime
    by: str
    shown: str = ""

    def stored(self) -> dict[str, Any]:
        """As the conversation's context keeps it."""
        told = {name: value for name in _FIELDS if (value := getattr(self.file, name))}
        file = {"content": self.file.content.value, **told}
        return {"at": self.at.isoformat(), "by": self.by, "shown": self.shown, "file": file}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Kept:
        """The file again."""
        file = Attachment(**{**stored["file"], "content": Content(stored["file"]["content"])})
        return cls(file=file, at=datetime.fromisoformat(stored["at"]), by=stored["by"], shown=stored["shown"])

    @property
    def is_owed(self) -> bool:
        """Is it something that the desk could be shown, and was not?"""
        return not self.shown and not self.file.refused


def before(conversation: Conversation, work: Work, tenant: Tenant, now: datetime) -> tuple[Attachment, ...]:
    """The files of the last minutes before this turn, the oldest first, refused pictures among them."""
    return tuple(each.file for each in _known(conversation, tenant, now) if each.by not in _own(work))


def unseen(case: Case) -> tuple[Attachment, ...]:
    """What the desk has not seen: files of the last minutes, then those of this turn, each once."""
    known, ours = _remembered(case), _own(case.work)
    seen = {each.file.key for each in known if each.shown and each.by in ours and not each.file.refused} - {""}
    own = [part for part in case.message.attachments if part.key not in seen]
    again = {part.key for part in own} - {""}
    owed = (each.file for each in known if each.is_owed and each.by not in ours)
    return (*(part for part in owed if part.key not in again), *own)


def unnamed(case: Case) -> list[Refusal]:
    """The refusals of this turn of which the desk does not know from an earlier run."""
    told = case.conversation.context.get(REFUSED) or {}
    known = Counter(told["lines"]) if told and told["by"] in _own(case.work) else Counter()
    news = []
    for each in case.message.refusals:
        if known[line := named(each)]:
            known[line] -= 1
        else:
            news.append(each)
    return news


def named(refusal: Refusal) -> str:
    """A refused file as a desk that reads along is told of it."""
    return f"✗ {refusal.what}: {refusal.reason}"


def remember(made: Commit, case: Case, shown: str) -> None:
    """Keep this turn's files. `shown` is with what the desk saw all that it had not seen, "" if it did not."""
    assert made.after is not None
    known, ours = _remembered(case), _own(case.work)
    seen = {each.file.key: each.shown for each in known if each.shown and each.by in ours and not each.file.refused}
    earlier = [_now_shown(each, shown) for each in known if each.by not in ours]
    new = [_of_turn(case, part, shown or seen.get(part.key, "")) for part in (*case.message.attachments, *_lost(case))]
    kept = [each.stored() for each in (*earlier, *new)][-MOST:]
    told: dict[str, Any] = {KEY: kept} if kept else {}
    if case.message.refusals and shown:
        lines = [named(each) for each in case.message.refusals]
        told[REFUSED] = {"by": case.work.events[0].id, "lines": lines}
    rest = {key: value for key, value in made.after.context.items() if key not in {KEY, REFUSED}}
    made.touch(context=rest | told)


def take_owed(made: Commit, tenant: Tenant, handover_id: str) -> tuple[Attachment, ...]:
    """What a card shows that no turn makes: what the desk has not seen, and what this very card should have shown before.
    From now on the desk has seen it."""
    assert made.after is not None
    kept = _read(made.after)
    fresh = {id(each) for each in _fresh(kept, tenant, made.now)}
    due = [each for each in kept if each.shown == handover_id or (each.is_owed and id(each) in fresh)]
    if due:
        shown = [(replace(each, shown=handover_id) if each in due else each).stored() for each in kept]
        made.touch(context={**made.after.context, KEY: shown})
    return tuple(each.file for each in due if not each.file.refused)


def keep_late(made: Commit, event: str, files: Sequence[Attachment], shown: str) -> None:
    """Files that came after their turn: what no desk was shown comes with the next card. `event` is their row's id."""
    assert made.after is not None
    new = [Kept(file=replace(part, data=None), at=made.now, by=event, shown=shown).stored() for part in files]
    kept = [*(each.stored() for each in _read(made.after)), *new][-MOST:]
    made.touch(context={**made.after.context, KEY: kept})


def is_owed(made: Commit) -> bool:
    """Is there something that the desk has not seen, as far as this commit goes?"""
    assert made.after is not None
    return any(each.is_owed for each in _read(made.after))


def is_picture(part: Attachment) -> bool:
    """Is it something to look at? A photo that was sent as a file is."""
    return part.content in {Content.IMAGE, Content.VIDEO} or part.mime.startswith("image/")


def has_picture(case: Case) -> bool:
    """Did a picture come with this turn, whatever became of it?"""
    return any(map(is_picture, _sent(case)))


def _sent(case: Case) -> Iterator[Attachment]:
    for stored in case.work.events:
        if not stored.event.ignore:
            yield from stored.event.attachments


def _lost(case: Case) -> Sequence[Attachment]:
    """That a picture came and none was taken: "like in the photo" points at it all the same."""
    if any(map(is_picture, case.message.attachments)):
        return ()
    return [replace(part, refused=part.refused or "refused") for part in _sent(case) if is_picture(part)][:1]


def _of_turn(case: Case, part: Attachment, shown: str) -> Kept:
    return Kept(file=replace(part, data=None), at=case.turn.now, by=case.work.events[0].id, shown=shown)


def _now_shown(each: Kept, shown: str) -> Kept:
    return replace(each, shown=shown) if shown and each.is_owed else each


def _remembered(case: Case) -> list[Kept]:
    return _known(case.conversation, case.tenant, case.turn.now)


def _known(conversation: Conversation, tenant: Tenant, now: datetime) -> list[Kept]:
    return _fresh(_read(conversation), tenant, now)


def _read(conversation: Conversation) -> list[Kept]:
    return [Kept.of(each) for each in conversation.context.get(KEY) or ()]


def _fresh(kept: Sequence[Kept], tenant: Tenant, now: datetime) -> list[Kept]:
    since = now - timedelta(minutes=tenant.config.dialogue.files_minutes)
    return [each for each in kept if each.at >= since]


def _own(work: Work) -> set[str]:
    return {event.id for event in work.events}
