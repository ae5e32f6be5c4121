"""Chats with an assistant: earlier turns tell facts, the last one asks about one of them or tells another.

The system message sets a rule that the assistant keeps in every reply.
"""

from __future__ import annotations

# ruff: noqa: SIM905 - word lists are easier to read unquoted
import json
import re

from . import smalltalk
from .grammar import TEST_SIZE, Draw, Example, Split, examples
from .smalltalk import Fact, Reply

ASSISTANTS = ("Robo", "Ada", "Milo", "Zoe", "Otto")
HELPFUL = ("You are a helpful assistant.", "Be friendly to the user.", "You help people.")
CAPITALS = ("Answer in capital letters.", "Write everything in capitals.")
FRENCH = ("Answer in French.", "Speak French only.")
WORD = ("Answer in one word.", "Use a single word.")
TITLES = ("Sir", "Madam", "Captain", "Boss")
BEGINNING = ("Call the user {title}.", "Begin every answer with {title}.")
ENDINGS = ("Bye", "Cheers", "Hooray")
ENDING = ("End every answer with {ending}.", "Always say {ending} at the end.")
SUBJECTS = {"pet": "animals", "work": "work", "colour": "colours", "food": "food"}
AVOIDING = ("Do not speak of {subject}.", "Never talk about {subject}.")
REFUSAL = Reply("I may not speak of {subject}.", "", "")
WHO = ("What is your name?", "Who are you?")
I_AM = Reply("My name is {name}.", "Je m'appelle {name}.", "{name}")
NO_RULE = "none"
FRENCH_WORDS = frozenset("vous votre je est un une c'est s'appelle m'appelle habite enchanté saluez".split())
ENGLISH_WORDS = frozenset("you your the is a in my that have say nice".split())


def worded(reply: Reply, rule: str) -> str:
    """A reply as the rule of a chat wants it. A rule is a word, or two with a colon: `begin:Captain`."""
    kind, _, what = rule.partition(":")
    if kind == "french":
        return reply.french
    if kind == "word":
        return reply.word
    if kind == "capitals":
        return reply.english.upper()
    if kind == "begin":
        first, _, rest = reply.english.partition(" ")
        lower = first.lower() if first in ("You", "Your", "My", "That", "Nice", "Say") else first
        return f"{what}, {lower} {rest}"
    return f"{reply.english} {what}." if kind == "end" else reply.english


def obeys(rule: str, answer: str) -> bool:
    """Whether an answer keeps to a rule, whatever else it says."""
    kind, _, what = rule.partition(":")
    words = re.findall(r"[\w']+", answer)
    lower = {word.lower() for word in words}
    if not words:
        return False
    if kind == "capitals":
        return answer == answer.upper()
    if kind == "french":
        return bool(lower & FRENCH_WORDS) and not lower & ENGLISH_WORDS
    if kind == "word":
        return len(words) == 1
    if kind == "begin":
        return words[0] == what
    if kind == "end":
        return words[-1] == what
    if kind == "avoid":
        avoided = {value.lower() for part in smalltalk.TOPICS[what] for value in smalltalk.VALUES[part]}
        return not lower & avoided
    return True


def _rule(draw: Draw) -> tuple[str, str]:
    """What the system message says, and the rule's name."""
    kind = draw.weighted(
        (
            (2.0, NO_RULE),
            (1.0, "capitals"),
            (1.0, "french"),
            (1.0, "word"),
            (1.0, "begin"),
            (1.0, "end"),
            (1.5, "avoid"),
        )
    )
    if kind == "begin":
        title = draw.one(TITLES)
        return draw.one(BEGINNING).format(title=title), f"begin:{title}"
    if kind == "end":
        ending = draw.one(ENDINGS)
        return draw.one(ENDING).format(ending=ending), f"end:{ending}"
    if kind == "avoid":
        topic = draw.one(list(SUBJECTS))
        return draw.one(AVOIDING).format(subject=SUBJECTS[topic]), f"avoid:{topic}"
    texts = {NO_RULE: HELPFUL, "capitals": CAPITALS, "french": FRENCH, "word": WORD}[kind]
    return draw.one(texts), kind


def _about(topic: str, reply: Reply, rule: str) -> str:
    """The worded reply, or a refusal where the rule forbids its topic."""
    if rule == f"avoid:{topic}":
        return REFUSAL.english.format(subject=SUBJECTS[topic])
    return worded(reply, rule)


