"""How large the values of a column are once they are written out, whatever little it takes to say them.

A dictionary, a view or a list of nothing can stand for far more than it takes; what can do so without a limit is not
read at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suite.core.errors import UsageError
from suite.core.printable import shortened

if TYPE_CHECKING:
    import pyarrow as pa

VALUE = 8
"""Bytes of a value at least: in Python each is an object, or a place that points to one."""


def written_out(column: pa.Array, name: str) -> int:
    """Bytes of the values of a valid column; `name` is what it is called in a refusal.

    Raises:
        UsageError: its type is none that is read.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind: Any = column.type
    types = pa.types
    if isinstance(column, pa.ExtensionArray):
        return written_out(column.storage, name)
    if types.is_dictionary(kind) and _is_text(kind.value_type):
        lengths: Any = pc.binary_length(column.dictionary)
        return len(column) * VALUE + (pc.sum(pc.take(lengths, column.indices)).as_py() or 0)
    if types.is_dictionary(kind) and types.is_primitive(kind.value_type):
        return len(column) * VALUE
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return len(column) * VALUE + written_out(column.flatten(), name)
    if types.is_struct(kind):
        return len(column) * VALUE + sum(written_out(part, name) for part in column.flatten())
    if _is_text(kind):
        return len(column) * VALUE + (pc.sum(pc.binary_length(column)).as_py() or 0)
    if types.is_null(kind) or types.is_primitive(kind) or types.is_decimal(kind):
        return len(column) * max(VALUE, 0 if types.is_null(kind) else kind.bit_width // 8)
    raise UsageError(
        f"--samples has values of the type {shortened(str(kind), 80)} in the column {name!r}, which is not read: write "
        "texts, numbers, lists or structs."
    )


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    types = pa.types
    views = types.is_string_view(kind) or types.is_binary_view(kind)
    plain = types.is_string(kind) or types.is_binary(kind)
    return views or plain or types.is_large_string(kind) or types.is_large_binary(kind)
