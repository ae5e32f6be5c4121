"""English sentences with their one French translation: agreement, verb forms, word order, elision, contraction.

What is held out are the pairs of a noun with its adjective, of a subject with its verb and of a verb with its object.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import french
from .french import Adjective, Noun, Verb
from .grammar import TEST_SIZE, Draw, Example, NoneLeftError, Split, examples

TENSES = ("present", "past", "future")
HAVE = ("ai", "a", "avons", "avez", "ont")
PRONOUNS = (
    ("I", "je", 0),
    ("he", "il", 1),
    ("she", "elle", 1),
    ("we", "nous", 2),
    ("you", "vous", 3),
    ("they", "ils", 4),
)
OBJECTS = (("me", "me"), ("us", "nous"), ("them", "les"), ("you", "vous"))
OWNERS = (
    ("my", ("mon", "ma", "mes")),
    ("your", ("votre", "votre", "vos")),
    ("our", ("notre", "notre", "nos")),
    ("their", ("leur", "leur", "leurs")),
)
NUMBERS = (("two", "deux"), ("three", "trois"), ("four", "quatre"), ("six", "six"))
ELISION = re.compile(r"\b(le|la|de|ne|que|je|me) (?=[aeiouéèêàâîôûh])", re.IGNORECASE)
UNCOUNTED = re.compile(r"\bpas (?:\w+ )?de souris\b")
"""Where no word around it shows the number of the one noun whose plural is its singular: a mouse, or some mice?"""
CONTRACTION = ((re.compile(r"\bde le\b"), "du"), (re.compile(r"\bde les\b"), "des"))


@dataclass(frozen=True)
class Phrase:
    """A piece of a sentence in both languages, with what the verb must know of it."""

    english: str
    french: str
    plural: bool
    gender: str
    bare: str = ""
    """The French without its article, where the article is indefinite."""

    def denied(self) -> str:
        """The French as the object of a negated verb: pas de livre."""
        return f"de {self.bare}" if self.bare else self.french


def starts_with_vowel(word: str) -> bool:
    """Whether the words before it lose their last letter. Every h of this world is mute."""
    return word[0].lower() in "aeiouéèêàâîôûh"


def elide(text: str) -> str:
    """French words in a row, joined as they are written: l'hôtel, du roi."""
    joined = ELISION.sub(lambda match: match.group(1)[:-1] + "'", text)
    for pattern, written in CONTRACTION:
        joined = pattern.sub(written, joined)
    return joined


def agree(adjective: Adjective, gender: str, plural: bool, following: str = "") -> str:
    """The adjective's form beside a noun."""
    if adjective.liaison and gender == "m" and not plural and following and starts_with_vowel(following):
        return adjective.liaison
    return adjective.forms[2 * plural + (gender == "f")]


def noun_phrase(draw: Draw, noun: Noun, owned: bool = True) -> Phrase:
    """A noun with its determiner and sometimes an adjective."""
    plural = draw.maybe(0.35)
    adjective = _adjective(draw, noun) if draw.maybe(0.55) else None
    head = noun.french_plural if plural else noun.french
    words = [head]
    if adjective:
        form = agree(adjective, noun.gender, plural, head)
        words = [form, head] if adjective.before else [head, form]
    english = noun.english_plural if plural else noun.english
    if adjective:
        english = f"{adjective.english} {english}"
    determiner, article = _determiner(draw, noun, plural, (words[0], english), bool(adjective and adjective.before))
    bare = " ".join(words)
    indefinite = determiner in ("a", "an", "some")
    phrase = Phrase(f"{determiner} {english}", f"{article} {bare}", plural, noun.gender, bare * indefinite)
    if not owned or noun.kind != "thing" or draw.maybe(0.7):
        return phrase
    owner = noun_phrase(draw, draw.one(french.PERSONS), owned=False)
    if not owner.english.startswith("the "):
        return phrase
    owned_by = f" de {owner.french}"
    return Phrase(
        f"{phrase.english} of {owner.english}",
        phrase.french + owned_by,
        plural,
        noun.gender,
        phrase.bare and phrase.bare + owned_by,
    )


