"""Short passages of several facts, and a question that one of them answers: who, what, where, when, how much and why.

The other facts are of the same making, so that a question cannot be answered by the kind of thing it asks for.
Questions use other words than passages where English does: a passive for an active, a first name for a full one, the
seller for the buyer. What is held out are the pairs of things that a fact brings together: a person with what they
bought, a tower with its year.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .grammar import TEST_SIZE, Draw, Example, NoneLeftError, Split, examples
from .vocabulary import CAPITALS, DAYS, MEN, WOMEN

# ruff: noqa: SIM905 - word lists are easier to read unquoted
SURNAMES = "Baker Carter Cooper Fisher Hunter Mason Miller Potter Shepherd Smith Taylor Walker".split()
CITIES = tuple(CAPITALS)
LANGUAGES = "Greek Polish Swedish Norwegian Finnish Japanese Spanish Italian German Dutch Welsh Turkish".split()
JOBS = "nurse painter lawyer plumber dentist pilot singer teacher gardener tailor cook sailor".split()
ADJECTIVES = "red blue green old new small large heavy wooden broken golden cheap".split()
THINGS = "kite boat drum lamp clock bicycle mirror table guitar carpet basket ladder tent statue radio piano".split()
DEEDS = (
    ("buy", "bought", "bought"),
    ("sell", "sold", "sold"),
    ("find", "found", "found"),
    ("lose", "lost", "lost"),
    ("steal", "stole", "stolen"),
    ("paint", "painted", "painted"),
    ("repair", "repaired", "repaired"),
    ("break", "broke", "broken"),
    ("hide", "hid", "hidden"),
    ("build", "built", "built"),
)
BUILDINGS = (("tower", "high"), ("bridge", "long"), ("wall", "long"), ("church", "high"), ("tunnel", "long"))
REASONS = (
    "the bus had broken down",
    "{whose} alarm clock had not rung",
    "there was too much snow",
    "the road was closed",
    "a tree had fallen on the rails",
    "nobody had told {whom} the time",
    "the dog had run away",
    "{who} had missed the last train",
    "{whose} car was being repaired",
    "the bridge was under water",
)
PRONOUNS = {"she": {"who": "she", "whom": "her", "whose": "her"}, "he": {"who": "he", "whom": "him", "whose": "his"}}


@dataclass(frozen=True)
class Fact:
    """What a passage says, in a sentence or two, and questions that it answers, each with the words that answer it."""

    text: str
    questions: Sequence[tuple[str, str]]


class _Passage:
    """Draws things that occur once in a passage, each in a pair of the split with the thing that it is told of."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.used: set[str] = set()

    def new(self, kind: str, choices: Sequence[str], *beside: str) -> str:
        left = [choice for choice in choices if choice not in self.used]
        if not left:
            raise NoneLeftError(f"every {kind} is used")
        if beside:
            chosen = self.draw.together(lambda: self.draw.one(left), lambda choice: ("passages", kind, *beside, choice))
        else:
            chosen = self.draw.one(left)
        self.used.add(chosen)
        return chosen

    def person(self, kind: str = "person", *beside: str) -> tuple[str, str, str]:
        """First name, name as told at first, and pronoun."""
        first = self.new(kind, WOMEN + MEN, *beside)
        full = f"{first} {self.new('surname', SURNAMES, first)}" if self.draw.maybe(0.4) else first
        return first, full, "she" if first in WOMEN else "he"

    def thing(self, kind: str, *beside: str) -> tuple[str, str]:
        """A thing, and how it is told at first: with an article and an adjective."""
        noun = self.new(kind, THINGS, *beside)
        adjective = self.draw.one(ADJECTIVES)
        return noun, f"{_article(adjective)} {adjective} {noun}"


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _start(text: str) -> str:
    return text[0].upper() + text[1:]


