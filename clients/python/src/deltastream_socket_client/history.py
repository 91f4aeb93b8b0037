"""Past prices, chain summaries, openings and bars, which `history` returns page by page."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional, Tuple

from . import arguments
from .addresses import Expiry
from .frames import import_pandas
from .read_only import Extra, extra
from .timestamps import to_datetime

#: The values of one row, in the order of `History.columns`. The first one is the timestamp.
HistoryRow = Tuple[Any, ...]


@dataclass(frozen=True)
class History:
    """One page of history, and the payload of the event `history`. Its rows are in ascending order
    of time. Those of an opening are in ascending order of strikes: all have the time of its chain.
    """

    #: 'product', 'summary', 'opening' or 'portfolio'.
    type: str
    #: `None` for portfolios.
    symbol: Optional[str]
    #: The names of the values in each row.
    columns: Tuple[str, ...]
    #: That of the chain. `None` for prices and portfolios, and if no chain of the product is known.
    expiry: Optional[str] = None
    #: 'raw', '1m', '5m' or '1h'.
    resolution: str = 'raw'
    #: The rows with the resolution 'raw', otherwise `None`.
    updates: Optional[Tuple[HistoryRow, ...]] = field(default=None, hash=False)
    #: The rows with another resolution, otherwise `None`. The last one may still change.
    bars: Optional[Tuple[HistoryRow, ...]] = field(default=None, hash=False)
    #: The indexes of the rows before which updates may be missing.
    gaps: Tuple[int, ...] = ()
    #: The `cursor` of the next page. `None`: this is the last one.
    next: Optional[str] = None
    #: False: there are no rows, because the gateway has had no message of the product or chain yet.
    known: bool = True
    #: Then the product, with a known one that is spelt nearly the same. `None`: there is none.
    suggestions: Optional[Mapping[str, str]] = field(default=None, hash=False)
    extra: Extra = extra()

    @property
    def rows(self) -> Tuple[HistoryRow, ...]:
        """The updates or the bars of the page."""
        return self.updates if self.updates is not None else self.bars or ()

    def records(self) -> Tuple[Dict[str, Any], ...]:
        """The rows as dictionaries with the names of `columns`."""
        return tuple(dict(zip(self.columns, row)) for row in self.rows)

    def to_frame(self) -> Any:
        """The rows as a `pandas.DataFrame`. Its index is the timestamps, a `DatetimeIndex` in UTC.

        The frame of an opening has the strikes as its index. Its columns have the names of those that
        `to_frame` of a `ChainView` has, so you can subtract one frame from the other. The time of the
        opening is not in the frame: every row of `rows` has it.

        A value that the platform does not give is NaN. Raises ImportError if pandas is not
        installed.
        """
        pandas = import_pandas('records()')
        if self.type == 'opening':
            table = pandas.DataFrame(list(self.rows), columns=list(self.columns))
            return table.drop(columns='timestamp').astype('float64').set_index('strike')
        at = self.columns.index('timestamp')
        times = [to_datetime(row[at]) for row in self.rows]
        index = pandas.DatetimeIndex(times, name='timestamp') if times else pandas.DatetimeIndex([], tz='UTC', name='timestamp')
        values = {name: [row[n] for row in self.rows] for n, name in enumerate(self.columns) if n != at}
        types = {name: 'int64' if name == 'count' else 'float64' for name in values}
        return pandas.DataFrame(values, index=index).astype(types)


def history_request(
    type: str,
    symbol: Optional[str],
    expiry: Optional[Expiry],
    from_: Optional[arguments.Time],
    to: Optional[arguments.Time],
    limit: Optional[int],
    resolution: str,
    cursor: Optional[str],
) -> Dict[str, Any]:
    """Returns the payload of `get_history`.

    Raises TypeError for arguments of a type that cannot be used. Whether their values are allowed
    is for the gateway to decide.
    """
    if limit is not None and (isinstance(limit, bool) or not hasattr(limit, '__index__')):
        raise TypeError(f'limit must be a whole number, not {limit!r}')
    payload = {
        'type': arguments.text('type', type),
        'symbol': None if symbol is None else arguments.text('symbol', symbol),
        'expiry': arguments.day('expiry', expiry),
        'from': arguments.moment('from_', from_),
        'to': arguments.moment('to', to),
        'limit': None if limit is None else limit.__index__(),
        'resolution': arguments.text('resolution', resolution),
        'cursor': None if cursor is None else arguments.text('cursor', cursor),
    }
    return {name: value for name, value in payload.items() if value is not None}


def page_of(answer: Mapping[str, Any]) -> Dict[str, Any]:
    """Returns the page that an acknowledgement of `get_history` has."""
    return {name: value for name, value in answer.items() if name not in ('ok', 'rooms')}
