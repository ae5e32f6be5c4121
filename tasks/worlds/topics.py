"""Messages and labels that hold, fail or say nothing of them: what they are about, what they do, how people feel.

A message is about one topic, which its words tell; another may be named only to be put aside. Some words belong to two
topics (a pitch, a court, a bank), and a second word decides. What is held out are the pairs of a label and a word of
the message: the test split asks of messages about the referee labels that training never held against that word. Of the
messages that are told their topic alone (`subjects`), the words themselves are held out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .grammar import TEST_SIZE, Draw, Example, NoneLeftError, Split, examples, split_of

# ruff: noqa: SIM905 - word lists are easier to read unquoted
TOPICS: dict[tuple[str, str], list[str]] = {
    (
        "sport",
        "athletics",
    ): "referee goalkeeper marathon tournament striker stadium penalty hurdle javelin league".split(),
    ("music", "concerts"): "orchestra melody choir violin rhythm symphony drummer chorus piano encore".split(),
    ("cooking", "food"): "oven recipe soup dough frying-pan gravy dessert noodle omelette spice".split(),
    (
        "politics",
        "government",
    ): "election minister parliament ballot senator treaty embassy coalition mayor veto".split(),
    ("law", "justice"): "judge verdict lawyer jury witness lawsuit prison robbery sentence attorney".split(),
    ("weather", "the climate"): "storm drizzle thunder blizzard fog hail heatwave forecast frost breeze".split(),
    ("medicine", "health"): "surgeon fever vaccine clinic bandage nurse diagnosis pharmacy injection allergy".split(),
    ("finance", "money"): "loan mortgage dividend invoice pension investor salary debt broker tax".split(),
    (
        "computers",
        "technology",
    ): "keyboard software server browser password laptop printer update database code".split(),
    ("nature", "wildlife"): "badger forest meadow beaver waterfall eagle hedgehog swamp otter valley".split(),
    ("travel", "tourism"): "luggage passport hotel cruise suitcase itinerary souvenir airport hostel visa".split(),
    ("school", "education"): "teacher homework exam pupil lesson classroom diploma essay syllabus tutor".split(),
    ("fashion", "clothes"): "skirt jacket sweater tailor blouse scarf trousers fabric collar wardrobe".split(),
    ("farming", "agriculture"): "tractor harvest barn plough cattle fertilizer orchard wheat dairy haystack".split(),
}
"""Two labels for each topic, and words that tell it."""
SHARED = {
    "pitch": ("sport", "music"),
    "court": ("sport", "law"),
    "bank": ("finance", "nature"),
    "virus": ("medicine", "computers"),
    "mouse": ("nature", "computers"),
    "note": ("music", "school"),
    "scale": ("music", "cooking"),
    "stock": ("finance", "cooking"),
    "bat": ("sport", "nature"),
    "branch": ("finance", "nature"),
    "model": ("fashion", "computers"),
    "bill": ("politics", "finance"),
    "cell": ("law", "medicine"),
    "trunk": ("travel", "nature"),
    "crane": ("nature", "farming"),
    "degree": ("weather", "school"),
    "party": ("politics", "music"),
    "cabinet": ("politics", "fashion"),
    "match": ("sport", "cooking"),
    "field": ("farming", "sport"),
}
ACTS: dict[tuple[str, str], tuple[str, ...]] = {
    ("a complaint", "criticism"): (
        "X was a great disappointment, and nobody will tell us why",
        "it is unacceptable how little we hear of X",
        "I expected far better of X, and I want an explanation",
        "nothing works as promised, least of all X",
    ),
    ("praise", "a compliment"): (
        "X was excellent, well done to everyone",
        "I have never met with anything as good as X",
        "whoever thought of X deserves a medal",
        "X could not have been better",
    ),
    ("a question", "an inquiry"): (
        "could you tell me more about X?",
        "does anybody know what became of X?",
        "how long does it take to get used to X?",
        "what is so special about X?",
    ),
    ("an invitation", "an offer"): (
        "would you like to join us and see X?",
        "come along on Sunday, there will be X for everyone",
        "you are welcome to share X with us",
        "feel free to bring a friend to X",
    ),
    ("an apology", "an excuse"): (
        "I am sorry that I forgot about X",
        "forgive me for what I said about X",
        "it was my fault that X was late, I beg your pardon",
        "please excuse the trouble with X",
    ),
    ("a warning", "an alarm"): (
        "beware of X, for your own safety",
        "watch out, X may be dangerous",
        "take care and keep away from X",
        "whatever you do, do not trust X",
    ),
    ("a promise", "a commitment"): (
        "I will look after X, you have my word",
        "you can count on me to bring X",
        "I swear that X will be ready in time",
        "we guarantee that you will get X",
    ),
    ("a report", "an announcement"): (
        "X was shown to the public this morning",
        "more people than last year have seen X",
        "X has been moved to another town",
        "the papers write about X today",
    ),
}
"""Two labels for each thing that a message does, and ways to do it to X."""
MOODS: dict[tuple[str, str], tuple[str, ...]] = {
    ("angry", "furious"): ("this makes my blood boil", "I could scream", "I am fed up with it", "I slammed the door"),
    ("happy", "joyful"): ("I am over the moon", "I cannot stop smiling", "what a wonderful day", "I danced all night"),
    ("sad", "sorrowful"): ("I could cry", "my heart is heavy", "I miss the old days", "tears came to my eyes"),
    ("afraid", "worried"): (
        "I can hardly sleep",
        "my hands are shaking",
        "I dread tomorrow",
        "I shiver at the thought",
    ),
}
"""Two labels for each mood, and what people in it say. A message without any of them says nothing of moods."""
ASIDES = (
    "this is not about Y",
    "let us leave Y for another day",
    "I do not mean Y",
    "forget Y for once",
    "others may talk about Y",
)
Facet = Mapping[tuple[str, str], Sequence[str]]
FACETS: tuple[Facet, ...] = (TOPICS, ACTS, MOODS)
LABELS = tuple(label for facet in FACETS for pair in facet for label in pair)
WRONG = (2, 3, 3, 4, 5)
"""How many candidate labels do not hold, one as likely as the other."""
GUESSED = sum(1 / (count + 1) for count in WRONG) / len(WRONG)
"""The share of right answers by guessing among the candidates."""
ENTAILED, NEUTRAL, CONTRADICTED = "entailment", "neutral", "contradiction"
SEPARATOR, BETWEEN = "\n", " | "
"""Between a message and its labels, and between the labels, in an example's text."""

