"""Reviews that say whether their writer was pleased: negation, contrast, hearsay and words that turn with their noun.

What is held out is the pair of a noun and its adjective. Half of the adjectives have no polarity of their own: a cold
beer pleases and a cold soup does not, which a reader knows from the kind of thing that the noun names.
"""

from __future__ import annotations

from .grammar import TEST_SIZE, Draw, Example, Split, examples

POSITIVE, NEGATIVE = "POSITIVE", "NEGATIVE"

KINDS: dict[str, tuple[str, ...]] = {
    "chilled": ("beer", "lemonade", "cider", "ice cream", "iced tea", "white wine", "milkshake"),
    "warm": ("soup", "coffee", "pasta", "tea", "stew", "breakfast", "risotto", "pizza"),
    "waiting": ("queue", "delay", "check-in", "wait", "flight", "drive", "boarding"),
    "lasting": ("battery life", "warranty", "holiday", "happy hour", "guarantee", "refund period"),
    "cost": ("bill", "rent", "fee", "price", "deposit", "fare", "repair cost"),
    "gain": ("discount", "pay", "bonus", "interest rate", "prize", "tip"),
    "noise": ("traffic", "air conditioning", "fridge", "neighbourhood", "fan", "engine", "dishwasher"),
    "show": ("concert", "crowd", "party", "festival", "band", "carnival"),
    "place": ("room", "hotel", "garden", "museum", "restaurant", "apartment", "pool", "beach"),
    "people": ("staff", "waiter", "guide", "teacher", "driver", "receptionist", "doctor", "chef"),
    "story": ("film", "book", "plot", "novel", "series", "play", "script"),
    "object": ("phone", "laptop", "camera", "jacket", "bicycle", "sofa", "watch", "tent"),
}

PRAISE = {
    "place": "clean spacious lovely charming cosy stunning spotless wonderful beautiful pleasant",
    "people": "friendly helpful polite kind attentive patient wonderful charming competent cheerful",
    "story": "brilliant gripping funny moving clever wonderful touching witty beautiful fascinating",
    "object": "reliable sturdy comfortable practical excellent handy beautiful elegant durable light",
    "chilled": "delicious tasty refreshing excellent wonderful fantastic",
    "warm": "delicious tasty fragrant excellent wonderful fantastic",
    "show": "fantastic brilliant unforgettable joyful wonderful magical",
}
BLAME = {
    "place": "dirty cramped shabby ugly smelly gloomy awful dreadful depressing filthy",
    "people": "rude lazy unfriendly arrogant careless grumpy awful incompetent clumsy impatient",
    "story": "boring dull silly tedious confusing awful pointless shallow clumsy dreadful",
    "object": "flimsy broken useless uncomfortable ugly fragile awful heavy clumsy unreliable",
    "chilled": "disgusting bitter stale watery awful horrible",
    "warm": "disgusting greasy stale bland awful horrible",
    "show": "awful chaotic boring horrible disappointing dreadful",
}
TURNING = {
    "chilled": ("cold icy chilly frosty ice-cold", "lukewarm tepid warm hot"),
    "warm": ("hot warm steaming piping-hot", "cold lukewarm tepid icy chilly ice-cold"),
    "waiting": ("short brief quick", "long endless lengthy never-ending"),
    "lasting": ("long endless lengthy never-ending", "short brief"),
    "cost": ("low small tiny modest", "high huge enormous steep"),
    "gain": ("high huge enormous generous", "low small tiny modest"),
    "noise": ("quiet silent hushed soft", "loud noisy deafening"),
    "show": ("loud noisy deafening lively", "quiet silent hushed sleepy"),
}


def _pairs() -> list[tuple[str, str, bool]]:
    pairs = []
    for kind, nouns in KINDS.items():
        good, bad = TURNING.get(kind, ("", ""))
        for words, pleases in ((PRAISE.get(kind, "") + " " + good, True), (BLAME.get(kind, "") + " " + bad, False)):
            pairs += [(noun, word, pleases) for noun in nouns for word in words.split()]
    return pairs


PAIRS = _pairs()
SIDES = {True: [pair for pair in PAIRS if pair[2]], False: [pair for pair in PAIRS if not pair[2]]}
TIMES = ("last night", "on Monday", "in spring", "this time", "again", "last week", "in the evening", "as usual")
DEGREES = ("very", "really", "quite", "so", "extremely", "rather", "incredibly", "absolutely")
SPEAKERS = (
    "My sister",
    "A colleague",
    "The brochure",
    "My neighbour",
    "A friend",
    "The critics",
    "The advert",
    "My boss",
)
VERDICTS = {
    True: ("I loved it", "I was delighted", "I was happy with it", "I enjoyed every minute", "I will gladly come back"),
    False: ("I hated it", "I was disappointed", "I regretted it", "I was angry about it", "I want my money back"),
}


