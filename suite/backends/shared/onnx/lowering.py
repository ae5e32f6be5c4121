"""Lowers a traced graph to what has a translation to ONNX, without tracing it a second time.

`ExportedProgram.run_decompositions` runs every operation once more, with symbolic shapes. Most graphs of an inference
are nearly what that gives: nothing is written in place, and all but a few casts are translated as they are. Those few
are rewritten here, to what the second trace would write for them; any other graph is left for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

CASTS = ("to.dtype", "to.device", "to.dtype_layout", "to.other")
SAME = ("contiguous.default", "dropout.default")
"""Copies, at most, of what they are given: `_is_inference` makes sure that a dropout drops nothing."""
SYNONYMS = {
    "__and__.Tensor": "bitwise_and.Tensor",
    "__or__.Tensor": "bitwise_or.Tensor",
    "min.other": "minimum.default",
    "max.other": "maximum.default",
}
RESHAPE = ("reshape.default",)
"""May give a view, or not: without writing in place that makes no difference."""
CHECKS = ("_assert_tensor_metadata.default", "_assert_scalar.default", "_assert_async.msg", "_assert_async.default")
"""torch removes them itself."""

Rewriting = Callable[[], None]


def lower(program: Any, is_translated: Callable[[Any], bool]) -> bool:
    """Rewrite the graph of an exported program in place. False, with nothing done, where that is not enough.

    `is_translated` says whether there is a translation of an operation.
    """
    module = program.graph_module
    try:
        rewritings = _rewritings(module, is_translated)
    except (AttributeError, KeyError, TypeError, ValueError):
        # A release that keeps something of this elsewhere.
        return False
    if rewritings is None:
        return False
    for rewrite in rewritings:
        rewrite()
    module.graph.eliminate_dead_code()
    module.recompile()
    return True


def _rewritings(module: Any, is_translated: Callable[[Any], bool]) -> list[Rewriting] | None:
    """What to do to a graph; None where it has something else to lower."""
    import torch

    if sum(isinstance(part, torch.fx.GraphModule) for part in module.modules()) != 1:
        return None
    casts, same, reshapes = _operations(CASTS), _operations(SAME), _operations(RESHAPE)
    synonyms = dict(zip(_operations(SYNONYMS), _operations(SYNONYMS.values()), strict=True))
    checks = _operations(CHECKS)
    rewritings: list[Rewriting] = []
    for node in module.graph.nodes:
        if node.op in ("placeholder", "output"):
            continue
        if node.op != "call_function":
            return None
        target = node.target
        if target in reshapes:
            if _shape(node) == _shape(node.args[0]):
                rewritings.append(_as_input(node))
        elif target in casts:
            rewritings.append(_as_cast(node))
        elif target in same and _is_inference(node):
            rewritings.append(_as_input(node))
        elif target in synonyms:
            rewritings.append(_as(node, synonyms[target]))
        elif target in checks or _is_kept(target, is_translated):
            continue
        elif (pure := _out_of_place(node)) is not None and is_translated(pure):
            rewritings.append(_as(node, pure))
        else:
            return None
    return [*rewritings, *_folded_sizes(module.graph)]


def _operations(names: Iterable[str]) -> list[Any]:
    """The operations of aten with these names that this release has."""
    import torch

    packets = ((getattr(torch.ops.aten, name.split(".")[0], None), name.split(".")[1]) for name in names)
    return [getattr(packet, overload) for packet, overload in packets if hasattr(packet, overload)]


def _is_kept(operation: Any, is_translated: Callable[[Any], bool]) -> bool:
    """Whether decompositions leave an operation as it is.

    They do if it is translated, unless it writes in place, or is composed of others and may give a view.
    """
    import torch

    if not is_translated(operation):
        return False
    if not isinstance(operation, torch._ops.OpOverload):
        return True  # of Python, on sizes
    if operation._schema.is_mutable:
        return False
    if not operation.has_kernel_for_dispatch_key(torch._C.DispatchKey.CompositeImplicitAutograd):
        return True
    aliases = any(argument.alias_info is not None for argument in operation._schema.arguments)
    return not aliases and torch.Tag.maybe_aliasing_or_mutating not in operation.tags


def _is_inference(node: Any) -> bool:
    """Whether it is no dropout, or one that drops nothing: it takes the input, the share, and whether to."""
    return "dropout" not in node.target.name() or (len(node.args) == 3 and not node.args[2])


def _shape(node: Any) -> tuple[Any, ...]:
    """The sizes of a node's tensor, as numbers and expressions: to compare symbolic sizes would assume something."""
    return tuple(size if isinstance(size, int) else size.node.expr for size in node.meta["val"].shape)


def _out_of_place(node: Any) -> Any:
    """The operation that gives what this one writes, if that is a fresh tensor that nothing else looks at."""
    import torch

    operation, packet = node.target, getattr(node.target, "overloadpacket", None)
    name = getattr(packet, "__name__", "")
    if not isinstance(operation, torch._ops.OpOverload) or not name.endswith("_") or name.endswith("__"):
        return None
    pure = getattr(getattr(torch.ops.aten, name.removesuffix("_"), None), operation._overloadname, None)
    written = node.args[0]
    dtypes = {source.meta["val"].dtype for source in node.all_input_nodes if hasattr(source.meta["val"], "dtype")}
    alone = list(written.users) == [node] and _shape(written) == _shape(node)
    return pure if pure is not None and alone and len(dtypes) == 1 and _is_fresh(written.target) else None


def _is_fresh(operation: Any) -> bool:
    """Whether what an operation gives is never a view of something else."""
    import torch

    if not isinstance(operation, torch._ops.OpOverload):
        return False
    aliases = any(value.alias_info is not None for value in (*operation._schema.arguments, *operation._schema.returns))
    return not aliases and torch.Tag.maybe_aliasing_or_mutating not in operation.tags


def _as(node: Any, operation: Any) -> Rewriting:
    def rewrite() -> None:
        node.target = operation

    return rewrite


def _as_cast(node: Any) -> Rewriting:
    import torch

    dtype = node.meta["val"].dtype
    if dtype == node.args[0].meta["val"].dtype:
        return _as_input(node)

    def rewrite() -> None:
        node.target, node.args, node.kwargs = torch.ops.aten._to_copy.default, node.args[:1], {"dtype": dtype}

    return rewrite


def _as_input(node: Any) -> Rewriting:
    import torch

    def rewrite() -> None:
        if any(user.op == "output" for user in node.users):
            # The program's signature names what its output takes: that stays, as a copy.
            node.target, node.args, node.kwargs = torch.ops.aten.clone.default, node.args[:1], {}
            return
        node.replace_all_uses_with(node.args[0])
        node.graph.erase_node(node)  # a dropout counts as one that has effects

    return rewrite


def _folded_sizes(graph: Any) -> Iterator[Rewriting]:
    """Write sizes that turned out to be fixed as numbers, and take every other one where it is first known."""
    import torch

    first: dict[Any, Any] = {}
    for node in graph.nodes:
        size = node.meta.get("val")
        if node.op != "call_function" or not isinstance(size, torch.SymInt):
            continue
        fixed = size.node.maybe_as_int()
        known = first.setdefault(size.node.expr, node) if fixed is None else fixed
        if known is not node:
            yield _as_known(node, known)


def _as_known(node: Any, known: Any) -> Rewriting:
    import torch

    def replaced(argument: Any) -> Any:
        return known if argument is node else argument

    def rewrite() -> None:
        for user in list(node.users):
            if user.op != "output":
                user.args, user.kwargs = torch.fx.map_arg((user.args, user.kwargs), replaced)

    return rewrite
