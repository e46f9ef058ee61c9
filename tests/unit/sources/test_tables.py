"""Table files: Parquet, Arrow and ORC, every place that holds texts, bytes or vectors."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from efface.errors import EncryptedError, FormatError, LimitExceededError, UnsupportedError
from efface.formats import sniff
from efface.model import Column, Gap, GapReason, Limits, Locator, Part, Surroundings
from efface.sources.payloads import BytesPayload
from efface.sources.tables import Tables
from efface.testing import stores

if TYPE_CHECKING:
    from collections.abc import Callable

pa = pytest.importorskip("pyarrow", reason="efface[files] is not installed")
from pyarrow import feather, ipc, orc, parquet  # noqa: E402 - only where it is installed

VECTORS = stores.face_vectors(30, 128)
LISTS = [vector.tolist() for vector in VECTORS]
NOTE = "a note of some length"


def as_parquet(table: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(table, buffer, **options)
    return buffer.getvalue()


def as_orc(table: Any) -> bytes:
    buffer = io.BytesIO()
    orc.write_table(table, buffer)
    return buffer.getvalue()


def as_file(table: Any) -> bytes:
    buffer = io.BytesIO()
    feather.write_feather(table, buffer, compression="zstd")
    return buffer.getvalue()


def as_stream(table: Any) -> bytes:
    buffer = io.BytesIO()
    with ipc.new_stream(buffer, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)
    return buffer.getvalue()


WRITERS: dict[str, Callable[[Any], bytes]] = {
    "Parquet": as_parquet,
    "ORC": as_orc,
    "Arrow file": as_file,
    "Arrow stream": as_stream,
}


def opened(data: bytes, limits: Limits | None = None) -> list[Part | Column | Gap]:
    part = Part(Locator.of_file("/t/a.table"), BytesPayload(data), Surroundings(("a.table",)))
    return list(Tables().parts(part, sniff.media_type(data[:4096]), limits or Limits()))


def columns(data: bytes, limits: Limits | None = None) -> dict[str | None, Column]:
    return {each.locator.fragment: each for each in opened(data, limits) if isinstance(each, Column)}


def vectors(column: Column) -> np.ndarray[Any, Any]:
    assert column.blocks is not None
    pieces = [np.frombuffer(b.data, b.dtype).reshape(-1, b.dimension) for b in column.blocks()]
    return np.concatenate(pieces)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_texts_bytes_and_lists_are_columns(write: Callable[[Any], bytes]) -> None:
    """Every kind of file gives its texts and bytes as cells, and lists of numbers as blocks of vectors."""
    table = pa.table({"note": [NOTE] * 30, "photo": [bytes(40)] * 30, "n": range(30), "face": LISTS})
    found = columns(write(table))
    assert list(found) == ["/*/note", "/*/photo", "/*/face"]
    assert list(found["/*/note"].cells()) == [NOTE] * 30
    assert list(found["/*/photo"].cells()) == [bytes(40)] * 30
    assert np.allclose(vectors(found["/*/face"]), VECTORS)
    assert found["/*/face"].rows == 30
    assert found["/*/face"].surroundings.names == ("face", "a.table")
    assert set(found["/*/face"].surroundings.siblings) == {"note", "photo", "n"}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_nested_values_have_places_of_their_own(write: Callable[[Any], bytes]) -> None:
    """Structs, lists of structs and maps are walked; names on the way are names around the values."""
    inner = [[{"vector": row, "who": NOTE}, {"vector": row, "who": None}] for row in LISTS]
    maps = pa.array([[("k" * 20, "v" * 20)]] * 30, pa.map_(pa.string(), pa.string()))
    table = pa.table({"faces": inner, "by_key": maps, "image": [{"bytes": bytes(40), "path": "p"}] * 30})
    found = columns(write(table))
    assert len(vectors(found["/*/faces/*/vector"])) == 60
    assert list(found["/*/faces/*/who"].cells()) == [NOTE] * 30
    assert list(found["/*/by_key/*"].cells()) == ["v" * 20] * 30
    assert list(found["/*/image/bytes"].cells()) == [bytes(40)] * 30
    assert found["/*/faces/*/vector"].surroundings.names == ("vector", "faces", "a.table")


def test_a_vector_spread_over_columns_is_one_column() -> None:
    """Columns f0 to f127 are one vector a row, whatever stands beside them."""
    spread = {f"emb_{number}": VECTORS[:, number] for number in range(128)}
    found = columns(as_parquet(pa.table({"id": [NOTE] * 30, **spread, "price": [1.5] * 30})))
    assert list(found) == ["/*/id", "/*/emb"]
    assert np.allclose(vectors(found["/*/emb"]), VECTORS)


def test_few_numbered_columns_are_no_vector() -> None:
    """Scores of a dozen columns, and prices, are left alone."""
    assert columns(as_parquet(pa.table({f"q{number}": [1.5] for number in range(12)}))) == {}


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (lambda: pa.array(LISTS, pa.list_(pa.float64())), "<f8"),
        (lambda: pa.array(LISTS, pa.large_list(pa.float32())), "<f4"),
        (lambda: pa.array([[np.float16(n) for n in row] for row in LISTS], pa.list_(pa.float16())), "<f2"),
        (lambda: pa.array(LISTS, pa.list_(pa.float32(), 128)), "<f4"),
        (lambda: pa.FixedShapeTensorArray.from_numpy_ndarray(VECTORS), "<f4"),
        (lambda: pa.array(LISTS, pa.list_view(pa.float32())), "<f4"),
    ],
    ids=["float64", "large lists", "float16", "lists of fixed size", "tensors", "list views"],
)
def test_every_kind_of_list_gives_its_numbers_as_stored(array: Callable[[], Any], dtype: str) -> None:
    """Whatever a list is made of, its vectors come in one buffer with their own type."""
    column = columns(as_file(pa.table({"v": array()})))["/*/v"]
    assert column.blocks is not None
    assert {block.dtype for block in column.blocks()} == {dtype}
    assert np.allclose(vectors(column), VECTORS, atol=1e-3)


def test_lists_of_other_lengths_come_as_texts() -> None:
    """A vector of another dimension is not lost among its neighbours; nulls and short lists are."""
    rows = [*LISTS, LISTS[0][:100], None, LISTS[0][:10]]
    column = columns(as_parquet(pa.table({"v": pa.array(rows, pa.list_(pa.float32()))})))["/*/v"]
    assert len(vectors(column)) == 30
    (other,) = column.cells()
    assert isinstance(other, str)
    assert other.count(",") == 99


def test_a_null_among_the_numbers_spoils_one_vector_only() -> None:
    """The vector with a hole is no vector; those beside it stay."""
    rows = [LISTS[0], [None, *LISTS[1][1:]], LISTS[2]]
    found = vectors(columns(as_parquet(pa.table({"v": pa.array(rows, pa.list_(pa.float32()))})))["/*/v"])
    assert np.isfinite(found).all(axis=1).tolist() == [True, False, True]


def test_codings_of_texts_are_taken_off() -> None:
    """Dictionaries, runs, views and lists of bytes give the same cells as plain texts."""
    table = pa.table(
        {
            "dictionary": pa.array([NOTE] * 3).dictionary_encode(),
            "runs": pa.RunEndEncodedArray.from_arrays([3], [NOTE]),
            "view": pa.array([NOTE] * 3, pa.string_view()),
            "fixed": pa.array([bytes(32)] * 3, pa.binary(32)),
            "list": pa.array([[0] * 32] * 3, pa.list_(pa.uint8())),
        }
    )
    cells = {place: list(column.cells()) for place, column in columns(as_file(table)).items()}
    assert cells["/*/dictionary"] == cells["/*/runs"] == cells["/*/view"] == [NOTE] * 3
    assert cells["/*/fixed"] == cells["/*/list"] == [bytes(32)] * 3


def test_more_rows_than_cells_are_a_sample_drawn_at_random() -> None:
    """A long column says how many rows were drawn; the draw is spread over all of it, and the same again."""
    notes = [f"{number:06} and some text" for number in range(5_000)]
    data = as_parquet(pa.table({"note": notes}), row_group_size=500)
    column = columns(data, Limits(cells=50))["/*/note"]
    drawn = [int(str(cell)[:6]) for cell in column.cells()]
    assert (column.drawn, column.rows, len(drawn)) == (50, 5_000, 50)
    assert min(drawn) < 1_000
    assert max(drawn) > 4_000
    assert drawn == [int(str(cell)[:6]) for cell in column.cells()]


def test_vectors_are_never_a_sample() -> None:
    """Blocks give every row, however many there are."""
    column = columns(as_parquet(pa.table({"v": LISTS})), Limits(cells=5))["/*/v"]
    assert column.drawn is None
    assert len(vectors(column)) == 30


def test_two_columns_of_one_name_are_both_read() -> None:
    """Names may come twice in Arrow; neither hides the other."""
    table = pa.Table.from_arrays(
        [pa.array(["first of two columns"]), pa.array(["second of two columns"])], ["a", "a"]
    )
    found = [each for each in opened(as_file(table)) if isinstance(each, Column)]
    assert [list(each.cells()) for each in found] == [["first of two columns"], ["second of two columns"]]


def test_what_unpacks_beyond_the_limit_is_refused() -> None:
    """A small file of few distinct values unpacks to much more: reading stops at the limit."""
    data = as_parquet(pa.table({"v": ["x" * 1_000] * 50_000}))
    assert len(data) < 50_000
    column = columns(data, Limits(unpacked_bytes=1 << 20))["/*/v"]
    with pytest.raises(LimitExceededError, match="unpacked_bytes"):
        list(column.cells())


def test_more_columns_than_the_limit_are_a_gap() -> None:
    """Thousands of columns are looked at up to a number; the others are told."""
    wide = as_file(pa.table({f"c{number}x": [NOTE] for number in range(4_100)}))
    found = opened(wide)
    assert len(found) == 4_097
    assert isinstance(found[-1], Gap)
    assert found[-1].reason is GapReason.OVER_LIMIT


def test_deep_nesting_is_refused() -> None:
    """A column nested deeper than anything real is not walked."""
    kind = pa.string()
    for _ in range(40):
        kind = pa.struct([("a", kind)])
    with pytest.raises(LimitExceededError, match="nested"):
        opened(as_file(pa.Table.from_batches([], pa.schema([("a", kind)]))))


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_file_cut_off_is_refused(write: Callable[[Any], bytes]) -> None:
    """Half a file is an error that says so, never an empty table."""
    data = write(pa.table({"note": [NOTE] * 500}))
    with pytest.raises(FormatError, match="damaged"):
        [list(column.cells()) for column in columns(data[: len(data) // 2]).values()]


def test_an_encrypted_file_is_told_as_such() -> None:
    """Parquet with an encrypted footer begins with another mark."""
    plain = as_parquet(pa.table({"note": [NOTE]}))
    with pytest.raises((EncryptedError, FormatError)):
        opened(b"PARE" + plain[4:-4] + b"PARE")


def test_the_first_feather_version_is_not_opened() -> None:
    """Its reader trusts what the file says, so no file of it is given to it."""
    assert not Tables().accepts(sniff.media_type(b"FEA1" + bytes(64)))


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing library is a kind that cannot be opened here, with the name of the extra."""
    data = as_parquet(pa.table({"note": [NOTE]}))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UnsupportedError, match=r"install efface\[files\]"):
        opened(data)