def _pair(draw: Draw, pleases: bool) -> tuple[str, str]:
    noun, word, _ = draw.together(lambda: draw.one(SIDES[pleases]), lambda pair: ("sentiment", pair[0], pair[1]))
    return noun, word


def _claim(draw: Draw, pleases: bool, verb: str = "was") -> str:
    """A clause that says something pleasing or not, with a negated opposite at times."""
    negated = draw.maybe(0.4)
    noun, word = _pair(draw, pleases != negated)
    degree = draw.one(DEGREES) + " " if draw.maybe(0.3) and "-" not in word else ""
    if not negated:
        return f"the {noun} {verb} {degree}{word}"
    return draw.one(
        (
            f"the {noun} {verb} not {word}",
            f"the {noun} {verb} not {word} at all",
            f"the {noun} {verb} never {word}",
            f"the {noun} {verb} anything but {word}",
            f"nobody could call the {noun} {word}",
            f"no one would call the {noun} {word}",
        )
    )


def _plain(draw: Draw, pleases: bool) -> str:
    when = " " + draw.one(TIMES) if draw.maybe(0.5) else ""
    return f"{_claim(draw, pleases)}{when}."


def _both(draw: Draw, pleases: bool) -> str:
    return f"{_claim(draw, pleases)} and {_claim(draw, pleases)}."


def _contrast(draw: Draw, pleases: bool) -> str:
    first, second = _claim(draw, not pleases), _claim(draw, pleases)
    verdict = draw.one(VERDICTS[pleases])
    if draw.maybe(0.5):
        first, second = second, first
    return draw.one(
        (
            f"{first} but {second}, and overall {verdict}.",
            f"{first}, {second}, and in the end {verdict}.",
            f"although {first}, {second}; all in all {verdict}.",
        )
    )


def _concession(draw: Draw, pleases: bool) -> str:
    against, decisive = _claim(draw, not pleases), _claim(draw, pleases)
    return draw.one(
        (
            f"it does not matter that {against}, because {decisive}.",
            f"what counts is that {decisive}, even if {against}.",
            f"even if {against}, what counts is that {decisive}.",
        )
    )


def _hearsay(draw: Draw, pleases: bool) -> str:
    right = draw.maybe(0.5)
    claim = _claim(draw, pleases == right)
    speaker = draw.one(SPEAKERS)
    if right:
        ending = draw.one(("and that was true", "and I agree", "which turned out to be right", "and rightly so"))
    else:
        ending = draw.one(("but that was false", "but I disagree", "which turned out to be wrong", "but not at all"))
    return f"{speaker} said that {claim}, {ending}."


def _expectation(draw: Draw, pleases: bool) -> str:
    feared = _claim(draw, not pleases, "would be").replace("would be not", "would not be")
    feared = feared.replace("would be never", "would never be")
    ending = draw.one(("but I was wrong", "but the opposite was true", "but it turned out differently"))
    return f"I expected that {feared}, {ending}."


def _dispute(draw: Draw, pleases: bool) -> str:
    """Somebody claims, somebody else contradicts, and one of the two is right."""
    first_is_right = draw.maybe(0.5)
    claim = _claim(draw, pleases == first_is_right)
    first, second = draw.some(SPEAKERS, 2)
    verb = draw.one(("denied it", "disagreed", "said the opposite"))
    names = ("the former", "the latter") if draw.maybe(0.5) else (_again(first), _again(second))
    who = names[0] if first_is_right else names[1]
    ending = draw.one(("told the truth", "did not err", "knew it best"))
    return f"{first} said that {claim}, {second[0].lower() + second[1:]} {verb}, and {who} {ending}."


def _again(speaker: str) -> str:
    """How a speaker is named the second time."""
    return "the " + speaker[2:] if speaker.startswith("A ") else speaker[0].lower() + speaker[1:]


FORMS = (
    (2.0, ("plain", _plain)),
    (1.5, ("both", _both)),
    (1.5, ("contrast", _contrast)),
    (1.5, ("concession", _concession)),
    (2.0, ("hearsay", _hearsay)),
    (1.0, ("expectation", _expectation)),
    (1.5, ("dispute", _dispute)),
)


def _review(draw: Draw) -> tuple[str, str, str]:
    pleases = draw.maybe(0.5)
    kind, form = draw.weighted(FORMS)
    text = form(draw, pleases)
    return text[0].upper() + text[1:], POSITIVE if pleases else NEGATIVE, kind


def reviews(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Example]:
    """Reviews with their label."""
    return examples(_review, split, count, seed)