def _deed(passage: _Passage) -> Fact:
    draw = passage.draw
    base, past, participle = draw.one(DEEDS)
    first, who, _ = passage.person()
    noun, thing = passage.thing("deed", first)
    city, day = passage.new("city", CITIES, noun), passage.new("day", DAYS)
    text = draw.one(
        (
            f"{who} {past} {thing} in {city} on {day}.",
            f"On {day}, {who} {past} {thing} in {city}.",
            f"{_start(thing)} was {participle} by {who} in {city} on {day}.",
            f"On {day}, {thing} was {participle} in {city} by {who}.",
            f"It was in {city} that {who} {past} {thing} on {day}.",
        )
    )
    given = _in_words_of(text, thing)
    return Fact(
        text,
        (
            (f"Who {past} the {noun}?", who),
            (f"By whom was the {noun} {participle}?", who),
            (f"What did {first} {base}?", given),
            (f"What was {participle} in {city}?", given),
            (f"Where did {first} {base} the {noun}?", city),
            (f"Where was the {noun} {participle}?", city),
            (f"On which day was the {noun} {participle}?", day),
            (f"When did {first} {base} the {noun}?", day),
        ),
    )


def _gift(passage: _Passage) -> Fact:
    draw = passage.draw
    giver, giver_named, _ = passage.person()
    taker, taker_named, _ = passage.person("gift", giver)
    noun, thing = passage.thing("given", taker)
    text = draw.one(
        (
            f"{giver_named} gave {taker_named} {thing}.",
            f"{giver_named} gave {thing} to {taker_named}.",
            f"{taker_named} got {thing} from {giver_named}.",
            f"{_start(thing)} was given to {taker_named} by {giver_named}.",
            f"{taker_named} was given {thing} by {giver_named}.",
        )
    )
    given = _in_words_of(text, thing)
    return Fact(
        text,
        (
            (f"Who gave {taker} the {noun}?", giver_named),
            (f"Who got the {noun}?", taker_named),
            (f"From whom did {taker} get the {noun}?", giver_named),
            (f"To whom did {giver} give the {noun}?", taker_named),
            (f"What did {giver} give?", given),
            (f"What did {taker} get?", given),
        ),
    )


def _profile(passage: _Passage) -> Fact:
    draw = passage.draw
    first, who, pronoun = passage.person()
    job = passage.new("job", JOBS, first)
    city, language = passage.new("home", CITIES, first), passage.new("language", LANGUAGES, first)
    age = passage.new("age", tuple(map(str, range(20, 70))), first)
    text = draw.one(
        (
            f"{who}, a {job} from {city}, speaks {language} and is {age} years old.",
            f"{who} is a {job}. {_start(pronoun)} comes from {city}, is {age} years old and speaks {language}.",
            f"{who}, who speaks {language} and comes from {city}, is a {job} of {age} years.",
            f"The {job} {who} is {age} years old, comes from {city} and speaks {language}.",
        )
    )
    return Fact(
        text,
        (
            (f"What is the job of {first}?", job),
            (f"What does {first} work as?", job),
            (f"Where does {first} come from?", city),
            (f"Which language does {first} speak?", language),
            (f"How old is {first}?", age),
            (f"Who speaks {language}?", who),
            (f"Who comes from {city}?", who),
            (f"Who works as a {job}?", who),
        ),
    )


def _building(passage: _Passage) -> Fact:
    draw = passage.draw
    building, measure = draw.one(BUILDINGS)
    city = passage.new("building", CITIES, building)
    year = passage.new("year", tuple(map(str, range(1800, 1900))), building, city)
    size = passage.new("size", tuple(map(str, range(71, 130))), building, city)
    text = draw.one(
        (
            f"The {building} of {city} was built in {year} and is {size} metres {measure}.",
            f"The {building} of {city}, {size} metres {measure}, dates from {year}.",
            f"In {year}, {city} got a {building} of {size} metres.",
            f"{city} has a {building} that is {size} metres {measure} and was opened in {year}.",
        )
    )
    return Fact(
        text,
        (
            (f"When was the {building} of {city} built?", year),
            (f"In which year did {city} get its {building}?", year),
            (f"How {measure} is the {building} of {city}?", f"{size} metres"),
            (f"Which city has a {building} that is {size} metres {measure}?", city),
            (f"Which city got a {building} in {year}?", city),
        ),
    )


