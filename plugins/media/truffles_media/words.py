"""What managers and customers read about media, and the reasons for which one is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from truffles_gateway.messages import Attachment, Content, Refusal
from truffles_gateway.plugin import Texts
from truffles_media.settings import MB


class Reason(StrEnum):
    """Why a medium is refused. Each has its line in the catalogue, `media_<reason>`."""

    OFF = "off"
    KIND = "kind"
    SIZE = "size"
    LINK = "link"
    EMPTY = "empty"
    RATE = "rate"
    TYPE = "type"
    FULL = "full"
    BOMB = "bomb"
    BROKEN = "broken"
    SMUGGLED = "smuggled"
    ACTIVE = "active"
    UNFETCHED = "unfetched"
    UNCHECKED = "unchecked"
    LATE = "late"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One medium that does not pass.

    limit   the size that it had to keep, in bytes
    link    where a person may look at it all the same
    first   it is the one that ran into the rate limit and began the block
    """

    attachment: Attachment
    reason: Reason
    limit: int = 0
    link: str = ""
    first: bool = False


CATALOGUE = {
    "ru": {
        "media_image": "фото",
        "media_audio": "аудио",
        "media_voice": "голосовое сообщение",
        "media_video": "видео",
        "media_document": "документ",
        "media_what": "{{ kind }}{% if name %} «{{ name }}»{% endif %}{% if size %}, {{ size }} МБ{% endif %}",
        "media_off": "приём файлов выключен",
        "media_kind": "такие файлы не принимаются",
        "media_size": "больше {{ limit }} МБ",
        "media_link": "ссылка на файл ведёт не туда, откуда его можно брать",
        "media_empty": "файл не пришёл",
        "media_rate": "слишком много файлов за короткое время",
        "media_type": "содержимое не совпадает с типом файла или неизвестно",
        "media_full": "место для файлов закончилось, файл не сохранён",
        "media_bomb": "при открытии становится слишком большим",
        "media_broken": "файл повреждён и не открывается",
        "media_smuggled": "внутри спрятан ещё один файл",
        "media_active": "в файле программа или макросы",
        "media_unfetched": "не удалось скачать{% if link %}: {{ link }}{% endif %}",
        "media_unchecked": "не удалось проверить",
        "media_late": "ещё скачивается; появится здесь, как только придёт",
        "media_hidden": "получено, но пересылка файлов выключена",
        "media_tell_rate": "Файлов сейчас слишком много, принять больше пока не можем."
        "{% if minutes %} Пришлите, пожалуйста, остальные через {{ minutes }} мин.{% endif %}",
        "media_tell_refused": "К сожалению, не смогли принять {{ what }}: {{ why }}.",
        "media_tell_again": "Не получилось загрузить {{ what }}. Отправьте, пожалуйста, ещё раз.",
        "media_tell_late": "Ещё загружаем {{ what }}. Напишите, пожалуйста, словами, что нужно.",
    },
    "kk": {
        "media_image": "фото",
        "media_audio": "аудио",
        "media_voice": "дауыстық хабарлама",
        "media_video": "бейне",
        "media_document": "құжат",
        "media_what": "{{ kind }}{% if name %} «{{ name }}»{% endif %}{% if size %}, {{ size }} МБ{% endif %}",
        "media_off": "файл қабылдау өшірулі",
        "media_kind": "мұндай файлдар қабылданбайды",
        "media_size": "{{ limit }} МБ-тан үлкен",
        "media_link": "файл сілтемесі рұқсат етілмеген жерге апарады",
        "media_empty": "файл келмеді",
        "media_rate": "қысқа уақытта тым көп файл",
        "media_type": "файлдың мазмұны түріне сәйкес емес немесе белгісіз",
        "media_full": "файлдарға орын қалмады, файл сақталмады",
        "media_bomb": "ашылғанда тым үлкен болады",
        "media_broken": "файл бүлінген, ашылмайды",
        "media_smuggled": "ішінде тағы бір файл жасырылған",
        "media_active": "файлда бағдарлама немесе макрос бар",
        "media_unfetched": "жүктеп алу мүмкін болмады{% if link %}: {{ link }}{% endif %}",
        "media_unchecked": "тексеру мүмкін болмады",
        "media_late": "әлі жүктелуде; келе салысымен осында шығады",
        "media_hidden": "алынды, бірақ файл жіберу өшірулі",
        "media_tell_rate": "Қазір файл тым көп, әзірге қабылдай алмаймыз."
        "{% if minutes %} Қалғанын {{ minutes }} минуттан кейін жіберіңізші.{% endif %}",
        "media_tell_refused": "Өкінішке қарай, қабылдай алмадық ({{ what }}): {{ why }}.",
        "media_tell_again": "Жүктей алмадық ({{ what }}). Қайта жіберіңізші.",
        "media_tell_late": "Әлі жүктеп жатырмыз ({{ what }}). Не керегін сөзбен жазып жіберіңізші.",
    },
    "en": {
        "media_image": "photo",
        "media_audio": "audio",
        "media_voice": "voice message",
        "media_video": "video",
        "media_document": "document",
        "media_what": '{{ kind }}{% if name %} "{{ name }}"{% endif %}{% if size %}, {{ size }} MB{% endif %}',
        "media_off": "files are not taken here",
        "media_kind": "files of this kind are not taken",
        "media_size": "larger than {{ limit }} MB",
        "media_link": "the link leads to where files may not be taken from",
        "media_empty": "no file came",
        "media_rate": "too many files in a short time",
        "media_type": "its content is not what it says, or not known",
        "media_full": "there is no room for files, it was not kept",
        "media_bomb": "becomes far too large when it is opened",
        "media_broken": "the file is damaged and cannot be opened",
        "media_smuggled": "another file is hidden in it",
        "media_active": "it contains a program or macros",
        "media_unfetched": "could not be fetched{% if link %}: {{ link }}{% endif %}",
        "media_unchecked": "could not be checked",
        "media_late": "still being fetched; it will be shown here as soon as it comes",
        "media_hidden": "received, but files are not forwarded",
        "media_tell_rate": "That is too many files at once, we cannot take more right now."
        "{% if minutes %} Please send the rest in {{ minutes }} min.{% endif %}",
        "media_tell_refused": "Sorry, we could not take the {{ what }}: {{ why }}.",
        "media_tell_again": "We could not load the {{ what }}. Please send it once more.",
        "media_tell_late": "The {{ what }} is still loading. Please write in words what you need.",
    },
}
_TOLD_WHY = frozenset(
    {
        Reason.OFF, Reason.KIND, Reason.SIZE, Reason.TYPE, Reason.BOMB, Reason.BROKEN, Reason.SMUGGLED, Reason.ACTIVE,
    }
)  # fmt: skip
_TOLD_TO_REPEAT = frozenset({Reason.UNFETCHED, Reason.EMPTY})


