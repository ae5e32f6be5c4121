"""The words of the multilingual world in Spanish, by the English words of `french`."""

from __future__ import annotations

from dataclasses import dataclass

from .french import Gender


@dataclass(frozen=True)
class SpanishNoun:
    """A noun with its plural."""

    singular: str
    plural: str
    gender: Gender


@dataclass(frozen=True)
class SpanishVerb:
    """The forms for one and for several, and the stem of the future."""

    present: tuple[str, str]
    past: tuple[str, str]
    stem: str


def _rows(table: str) -> list[tuple[str, list[str]]]:
    lines = (line.split("=") for line in table.strip().splitlines())
    return [(english.strip(), spanish.strip().split("/")) for english, spanish in lines]


def _nouns(gender: Gender, table: str) -> dict[str, SpanishNoun]:
    return {
        english: SpanishNoun(forms[0], forms[1] if len(forms) > 1 else forms[0] + "s", gender)
        for english, forms in _rows(table)
    }


NOUNS = _nouns(
    "m",
    """
    boy = niño
    man = hombre
    doctor = médico
    neighbour = vecino
    uncle = tío
    king = rey/reyes
    farmer = granjero
    dog = perro
    cat = gato
    bird = pájaro
    horse = caballo
    mouse = ratón/ratones
    book = libro
    tree = árbol/árboles
    boat = barco
    hotel = hotel/hoteles
    garden = jardín/jardines
    knife = cuchillo
    train = tren/trenes
    hat = sombrero
    castle = castillo
    plane = avión/aviones
    coat = abrigo
    newspaper = periódico
    car = coche
    watch = reloj/relojes
    """,
) | _nouns(
    "f",
    """
    girl = niña
    woman = mujer/mujeres
    queen = reina
    nurse = enfermera
    actress = actriz/actrices
    aunt = tía
    student = alumna
    cow = vaca
    goat = cabra
    house = casa
    letter = carta
    flower = flor/flores
    church = iglesia
    table = mesa
    window = ventana
    school = escuela
    island = isla
    story = historia
    key = llave
    """,
)


def _adjective(forms: list[str]) -> tuple[str, str, str, str]:
    """Masculine, feminine and both plurals; most are told by the first."""
    if len(forms) == 1:
        stem = forms[0][:-1] if forms[0].endswith("o") else ""
        forms = [forms[0], stem + "a" if stem else forms[0]]
    masculine, feminine, *plurals = forms
    return (
        (masculine, feminine, plurals[0], plurals[1])
        if plurals
        else (
            masculine,
            feminine,
            masculine + "s",
            feminine + "s",
        )
    )


ADJECTIVES = {
    english: _adjective(forms)
    for english, forms in _rows(
        """
    small = pequeño
    beautiful = hermoso
    old = viejo
    good = bueno
    tall = alto
    young = joven/joven/jóvenes/jóvenes
    big = grande
    pretty = bonito
    new = nuevo
    bad = malo
    strange = extraño
    famous = famoso
    English = inglés/inglesa/ingleses/inglesas
    Italian = italiano
    white = blanco
    black = negro
    grey = gris/gris/grises/grises
    heavy = pesado
    happy = feliz/feliz/felices/felices
    curious = curioso
    red = rojo
    green = verde
    expensive = caro
    royal = real/real/reales/reales
    """
    )
}
VERBS = {
    english: SpanishVerb((forms[0], forms[1]), (forms[2], forms[3]), forms[4])
    for english, forms in _rows(
        """
    see = ve/ven/vio/vieron/ver
    find = encuentra/encuentran/encontró/encontraron/encontrar
    choose = elige/eligen/eligió/eligieron/elegir
    admire = admira/admiran/admiró/admiraron/admirar
    draw = dibuja/dibujan/dibujó/dibujaron/dibujar
    describe = describe/describen/describió/describieron/describir
    avoid = evita/evitan/evitó/evitaron/evitar
    forget = olvida/olvidan/olvidó/olvidaron/olvidar
    take = toma/toman/tomó/tomaron/tomar
    buy = compra/compran/compró/compraron/comprar
    sell = vende/venden/vendió/vendieron/vender
    lose = pierde/pierden/perdió/perdieron/perder
    hide = esconde/esconden/escondió/escondieron/esconder
    clean = limpia/limpian/limpió/limpiaron/limpiar
    receive = recibe/reciben/recibió/recibieron/recibir
    """
    )
}
FUTURE = ("á", "án")
PLACES = {
    "near the station": "cerca de la estación",
    "in the village": "en el pueblo",
    "behind the wall": "detrás del muro",
    "at the market": "en el mercado",
    "on the square": "en la plaza",
    "by the sea": "junto al mar",
}
TIMES = {
    "today": "hoy",
    "now": "ahora",
    "every day": "todos los días",
    "yesterday": "ayer",
    "last week": "la semana pasada",
    "this morning": "esta mañana",
    "tomorrow": "mañana",
    "soon": "pronto",
    "next year": "el próximo año",
}