Message = tuple[str, str, dict[str, str], str]
"""A message, the word that tells its topic, a verdict for each label, and its kind."""


def _topic(draw: Draw) -> tuple[str, str, str]:
    """A topic's first label, the words for it as they stand in a message, and the word that pairs are made of."""
    if draw.maybe(0.3):
        word = draw.one(tuple(SHARED))
        topic = draw.one(SHARED[word])
        cue = draw.one(_words(topic))
        order = [cue, word] if draw.maybe(0.5) else [word, cue]
        return topic, f"the {order[0]} and the {order[1]}", cue
    topic = draw.one(tuple(TOPICS))[0]
    word = draw.one(_words(topic))
    return topic, f"the {word}", word


def _words(topic: str) -> list[str]:
    return next(words for labels, words in TOPICS.items() if topic in labels)


def _message(draw: Draw) -> Message:
    topic, named, cue = _topic(draw)
    act = draw.one(tuple(ACTS))
    clause = draw.one(ACTS[act])
    if " and " in named:
        clause = clause.replace("X was", "X were").replace("X has", "X have")
    clause = clause.replace("X", named)
    mark = "" if clause.endswith("?") else "."
    sentences = [_start(clause) + mark]
    kind = "plain"
    if draw.maybe(0.4):
        other = draw.one([labels[0] for labels in TOPICS if topic not in labels])
        sentences.insert(
            draw.random.randrange(2), _start(draw.one(ASIDES).replace("Y", f"the {draw.one(_words(other))}")) + "."
        )
        kind = "aside"
    mood = draw.one(tuple(MOODS)) if draw.maybe(0.6) else None
    if mood is not None:
        sentences.insert(draw.random.randrange(len(sentences) + 1), _start(draw.one(MOODS[mood])) + ".")
    verdicts = {}
    for facet, value in ((TOPICS, topic), (ACTS, act[0]), (MOODS, mood and mood[0])):
        for labels in facet:
            verdict = NEUTRAL if value is None else ENTAILED if value in labels else CONTRADICTED
            verdicts.update(dict.fromkeys(labels, verdict))
    return " ".join(sentences), cue, verdicts, kind


