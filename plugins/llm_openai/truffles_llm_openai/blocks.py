"""What customers and files say, put into blocks that they cannot close. Pure.

The prompt says once that everything inside a block is data. A text that could end its block and go on as an
instruction would undo that, so no text keeps a bracket that opens a tag, nor a look-alike of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from truffles_gateway.messages import Author, Line

_UNSEEN = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f\ud800-\udfff]|[^\\S\n ]|[\0-\x08]"
)
_OPENING = re.compile(r"[<＜‹〈⟨](?=\s*[/\\!?]?\s*[a-zA-Z_])|«(?=\s*[/\\!?])")  # «iPhone» is a name in quotation marks
_OURS = re.compile(r"</?(?:sources?|dialogue|line|quoted|message|objections?)\b[^<>]*>", re.IGNORECASE)
_SPEAKER = {Author.CUSTOMER: "customer", Author.BOT: "assistant", Author.MANAGER: "manager", Author.SYSTEM: "system"}
_CUT = " … "


def data(text: str) -> str:
    """`text` without characters that nobody sees, and without brackets that could open or close a block."""
    return _OPENING.sub("(", _UNSEEN.sub(" ", text)).strip()


def block(name: str, text: str, **attributes: str) -> str:
    """`<name …>text</name>`; attributes are of our own making."""
    given = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{given}>\n{text}\n</{name}>"


def shows(text: str) -> bool:
    """Does a reply show a block? What stands in blocks is for the model; customers read sentences."""
    return _OURS.search(text) is not None


def cut(text: str, most: int) -> str:
    """`text` in at most `most` characters; of a longer one the beginning and the end, where questions stand."""
    if len(text) <= most:
        return text
    tail = most // 4
    return text[: most - tail - len(_CUT)] + _CUT + text[-tail:]


def message(text: str, quoted: str, most: int) -> str:
    """The customer's words, and what they quoted."""
    parts = [block("message", data(cut(text, most)))]
    if quoted.strip():
        parts.insert(0, block("quoted", data(cut(quoted, most // 4))))
    return "\n".join(parts)


def dialogue(history: Sequence[Line], lines: int, most: int) -> str:
    """The last `lines` of the dialogue, the newest `most` characters of it; "" if there is none."""
    latest = history[-lines:] if lines else ()
    shown = [block("line", data(cut(line.text, most // 2)), by=_SPEAKER[line.author]) for line in latest if line.text]
    kept = list(_fitting(reversed(shown), most))[::-1]
    return block("dialogue", "\n".join(kept)) if kept else ""


def sources(texts: Sequence[str], most: int) -> tuple[str, int]:
    """As many sources as fit, labelled p1, p2 …, and how many that are. The first is shown in any case."""
    shown = [block("source", data(cut(text, most)), id=f"p{number}") for number, text in enumerate(texts, start=1)]
    kept = list(_fitting(shown, most)) or shown[:1]
    return block("sources", "\n".join(kept)), len(kept)


def objections(texts: Sequence[str]) -> str:
    """What was objected to in an earlier draft; "" if nothing was."""
    shown = [block("objection", data(cut(text, 500))) for text in texts[:20]]
    return block("objections", "\n".join(shown)) if shown else ""


def _fitting(blocks: Iterable[str], most: int) -> Iterator[str]:
    for each in blocks:
        most -= len(each)
        if most < 0:
            return
        yield each