def for_the_desk(texts: Texts, refused: Refused, language: str) -> Refusal:
    """What was sent and why it did not pass, so that a manager can ask for it."""
    part = refused.attachment
    size = f"{part.size / MB:.1f}" if part.size >= MB / 10 else ""
    what = texts.get("media_what", language, kind=_kind(texts, part, language), name=part.file_name, size=size)
    return Refusal(what=what, reason=_why(texts, refused, language))


def for_the_customer(texts: Texts, refused: list[Refused], language: str, block_seconds: int) -> str:
    """One line about all that was refused in a turn, "" where there is nothing to say.

    Of the rate only the medium that began the block speaks: who goes on sending is told once, not every time.
    """
    if any(each.first for each in refused):
        return texts.get("media_tell_rate", language, minutes=-(-block_seconds // 60))
    for each in refused:
        kind = _kind(texts, each.attachment, language)
        if each.reason in _TOLD_WHY:
            return texts.get("media_tell_refused", language, what=kind, why=_why(texts, each, language))
        if each.reason in _TOLD_TO_REPEAT:
            return texts.get("media_tell_again", language, what=kind)
        if each.reason is Reason.LATE:
            return texts.get("media_tell_late", language, what=kind)
    return ""


def _why(texts: Texts, refused: Refused, language: str) -> str:
    return texts.get(f"media_{refused.reason}", language, limit=f"{refused.limit / MB:g}", link=refused.link)


def _kind(texts: Texts, part: Attachment, language: str) -> str:
    voice = part.content is Content.AUDIO and part.voice
    return texts.get("media_voice" if voice else f"media_{part.content}", language)
