"""What a manager's reply teaches: the question as it was meant, the answer without courtesies. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from truffles_learning.words import clauses, content, holds, is_empty, joined, listed, sentences, tokens

NOTE = "//"


def real_question(text: str) -> str:
    """What the customer wanted to know, "" if that was a human, or something of theirs alone ("вы меня записали?")."""
    if set(tokens(text)) <= listed("media") or holds("personal", text):
        return ""
    kept = [part for each in sentences(text) if (part := _without_courtesies(each))]
    question = joined(kept)
    return question if content(question) else ""


def last_question(called_for: str, earlier: Sequence[str]) -> str:
    """The last real question of a customer: of what they wrote, the newest last, or what a human was called for, if that
    is it, or holds it beside others of the same message."""
    whole = real_question(called_for)
    last = next(filter(None, map(real_question, reversed(earlier))), "")
    return last if last and last not in whole else whole


def _without_courtesies(sentence: str) -> str:
    said = [clause for clause in clauses(sentence) if not is_empty(clause, "hollow")]
    words = joined([clause for clause in said if not holds("wishes", clause)])
    only_wish = len(content(words)) < 2 and holds("wishes", joined(said))  # "позовите, пожалуйста, менеджера"
    return "" if only_wish else words


def useful_answer(text: str) -> str:
    """The sentences of a manager's words that answer something, "" if none does.

    Courtesies, questions back and what was only put off ("уточню и напишу") are left out; a private note is none at all.
    """
    if text.lstrip().startswith(NOTE):
        return ""
    return joined([each for each in sentences(text) if _answers(each)])


def _answers(sentence: str) -> bool:
    return not (is_empty(sentence) or sentence.endswith("?") or holds("placeholders", sentence))


def merged(old: str, new: str, most: int) -> str:
    """Both answers, each sentence once, `most` characters at most: a sentence that no longer fits is left out."""
    result: list[str] = []
    for sentence in (*sentences(old), *sentences(new)):
        if not any(tokens(sentence) == tokens(each) for each in result) and len(joined([*result, sentence])) <= most:
            result.append(sentence)
    return joined(result) or new[:most]


def likeness(left: str, right: str) -> float:
    """How alike two questions are, 0..1, whatever the order of their words."""
    one, other = (sorted(set(content(text) or tokens(text))) for text in (left, right))
    straight = SequenceMatcher(None, " ".join(tokens(left)), " ".join(tokens(right)), autojunk=False).ratio()
    return max(straight, SequenceMatcher(None, " ".join(one), " ".join(other), autojunk=False).ratio())
