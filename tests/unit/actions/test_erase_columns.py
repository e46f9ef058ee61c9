"""Columns of Parquet, Arrow and ORC files: what was found goes, everything else comes out as it went in."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from efface.actions.erase_columns import EraseColumns
from efface.errors import RemovalError
from efface.examine import Examiner
from efface.model import Characteristic, Clue, Finding, Form, Level, Limits, Locator, Mode, Part, Surroundings
from efface.sources.payloads import BytesPayload
from efface.testing import stores

if TYPE_CHECKING:
    from collections.abc import Callable

pa = pytest.importorskip("pyarrow", reason="efface[files] is not installed")
from pyarrow import ipc, orc, parquet  # noqa: E402 - only where it is installed

LIMITS = Limits()
ROWS, LONG = 24, 128
VECTORS = stores.face_vectors(ROWS, LONG)
FRAGMENTS = [vector.tobytes()[at : at + 16] for vector in VECTORS for at in (0, 160, 496)]
NAMES = [f"person {at}" for at in range(ROWS)]
OTHERS = {
    "name": pa.array(NAMES),
    "at": pa.array(range(ROWS), pa.timestamp("us", "UTC")),
    "odd": pa.array([None if at % 3 else at / 7 for at in range(ROWS)], pa.float64()),
    "tags": pa.array([["a", None], None, []] * (ROWS // 3), pa.list_(pa.string())),
    "group": pa.array([f"g{at % 2}" for at in range(ROWS)]).dictionary_encode(),
}
PLACE = "/*/face_embedding"


def lists(kind: Any) -> Any:
    return pa.array([vector.tolist() for vector in VECTORS], kind)


FLOATS = pa.list_(pa.float32())
COLUMNS: dict[str, tuple[Any, str]] = {
    "lists": (lists(FLOATS), PLACE),
    "large lists": (lists(pa.large_list(pa.float32())), PLACE),
    "lists of one length": (lists(pa.list_(pa.float32(), LONG)), PLACE),
    "lists in structs": (
        pa.StructArray.from_arrays([lists(FLOATS), pa.array(NAMES)], ["v", "n"]),
        f"{PLACE}/v",
    ),
    "lists of lists": (pa.array([[vector.tolist()] for vector in VECTORS], pa.list_(FLOATS)), f"{PLACE}/*"),
    "blobs": (pa.array([vector.tobytes() for vector in VECTORS]), PLACE),
    "large blobs": (pa.array([vector.tobytes() for vector in VECTORS], pa.large_binary()), PLACE),
    "blobs of one length": (
        pa.array([vector.tobytes() for vector in VECTORS], pa.binary(4 * LONG)),
        PLACE,
    ),
    "texts": (pa.array([str(vector.tolist()) for vector in VECTORS]), PLACE),
    "dictionaries": (pa.array([vector.tobytes() for vector in VECTORS]).dictionary_encode(), PLACE),
}
NO_ORC = {"large lists", "lists of one length", "large blobs", "blobs of one length", "dictionaries"}


def as_parquet(table: Any, **options: Any) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(table, sink, row_group_size=10, **options)
    return sink.getvalue()


def as_orc(table: Any) -> bytes:
    sink = io.BytesIO()
    orc.write_table(table, sink, compression="zlib")
    return sink.getvalue()


def as_file(table: Any, compression: str | None = None) -> bytes:
    sink = io.BytesIO()
    options = ipc.IpcWriteOptions(compression=compression, unify_dictionaries=True)
    with ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=7)
    return sink.getvalue()


def as_stream(table: Any) -> bytes:
    sink = io.BytesIO()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)
    return sink.getvalue()


WRITERS: dict[str, Callable[[Any], bytes]] = {
    "Parquet": as_parquet,
    "ORC": as_orc,
    "Arrow file": as_file,
    "Arrow stream": as_stream,
}
READERS: dict[str, Callable[[bytes], Any]] = {
    "Parquet": lambda data: parquet.read_table(io.BytesIO(data)),
    "ORC": lambda data: orc.read_table(io.BytesIO(data)),
    "Arrow file": lambda data: ipc.open_file(io.BytesIO(data)).read_all(),
    "Arrow stream": lambda data: ipc.open_stream(io.BytesIO(data)).read_all(),
}


def found(place: str = PLACE, **clues: str) -> Finding:
    known = {"dimension": str(LONG), **clues}
    locator = Locator("file", ("a.table",), place)
    told = tuple(Clue(name, value) for name, value in known.items())
    return Finding("face-template@3", Form.TEMPLATE, Characteristic.FACE, locator, 0.9, clues=told)


def looked_at(data: bytes) -> list[Any]:
    part = Part(Locator("file", ("a.table",)), BytesPayload(data), Surroundings(("a.table",)))
    return list(Examiner(Mode.STANDARD, LIMITS).examine(part))


def removed(data: bytes, *findings: Finding) -> bytes:
    result = EraseColumns().remove(data, findings or [found()], LIMITS)
    assert result is not None
    return result


def holds(data: bytes) -> bool:
    return any(fragment in data for fragment in FRAGMENTS)


def unpacked(data: bytes, kind: str) -> bytes:
    """Return all buffers of a table as its reader gives them, without coding and compression."""
    pieces: list[bytes] = []
    waiting = [chunk for column in READERS[kind](data).columns for chunk in column.chunks]
    for array in waiting:
        pieces += [buffer.to_pybytes() for buffer in array.buffers() if buffer is not None]
        if hasattr(array, "dictionary"):
            waiting.append(array.dictionary)
    return b"".join(pieces)


# ORC lacks some types, so that there is nothing to write.
@pytest.mark.parametrize(
    ("kind", "form"),
    [(kind, form) for kind in WRITERS for form in COLUMNS if kind != "ORC" or form not in NO_ORC],
)
def test_vectors_go_and_the_rest_stays(kind: str, form: str) -> None:
    """In every kind of file and form of column no byte of a vector is left; other columns, schema and rows are equal."""
    column, place = COLUMNS[form]
    others = {name: each for name, each in OTHERS.items() if kind != "ORC" or name != "group"}
    table = pa.table({**others, "face_embedding": column}).replace_schema_metadata({b"own": b"kept"})
    data = WRITERS[kind](table)
    assert any(isinstance(each, Finding) and each.locator.fragment == place for each in looked_at(data))
    result = removed(data, found(place))
    before, after = READERS[kind](data), READERS[kind](result)
    assert after.schema.equals(before.schema, check_metadata=True)
    assert after.drop_columns("face_embedding").equals(before.drop_columns("face_embedding"))
    assert not holds(result)
    assert not holds(unpacked(result, kind))
    assert form == "texts" or holds(unpacked(data, kind))
    assert b"-0.0" not in unpacked(result, kind)
    assert not [each for each in looked_at(result) if isinstance(each, Finding)]
    assert removed(result, found(place)) == result


def test_a_vector_spread_over_columns_goes_from_all() -> None:
    """Of numbered columns each becomes null, and those beside them stay."""
    spread = {f"face_vector_{at}": pa.array(VECTORS[:, at]) for at in range(LONG)}
    data = as_parquet(pa.table({"name": pa.array(NAMES), **spread}))
    after = parquet.read_table(io.BytesIO(removed(data, found("/*/face_vector"))))
    assert after.column("name").to_pylist() == NAMES
    assert all(after.column(name).null_count == ROWS for name in spread)


def test_lists_that_are_no_vectors_stay() -> None:
    """Beside vectors, shorter lists and nulls of the same column stay as they are."""
    values = [vector.tolist() for vector in VECTORS]
    values[3], values[5], values[7] = None, [1.0, 2.0], []  # type: ignore[call-overload]
    after = parquet.read_table(
        io.BytesIO(removed(as_parquet(pa.table({"face_embedding": pa.array(values, FLOATS)}))))
    )
    left = after.column("face_embedding").to_pylist()
    assert left[5], left[7] == ([1.0, 2.0], [])
    assert [at for at, value in enumerate(left) if value is not None] == [5, 7]


def test_words_in_a_column_of_templates_stay() -> None:
    """Formats decide value by value: a remark stays where a template in the same column goes."""
    values = [vector.tobytes().hex() for vector in VECTORS[:4]]
    values.append("no photo was taken of this customer")
    result = removed(as_parquet(pa.table({"face_embedding": values})))
    assert parquet.read_table(io.BytesIO(result)).column(0).to_pylist() == [None] * 4 + values[4:]


def test_a_column_that_must_hold_something_is_emptied() -> None:
    """Where the schema forbids nulls, lists are left without numbers and texts without characters."""
    schema = pa.schema(
        [pa.field("face_embedding", FLOATS, nullable=False), pa.field("b", pa.binary(), nullable=False)]
    )
    table = pa.table([lists(FLOATS), COLUMNS["blobs"][0]], schema=schema)
    for kind in ("Parquet", "Arrow file"):
        result = removed(WRITERS[kind](table), found(), found("/*/b"))
        after = READERS[kind](result)
        assert after.schema.equals(schema)
        assert after.to_pydict() == {"face_embedding": [[]] * ROWS, "b": [b""] * ROWS}
        assert not holds(unpacked(result, kind))


def test_how_a_file_is_written_stays() -> None:
    """Row groups, codec of each column, statistics, dictionaries and page indexes are as before."""
    table = pa.table({**OTHERS, "face_embedding": COLUMNS["blobs"][0]})
    codecs = dict.fromkeys(table.column_names, "zstd") | {"name": "gzip", "odd": "none"}
    codecs |= {"tags.list.element": "snappy"}
    data = as_parquet(table, compression=codecs, use_dictionary=["group", "name"], write_page_index=True)
    old, new = (parquet.ParquetFile(io.BytesIO(each)).metadata for each in (data, removed(data)))
    assert new.num_row_groups == old.num_row_groups == 3
    assert set(new.metadata) == set(old.metadata)
    for group in range(3):
        assert new.row_group(group).num_rows == old.row_group(group).num_rows
        for at in range(old.row_group(group).num_columns):
            one, two = old.row_group(group).column(at), new.row_group(group).column(at)
            assert one.compression == two.compression
            assert one.encodings == two.encodings
            assert one.has_column_index == two.has_column_index
            if one.path_in_schema == "face_embedding":
                assert not two.statistics.has_min_max
            else:
                assert one.statistics == two.statistics


@pytest.mark.parametrize("codec", [None, "lz4", "zstd"])
def test_the_codec_of_an_arrow_file_stays(codec: str | None) -> None:
    """Bodies of messages stay compressed as they were."""
    from efface.engines.arrow_writing import _compression

    data = as_file(pa.table({"face_embedding": lists(FLOATS), "name": NAMES}), codec)
    assert _compression(data[8:]) == codec
    assert _compression(removed(data)[8:]) == codec


def test_metadata_of_batches_stays() -> None:
    """What a writer put beside a batch is beside it again."""
    table = pa.table({"face_embedding": lists(FLOATS)})
    sink = io.BytesIO()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_batch(table.to_batches()[0], custom_metadata={"batch": "one"})
    reader = ipc.open_stream(io.BytesIO(removed(sink.getvalue())))
    assert reader.read_next_batch_with_custom_metadata()[1] == {b"batch": b"one"}


def test_bytes_beneath_a_null_go() -> None:
    """A soft delete of Arrow, a null with its numbers still beneath, leaves none of them."""
    values = pa.FixedSizeListArray.from_arrays(
        pa.array(VECTORS.reshape(-1)), LONG, mask=pa.array([at % 2 == 0 for at in range(ROWS)])
    )
    data = as_file(pa.table({"face_embedding": values}))
    assert VECTORS[0].tobytes()[:16] in data
    assert not holds(removed(data))


@pytest.mark.parametrize("kind", ["binary_view", "string_view"])
def test_views_keep_no_buffer_of_what_went(kind: str) -> None:
    """Views point into buffers that they share; those of a value that went are not written."""
    words = [vector.tobytes().hex() if kind == "string_view" else vector.tobytes() for vector in VECTORS]
    values = pa.array([*words[:-1], "no photo of this customer" if kind == "string_view" else words[-1]])
    data = as_file(pa.table({"face_embedding": values.cast(getattr(pa, kind)())}))
    result = removed(data)
    raw = [word.encode() if isinstance(word, str) else word for word in words]
    assert raw[0][40:72] in data
    assert not [word for word in raw if word[40:72] in result]
    left = ipc.open_file(io.BytesIO(result)).read_all().column(0).to_pylist()
    assert left[:-1] == [None] * (ROWS - 1)
    assert left[-1] == ("no photo of this customer" if kind == "string_view" else None)


REFUSED: dict[str, tuple[Callable[[], bytes], Finding]] = {
    "a column that is not there": (lambda: as_parquet(pa.table({"a": lists(FLOATS)})), found()),
    "no table": (lambda: b"PAR1 and nothing more", found()),
    "a table that is cut off": (
        lambda: as_parquet(pa.table({"face_embedding": lists(FLOATS)}))[:-9],
        found(),
    ),
    "a stream with something behind it": (
        lambda: as_stream(pa.table({"face_embedding": lists(FLOATS)})) + b"more",
        found(),
    ),
    "numbers that may not be null": (
        lambda: as_file(
            pa.table(
                [pa.array(VECTORS[:, 0])] * LONG,
                schema=pa.schema([pa.field(f"v_{at}", pa.float32(), nullable=False) for at in range(LONG)]),
            )
        ),
        found("/*/v"),
    ),
    "vectors in list views": (
        lambda: as_file(pa.table({"face_embedding": lists(pa.list_view(pa.float32()))})),
        found(),
    ),
    "vectors in run ends": (
        lambda: as_file(
            pa.table(
                {
                    "face_embedding": pa.RunEndEncodedArray.from_arrays(
                        [ROWS], pa.array([VECTORS[0].tobytes()])
                    )
                }
            )
        ),
        found(),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_written_is_refused(case: str) -> None:
    """Nothing is given where something was not found, is damaged, or cannot be emptied."""
    make, finding = REFUSED[case]
    with pytest.raises(RemovalError):
        EraseColumns().remove(make(), [finding], LIMITS)


def test_more_than_the_limits_is_refused() -> None:
    """A table that unpacks to more than the limit is left alone."""
    data = as_parquet(pa.table({"face_embedding": lists(FLOATS)}))
    with pytest.raises(RemovalError, match="unpacked_bytes"):
        EraseColumns().remove(data, [found()], Limits(unpacked_bytes=1_000))


def test_some_pictures_without_faces_are_refused() -> None:
    """At level 1, pictures of a column go only when each shows a face."""
    image = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
    data = as_parquet(pa.table({"picture": [image, image + b"x"]}))
    clues = (Clue("cells", "1"),)
    finding = Finding(
        "face-image@1",
        Form.SAMPLE,
        Characteristic.FACE,
        Locator("file", ("a",), "/*/picture"),
        0.9,
        level=Level.VISIBLE,
        clues=clues,
    )
    with pytest.raises(RemovalError, match="1 of 2"):
        EraseColumns().remove(data, [finding], LIMITS)


def test_broken_tables_are_refused_or_removed() -> None:
    """Whatever stands in a file, nothing but a RemovalError comes out, and it holds no content."""
    dice = np.random.default_rng(2)
    table = pa.table({"face_embedding": lists(FLOATS), "name": NAMES})
    for kind, write in WRITERS.items():
        data = write(table)
        for _ in range(25):
            broken = bytearray(data)
            for _ in range(3):
                broken[dice.integers(len(broken))] = dice.integers(256)
            told = ""
            try:
                EraseColumns().remove(bytes(broken), [found()], LIMITS)
            except RemovalError as error:
                told = str(error)
            assert "person" not in told, kind
