"""Prompts that state everything needed for their one right continuation: facts, recipes, counting, lists, order.

What is held out are the pairs of things that a prompt brings together: a person with a possession, two numbers, the
neighbours in a list.
"""

from __future__ import annotations

# ruff: noqa: SIM905 - word lists are easier to read unquoted
from itertools import pairwise

from .grammar import TEST_SIZE, Draw, Example, Split, examples

PEOPLE = "Anna Ben Clara David Emma Frank Grace Hugo Irene Jack Karl Lucy Mary Nick Olga Peter".split()
COLOURS = "red blue green yellow black white brown purple pink grey".split()
THINGS = "kite boat hat bag ball book car cup lamp coat bike drum chair clock doll ring".split()
CITIES = "Oslo Rome Paris London Berlin Madrid Vienna Prague Dublin Lisbon Athens Warsaw".split()
FOODS = "flour milk eggs sugar butter salt rice beans lemon honey cheese garlic onions apples nuts cream".split()
DISHES = "pancakes soup bread salad cake pie stew pizza porridge omelette".split()
ANIMALS = "dog cat horse cow goat duck mouse fox bear owl wolf hen".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()


def _list(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _different(draw: Draw, words: list[str], count: int, kind: str) -> list[str]:
    """Different words whose neighbours are pairs of this split."""
    chosen = [draw.one(words)]
    while len(chosen) < count:
        left = [word for word in words if word not in chosen]
        chosen.append(
            draw.together(lambda left=left: draw.one(left), lambda word: ("continuation", kind, chosen[-1], word))  # type: ignore[misc]
        )
    return chosen


def _owners(draw: Draw, values: list[str], count: int, kind: str) -> list[tuple[str, str]]:
    """Different people, each with a value of their own."""
    people = draw.some(PEOPLE, count)
    pairs: list[tuple[str, str]] = []
    for person in people:
        left = [value for value in values if value not in [taken for _, taken in pairs]]
        value = draw.together(
            lambda left=left: draw.one(left),  # type: ignore[misc]
            lambda value, person=person: ("continuation", kind, person, value),  # type: ignore[misc]
        )
        pairs.append((person, value))
    return pairs


def _counting(draw: Draw) -> tuple[str, str, str]:
    start, step, count = draw.together(
        lambda: (draw.random.randrange(8, 60), draw.one((1, 2, -1)), draw.one((2, 3, 4, 5))),
        lambda drawn: ("continuation", "count", *map(str, drawn)),
    )
    numbers = [start + step * place for place in range(count + 3)]
    prompt = f"Counting from {numbers[0]} to {numbers[-1]} by {abs(step)}: {', '.join(map(str, numbers[:count]))},"
    return prompt, f"{', '.join(map(str, numbers[count:]))}.", "counting"


def _reversal(draw: Draw) -> tuple[str, str, str]:
    words = _different(draw, draw.one((ANIMALS, COLOURS, FOODS)), draw.one((3, 3, 4, 5)), "list")
    return f"The list is {_list(words)}. In reverse order it is", f"{_list(words[::-1])}.", "reversal"


def _recipe(draw: Draw) -> tuple[str, str, str]:
    first, second = draw.some(DISHES, 2)
    parts = _different(draw, FOODS, 3, "list"), _different(draw, FOODS, 3, "list")
    place = draw.random.randrange(2)
    dish = (first, second)[place]
    prompt = f"For {first}, mix {_list(parts[0])}. For {second}, mix {_list(parts[1])}. To make {dish}, mix"
    return prompt, f"{_list(parts[place])}.", "recipe"


def _home(draw: Draw) -> tuple[str, str, str]:
    pairs = _owners(draw, CITIES, draw.one((2, 3, 4)), "city")
    person, city = draw.one(pairs)
    facts = " ".join(f"{name} lives in {place}." for name, place in pairs)
    return f"{facts} {person} lives in", f"{city}.", "home"


def _chase(draw: Draw) -> tuple[str, str, str]:
    hunters = _different(draw, ANIMALS, 2 * draw.one((2, 3)), "chase")
    pairs = list(zip(hunters[::2], hunters[1::2], strict=True))
    facts = " ".join(f"The {hunter} chases the {hunted}." for hunter, hunted in pairs)
    hunter, hunted = draw.one(pairs)
    return f"{facts} The {hunter} chases the", f"{hunted}.", "chase"


def _colour(draw: Draw) -> tuple[str, str, str]:
    things = draw.some(THINGS, draw.one((2, 3, 4)))
    pairs: list[tuple[str, str]] = []
    for thing in things:
        colour = draw.together(
            lambda: draw.one(COLOURS),
            lambda colour, thing=thing: ("continuation", "colour", thing, colour),  # type: ignore[misc]
        )
        pairs.append((thing, colour))
    thing, colour = draw.one(pairs)
    return f"{' '.join(f'The {one} is {its}.' for one, its in pairs)} The {thing} is", f"{colour}.", "colour"


def _possession(draw: Draw) -> tuple[str, str, str]:
    pairs = _owners(draw, THINGS, draw.one((2, 3)), "thing")
    colours = draw.some(COLOURS, len(pairs))
    facts = " ".join(f"{name} has a {colour} {thing}." for (name, thing), colour in zip(pairs, colours, strict=True))
    place = draw.random.randrange(len(pairs))
    return f"{facts} What {pairs[place][0]} has is a", f"{colours[place]} {pairs[place][1]}.", "possession"


def _gift(draw: Draw) -> tuple[str, str, str]:
    """Who has it in the end."""
    (first, thing), (second, other) = _owners(draw, THINGS, 2, "thing")
    third = draw.one([name for name in PEOPLE if name not in (first, second)])
    facts = f"{first} has a {thing}. {second} has a {other}. {first} gives the {thing} to {third}."
    if draw.maybe(0.5):
        fourth = draw.one([name for name in PEOPLE if name not in (first, second, third)])
        return f"{facts} {third} gives it to {fourth}. Now the {thing} belongs to", f"{fourth}.", "gift"
    if draw.maybe(0.5):
        return f"{facts} And {second} still has a", f"{other}.", "gift"
    return f"{facts} Now the {thing} belongs to", f"{third}.", "gift"


def _calendar(draw: Draw) -> tuple[str, str, str]:
    names = draw.one((DAYS, MONTHS))
    start, distance = draw.together(
        lambda: (draw.one(names), draw.one((1, 2, 3, -1, -2))),
        lambda pair: ("continuation", "calendar", pair[0], str(pair[1])),
    )
    place = names.index(start)
    unit = "day" if names is DAYS else "month"
    target = names[(place + distance) % len(names)]
    amount = f"{abs(distance)} {unit}{'s' * (abs(distance) > 1)}"
    if distance > 0:
        return f"It is {start}. In {amount} it will be", f"{target}.", "calendar"
    return f"It is {start}. {amount[0].upper() + amount[1:]} ago it was", f"{target}.", "calendar"


def _tallest(draw: Draw) -> tuple[str, str, str]:
    people = _different(draw, PEOPLE, draw.one((3, 4)), "tall")
    word, opposite = draw.one((("taller", "tallest"), ("older", "oldest"), ("faster", "fastest")))
    facts = [f"{high} is {word} than {low}." for high, low in pairwise(people)]
    ordered = draw.some(facts, len(facts))
    return f"{' '.join(ordered)} The {opposite} of them is", f"{people[0]}.", "comparison"


FORMS = (
    (0.6, _counting),
    (1.0, _reversal),
    (1.2, _recipe),
    (1.0, _home),
    (0.8, _chase),
    (1.0, _colour),
    (0.8, _possession),
    (1.2, _gift),
    (0.3, _calendar),
    (1.0, _tallest),
)


def _prompt(draw: Draw) -> tuple[str, str, str]:
    return draw.weighted(FORMS)(draw)


def prompts(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Example]:
    """Prompts with their right continuation."""
    return examples(_prompt, split, count, seed)


def _restated(draw: Draw) -> tuple[str, str, str]:
    """The same facts once more, in another order. For training alone: there is no one right continuation."""
    kind, values, verbs = draw.one(
        (
            ("city", CITIES, (" ", " in ", " is in ", " lives in ")),
            ("thing", THINGS, (" ", " has ", " has a ", " gets a ")),
        )
    )
    verb = draw.one(verbs)
    facts = [f"{name}{verb}{value}." for name, value in _owners(draw, values, draw.one((2, 3, 4, 5)), kind)]
    return " ".join(facts), " ".join(draw.some(facts, len(facts))), "restated"


def _shuffled(draw: Draw) -> tuple[str, str, str]:
    """Pairs of words, said twice again in other orders. For training alone."""
    words = _different(
        draw, PEOPLE + COLOURS + THINGS + CITIES + FOODS + ANIMALS + DISHES, 2 * draw.one((2, 3, 4, 5)), "list"
    )
    pairs = [f"{first} {second}" for first, second in zip(words[::2], words[1::2], strict=True)]
    again = draw.some(pairs, len(pairs)) + draw.some(pairs, len(pairs))
    return f"{', '.join(pairs)},", f"{', '.join(again)}.", "shuffled"


def drills(split: Split, count: int, seed: int | str = 0) -> list[Example]:
    """Exercises in finding and repeating what was said."""
    return examples(lambda draw: draw.weighted(((3.0, _restated), (2.0, _shuffled)))(draw), split, count, seed)
