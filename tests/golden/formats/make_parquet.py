"""Writes parquet files with pyarrow for tests/unit/formats/parquet.test.ts. Run: python make_parquet.py (pyarrow 21+)."""
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

here = pathlib.Path(__file__).parent
n = 300
table = pa.table({
    "vector": pa.array([[i, -i / 2, 0.25] for i in range(n)], pa.list_(pa.float32(), 3)),
    "ragged": pa.array([None if i % 7 == 0 else list(range(i % 4)) for i in range(n)], pa.list_(pa.int64())),
    "number": pa.array([None if i % 5 == 0 else i / 8 for i in range(n)], pa.float64()),
    "whole": pa.array(range(n), pa.int64()),
    "small": pa.array([i % 3 for i in range(n)], pa.uint32()),
    "flag": pa.array([i % 3 == 0 for i in range(n)], pa.bool_()),
    "text": pa.array([f"task {i % 4} é" for i in range(n)], pa.string()),
    "picture": pa.array([{"bytes": bytes([i % 256, 0, 255]), "path": None if i % 2 else f"{i}.png"} for i in range(n)], pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
    "nested": pa.array([[[[float(i)]], [[1.0]], [[2.0]]] for i in range(n)], pa.list_(pa.list_(pa.list_(pa.float64())))),
})
for codec in ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]:
    pq.write_table(table, here / f"pyarrow-{codec}.parquet", compression=codec, row_group_size=128, data_page_size=700)
pq.write_table(table, here / "pyarrow-v2.parquet", compression="zstd", data_page_version="2.0", version="2.6", row_group_size=200, data_page_size=700)
pq.write_table(table, here / "pyarrow-plain.parquet", compression="snappy", use_dictionary=False)
pq.write_table(table.select(["vector", "whole"]), here / "pyarrow-split.parquet", use_dictionary=False, use_byte_stream_split=True)
