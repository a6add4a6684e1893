"""FITS tables: every kind of column, several tables, series beside the rows, and what is broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits

from config.schema import PoolSection
from labeling.pools.errors import PoolColumnsError, PoolContentError, PoolEmptyError, PoolReaderError
from labeling.pools.fits_rows import FitsRows
from labeling.pools.snapshot import Pool
from labeling.pools.sources import open_source
from tests.labeling.pools.files import snapshot

ROWS = 10


def write(path: Path, *columns: fits.Column, more: tuple[fits.BinTableHDU, ...] = (), name: str = "") -> None:
    table = fits.BinTableHDU.from_columns(columns, name=name)
    fits.HDUList([fits.PrimaryHDU(), table, *more]).writeto(path)


def column(path: Path, name: str) -> pa.Array:
    [batch] = FitsRows(path).batches([name])
    return batch.column(0)


def pool_of(tmp_path: Path, *columns: fits.Column, **section: object) -> Pool:
    write(tmp_path / "t.fits", *columns)
    return snapshot(tmp_path, PoolSection.model_validate({"path": "t.fits", **section}))


NUMBERS = np.arange(ROWS, dtype=np.float64)
IDS = fits.Column("id", "6A", array=[f"s{i}" for i in range(ROWS)])
U = fits.Column("u", "D", array=NUMBERS)


@pytest.mark.parametrize("code", ["B", "I", "J", "K", "E", "D"])
def test_batches__numbers_are_as_they_were_written_in_this_machines_byte_order(
    code: str, tmp_path: Path
) -> None:
    write(tmp_path / "t.fits", fits.Column("v", code, array=np.arange(ROWS)))
    assert column(tmp_path / "t.fits", "v").to_pylist() == list(range(ROWS))


@pytest.mark.parametrize(("code", "bits"), [("I", 16), ("J", 32), ("K", 64)])
def test_batches__unsigned_numbers_keep_all_their_digits(code: str, bits: int, tmp_path: Path) -> None:
    values = np.array([0, 1, 2**bits - 1], dtype=f"u{bits // 8}")
    write(tmp_path / "t.fits", fits.Column("v", code, bzero=2 ** (bits - 1), array=values))
    assert column(tmp_path / "t.fits", "v").to_pylist() == values.tolist()


def test_batches__scaled_numbers_are_what_they_mean(tmp_path: Path) -> None:
    path = tmp_path / "t.fits"
    write(path, fits.Column("v", "I", null=-1, array=np.array([0, 1, -1, 4], np.int16)))
    for card, value in (("TSCAL1", 0.5), ("TZERO1", 10.0)):
        fits.setval(path, card, value=value, ext=1)
    assert column(path, "v").to_pylist() == [10.0, 10.5, None, 12.0]


def test_batches__missing_values_are_null_or_nan(tmp_path: Path) -> None:
    write(
        tmp_path / "t.fits",
        fits.Column("count", "J", null=-99, array=np.array([1, -99, 3])),
        fits.Column("flux", "E", array=np.array([1.5, np.nan, 2.5])),
        fits.Column("seen", "L", array=np.array([True, False, True])),
    )
    assert column(tmp_path / "t.fits", "count").to_pylist() == [1, None, 3]
    assert np.isnan(column(tmp_path / "t.fits", "flux")[1].as_py())
    assert column(tmp_path / "t.fits", "seen").to_pylist() == [True, False, True]


def test_batches__texts_lose_the_blanks_at_their_end_and_keep_other_signs(tmp_path: Path) -> None:
    texts = np.array(["a  ", " b", "é".encode("latin-1"), ""], dtype="S4")
    write(tmp_path / "t.fits", fits.Column("t", "4A", array=texts))
    assert column(tmp_path / "t.fits", "t").to_pylist() == ["a", " b", "é", ""]


def test_batches__a_table_of_texts_has_numbers_as_in_csv(tmp_path: Path) -> None:
    table = fits.TableHDU.from_columns(
        [
            fits.Column("n", "I6", ascii=True, array=np.array([1, 22, 333])),
            fits.Column("d", "D12.4", ascii=True, array=np.array([1.5, -2e10, 3.0])),
        ]
    )
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "t.fits")
    pool = snapshot(tmp_path, PoolSection(path="t.fits"))
    assert pool.roles == {"n": "numeric", "d": "numeric"}
    assert pool.frame(0, 3)["d"].tolist() == [1.5, -2e10, 3.0]


def test_batches__memory_stays_bounded_by_small_batches(tmp_path: Path) -> None:
    count = 20_000
    write(tmp_path / "t.fits", fits.Column("flux", "500E", array=np.zeros((count, 500), np.float32)))
    sizes = [batch.num_rows for batch in FitsRows(tmp_path / "t.fits").batches(["flux"])]
    assert sum(sizes) == count
    assert max(sizes) * 500 * 8 <= 64 << 20
    assert {batch.num_rows for batch in FitsRows(tmp_path / "t.fits").batches(["flux"], rows=7000)} == {
        7000,
        count % 7000,
    }


def test_read_fits__a_few_numbers_in_a_row_are_columns_of_the_table(tmp_path: Path) -> None:
    magnitudes = np.arange(ROWS * 3, dtype=np.float32).reshape(ROWS, 3)
    pool = pool_of(tmp_path, IDS, fits.Column("mag", "3E", array=magnitudes))
    assert list(pool.roles) == ["mag_1", "mag_2", "mag_3"]
    assert pool.frame(0, ROWS)["mag_2"].tolist() == magnitudes[:, 1].tolist()
    assert any("mag_1 to mag_3" in note for note in pool.notes)


def test_read_fits__many_numbers_in_a_row_are_a_series_beside_the_row(tmp_path: Path) -> None:
    flux = np.random.default_rng(0).normal(size=(ROWS, 100)).astype(np.float32)
    flux[3] = np.nan
    pool = pool_of(tmp_path, IDS, U, fits.Column("flux", "100E", array=flux))
    assert (pool.kind, list(pool.roles), pool.snapshot.channels) == ("table", ["u"], ("flux",))
    view = pool.view(2)
    assert (view.type, view.has_series, view.has_image) == ("table", True, False)
    [shown] = pool.series(2, 3)
    assert shown is not None and np.array_equal(shown[:, 0], flux[2])
    assert not pool.view(3).has_series and pool.readable.all()


def test_read_fits__series_alone_are_the_items(tmp_path: Path) -> None:
    flux = np.ones((ROWS, 80), np.float32)
    pool = pool_of(
        tmp_path, IDS, fits.Column("flux", "80E", array=flux), fits.Column("ivar", "80E", array=flux)
    )
    assert (pool.kind, pool.snapshot.channels) == ("series", ("flux", "ivar"))
    assert pool.key(0) == "s0"


def test_read_fits__rows_of_different_length_are_a_series(tmp_path: Path) -> None:
    curves = np.empty(ROWS, dtype=object)
    curves[:] = [np.arange(3 + row, dtype=np.float32) for row in range(ROWS)]
    pool = pool_of(tmp_path, IDS, U, fits.Column("curve", "PE()", array=curves))
    [first, last] = [pool.series(row, row + 1)[0] for row in (0, ROWS - 1)]
    assert first is not None and last is not None
    assert (len(first), len(last)) == (3, 12)


def test_read_fits__a_named_column_is_the_vectors(tmp_path: Path) -> None:
    vectors = np.random.default_rng(1).normal(size=(ROWS, 5)).astype(np.float32)
    pool = pool_of(tmp_path, IDS, fits.Column("v", "5E", array=vectors), vectors="v")
    assert pool.kind == "vectors"
    assert np.array_equal(pool.vectors(0, ROWS), vectors)


def test_read_fits__bits_and_complex_numbers_are_left_out_with_a_remark(tmp_path: Path) -> None:
    bits = fits.Column("flags", "8X", array=np.zeros((ROWS, 8), bool))
    wave = fits.Column("wave", "M", array=np.ones(ROWS, complex))
    pool = pool_of(tmp_path, IDS, U, bits, wave)
    assert list(pool.roles) == ["u"]
    assert [note for note in pool.notes if "left out" in note] == [
        "column 'flags' holds bits and is left out",
        "column 'wave' holds complex numbers and is left out",
    ]


def test_read_fits__a_column_of_complex_numbers_that_is_named_is_refused(tmp_path: Path) -> None:
    wave = fits.Column("wave", "C", array=np.ones(ROWS, np.complex64))
    with pytest.raises(PoolColumnsError, match="'wave' holds complex numbers, which goldpan cannot use"):
        pool_of(tmp_path, U, wave, columns=("u", "wave"))


def test_open_source__takes_the_first_table_or_the_one_that_is_named(tmp_path: Path) -> None:
    second = fits.BinTableHDU.from_columns([fits.Column("b", "D", array=NUMBERS)], name="SECOND")
    write(tmp_path / "t.fits", U, more=(second,), name="FIRST")
    path = tmp_path / "t.fits"
    assert open_source(PoolSection(path="t.fits"), path).names == ["u"]
    assert open_source(PoolSection(path="t.fits", hdu="second"), path).names == ["b"]
    assert open_source(PoolSection(path="t.fits", hdu="2"), path).names == ["b"]
    with pytest.raises(PoolReaderError, match=r"no table 'third'; its tables are FIRST \(1\), SECOND \(2\)"):
        open_source(PoolSection(path="t.fits", hdu="third"), path)


def test_read_fits__images_alone_are_no_table(tmp_path: Path) -> None:
    fits.PrimaryHDU(np.zeros((4, 5))).writeto(tmp_path / "t.fits")
    with pytest.raises(PoolReaderError, match=r"holds no table, only images \(PRIMARY \(4, 5\)\)"):
        snapshot(tmp_path, PoolSection(path="t.fits"))


def test_read_fits__a_file_that_was_cut_is_refused_and_says_where(tmp_path: Path) -> None:
    write(tmp_path / "t.fits", fits.Column("u", "D", array=np.arange(5000.0)))
    whole = (tmp_path / "t.fits").read_bytes()
    (tmp_path / "t.fits").write_bytes(whole[: len(whole) - 20_000])
    with pytest.raises(
        PoolContentError, match=r"cut short: its table should have 5,000 rows .* after [0-9,]+;"
    ):
        snapshot(tmp_path, PoolSection(path="t.fits"))


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", PoolEmptyError, "0 bytes"),
        (b"SIMPLE  = no fits at all", PoolContentError, "not a FITS file"),
        (b"\x1f\x8b" + bytes(100), PoolReaderError, "compressed; unpack it first"),
    ],
)
def test_read_fits__what_is_no_fits_file(
    data: bytes, error: type[Exception], words: str, tmp_path: Path
) -> None:
    (tmp_path / "t.fits").write_bytes(data)
    with pytest.raises(error, match=words):
        snapshot(tmp_path, PoolSection(path="t.fits"))


def test_read_fits__a_table_without_rows_is_empty(tmp_path: Path) -> None:
    write(tmp_path / "t.fits", fits.Column("u", "D", array=np.zeros(0)))
    with pytest.raises(PoolEmptyError, match="columns and no rows"):
        snapshot(tmp_path, PoolSection(path="t.fits"))