def _heard(fact: Fact, rule: str) -> str:
    return _about(fact.topic, smalltalk.filled(smalltalk.HEARD[fact.topic], fact.values), rule)


def _told(draw: Draw, fact: Fact) -> str:
    return draw.one(smalltalk.TELLING[fact.topic]).format(**fact.values)


def _topics(draw: Draw, rule: str) -> list[str]:
    """What the user will tell; often of what must not be spoken of."""
    topics = draw.some(list(smalltalk.TOPICS), draw.one((2, 3, 3, 4)))
    avoided = rule.removeprefix("avoid:")
    if avoided in smalltalk.TOPICS and avoided not in topics and draw.maybe(0.6):
        topics[draw.random.randrange(len(topics))] = avoided
    for topic in ("friend", "pet"):
        if topic in topics and draw.maybe(0.4):
            topics.append(topic)
    return topics


def _chat(draw: Draw) -> tuple[str, str, str]:
    instruction, rule = _rule(draw)
    name = draw.one(ASSISTANTS) if draw.maybe(0.3) else ""
    system = f"{instruction} Your name is {name}." if name else instruction
    topics = _topics(draw, rule)
    facts = smalltalk.facts(draw, topics)
    messages = [{"role": "system", "content": system}]
    for fact in facts:
        messages += _turn(_told(draw, fact), _heard(fact, rule))
    kind = draw.weighted(((6.0, "ask"), (1.0, "tell"), (1.0, "unknown"), (1.0 if name else 0.0, "self")))
    if kind == "ask":
        candidates = [fact for fact in facts if rule != f"avoid:{fact.topic}" or draw.maybe(0.5)] or facts
        fact = draw.one(candidates)
        question, reply = smalltalk.question(draw, fact)
        answer = _about(fact.topic, reply, rule)
    elif kind == "tell":
        messages.pop()
        question, answer = messages.pop()["content"], _heard(facts[-1], rule)
    elif kind == "unknown":
        topic = draw.one([topic for topic in ("name", "town", "work", "colour", "food") if topic not in topics])
        question, answer = draw.one(smalltalk.ASKING[topic][0][0]), _about(topic, smalltalk.UNKNOWN, rule)
    else:
        question, answer = draw.one(WHO), worded(smalltalk.filled(I_AM, {"name": name}), rule)
    messages.append({"role": "user", "content": question})
    return json.dumps(messages, ensure_ascii=False), answer, f"{kind}-{rule}"


def _practice(draw: Draw) -> tuple[str, str, str]:
    """A chat with several questions, one after another. For training alone: the last reply is among the messages."""
    instruction, rule = _rule(draw)
    name = draw.one(ASSISTANTS) if draw.maybe(0.3) else ""
    topics = _topics(draw, rule)
    facts = smalltalk.facts(draw, topics)
    messages = [{"role": "system", "content": f"{instruction} Your name is {name}." if name else instruction}]
    for fact in facts:
        messages += _turn(_told(draw, fact), _heard(fact, rule))
    missing = [topic for topic in ("name", "town", "work", "colour", "food") if topic not in topics]
    for _ in range(5):
        kind = draw.weighted(((6.0, "ask"), (1.0, "unknown"), (1.0 if name else 0.0, "self")))
        if kind == "ask":
            fact = draw.one(facts)
            question, reply = smalltalk.question(draw, fact)
            messages += _turn(question, _about(fact.topic, reply, rule))
        elif kind == "unknown":
            topic = draw.one(missing)
            messages += _turn(draw.one(smalltalk.ASKING[topic][0][0]), _about(topic, smalltalk.UNKNOWN, rule))
        else:
            messages += _turn(draw.one(WHO), worded(smalltalk.filled(I_AM, {"name": name}), rule))
    return json.dumps(messages, ensure_ascii=False), "", f"practice-{rule}"


def _turn(message: str, reply: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": message}, {"role": "assistant", "content": reply}]


def practice(split: Split, count: int, seed: int | str = 0) -> list[Example]:
    """Chats whose every reply is to be learned."""
    return examples(_practice, split, count, seed)


def chats(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Example]:
    """Messages, as JSON, with the right reply. What comes after the first hyphen of a kind is the rule."""
    return examples(_chat, split, count, seed)


def messages(example: Example) -> list[dict[str, str]]:
    """The messages of a chat."""
    messages: list[dict[str, str]] = json.loads(example.text)
    return messages


def rule(example: Example) -> str:
    """The rule that the system message of a chat sets."""
    return example.kind.partition("-")[2]
