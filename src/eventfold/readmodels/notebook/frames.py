"""Answers as data frames: of pandas, of polars, or of whatever takes Arrow.

Neither library is needed: the one that is asked for is imported then.
"""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from eventfold.errors import ExtraMissing

if TYPE_CHECKING:
    import pyarrow as pa


class Framed:
    """Rows that are kept as columns. `DataFrame(answer)` of any library that takes Arrow streams works, too."""

    __slots__ = ()

    @abstractmethod
    def frame(self) -> "pa.Table":
        """The rows as an Arrow table, in the order in which they are shown."""

    def to_pandas(self) -> Any:
        """The rows as a pandas DataFrame. Decimals and dates stay exact, as objects of Python.

        Where a column of whole numbers or flags misses some, columns of its type get pandas' types that know missing
        values (`Int64`, `boolean`): through floats large numbers would not come out as they are.

        Raises:
            ExtraMissing: pandas is not installed.
        """
        table = self.frame()
        with _needing("pandas"):
            pandas: Any = import_module("pandas")
        missing = {str(column.type) for column in table.columns if column.null_count}
        exact = {
            of: pandas.api.types.pandas_dtype(_WITH_MISSING[of]) for of in missing & _WITH_MISSING.keys()
        }
        return table.to_pandas(types_mapper=lambda of: exact.get(str(of)), integer_object_nulls=True)

    def to_polars(self) -> Any:
        """The rows as a polars DataFrame.

        Raises:
            ExtraMissing: polars is not installed.
        """
        table = self.frame()
        with _needing("polars"):
            polars: Any = import_module("polars")
        return polars.from_arrow(table)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows by the Arrow PyCapsule interface, which DuckDB, polars, pandas and others read."""
        return self.frame().__arrow_c_stream__(requested_schema)


_WITH_MISSING = {
    "bool": "boolean",
    **{f"int{bits}": f"Int{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"UInt{bits}" for bits in (8, 16, 32, 64)},
}
"""Arrow's types and those of pandas that know missing values."""


@contextmanager
def _needing(name: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise ExtraMissing(
            f"to_{name}() needs {name}, which eventfold does not bring: pip install {name} ({error}).",
            package=name,
        ) from error
