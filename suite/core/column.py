"""A column of a result table, defined where the number comes from."""

from __future__ import annotations

from dataclasses import dataclass

TEXT, INTEGER, JSON_TEXT = "text", "integer", "JSON text"


@dataclass(frozen=True)
class Column:
    """One column: its name, its type or unit, what it means, and where it is empty.

    `unit` is "text", "integer" or "JSON text"; with any other ("ms", "0 to 1") the column holds numbers.
    """

    name: str
    unit: str
    meaning: str
    empty: str
    whole: bool = False
    """Whether numbers of that unit are whole."""
    is_cost: bool = False
    """Whether it says what measuring took, and not what was measured: such columns stand last."""

    @property
    def is_text(self) -> bool:
        """Whether its values are texts."""
        return self.unit in (TEXT, JSON_TEXT)

    @property
    def is_integer(self) -> bool:
        """Whether its values are whole numbers."""
        return self.whole or self.unit == INTEGER

    @property
    def is_json(self) -> bool:
        """Whether its values are objects, stored as JSON."""
        return self.unit == JSON_TEXT