def _adjective(draw: Draw, noun: Noun, but_not: str = "") -> Adjective:
    fitting = [word for word in french.ADJECTIVES if noun.kind in word.kinds and word.english not in but_not.split()]
    return draw.together(
        lambda: draw.one(fitting), lambda word: ("translation", "adjective", noun.english, word.english)
    )


def _determiner(draw: Draw, noun: Noun, plural: bool, following: tuple[str, str], before: bool) -> tuple[str, str]:
    feminine = noun.gender == "f"
    vowel = starts_with_vowel(following[0])
    kind = draw.weighted(((4, "the"), (2, "a"), (2, "owner"), (1, "this"), (1, "number" if plural else "each")))
    if kind == "the":
        return "the", "les" if plural else ("la" if feminine else "le")
    if kind == "a" and plural:
        return "some", "de" if before else "des"
    if kind == "a":
        return "an" if following[1][0] in "aeiouEI" else "a", "une" if feminine else "un"
    if kind == "owner":
        word, forms = draw.one(OWNERS)
        return word, forms[2] if plural else forms[feminine and not (vowel and word == "my")]
    if kind == "this":
        return ("these", "ces") if plural else ("this", "cette" if feminine else "cet" if vowel else "ce")
    return draw.one(NUMBERS) if kind == "number" else ("each", "chaque")


def _verb(draw: Draw, subject: str) -> Verb:
    """A verb for a subject. Pronouns go with all of them, or some forms would never be seen: who could guess them?"""
    if subject in (english for english, _, _ in PRONOUNS):
        return draw.one(french.VERBS)
    return draw.together(lambda: draw.one(french.VERBS), lambda verb: ("translation", "subject", subject, verb.english))


def _subject(draw: Draw) -> tuple[str, Phrase, int]:
    """Its dictionary word, its phrase and the verb form that it wants."""
    if draw.maybe(0.3):
        english, word, person = draw.one(PRONOUNS)
        return english, Phrase(english, word, person in (2, 3, 4), "f" if english == "she" else "m"), person
    noun = draw.one(french.BEINGS)
    phrase = noun_phrase(draw, noun)
    return noun.english, phrase, 4 if phrase.plural else 1


def predicate(verb: Verb, tense: str, person: int, negated: bool, clitic: str = "") -> str:
    """The French verb with its negation and the pronoun before it."""
    if tense == "past":
        finite, rest = HAVE[person], " " + verb.participle
    else:
        finite = verb.present[person] if tense == "present" else verb.stem + french.PLURAL_ENDINGS[person]
        rest = ""
    core = f"{clitic} {finite}".strip()
    return f"ne {core} pas{rest}" if negated else f"{core}{rest}"


def english_predicate(verb: Verb, tense: str, person: int, negated: bool) -> str:
    """The English verb with its negation."""
    third = person == 1
    if negated:
        return (
            {"present": "does not" if third else "do not", "past": "did not", "future": "will not"}[tense]
            + " "
            + verb.english
        )
    return {"present": verb.third if third else verb.english, "past": verb.past, "future": f"will {verb.english}"}[
        tense
    ]


def _clause(draw: Draw, question: bool) -> tuple[str, str, str]:
    """A subject, a verb and an object: English, French and the tense."""
    tense = draw.one(TENSES)
    head, subject, person = _subject(draw)
    verb = _verb(draw, head)
    negated = draw.maybe(0.25)
    helper = {"present": "does" if person == 1 else "do", "past": "did", "future": "will"}[tense]
    english_verb = ("not " * negated + verb.english) if question else english_predicate(verb, tense, person, negated)
    if draw.maybe(0.2) and tense != "past" and not verb.of_things:
        target, clitic = draw.one([pair for pair in OBJECTS if pair[1] != subject.french and head + pair[0] != "Ime"])
        french_clause = f"{subject.french} {predicate(verb, tense, person, negated, clitic)}"
    else:
        noun = draw.together(
            lambda: draw.one(french.THINGS if verb.of_things else french.NOUNS),
            lambda noun: ("translation", "object", verb.english, noun.english),
        )
        phrase = noun_phrase(draw, noun)
        target = phrase.english
        spoken = phrase.denied() if negated else phrase.french
        french_clause = f"{subject.french} {predicate(verb, tense, person, negated)} {spoken}"
    english = f"{subject.english} {english_verb} {target}"
    if question:
        return f"{helper} {english}", f"est-ce que {french_clause}", tense
    return english, french_clause, tense


