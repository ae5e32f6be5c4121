"""One meaning in three languages: each sentence of one has exactly one translation into each other.

What is held out are the pairs of a noun with its adjective, of a subject with its verb and of a verb with its object,
in whatever language they are said.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from . import french, spanish
from .french import Adjective, Noun, Verb
from .grammar import TEST_SIZE, Draw, Example, Split, examples
from .translations import TENSES, agree, elide, english_predicate, predicate, starts_with_vowel

VERBS = [verb for verb in french.VERBS if verb.english in spanish.VERBS]
DETERMINERS = {
    # English for one and several; French m, before a vowel, f, before a vowel, several; Spanish m, f, ms, fs.
    "the": (("the", "the"), ("le", "le", "la", "la", "les"), ("el", "la", "los", "las")),
    "a": (("a", "some"), ("un", "un", "une", "une", "des"), ("un", "una", "unos", "unas")),
    "this": (("this", "these"), ("ce", "cet", "cette", "cette", "ces"), ("este", "esta", "estos", "estas")),
    "my": (("my", "my"), ("mon", "mon", "ma", "mon", "mes"), ("mi", "mi", "mis", "mis")),
    "our": (("our", "our"), ("notre",) * 4 + ("nos",), ("nuestro", "nuestra", "nuestros", "nuestras")),
    "their": (("their", "their"), ("leur",) * 4 + ("leurs",), ("su", "su", "sus", "sus")),
    "two": (("", "two"), ("",) * 4 + ("deux",), ("", "", "dos", "dos")),
    "three": (("", "three"), ("",) * 4 + ("trois",), ("", "", "tres", "tres")),
}
CONTRACTION = re.compile(r"\ba el\b")


@dataclass(frozen=True)
class Thing:
    """One or several of something."""

    determiner: str
    noun: Noun
    adjective: Adjective | None
    plural: bool


@dataclass(frozen=True)
class Deed:
    """What someone does to something, or does not."""

    verb: Verb
    tense: str
    negated: bool
    target: Thing


@dataclass(frozen=True)
class Quality:
    """What something is, or is not."""

    adjective: Adjective
    past: bool
    negated: bool


@dataclass(frozen=True)
class Meaning:
    """A sentence in no language."""

    subject: Thing
    who: Deed | None
    clause: Deed | Quality
    place: str
    time: str


def english_thing(thing: Thing) -> str:
    """A noun with what stands before it."""
    noun = thing.noun.english_plural if thing.plural else thing.noun.english
    words = f"{thing.adjective.english} {noun}" if thing.adjective else noun
    determiner = DETERMINERS[thing.determiner][0][thing.plural]
    return f"{'an' if determiner == 'a' and words[0].lower() in 'aeiou' else determiner} {words}"


def french_thing(thing: Thing) -> str:
    """A noun with its article and its adjective on the right side."""
    noun = thing.noun.french_plural if thing.plural else thing.noun.french
    words, before = noun, False
    if thing.adjective:
        form, before = agree(thing.adjective, thing.noun.gender, thing.plural, noun), thing.adjective.before
        words = f"{form} {noun}" if before else f"{noun} {form}"
    forms = DETERMINERS[thing.determiner][1]
    if thing.plural:
        return f"{'de' if thing.determiner == 'a' and before else forms[4]} {words}"
    return f"{forms[2 * (thing.noun.gender == 'f') + starts_with_vowel(words)]} {words}"


def spanish_thing(thing: Thing) -> str:
    """A noun between its article and its adjective."""
    noun = spanish.NOUNS[thing.noun.english]
    form = 2 * thing.plural + (noun.gender == "f")
    words = [DETERMINERS[thing.determiner][2][form], noun.plural if thing.plural else noun.singular]
    if thing.adjective:
        words.append(spanish.ADJECTIVES[thing.adjective.english][form])
    return " ".join(words)


def english_clause(clause: Deed | Quality, subject: Thing) -> str:
    """What follows the subject."""
    if isinstance(clause, Deed):
        verb = english_predicate(clause.verb, clause.tense, 4 if subject.plural else 1, clause.negated)
        return f"{verb} {english_thing(clause.target)}"
    verb = ("were" if subject.plural else "was") if clause.past else ("are" if subject.plural else "is")
    return f"{verb} {'not ' * clause.negated}{clause.adjective.english}"


def french_clause(clause: Deed | Quality, subject: Thing) -> str:
    """What follows the subject."""
    if isinstance(clause, Deed):
        verb = predicate(clause.verb, clause.tense, 4 if subject.plural else 1, clause.negated)
        return f"{verb} {french_thing(clause.target)}"
    verb = ("étaient" if subject.plural else "était") if clause.past else ("sont" if subject.plural else "est")
    form = agree(clause.adjective, subject.noun.gender, subject.plural)
    return f"ne {verb} pas {form}" if clause.negated else f"{verb} {form}"


def spanish_clause(clause: Deed | Quality, subject: Thing) -> str:
    """What follows the subject. Persons are objects with an "a" before them."""
    negation = "no " * clause.negated
    if isinstance(clause, Deed):
        verb = spanish.VERBS[clause.verb.english]
        forms = {"present": verb.present, "past": verb.past}.get(clause.tense)
        word = forms[subject.plural] if forms else verb.stem + spanish.FUTURE[subject.plural]
        target = "a " * (clause.target.noun.kind == "person") + spanish_thing(clause.target)
        return CONTRACTION.sub("al", f"{negation}{word} {target}")
    verb_forms = ("era", "eran") if clause.past else ("es", "son")
    feminine = spanish.NOUNS[subject.noun.english].gender == "f"
    form = spanish.ADJECTIVES[clause.adjective.english][2 * subject.plural + feminine]
    return f"{negation}{verb_forms[subject.plural]} {form}"


def _english(meaning: Meaning) -> str:
    who = f" who {english_clause(meaning.who, meaning.subject)}" if meaning.who else ""
    return f"{english_thing(meaning.subject)}{who} {english_clause(meaning.clause, meaning.subject)}"


def _french(meaning: Meaning) -> str:
    who = f" qui {french_clause(meaning.who, meaning.subject)}" if meaning.who else ""
    return f"{french_thing(meaning.subject)}{who} {french_clause(meaning.clause, meaning.subject)}"


def _spanish(meaning: Meaning) -> str:
    who = f" que {spanish_clause(meaning.who, meaning.subject)}" if meaning.who else ""
    return f"{spanish_thing(meaning.subject)}{who} {spanish_clause(meaning.clause, meaning.subject)}"


_FRENCH_ADVERBS = dict(french.PLACES) | {english: word for times in french.TIMES.values() for english, word in times}
_SPANISH_ADVERBS = spanish.PLACES | spanish.TIMES
LANGUAGES: dict[str, tuple[Callable[[Meaning], str], dict[str, str]]] = {
    "eng_Latn": (_english, {}),
    "fra_Latn": (_french, _FRENCH_ADVERBS),
    "spa_Latn": (_spanish, _SPANISH_ADVERBS),
}
"""By NLLB's codes: how a clause is said, and the adverbs by their English."""


