"""The words of the translation world, English and French, with the forms that its grammar needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Gender = Literal["m", "f"]
Kind = Literal["person", "animal", "thing"]


@dataclass(frozen=True)
class Noun:
    """A noun in both languages."""

    english: str
    english_plural: str
    french: str
    french_plural: str
    gender: Gender
    kind: Kind


@dataclass(frozen=True)
class Adjective:
    """An adjective: `forms` are masculine, feminine, and both plurals; `liaison` is used before a vowel.

    `kinds` are what it can sensibly be said of.
    """

    english: str
    forms: tuple[str, str, str, str]
    kinds: frozenset[Kind]
    before: bool = False
    liaison: str | None = None


@dataclass(frozen=True)
class Verb:
    """A transitive verb: `present` has the forms of je, il, nous, vous and ils, `stem` is that of the future."""

    english: str
    third: str
    past: str
    present: tuple[str, str, str, str, str]
    stem: str
    participle: str
    of_things: bool = False
    """Whether its object is always a thing."""


def _nouns(kind: Kind, gender: Gender, table: str) -> list[Noun]:
    nouns = []
    for row in table.strip().splitlines():
        english, french = (part.strip().split("/") for part in row.split("="))
        english_plural = english[1] if len(english) > 1 else english[0] + "s"
        french_plural = french[1] if len(french) > 1 else french[0] + "s"
        nouns.append(Noun(english[0], english_plural, french[0], french_plural, gender, kind))
    return nouns


PERSONS = _nouns(
    "person",
    "m",
    """
    boy = garçon
    man/men = homme
    doctor = médecin
    neighbour = voisin
    uncle = oncle
    king = roi
    farmer = fermier
    """,
) + _nouns(
    "person",
    "f",
    """
    girl = fille
    woman/women = femme
    queen = reine
    nurse = infirmière
    actress/actresses = actrice
    aunt = tante
    student = étudiante
    """,
)
ANIMALS = _nouns(
    "animal",
    "m",
    """
    dog = chien
    cat = chat
    bird = oiseau/oiseaux
    horse = cheval/chevaux
    """,
) + _nouns(
    "animal",
    "f",
    """
    cow = vache
    mouse/mice = souris/souris
    goat = chèvre
    """,
)
THINGS = _nouns(
    "thing",
    "m",
    """
    book = livre
    tree = arbre
    boat = bateau/bateaux
    hotel = hôtel
    garden = jardin
    knife/knives = couteau/couteaux
    train = train
    hat = chapeau/chapeaux
    castle = château/châteaux
    plane = avion
    coat = manteau/manteaux
    newspaper = journal/journaux
    """,
) + _nouns(
    "thing",
    "f",
    """
    house = maison
    car = voiture
    letter = lettre
    flower = fleur
    church/churches = église
    table = table
    window = fenêtre
    school = école
    watch/watches = montre
    island = île
    story/stories = histoire
    key = clé
    """,
)
BEINGS = PERSONS + ANIMALS
NOUNS = BEINGS + THINGS


def _adjectives(kinds: tuple[Kind, ...], table: str, before: bool = False) -> list[Adjective]:
    found = []
    for row in table.strip().splitlines():
        english, forms = (part.strip() for part in row.split("="))
        masculine, feminine, *rest = forms.split("/")
        plural = rest[0] if rest else masculine + "s"
        liaison = rest[1] if len(rest) > 1 else None
        all_forms = (masculine, feminine, plural, feminine + "s")
        found.append(Adjective(english, all_forms, frozenset(kinds), before, liaison))
    return found


ADJECTIVES = (
    _adjectives(
        ("person", "animal", "thing"),
        """
        small = petit/petite
        beautiful = beau/belle/beaux/bel
        old = vieux/vieille/vieux/vieil
        good = bon/bonne
        """,
        before=True,
    )
    + _adjectives(("person",), "tall = grand/grande", before=True)
    + _adjectives(("person", "animal"), "young = jeune/jeune", before=True)
    + _adjectives(("animal", "thing"), "big = grand/grande\npretty = joli/jolie", before=True)
    + _adjectives(("thing",), "new = nouveau/nouvelle/nouveaux/nouvel\nbad = mauvais/mauvaise/mauvais", before=True)
    + _adjectives(
        ("person", "animal", "thing"),
        """
        strange = étrange/étrange
        famous = célèbre/célèbre
        English = anglais/anglaise/anglais
        Italian = italien/italienne
        """,
    )
    + _adjectives(
        ("animal", "thing"),
        """
        white = blanc/blanche
        black = noir/noire
        grey = gris/grise/gris
        heavy = lourd/lourde
        """,
    )
    + _adjectives(
        ("person", "animal"),
        """
        happy = heureux/heureuse/heureux
        curious = curieux/curieuse/curieux
        """,
    )
    + _adjectives(
        ("thing",),
        """
        red = rouge/rouge
        green = vert/verte
        expensive = cher/chère
        royal = royal/royale/royaux
        """,
    )
)


def _verbs(table: str, of_things: bool = False) -> list[Verb]:
    found = []
    for row in table.strip().splitlines():
        english, present, future = (part.strip() for part in row.split("="))
        base, third, past = english.split("/")
        forms = tuple(present.split("/"))
        stem, participle = future.split("/")
        found.append(Verb(base, third, past, forms, stem, participle, of_things))  # type: ignore[arg-type]
    return found


VERBS = _verbs(
    """
    see/sees/saw = vois/voit/voyons/voyez/voient = verr/vu
    like/likes/liked = aime/aime/aimons/aimez/aiment = aimer/aimé
    find/finds/found = trouve/trouve/trouvons/trouvez/trouvent = trouver/trouvé
    choose/chooses/chose = choisis/choisit/choisissons/choisissez/choisissent = choisir/choisi
    admire/admires/admired = admire/admire/admirons/admirez/admirent = admirer/admiré
    draw/draws/drew = dessine/dessine/dessinons/dessinez/dessinent = dessiner/dessiné
    describe/describes/described = décris/décrit/décrivons/décrivez/décrivent = décrir/décrit
    avoid/avoids/avoided = évite/évite/évitons/évitez/évitent = éviter/évité
    forget/forgets/forgot = oublie/oublie/oublions/oubliez/oublient = oublier/oublié
    """
) + _verbs(
    """
    take/takes/took = prends/prend/prenons/prenez/prennent = prendr/pris
    buy/buys/bought = achète/achète/achetons/achetez/achètent = achèter/acheté
    sell/sells/sold = vends/vend/vendons/vendez/vendent = vendr/vendu
    lose/loses/lost = perds/perd/perdons/perdez/perdent = perdr/perdu
    hide/hides/hid = cache/cache/cachons/cachez/cachent = cacher/caché
    clean/cleans/cleaned = nettoie/nettoie/nettoyons/nettoyez/nettoient = nettoier/nettoyé
    receive/receives/received = reçois/reçoit/recevons/recevez/reçoivent = recevr/reçu
    """,
    of_things=True,
)
PLURAL_ENDINGS = ("ai", "a", "ons", "ez", "ont")
PLACES = (
    ("near the station", "près de la gare"),
    ("in the village", "dans le village"),
    ("behind the wall", "derrière le mur"),
    ("at the market", "au marché"),
    ("on the square", "sur la place"),
    ("by the sea", "au bord de la mer"),
)
TIMES = {
    "present": (("today", "aujourd'hui"), ("now", "maintenant"), ("every day", "tous les jours")),
    "past": (("yesterday", "hier"), ("last week", "la semaine dernière"), ("this morning", "ce matin")),
    "future": (("tomorrow", "demain"), ("soon", "bientôt"), ("next year", "l'année prochaine")),
}