def _statement(draw: Draw) -> tuple[str, str, str]:
    english, translated, tense = _clause(draw, False)
    english, translated = _adverb(draw, english, translated, tense)
    return english + ".", translated + ".", "statement"


def _question(draw: Draw) -> tuple[str, str, str]:
    english, translated, tense = _clause(draw, True)
    english, translated = _adverb(draw, english, translated, tense)
    return english + "?", translated + " ?", "question"


def _adverb(draw: Draw, english: str, translated: str, tense: str) -> tuple[str, str]:
    if draw.maybe(0.35):
        place = draw.one(french.PLACES)
        english, translated = f"{english} {place[0]}", f"{translated} {place[1]}"
    if draw.maybe(0.3):
        time = draw.one(french.TIMES[tense])
        english, translated = f"{english} {time[0]}", f"{translated} {time[1]}"
    return english, translated


def _description(draw: Draw) -> tuple[str, str, str]:
    noun = draw.one(french.NOUNS)
    phrase = noun_phrase(draw, noun)
    adjective = _adjective(draw, noun, but_not=phrase.english)
    past, negated = draw.maybe(0.4), draw.maybe(0.3)
    verb = ("were" if phrase.plural else "was") if past else ("are" if phrase.plural else "is")
    est = ("étaient" if phrase.plural else "était") if past else ("sont" if phrase.plural else "est")
    form = agree(adjective, phrase.gender, phrase.plural)
    english = f"{phrase.english} {verb} {'not ' * negated}{adjective.english}"
    translated = f"{phrase.french} " + (f"ne {est} pas {form}" if negated else f"{est} {form}")
    if draw.maybe(0.4):
        other = noun_phrase(draw, draw.one(french.NOUNS), owned=False)
        english = f"{phrase.english} {verb} {'not ' * negated}as {adjective.english} as {other.english}"
        translated = f"{phrase.french} " + (f"ne {est} pas" if negated else est) + f" aussi {form} que {other.french}"
    return english + ".", translated + ".", "description"


def _relative(draw: Draw) -> tuple[str, str, str]:
    noun = draw.one(french.BEINGS)
    phrase = noun_phrase(draw, noun, owned=False)
    person = 4 if phrase.plural else 1
    inner, outer = _verb(draw, noun.english), _verb(draw, noun.english)
    targets = [
        noun_phrase(
            draw,
            draw.together(
                lambda: draw.one(french.THINGS),
                lambda noun, verb=verb: ("translation", "object", verb.english, noun.english),  # type: ignore[misc]
            ),
            owned=False,
        )
        for verb in (inner, outer)
    ]
    tenses = draw.one(TENSES), draw.one(TENSES)
    english = (
        f"{phrase.english} who {english_predicate(inner, tenses[0], person, False)} {targets[0].english} "
        f"{english_predicate(outer, tenses[1], person, False)} {targets[1].english}"
    )
    translated = (
        f"{phrase.french} qui {predicate(inner, tenses[0], person, False)} {targets[0].french} "
        f"{predicate(outer, tenses[1], person, False)} {targets[1].french}"
    )
    return english + ".", translated + ".", "relative"


def _sentence(draw: Draw) -> tuple[str, str, str]:
    form = draw.weighted(((4.0, _statement), (2.0, _question), (2.0, _description), (1.5, _relative)))
    english, translated, kind = form(draw)
    translated = elide(translated)
    return english[0].upper() + english[1:], translated[0].upper() + translated[1:], kind


def pairs(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Example]:
    """English sentences with their translation."""
    return examples(_sentence, split, count, seed)


def _from_french(draw: Draw) -> tuple[str, str, str]:
    english, translated, kind = _sentence(draw)
    if UNCOUNTED.search(translated):
        raise NoneLeftError("the French has two translations")
    return translated, english, kind


def pairs_from_french(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Example]:
    """French sentences with their one English translation: the same sentences, in the same splits."""
    return examples(_from_french, split, count, seed)