def say(meaning: Meaning, language: str) -> str:
    """The meaning as a sentence."""
    clause, adverbs = LANGUAGES[language]
    words = [clause(meaning), *(adverbs.get(word, word) for word in (meaning.place, meaning.time) if word)]
    sentence = " ".join(words)
    if language == "fra_Latn":
        sentence = elide(sentence)
    return sentence[0].upper() + sentence[1:] + "."


def _adjective(draw: Draw, noun: Noun, but_not: Adjective | None = None) -> Adjective:
    fitting = [word for word in french.ADJECTIVES if noun.kind in word.kinds and word != but_not]
    return draw.together(
        lambda: draw.one(fitting), lambda word: ("multilingual", "adjective", noun.english, word.english)
    )


def _thing(draw: Draw, noun: Noun) -> Thing:
    plural = draw.maybe(0.4)
    determiner = draw.weighted(
        ((4, "the"), (2, "a"), (1, "this"), (1, "my"), (1, "our"), (1, "their"))
        + (((1, "two"), (1, "three")) if plural else ())
    )
    return Thing(determiner, noun, _adjective(draw, noun) if draw.maybe(0.55) else None, plural)


def _deed(draw: Draw, subject: Noun, tense: str, negated: bool) -> Deed:
    verb = draw.together(
        lambda: draw.one(VERBS), lambda verb: ("multilingual", "subject", subject.english, verb.english)
    )
    noun = draw.together(
        lambda: draw.one(french.THINGS if verb.of_things else french.NOUNS),
        lambda noun: ("multilingual", "object", verb.english, noun.english),
    )
    target = _thing(draw, noun)
    if negated and target.determiner == "a":
        target = Thing("the", target.noun, target.adjective, target.plural)  # "pas de" would hide how many.
    return Deed(verb, tense, negated, target)


def draw_meaning(draw: Draw) -> Meaning:
    """Something to say."""
    if draw.maybe(0.25):
        subject = _thing(draw, draw.one(french.NOUNS))
        adjective = _adjective(draw, subject.noun, subject.adjective)
        return Meaning(subject, None, Quality(adjective, draw.maybe(0.4), draw.maybe(0.3)), "", "")
    subject = _thing(draw, draw.one(french.BEINGS))
    who = _deed(draw, subject.noun, draw.one(TENSES), False) if draw.maybe(0.2) else None
    clause = _deed(draw, subject.noun, draw.one(TENSES), draw.maybe(0.25))
    place = draw.one(french.PLACES)[0] if draw.maybe(0.3) else ""
    time = draw.one(french.TIMES[clause.tense])[0] if draw.maybe(0.3) else ""
    return Meaning(subject, who, clause, place, time)


def _pair(draw: Draw) -> tuple[str, str, str]:
    source, target = draw.some(list(LANGUAGES), 2)
    meaning = draw_meaning(draw)
    return say(meaning, source), say(meaning, target), f"{source}-{target}"


def pairs(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Example]:
    """Sentences with a translation; the kind of an example is its two languages, "eng_Latn-fra_Latn"."""
    return examples(_pair, split, count, seed)
