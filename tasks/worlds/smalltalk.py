"""What people tell of themselves in small talk, how it is asked back, and how a reply is worded.

What is held out are the pairs of things that a talk brings together: one value with the next, an animal with its name,
a friend with a town.
"""

from __future__ import annotations

# ruff: noqa: SIM905 - word lists are easier to read unquoted
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .grammar import Draw

NAMES = "Anna Ben Clara David Emma Frank Grace Hugo Irene Jack Karl Lucy Mary Nick Olga Peter".split()
TOWNS = "Oslo Rome Paris London Berlin Madrid Vienna Prague Dublin Lisbon Athens Warsaw".split()
ANIMALS = {
    "dog": "chien",
    "cat": "chat",
    "horse": "cheval",
    "rabbit": "lapin",
    "parrot": "perroquet",
    "hamster": "hamster",
}
PETS = "Rex Bella Coco Max Luna Bruno Daisy Tiger Pablo Ruby Simba Toto".split()
JOBS = {
    "baker": "boulanger", "doctor": "docteur", "pilot": "pilote", "painter": "peintre", "teacher": "professeur",
    "gardener": "jardinier", "singer": "chanteur", "lawyer": "avocat", "butcher": "boucher", "sailor": "marin",
}  # fmt: skip
COLOURS = {
    "red": "rouge", "blue": "bleu", "green": "vert", "yellow": "jaune", "black": "noir", "white": "blanc",
    "purple": "violet", "pink": "rose", "grey": "gris", "brown": "marron",
}  # fmt: skip
FOODS = {
    "rice": "riz", "bread": "pain", "cheese": "fromage", "fish": "poisson", "honey": "miel", "cake": "gâteau",
    "chicken": "poulet", "butter": "beurre", "chocolate": "chocolat", "melon": "melon",
}  # fmt: skip
VALUES: Mapping[str, Sequence[str]] = {
    "name": NAMES,
    "town": TOWNS,
    "animal": list(ANIMALS),
    "pet": PETS,
    "work": list(JOBS),
    "colour": list(COLOURS),
    "food": list(FOODS),
    "friend": NAMES,
    "away": TOWNS,
}
FRENCH = {**ANIMALS, **JOBS, **COLOURS, **FOODS}
TOPICS = {
    "name": ("name",),
    "town": ("town",),
    "pet": ("animal", "pet"),
    "work": ("work",),
    "colour": ("colour",),
    "food": ("food",),
    "friend": ("friend", "away"),
}
"""What a fact is about, and the values that it is made of."""

TELLING = {
    "name": ("My name is {name}.", "I am {name}.", "You can call me {name}."),
    "town": ("I live in {town}.", "My home is in {town}."),
    "pet": ("I have a {animal} called {pet}.", "{pet} is my {animal}."),
    "work": ("I am a {work}.", "I work as a {work}."),
    "colour": ("My favourite colour is {colour}.", "I like {colour} best."),
    "food": ("I like to eat {food}.", "My favourite food is {food}."),
    "friend": ("My friend {friend} lives in {away}.", "I have a friend called {friend} in {away}."),
}


@dataclass(frozen=True)
class Reply:
    """What is said, in English and in French, and the one word that matters in it."""

    english: str
    french: str
    word: str


HEARD = {
    "name": Reply("Nice to meet you, {name}.", "Enchanté, {name}.", "Welcome"),
    "town": Reply("{town} is a fine town.", "{town} est une belle ville.", "Lovely"),
    "pet": Reply("{pet} is a good name.", "{pet} est un beau nom.", "Sweet"),
    "work": Reply("That is a good job.", "C'est un bon métier.", "Interesting"),
    "colour": Reply("That is a fine colour.", "C'est une belle couleur.", "Bright"),
    "food": Reply("That tastes good.", "C'est bon.", "Tasty"),
    "friend": Reply("Say hello to {friend}.", "Saluez {friend}.", "Nice"),
}
ASKING: Mapping[str, tuple[tuple[tuple[str, ...], Reply], ...]] = {
    "name": (
        (("What is my name?", "Who am I?"), Reply("Your name is {name}.", "Vous vous appelez {name}.", "{name}")),
    ),
    "town": (
        (
            ("Where do I live?", "In which town do I live?"),
            Reply("You live in {town}.", "Vous habitez à {town}.", "{town}"),
        ),
    ),
    "pet": (
        (
            ("What is my {animal} called?", "What is the name of my {animal}?"),
            Reply("Your {animal} is called {pet}.", "Votre {animal} s'appelle {pet}.", "{pet}"),
        ),
        (
            ("Who is {pet}?", "What is {pet}?"),
            Reply("{pet} is your {animal}.", "{pet} est votre {animal}.", "{animal}"),
        ),
    ),
    "work": (
        (("What is my job?", "What do I do for a living?"), Reply("You are a {work}.", "Vous êtes {work}.", "{work}")),
    ),
    "colour": (
        (
            ("Which colour do I like best?", "What is my favourite colour?"),
            Reply("Your favourite colour is {colour}.", "Votre couleur préférée est le {colour}.", "{colour}"),
        ),
    ),
    "food": (
        (
            ("What do I like to eat?", "What is my favourite food?"),
            Reply("You like to eat {food}.", "Vous aimez le {food}.", "{food}"),
        ),
    ),
    "friend": (
        (
            ("Where does {friend} live?", "Where is the home of {friend}?"),
            Reply("{friend} lives in {away}.", "{friend} habite à {away}.", "{away}"),
        ),
        (
            ("Who lives in {away}?", "Which friend of mine lives in {away}?"),
            Reply("Your friend {friend} lives in {away}.", "Votre ami {friend} habite à {away}.", "{friend}"),
        ),
    ),
}
UNKNOWN = Reply("You have not told me.", "Vous ne me l'avez pas dit.", "Unknown")


@dataclass(frozen=True)
class Fact:
    """A fact of a conversation: its topic and its values by kind."""

    topic: str
    values: Mapping[str, str]


def facts(draw: Draw, topics: Sequence[str]) -> list[Fact]:
    """A fact for each topic, all values different, each with its neighbour a pair of the split."""
    facts: list[Fact] = []
    taken: list[str] = []
    for topic in topics:
        values: dict[str, str] = {}
        for kind in TOPICS[topic]:
            before = taken[-1] if taken else ""
            free = [value for value in VALUES[kind] if value not in taken]
            if before:
                value = draw.together(
                    lambda free=free: draw.one(free),  # type: ignore[misc]
                    lambda value, before=before: ("smalltalk", before, value),  # type: ignore[misc]
                )
            else:
                value = draw.one(free)
            taken.append(value)
            values[kind] = value
        facts.append(Fact(topic, values))
    return facts


def filled(reply: Reply, values: Mapping[str, str]) -> Reply:
    """A reply about these values."""
    translated = {kind: FRENCH.get(value, value) for kind, value in values.items()}
    return Reply(reply.english.format(**values), reply.french.format(**translated), reply.word.format(**values))


def question(draw: Draw, fact: Fact) -> tuple[str, Reply]:
    """A question about a fact, and its reply."""
    forms, reply = draw.one(ASKING[fact.topic])
    return draw.one(forms).format(**fact.values), filled(reply, fact.values)
