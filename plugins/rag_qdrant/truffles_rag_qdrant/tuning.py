"""How sure the passages of an embedding model are, measured against what is right, and fitted to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from truffles_gateway.errors import ConfigError
from truffles_gateway.messages import Passage
from truffles_gateway.plugin import Bin, Calibrated, Labelled
from truffles_rag_qdrant.confidence import LOCAL, Calibration, calibration
from truffles_rag_qdrant.engine import Engine
from truffles_rag_qdrant.evaluate import own_questions
from truffles_rag_qdrant.facts import PACK

EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.85, 1.0)
LEAST_QUESTIONS, LEAST_KNOWN = 60, 40
FOLDS = 5
TOP = 5
Floats = npt.NDArray[np.float64]
Tell = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """A candidate for question number `question`: how it fits, and whether it answers it."""

    question: int
    features: Sequence[float]
    right: bool


def fit(
    rows: Floats, labels: Floats, *, ridge: float = 0.2, steps: int = 60, prior: Calibration | None = None
) -> tuple[Floats, float]:  # fmt: skip
    """Logistic regression by Newton's method, with a little ridge on all but the bias: towards `prior`, else towards 0. A
    step that would go too far is halved until it leads down."""
    design = np.hstack([rows, np.ones((len(rows), 1))])
    penalty = np.diag([ridge] * rows.shape[1] + [1e-6])
    middle = np.array([*prior.weights, prior.bias] if prior else [0.0] * design.shape[1])

    def cost(weights: Floats) -> float:
        score, away = design @ weights, weights - middle
        return float(np.logaddexp(0, score).sum() - labels @ score + away @ penalty @ away / 2)

    weights = np.zeros(design.shape[1])
    for _ in range(steps):
        guess = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (guess - labels) + penalty @ (weights - middle)
        curve = (design * (guess * (1 - guess))[:, None]).T @ design + penalty
        step = np.linalg.solve(curve, slope)
        while cost(weights - step) > cost(weights) + 1e-9 and np.abs(step).max() > 1e-9:
            step /= 2
        weights = weights - step
    return weights[:-1], float(weights[-1])


async def calibrated(
    engine: Engine, model: str, questions: Sequence[Labelled], tell: Tell, *, own: bool
) -> tuple[Calibration, Calibrated]:  # fmt: skip
    """The calibration that these questions give, and how good it is. Raises `ConfigError` where they are too few."""
    samples = await _samples(engine, questions, tell)
    samples += await _own_samples(engine, len(questions), tell) if own else []
    asked, known = len({each.question for each in samples}), len({each.question for each in samples if each.right})
    if asked < LEAST_QUESTIONS or known < LEAST_KNOWN:
        raise ConfigError(
            f"{asked} questions found candidates, {known} of them a right one: too few to measure {model}",
            where="calibration", cure=f"Give {LEAST_QUESTIONS} questions whose facts the knowledge holds for "
            f"{LEAST_KNOWN} at least: more batteries, or --files for the questions that come with the plugin",
        )  # fmt: skip
    prior = calibration(LOCAL, worded=engine.worded)
    features, labels = _arrays(samples)
    rows = prior.inputs(features)
    new = _fitted(rows, labels, prior)
    was = np.array(engine.calibration.confidences(features))
    now = _unseen(samples, rows, labels, prior)
    result = Calibrated(
        model=model, questions=asked, known=known, before=bins(was, labels), after=bins(now, labels),
        loss=(_loss(was, labels), _loss(now, labels)), recall=await recall(engine, questions, tell),
    )  # fmt: skip
    return new, result


async def _samples(engine: Engine, questions: Sequence[Labelled], tell: Tell) -> list[Sample]:
    result = []
    for number, asked in enumerate(questions):
        tell(number, len(questions), "asking")
        for chunk, features in await engine.candidates(asked.question, asked.tag):
            if chunk.source == PACK or not asked.facts:  # whether a file says the same is not known
                result.append(Sample(number, features, is_right(chunk.id, asked)))
    return result


async def _own_samples(engine: Engine, first: int, tell: Tell) -> list[Sample]:
    cases, by_tenant = await own_questions(engine.embedder)
    result = []
    for number, case in enumerate(cases):
        tell(number, len(cases), "asking the plugin's own")
        for chunk, features in await by_tenant[case.tenant].candidates(case.question):
            result.append(Sample(first + number, features, case.right(chunk.text)))
    return result


def is_right(id: str, asked: Labelled) -> bool:
    """Is it one of the facts asked for, or a part of one?"""
    return any(id == f"{PACK}:{fact}" or id.startswith(f"{PACK}:{fact}.") for fact in asked.facts)


async def recall(engine: Engine, questions: Sequence[Labelled], tell: Tell) -> dict[str, tuple[int, int]]:
    """By language, how many facts were among the best five for a part of the message, and how many were asked for."""
    found, wanted = Counter[str](), Counter[str]()
    for number, asked in enumerate(questions):
        tell(number, len(questions), "measuring recall")
        best = top(await engine.find(asked.question, asked.tag, TOP))
        for fact in asked.facts:
            one = Labelled(question=asked.question, facts=(fact,))
            wanted[asked.language] += 1
            found[asked.language] += any(is_right(each.id, one) for each in best)
    return {language: (found[language], count) for language, count in wanted.items()}


def top(passages: Iterable[Passage]) -> list[Passage]:
    """The best five of each part of the message."""
    places = Counter[str]()
    result = []
    for passage in passages:
        places[passage.query] += 1
        if places[passage.query] <= TOP:
            result.append(passage)
    return result


def _arrays(samples: Sequence[Sample]) -> tuple[Floats, Floats]:
    return np.array([each.features for each in samples]), np.array([float(each.right) for each in samples])


def _fitted(rows: Floats, labels: Floats, prior: Calibration) -> Calibration:
    """Drawn to what the local model has: a few hundred candidates do not tell ten coefficients alone."""
    weights, bias = fit(rows, labels, ridge=1.0, prior=prior)
    measured = tuple(round(float(weight), 4) for weight in weights)
    return Calibration(measured, round(bias, 4), trees=prior.trees)


def _unseen(samples: Sequence[Sample], rows: Floats, labels: Floats, prior: Calibration) -> Floats:
    """How sure each candidate is by what the questions of the other folds give."""
    fold = np.array([each.question % FOLDS for each in samples])
    result = np.zeros(len(samples))
    for number in range(FOLDS):
        new = _fitted(rows[fold != number], labels[fold != number], prior)
        result[fold == number] = new.shares(rows[fold == number])
    return result


def bins(sure: Floats, right: Floats) -> tuple[Bin, ...]:
    """The reliability of confidences: what is said to be 70 % sure should be right in 70 %."""
    at = np.clip(np.digitize(sure, EDGES) - 1, 0, len(EDGES) - 2)
    return tuple(
        Bin(least=EDGES[number], most=EDGES[number + 1], count=int((at == number).sum()),
            sure=float(sure[at == number].mean()), right=float(right[at == number].mean()))
        for number in range(len(EDGES) - 1) if (at == number).any()
    )  # fmt: skip


def _loss(sure: Floats, right: Floats) -> float:
    safe = np.clip(sure, 1e-6, 1 - 1e-6)
    return float(-(right * np.log(safe) + (1 - right) * np.log(1 - safe)).mean())
