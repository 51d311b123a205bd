"""Learn what messages want from the examples in `plugins/policy/intents`, and write `data/intents.npz`.

    pip install scikit-learn
    python scripts/train_intents.py            learn from all examples and write
    python scripts/train_intents.py --check    how well four fifths of the examples know the label of the last fifth

An example is a line of label, language and text, separated by tabs; `{thing}` stands for what a business sells.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from truffles_policy.intents.classifier import meaning
from truffles_policy.intents.features import SIZE, THING, features, root, words_of
from truffles_policy.lemmas import fold, normal

FOLDER = Path(__file__).parents[1] / "plugins" / "policy"
WRITTEN = FOLDER / "truffles_policy" / "data" / "intents.npz"
STRENGTH, MEANING = 30.0, 0.8
EVERYDAY_LABELS, EVERYDAY_TIMES = 6, 8
"""A word of so many labels and examples is one of everyday talk, and makes no thing another one."""
SAID_TIMES = 2
OF_THINGS = {"price", "duration", "offered", "stock", "warranty", "preparation", "aftercare"}
POLITE = {"greeting", "thanks", "acknowledge"}
NAMED = {
    "ru": ("маникюр", "чистка зубов", "замена экрана", "айфон 13", "стрижка", "букет роз", "пицца", "шиномонтаж", "абонемент",
           "платье", "массаж спины", "имплант", "окрашивание", "чехол", "наушники", "диагностика", "торт", "пломба"),
    "kk": ("маникюр", "тіс тазалау", "экран ауыстыру", "айфон 13", "шаш қию", "гүл шоғы", "пицца", "дөңгелек ауыстыру", "абонемент",
           "көйлек", "арқа массажы", "имплант", "шаш бояу", "чехол", "құлаққап", "диагностика", "торт", "пломба"),
    "en": ("manicure", "teeth cleaning", "screen replacement", "iphone 13", "haircut", "bunch of roses", "pizza", "tyre change",
           "membership", "dress", "back massage", "implant", "hair colouring", "phone case", "headphones", "diagnostics", "cake"),
}  # fmt: skip


def examples() -> list[tuple[str, str, str]]:
    """Label, language and text of all examples, each once."""
    lines = (line for path in paths() for line in path.read_text("utf-8").splitlines())
    rows = [tuple(line.split("\t")) for line in lines if line and not line.startswith("#")]
    return list(dict.fromkeys((label, language, text) for label, language, text in rows))


def paths() -> list[Path]:
    """The files of examples."""
    return sorted((FOLDER / "intents").glob("*.tsv"))


def digest() -> str:
    """Of what the weights were learnt from."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths())).hexdigest()


def design(rows: Sequence[tuple[str, str, str]]) -> Any:
    """One line an example: its features, each as strong as all of them are one, and its meaning."""
    from scipy.sparse import csr_matrix, hstack

    numbers, ends, values, meanings = [], [0], [], []
    for at, (_, language, text) in enumerate(rows):
        found = features(words_of(text))
        numbers += found
        values += [1 / np.sqrt(max(len(found), 1))] * len(found)
        ends.append(len(numbers))
        meanings.append(meaning(text.replace(THING, NAMED[language][at % len(NAMED[language])])))
    words = csr_matrix((np.array(values, np.float32), numbers, ends), shape=(len(rows), SIZE))
    return hstack([words, MEANING * np.vstack(meanings)]).tocsr()


def everyday(rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """Words that are said whatever one wants."""
    times: Counter[str] = Counter()
    labels: dict[str, set[str]] = defaultdict(set)
    for label, _, text in rows:
        for word in {fold(normal(word.strip("?!.,()"))) for word in text.split()}:
            times[word] += 1
            labels[word].add(label)
    wide = {word for word in times if times[word] >= EVERYDAY_TIMES and len(labels[word]) >= EVERYDAY_LABELS}
    polite = {word for word in times if times[word] > 1 and labels[word] & POLITE}
    return iter(wide | polite)


def vocabulary(rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """Words that are said with a label, by their roots; of things sold those that stand beside `THING`."""
    times: Counter[tuple[str, str]] = Counter()
    for label, _, text in rows:
        if label not in OF_THINGS or THING in text:
            times.update({(label, root(word)) for word in words_of(text) if word[0].isalpha()})
    return (f"{label} {word}" for (label, word), count in times.items() if count >= SAID_TIMES)


def learn(lines: Any, labels: Sequence[str]) -> Any:
    """The softmax."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=STRENGTH, max_iter=200).fit(lines, labels)


def write() -> None:
    """Learn from everything."""
    rows = examples()
    found = learn(design(rows), [label for label, _, _ in rows])
    weights = found.coef_.T.astype(np.float32)
    words, meant = weights[:SIZE], MEANING * weights[SIZE:]
    scale = np.abs(words).max(axis=0) / 127
    np.savez_compressed(
        WRITTEN, labels=found.classes_, words=np.round(words / scale).astype(np.int8), scale=scale,
        meaning=meant.astype(np.float16), bias=found.intercept_.astype(np.float32),
        everyday=np.array(sorted(everyday(rows))), vocabulary=np.array(sorted(vocabulary(rows))), digest=np.array(digest()),
    )  # fmt: skip
    sys.stdout.write(f"{len(rows)} examples, {len(found.classes_)} labels: {WRITTEN.stat().st_size // 1024} KB\n")


def check() -> None:
    """The share of right labels, by language, and what is taken for what."""
    from sklearn.model_selection import StratifiedKFold

    rows = examples()
    labels = np.array([label for label, _, _ in rows])
    lines, said = design(rows), np.empty_like(labels)
    for known, asked in StratifiedKFold(5, shuffle=True, random_state=1).split(lines, labels):
        said[asked] = learn(lines[known], labels[known]).predict(lines[asked])
    for language in NAMED:
        at = np.array([each == language for _, each, _ in rows])
        sys.stdout.write(f"{language}: {(said == labels)[at].mean():.3f} of {at.sum()}\n")
    for (label, other), count in Counter(zip(labels, said, strict=True)).most_common():
        if label != other and count >= 8:
            sys.stdout.write(f"{label} taken for {other}: {count}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--check", action="store_true", help="measure on examples that were kept aside, and write nothing"
    )
    check() if parser.parse_args().check else write()