def _payment(passage: _Passage) -> Fact:
    draw = passage.draw
    buyer, buyer_named, _ = passage.person()
    seller, seller_named, _ = passage.person("sale", buyer)
    noun, thing = passage.thing("paid", buyer)
    price = f"{passage.new('price', tuple(map(str, range(130, 190))), noun)} euros"
    text = draw.one(
        (
            f"{buyer_named} paid {seller_named} {price} for {thing}.",
            f"{seller_named} sold {thing} to {buyer_named} for {price}.",
            f"{buyer_named} bought {thing} from {seller_named}, who asked {price} for it.",
            f"For {price}, {buyer_named} bought {thing} from {seller_named}.",
        )
    )
    return Fact(
        text,
        (
            (f"How much did {buyer} pay?", price),
            (f"What did the {noun} cost?", price),
            (f"How much did {seller} get?", price),
            (f"Who bought the {noun}?", buyer_named),
            (f"Who sold the {noun}?", seller_named),
            (f"What did {buyer} buy?", _in_words_of(text, thing)),
            (f"What did {seller} sell?", _in_words_of(text, thing)),
        ),
    )


def _delay(passage: _Passage) -> Fact:
    draw = passage.draw
    first, who, pronoun = passage.person()
    reason = passage.new("reason", REASONS, first).format(**PRONOUNS[pronoun])
    day = passage.new("day", DAYS)
    text = draw.one(
        (
            f"{who} was late on {day} because {reason}.",
            f"On {day}, {reason}, and so {who} came late.",
            f"Because {reason}, {who} did not arrive in time on {day}.",
        )
    )
    reason = _in_words_of(text, reason)
    return Fact(
        text,
        (
            (f"Why was {first} late?", reason),
            (f"Why did {first} not arrive in time?", reason),
            (f"When was {first} late?", day),
            (f"Who was late on {day}?", who),
        ),
    )


def _in_words_of(text: str, part: str) -> str:
    """The part as the text spells it: with a capital where it begins the sentence."""
    return part if part in text else _start(part)


FORMS: Sequence[tuple[float, tuple[str, Callable[[_Passage], Fact]]]] = (
    (2.5, ("deed", _deed)),
    (2.0, ("gift", _gift)),
    (2.0, ("profile", _profile)),
    (1.5, ("building", _building)),
    (1.5, ("payment", _payment)),
    (1.0, ("delay", _delay)),
)
LENGTHS = ((0.2, 1), (0.3, 2), (0.3, 3), (0.2, 4))


def _supported(draw: Draw) -> tuple[str, tuple[str, str], str]:
    """A question and a passage; the answer, and the fact that it is found in."""
    passage = _Passage(draw)
    kind, asked = draw.weighted(FORMS)
    others = draw.weighted(LENGTHS) - 1
    # Facts of the same kind above all: they are what a question can be confused with.
    forms = [asked, *(asked if draw.maybe(0.5) else draw.weighted(FORMS)[1] for _ in range(others))]
    facts = [form(passage) for form in forms]
    question, answer = draw.one(facts[0].questions)
    context = " ".join(fact.text for fact in draw.some(facts, len(facts)))
    return f"{question}{SEPARATOR}{context}", (answer, facts[0].text), kind


def _passage(draw: Draw) -> tuple[str, str, str]:
    text, (answer, _), kind = _supported(draw)
    return text, answer, kind


SEPARATOR = "\n"
"""Between a question and its passage in an example's text."""


def passages(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Example]:
    """Questions and passages, joined by `SEPARATOR`, with the words of the passage that answer the question."""
    return examples(_passage, split, count, seed)


def supported(split: Split, count: int, seed: int | str = 0) -> list[Example]:
    """The same, with the sentences that tell the fact that is asked for beside the answer. For training."""
    return examples(_supported, split, count, seed)
