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
боль боли болью гв зуд горит операци[яиею]й? операцию давлени[ея] груб\w* ужас\w* дәрі(?!гер)\w* қызу\w* нашар жүре[кг]і\w* қысым\w*
rash fever numb pain painful hurt hurts burned burnt itch itchy itches surgery broke broken scratched ruined rude scam awful terrible refund
"""
"""Whole words: longer ones that begin like them are others ("больше", "number", "painting")."""


def _pattern(spared: str = "") -> re.Pattern[str]:
    kept = [word for word in _BEGINNINGS.split() if word not in spared.split()]
    beginnings = (fold(word.replace("_", " ")) for word in kept)
    words = (rf"{fold(word)}\b" for word in _WORDS.split() if word not in spared.split())
    return re.compile(rf"\b(?:{'|'.join((*beginnings, *words))})")


_SYMPTOMS = {
    "swelling": re.compile(
        r"\b(?:от[е]к|опух|распух|раздул|раздут|разнес|вздул|перекоси|иси[пкн]|домби|swollen|swell|puffed|puffy)"
    ),
    "fever": re.compile(
        r"\b(?:температур|жар\b|лихорад|кизу|истигим|fever|high temperature|temperature|3[89](?:[.,]\d)?\b(?! ?(?:т|000|тг|тенге|к\b|лет|разм|%))|40(?:[.,]\d)\b)"
    ),
}
"""By which words symptoms are told that are worse together."""
_SPARED = re.compile(
    r"(?:\b(?:нет|без|не|no|not|without)\s+(?:\w+\s+)?|\bесли\s+(?:\w+\s+){0,3}|\bif\s+(?:\w+\s+){0,3})(?:температур|отек|опух|fever|swell|swollen|temperature)\w*|"
    r"(?:температур|отек|кизу|fever)\w*\s+(?:нет|жок|спал\w*|прошл\w*)\b"
)
"""What is denied, or only thought of."""


def symptoms(text: str) -> frozenset[str]:
    """The symptoms that a text tells of."""
    plain = _SPARED.sub(" ", fold(clean(text).lower()))
    return frozenset(name for name, told in _SYMPTOMS.items() if told.search(plain))


_SERIOUS, _WORSE = _pattern(), _pattern(_DAMAGE)


_FRAIL = re.compile(
    r"\b(?:(?:мам|пап|бабушк|бабул|дедушк|муж|жен|отец|отц|мать|матер|свекров|тещ|сестр|брат|сын|доч|апа|апам\w*|аже|ата|куйеу|ана)\w*|mother|mum|mom|"
    r"grand\w+|father|dad|husband|wife)\b"
)
_AT_HOME = re.compile(
    r"\bпосле операци\w*|\bлежач\w*|\bне (?:встает|ходит|выходит)\w*|\bна костылях|\bс? ?переломом?\b|\bинвалид\w*|\bтосек тарт\w*|\bжата беред\w*|"
    r"\bbedridden\b|\bafter (?:an? |the )?(?:operation|surgery)\b|\bin a wheelchair\b"
)


def is_frail(text: str) -> bool:
    """Does a text only tell of somebody of the writer's own who cannot leave home? That asks for no advice."""
    plain = fold(clean(text).lower())
    return (
        _FRAIL.search(plain) is not None
        and _AT_HOME.search(plain) is not None
        and _SERIOUS.search(_AT_HOME.sub(" ", plain)) is None
    )


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


_PRAISE = re.compile(
    fold(
        r"\bдовол(?:ен|ьна|ьны)\b|\bв восторге\b|\bбомба\b|\bогонь\b|\b(?:супер|класс)\w*|\b(?:очень )?(?:красив|шикарн|прекрасн|отличн|замечательн|потрясающ|великолепн)\w*|"
        r"\bпонравил\w*|\bлучши[ейх]\b|\b(?:рекоменд|советов|хвал)\w*|золотые руки|как нов\w+|\bтолько к вам\b|\bриза\b|\bкеремет\w*|\bәдемі\w*|\bұнады\b|алтын екен|"
        r"тек сіздер\w*|\blove[sd]?\b|\bamazing\b|\bgorgeous\b|\bbeautiful\b|\bperfect\w*|\bgreat\b|\bhappy with\b|\bbest\b|\blike new\b"
    )
)
_THANKS = re.compile(fold(r"\bспас\w*|\bблагодар\w*|\bр[ақх]+мет\w*|\bпасиб\w*|\bthank\w*|\bthx\b|\bмолодцы\b"))
_UNLESS = re.compile(
    fold(
        r"\bне\b|\bнет\b|\bно\b|\bоднако\b|\bтолько вот\b|\bнедовол|\bбірақ\b|\bбирак\b|\bемес\b|\bжоқ\b|\w(?:ма|ме|ба|бе|па|пе)(?:ды|ді|йды|йді)\b|"
        r"\bbut\b|\bnot?\b|n't\b|\bnothing\b|называется|сарказм|"
        r"выпа[лд]|отвал|отпа[лд]|ждал|прожда|просидел|впустую|\bгре[ею]т|погас|слома|\bснова\b|\bопять\b|\bagain\b|waited|\d"
    )
)


def praises(text: str) -> bool:
    """Does a text thank, and praise what was done, without an if or a but?"""
    plain = fold(clean(text).lower())
    told = _THANKS.search(plain) is not None and _PRAISE.search(plain) is not None
    return told and _UNLESS.search(plain) is None and not is_serious(text)
