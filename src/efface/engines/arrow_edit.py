"""Change the values at the end of a leaf's way, and build the arrays around them anew.

What is built anew holds no byte of a value that went: not beneath a null, not in a dictionary, not behind the
end of a buffer.

Source: Apache Arrow Columnar Format 1.5 (layouts; what lies beneath a null is any byte).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from efface.errors import RemovalError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["changed", "emptied", "replaced", "with_columns"]


def changed(
    array: Any,  # noqa: ANN401 - pyarrow has no types
    steps: tuple[tuple[str, int], ...],
    change: Callable[[Any, bool], Any],
    *,
    nullable: bool,
) -> Any:  # noqa: ANN401
    """Return an array with the values at the end of a way changed, of the same type and length.

    Args:
        array: Of one batch.
        steps: Of a leaf (`arrow_leaves`).
        change: Gets the values and whether they may be null.
        nullable: Whether the array itself may hold nulls.

    Raises:
        RemovalError: The way leads through a union, run ends or a list view.
    """
    import pyarrow as pa  # noqa: PLC0415 - imported only where a table is written

    if array.offset:
        array = array.take(pa.array(range(len(array)), pa.int64()))
    if not steps or steps[0][0] == "bytes":
        return change(array, nullable)
    (word, number), rest = steps[0], steps[1:]

    def inside(inner: Any, *, may: bool = True) -> Any:  # noqa: ANN401
        return changed(inner, rest, change, nullable=may)

    if word == "storage":
        return pa.ExtensionArray.from_storage(array.type, inside(array.storage, may=nullable))
    if word == "decode":
        return _encoded(inside(array.dictionary_decode(), may=nullable), array.type)
    if word == "field":
        fields = list(array.type)
        children = [array.field(at) for at in range(len(fields))]
        children[number] = inside(children[number], may=fields[number].nullable)
        return pa.StructArray.from_arrays(children, fields=fields, mask=array.is_null())
    if word == "items" and not str(array.type).startswith(("list_view", "large_list_view")):
        return _list(array, inside(array.values, may=array.type.value_field.nullable))
    if word == "map":
        pair = [array.keys, array.items]
        pair[number] = inside(pair[number], may=bool(number) and array.type.item_field.nullable)
        return pa.MapArray.from_arrays(array.offsets, *pair, type=array.type, mask=array.is_null())
    raise RemovalError("a column is nested in a way (union, run ends, list view) that is not written here")


def _encoded(plain: Any, kind: Any) -> Any:  # noqa: ANN401
    import pyarrow as pa  # noqa: PLC0415

    coded = plain.dictionary_encode()
    indices = coded.indices.cast(kind.index_type)
    return pa.DictionaryArray.from_arrays(indices, coded.dictionary, ordered=kind.ordered)


def _list(array: Any, values: Any, *, mask: bool = True) -> Any:  # noqa: ANN401
    import pyarrow as pa  # noqa: PLC0415

    nulls = {"mask": array.is_null()} if mask else {}
    if pa.types.is_fixed_size_list(array.type):
        return pa.FixedSizeListArray.from_arrays(values, type=array.type, **nulls)
    return type(array).from_arrays(array.offsets, values, type=array.type, **nulls)


def emptied(array: Any, due: Sequence[bool], *, nullable: bool) -> Any:  # noqa: ANN401
    """Return an array whose due values are null, or empty where nulls may not be.

    Args:
        array: Lists, texts, binary values or numbers.
        due: One truth value for each.
        nullable: Whether nulls may be.

    Raises:
        RemovalError: They may not, and such a value cannot be empty.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    kind = _without_views(array.type)
    if kind != array.type:
        return emptied(array.cast(kind), due, nullable=nullable).cast(array.type)
    places = [None if goes else at for at, goes in enumerate(due)]
    taken = array.take(pa.array(places, pa.int64()))
    if nullable or not any(due):
        return taken
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        return _list(taken, taken.values, mask=False)
    if pa.types.is_fixed_size_binary(array.type) or not pa.types.is_binary(
        taken.slice(0, 0).cast(pa.binary()).type
    ):
        raise RemovalError("a column of numbers or of values of one length may not be empty")
    return pc.fill_null(taken, pa.scalar(b"", pa.binary()).cast(array.type))


def _without_views(kind: Any) -> Any:  # noqa: ANN401
    """Return a type whose buffers are its own: views share them, and keep the bytes of what was left out."""
    import pyarrow as pa  # noqa: PLC0415

    word = str(kind)
    if word.startswith(("list_view", "large_list_view")):
        raise RemovalError(
            "a column is nested in a way (union, run ends, list view) that is not written here"
        )
    if not word.endswith("_view"):
        return kind
    return pa.large_binary() if "binary" in word else pa.large_string()


def replaced(array: Any, values: dict[int, bytes | str | None], *, nullable: bool) -> Any:  # noqa: ANN401
    """Return an array of texts or binary values, some of which are others or None.

    Args:
        array: The values.
        values: By place.
        nullable: Whether nulls may be.

    Raises:
        RemovalError: A value of a fixed length would be shorter.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    left = {at: value for at, value in values.items() if value is not None}
    due = [at in values and at not in left for at in range(len(array))]
    result = emptied(array, due, nullable=nullable)
    if not left:
        return result
    if pa.types.is_fixed_size_binary(array.type) or hasattr(array.type, "value_type"):
        raise RemovalError("a value of a fixed length contains what was found among other things")
    kind = pa.large_binary() if "binary" in str(array.type) else pa.large_string()
    mask = pa.array([at in left for at in range(len(array))], pa.bool_())
    others = pa.array([left[at] for at in sorted(left)], kind)
    return pc.replace_with_mask(result.cast(kind), mask, others).cast(array.type)


def with_columns(batch: Any, columns: Sequence[Any]) -> Any:  # noqa: ANN401
    """Return a batch of the same schema with other columns."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.RecordBatch.from_arrays(list(columns), schema=batch.schema)
