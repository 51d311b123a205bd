"""What customers, managers and owners read: one catalogue of texts by language and key.

Three layers, the strongest first: the tenant's `[texts.<language>]`, the plugins' catalogues, the host's files under
`catalogue/`. Every text is a template of `prompts`. A tenant's text that cannot be rendered is named by `check()`, and
at run time the text beneath it is used instead: a customer never waits because of a slip in a template.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import resources

from truffles_gateway.errors import ConfigError
from truffles_gateway.prompts import Prompts, variables

HOST_LANGUAGES = ("ru", "kk", "en")
_ONE_BRACE = re.compile(r"(?<!\{)\{\s*[^\W\d]\w*\s*\}(?!\})")

LanguageTexts = Mapping[str, Mapping[str, str]]
"""Texts by language, then by key."""


@lru_cache
def _file(language: str) -> Mapping[str, Mapping[str, object]]:
    """One file of the host's catalogue, read once a process."""
    text = resources.files("truffles_gateway").joinpath("catalogue", f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@lru_cache
def host_texts() -> LanguageTexts:
    """The host's own texts. Raises `ConfigError` when a language lacks a key that another has."""
    texts = {language: {k: str(v) for k, v in _file(language)["texts"].items()} for language in HOST_LANGUAGES}
    every = {key for of_language in texts.values() for key in of_language}
    for language, of_language in texts.items():
        if missing := sorted(every - of_language.keys()):
            raise ConfigError(f"lacks {', '.join(missing)}", where=f"catalogue.{language}", cure="Add the texts")
    return texts


@lru_cache
def host_words(table: str, name: str) -> tuple[str, ...]:
    """A list of words from all languages' files, for example `host_words("burst", "questions")`."""
    lists = (_file(language)[table][name] for language in HOST_LANGUAGES)
    return tuple(str(word) for words in lists if isinstance(words, list) for word in words)


@lru_cache
def _host_prompts(language: str) -> Prompts:
    return Prompts(host_texts()[language], where=f"catalogue.{language}")


@lru_cache
def _host_values() -> Mapping[str, frozenset[str]]:
    """The values that each of the host's texts may be given."""
    return _values(host_texts())


def _values(texts: LanguageTexts) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for of_language in texts.values():
        for key, source in of_language.items():
            found[key] = found.get(key, frozenset()) | variables(source)
    return found


class Catalogue:
    """The texts of one tenant. Fits the protocol `plugin.Texts`.

    `languages` are the tenant's, the first one being its fallback; `plugins` are the catalogues of the plugins that it
    uses (a later one wins); `tenant` is its own `[texts.<language>]`, as it was
    written: `check` names what is wrong with it.
    """

    def __init__(
        self,
        languages: Sequence[str] = HOST_LANGUAGES,
        *,
        plugins: Sequence[LanguageTexts] = (),
        tenant: Mapping[str, object] | None = None,
    ) -> None:
        self._languages = tuple(languages) or HOST_LANGUAGES
        self._plugins, self._tenant = tuple(plugins), tenant or {}
        self._layers = (
            _layer(self._tenant, "texts"),
            *(_layer(texts, "plugin texts") for texts in reversed(self._plugins)),
            {language: _host_prompts(language) for language in HOST_LANGUAGES},
        )

    def get(self, key: str, language: str, **values: object) -> str:
        """The text `key` in `language`, else in the tenant's first language, with `values` filled in.

        Values that the host's text knows and the caller leaves out are empty. Raises `ConfigError` only for a key that
        nobody defines, or a text of host or plugin that is broken: a test's business, never a tenant's.
        """
        given = {**dict.fromkeys(_host_values().get(key, ()), ""), **values}
        problem: ConfigError | None = None
        for prompts in self._candidates(key, language):
            try:
                return prompts.render(key, **given)
            except ConfigError as error:
                problem = error
        raise problem or ConfigError(f"no text {key!r}", where="texts", cure=self._nearest(key))

    def check(self) -> list[str]:
        """What is wrong with the tenant's own texts, one line each: key and cure."""
        return [*self._shape_problems(), *self._template_problems(), *self._missing()]

    def keys(self) -> frozenset[str]:
        """All keys that a tenant may override."""
        sources: tuple[LanguageTexts, ...] = (host_texts(), *self._plugins)
        return frozenset(key for texts in sources for of_language in texts.values() for key in of_language)

    def sources(self) -> Iterator[str]:
        """Every text of every layer, unfilled: all that can be said from here."""
        for texts in (host_texts(), *self._plugins, self._tenant):
            for of_language in texts.values():
                yield from (str(text) for text in of_language.values()) if isinstance(of_language, Mapping) else ()

    def _candidates(self, key: str, language: str) -> Iterator[Prompts]:
        for wanted in dict.fromkeys((language, *self._languages, *HOST_LANGUAGES)):
            for layer in self._layers:
                if wanted in layer and key in layer[wanted]:
                    yield layer[wanted]

    def _nearest(self, key: str) -> str:
        near = difflib.get_close_matches(key, sorted(self.keys()), n=1, cutoff=0.5)
        return f"Did you mean {near[0]!r}?" if near else "Known keys stand in the catalogue"

    def _shape_problems(self) -> Iterator[str]:
        for language, texts in self._tenant.items():
            if not isinstance(texts, Mapping):
                yield _problem("is not a table of texts", f"texts.{language}", 'Write key = "text" lines below it')
                continue
            for key, text in texts.items():
                if not isinstance(text, str):
                    yield _problem("is not a text", f"texts.{language}.{key}", "Put it in quotes")
                elif key not in self.keys():
                    yield _problem("unknown key", f"texts.{language}.{key}", self._nearest(key))

    def _template_problems(self) -> Iterator[str]:
        known = dict(_host_values())
        for texts in self._plugins:
            known |= {key: names | known.get(key, frozenset()) for key, names in _values(texts).items()}
        for prompts in self._layers[0].values():
            yield from prompts.check(known)
        for language, own in self._tenant.items():
            for key, text in own.items() if isinstance(own, Mapping) else ():
                if isinstance(text, str) and key in known:
                    yield from _said_as_it_stands(text, f"texts.{language}.{key}", known[key])

    def _missing(self) -> Iterator[str]:
        for language in sorted(set(self._languages) - set(HOST_LANGUAGES)):
            own = self._layers[0].get(language, ())
            if missing := sorted(key for key in host_texts()["ru"] if key not in own):
                names = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
                cure = f"Write them, or leave {language!r} out of the tenant's languages"
                yield _problem(f"lacks {len(missing)} texts ({names})", f"texts.{language}", cure)


def _layer(texts: Mapping[str, object], where: str) -> dict[str, Prompts]:
    """The usable texts of a layer; what is not a text is left to `check`."""
    return {
        language: Prompts({k: v for k, v in table.items() if isinstance(v, str)}, where=f"{where}.{language}")
        for language, table in texts.items()
        if isinstance(table, Mapping)
    }


def _said_as_it_stands(text: str, where: str, known: Collection[str]) -> Iterator[str]:
    """Names in the braces of other template languages: the customer would read them with the braces."""
    for found in dict.fromkeys(_ONE_BRACE.findall(text)):
        cure = f"Values of this text: {', '.join(f'{{{{ {name} }}}}' for name in sorted(known)) or 'none'}"
        yield _problem(f"{found} would be said as it stands: a value is written {{{{ name }}}}", where, cure)


def _problem(problem: str, where: str, cure: str) -> str:
    return str(ConfigError(problem, where=where, cure=cure))
