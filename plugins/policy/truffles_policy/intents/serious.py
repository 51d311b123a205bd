"""Words of trouble: of health, of damage, of anger. Whatever a classifier makes of them, they are never small talk, and no fact of a
price list is an answer beside them."""

from __future__ import annotations

import re

from truffles_policy.lemmas import clean, fold

_BEGINNINGS = r"""
боле[лю] бол[ие]т болят больно сып[ьи] опух распух отек аллерг беремен \w+м_месяце кормлю грудн диабет температур кров[ьио] гно[йя]
ожог обож обжег сожг чеш[еу] покрасн почерн онеме немеет тошн химио эпилеп герпес псориа экзем розаце купероз астм таблет лекарств антибио
антикоаг гипертон воспал инфекц грибок вздул испорт слома разби поцарап облез облуп отвал отклеи трещин дымит обман развод украл
кинули кошмар недовол разочаров жалоб претенз хамит хамств обхам нахам раздул раздут не_понравил верн[иу]те_ден верните возврат стало_плохо плохо_себя не_работа шатает
ауыр ісі[кпң] ісін жүкті екіқабат емізе емізі қан_кет қышы бөрт сынып_қал бүлді өрескел дөрекі алдап алдады ренжі шағым қайтарыңыз
swollen swelling allerg pregnan breastfe bleed diabet infect rosacea medication complain
"""
"""How words begin that speak of it, whatever their ending."""
_DAMAGE = "слома разби трещин сынып_қал broke broken scratched cracked"
"""What happens to anybody's own things, and is repaired."""
_OTHERS = re.compile(r"\b(?:вы|вас|вам|вами|ваш\w*|мастер\w*|врач\w*|сіз\w*|сиз\w*|you|your)\b")
"""Whoever else may have done it."""
_SPEAKING = re.compile(
    r"\bmy (?:russian|kazakh|english)(?: is|'s)? (?:\w+ ){0,2}(?:awful|terrible|poor|bad)\b|"
    r"\bужасно (?:говорю|пишу|понимаю)\b"
)
"""How somebody speaks a language is no trouble."""
_WORDS = r"""
боль боли болью гв зуд горит операци[яиею]й? операцию давлени[ея] груб\w* ужас\w* дәрі\w* қызу\w* нашар жүре[кг]і\w* қысым\w*
rash fever numb pain painful hurt hurts burned burnt itch itchy itches surgery broke broken scratched ruined rude scam awful terrible refund
"""
"""Whole words: longer ones that begin like them are others ("больше", "number", "painting")."""


def _pattern(spared: str = "") -> re.Pattern[str]:
    kept = [word for word in _BEGINNINGS.split() if word not in spared.split()]
    beginnings = (fold(word.replace("_", " ")) for word in kept)
    words = (rf"{fold(word)}\b" for word in _WORDS.split() if word not in spared.split())
    return re.compile(rf"\b(?:{'|'.join((*beginnings, *words))})")


_SERIOUS, _WORSE = _pattern(), _pattern(_DAMAGE)


def is_serious(text: str) -> bool:
    """Does a text speak of trouble?"""
    return _SERIOUS.search(fold(_SPEAKING.sub(" ", clean(text).lower()))) is not None


def blames(text: str) -> bool:
    """Does a text speak of whoever works there?"""
    return _OTHERS.search(fold(clean(text).lower())) is not None


def is_own_damage(text: str) -> bool:
    """Is the only trouble that something of the writer's own broke, and nobody of the business had a hand in it?"""
    plain = fold(clean(text).lower())
    return is_serious(text) and _WORSE.search(plain) is None and _OTHERS.search(plain) is None
