"""Words of trouble: of health, of damage, of anger. Whatever a classifier makes of them, they are never small talk, and no fact of a
price list is an answer beside them."""

from __future__ import annotations

import re

from truffles_policy.lemmas import clean, fold

_RUSSIAN = """
боль бол[ие]т болел больно сып[ьи] опух распух отек отечн аллерг беремен \\w+м_месяце кормлю грудн \bгв\b диабет температур кровь кров[ио] гно[йя]
ожог обож обжег сожг зуд чеш[еу] покрасн почерн онеме немеет тошн давлен операц химио эпилеп герпес псориа экзем розаце купероз астм
таблет лекарств антибио антикоаг гипертон стало_плохо плохо_себя шата воспал инфекц грибок вздул
испорт слома разби поцарап облез облуп отвал отклеи трещин дыми гори[тм] не_работа груб хам[ияст] обман развод украл кинули ужас кошмар
недовол разочаров жалоб претенз верн[иу]те_ден верните возврат
"""
_KAZAKH = """
ауыр ісі[кпң] ісін қызу жүкті екіқабат емізе емізі дәрі қан_кет қышы бөрт диабет аллерг операция жүре[кг]і қысым сынып_қал бұз[дыуғ] бүлді өрескел
дөрекі алдап алдады ренжі шағым қайтарыңыз нашар
"""
_ENGLISH = """
rash swollen swelling allerg pregnan breastfe fever bleed numb pain hurts? diabet infect burn(?:ed|t) itch rosacea surgery medication
broke broken scratch ruined rude scam awful terrible complain refund
"""


def _pattern() -> re.Pattern[str]:
    words = [*_RUSSIAN.split(), *_KAZAKH.split(), *_ENGLISH.split()]
    return re.compile("|".join(rf"\b{fold(word.replace('_', ' '))}" for word in words))


_SERIOUS = _pattern()


def is_serious(text: str) -> bool:
    """Does a text speak of trouble?"""
    return _SERIOUS.search(fold(clean(text).lower().replace("ё", "е"))) is not None