def _start(text: str) -> str:
    return text[0].upper() + text[1:]


def _label(draw: Draw, cue: str, choices: Sequence[str]) -> str:
    """One of these labels, if it may be held against this word in this split."""
    open_ = [label for label in choices if split_of("topics", label, cue) == draw.split]
    if not open_:
        raise NoneLeftError(f"no label of the {draw.split} split goes with {cue}")
    return draw.together(lambda: draw.one(open_), lambda label: ("topics", label, cue))


def _facet(draw: Draw, *weights: float) -> Facet:
    return draw.weighted(list(zip(weights, FACETS, strict=True)))


def _pair(draw: Draw) -> tuple[str, str, str]:
    text, cue, verdicts, kind = _message(draw)
    facet = _facet(draw, 0.5, 0.25, 0.25)
    possible = [verdict for verdict in (ENTAILED, CONTRADICTED, NEUTRAL) if verdict in _verdicts(facet, verdicts)]
    verdict = draw.one(possible)
    return f"{text}{SEPARATOR}{_label(draw, cue, _verdicts(facet, verdicts)[verdict])}", verdict, kind


def _verdicts(facet: Facet, verdicts: dict[str, str]) -> dict[str, list[str]]:
    """The labels of a facet by what is to be said of them."""
    by_verdict: dict[str, list[str]] = {}
    for labels in facet:
        for label in labels:
            by_verdict.setdefault(verdicts[label], []).append(label)
    return by_verdict


def _choice(draw: Draw) -> tuple[str, str, str]:
    text, cue, verdicts, kind = _message(draw)
    facet = _facet(draw, 0.6, 0.25, 0.15)
    by_verdict = _verdicts(facet, verdicts)
    if ENTAILED not in by_verdict:
        raise NoneLeftError("the message says nothing of moods")
    truth = _label(draw, cue, by_verdict[ENTAILED])
    wrong = [label for label in LABELS if verdicts[label] != ENTAILED]
    alike = by_verdict[CONTRADICTED]
    chosen = [truth]
    for _ in range(draw.one(WRONG)):
        left = [label for label in (alike if draw.maybe(0.7) else wrong) if label not in chosen]
        chosen.append(_label(draw, cue, left))
    return f"{text}{SEPARATOR}{BETWEEN.join(draw.some(chosen, len(chosen)))}", truth, kind


def pairs(split: Split, count: int, seed: int | str = 0) -> list[Example]:
    """Messages with one label each, joined by `SEPARATOR`, and whether the label holds. For training."""
    return examples(_pair, split, count, seed)


def choices(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Example]:
    """Messages with several labels, and the one that holds."""
    return examples(_choice, split, count, seed)


def _subject(draw: Draw) -> tuple[str, str, str]:
    text, _, verdicts, kind = draw.together(lambda: _message(draw), lambda message: ("subjects", message[1]))
    return text, next(labels[0] for labels in TOPICS if verdicts[labels[0]] == ENTAILED), kind


def subjects(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Example]:
    """Messages, and the first label of their topic. No word that tells a topic in one split does so in another: what
    was learnt with the labels of one split answers for another only if the words' kinship is known already.
    """
    return examples(_subject, split, count, seed)


def readings(count: int, seed: int | str = 0) -> list[str]:
    """Messages and mentions without any label, about the words of all splits: what a model is pre-trained on."""
    draw = Draw("train", f"readings/{seed}")
    return [_message(draw)[0] if draw.maybe(0.5) else _mention(draw) for _ in range(count)]


def mentions(count: int, seed: int | str = 0) -> list[str]:
    """Things of one topic, named together and without a label: what reading teaches of words. For training alone."""
    draw = Draw("train", f"mentions/{seed}")
    return [_mention(draw) for _ in range(count)]


def _mention(draw: Draw) -> str:
    words = draw.one(tuple(TOPICS.values()))
    return ", ".join(f"the {word}" for word in draw.some(words, 4))
