"""A row as the messages that Telegram shows it in: nothing is lost, and as few messages as can be."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from truffles_gateway.messages import Attachment, Content
from truffles_telegram.markup import CAPTION, split, units

ALBUM = 10
_LARGEST_PHOTO = 10 * 1024 * 1024
_PHOTOS = {"image/jpeg", "image/jpg", "image/png", "image/webp"}
_VOICES = {"audio/ogg", "audio/opus"}
_SONGS = {"audio/mpeg", "audio/mp3", "audio/mp4", "audio/m4a", "audio/x-m4a"}
_UNSAFE = re.compile(r"[^\w.() -]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """One message: words, or media of one shape with a caption (several are an album)."""

    text: str
    items: tuple[Attachment, ...] = ()
    shape: str = ""


Transcript = Callable[[Attachment], str]
"""The line that tells what is said in a medium, "" where nobody knows."""


def pieces(text: str, attachments: Sequence[Attachment], transcript: Transcript = lambda item: "") -> list[Piece]:
    """Words that fit stand under the only medium or album; else they go first. What is said in a voice note stands under
    it, or, where it is too long, right behind it."""
    albums = list(_albums(attachments))
    if len(albums) == 1 and units(text) <= CAPTION:
        return list(_under(text, *albums[0], transcript))
    words = [Piece(part) for part in split(text)]
    return [
        *words,
        *(each for shape, items in albums for each in _under(_own_words(items, text), shape, items, transcript)),
    ]


def _under(text: str, shape: str, items: tuple[Attachment, ...], transcript: Transcript) -> Iterator[Piece]:
    """Media with the words that belong to them."""
    said = "\n".join(filter(None, map(transcript, items)))
    together = "\n".join(filter(None, [text, said]))
    fits = units(together) <= CAPTION
    yield Piece(together if fits else text, items, shape)
    yield from (Piece(part) for part in split("" if fits else said))


def _own_words(items: Sequence[Attachment], text: str) -> str:
    """Captions that the row's text does not hold already."""
    captions = dict.fromkeys(item.caption.strip() for item in items)
    words = "\n".join(caption for caption in captions if caption and caption not in text)
    return words if units(words) <= CAPTION else ""


def _albums(attachments: Sequence[Attachment]) -> Iterator[tuple[str, tuple[Attachment, ...]]]:
    """Media of one shape together, at most ten; Telegram knows no albums of voice messages."""
    by_shape: dict[str, list[Attachment]] = {}
    for item in attachments:
        by_shape.setdefault(shape_of(item), []).append(item)
    for shape, items in by_shape.items():
        size = 1 if shape == "voice" else ALBUM
        for start in range(0, len(items), size):
            yield shape, tuple(items[start : start + size])


def shape_of(item: Attachment) -> str:
    """As what Telegram shows a medium; whatever it would not show as such is a document."""
    mime = item.mime.partition(";")[0].strip().lower()
    if item.content is Content.IMAGE and mime in _PHOTOS and item.size <= _LARGEST_PHOTO:
        return "photo"
    if item.content is Content.AUDIO and (mime in _VOICES or mime in _SONGS):
        return "voice" if mime in _VOICES else "audio"
    return "video" if item.content is Content.VIDEO and mime == "video/mp4" else "document"


def file_name(item: Attachment) -> str:
    """A name for the file: the sender's without what a path could be made of, else one after its type."""
    given = _UNSAFE.sub("_", item.file_name.replace("\\", "/").rpartition("/")[2]).strip(" .")[-100:]
    ending = mimetypes.guess_extension(item.mime.partition(";")[0].strip()) or ".bin"
    return given or f"{item.content.value}{ending}"
