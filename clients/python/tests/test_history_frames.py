from __future__ import annotations

import importlib.util
import unittest
from typing import Any, List

from deltastream_socket_client import ChainView, History
from deltastream_socket_client.payload_reader import read

from .fakes import chain_view

OPENING = ['timestamp', 'strike', 'call_open_interest', 'call_last', 'put_open_interest', 'put_last']


def frame_of(resolution: str, columns: List[str], rows: List[List[Any]]) -> Any:
    head = {'type': 'product', 'symbol': 'NIFTY', 'resolution': resolution, 'columns': columns}
    return read(History, {**head, 'updates' if resolution == 'raw' else 'bars': rows}).to_frame()


def opening_frame(rows: List[List[Any]]) -> Any:
    return read(History, {'type': 'opening', 'symbol': 'NIFTY', 'columns': OPENING, 'updates': rows}).to_frame()


if importlib.util.find_spec('pandas') is None:

    class Frames(unittest.TestCase):
        @unittest.skip('pandas is not installed')
        def test_to_frame_is_skipped_because_pandas_is_not_installed(self) -> None:
            """The other class of this module has the tests."""

else:

    class Frames(unittest.TestCase):  # type: ignore[no-redef]
        def test_prices_have_the_times_as_their_index(self) -> None:
            rows = [['2026-11-22T04:43:38.330112', 21501.75], ['2026-11-22T04:43:39', 21502]]
            frame = frame_of('raw', ['timestamp', 'price'], rows)
            self.assertEqual((str(frame.index.tz), frame.index.name, list(frame.columns)), ('UTC', 'timestamp', ['price']))
            self.assertEqual([time.isoformat() for time in frame.index], ['2026-11-22T04:43:38.330112+00:00', '2026-11-22T04:43:39+00:00'])
            self.assertEqual((str(frame.price.dtype), list(frame.price)), ('float64', [21501.75, 21502.0]))

        def test_bars_have_whole_counts_and_can_be_resampled(self) -> None:
            columns = ['timestamp', 'open', 'high', 'low', 'close', 'count']
            rows = [[f'2026-11-22T04:0{n}:00.000Z', 1, 3, 1, 2, 60] for n in range(3)]
            frame = frame_of('1m', columns, rows)
            self.assertEqual((str(frame['count'].dtype), list(frame['count'].resample('1h').sum())), ('int64', [180]))

        def test_what_the_platform_does_not_give_is_nan(self) -> None:
            frame = frame_of('raw', ['timestamp', 'spot_price', 'atm_strike'], [['2026-11-22T04:43:38.330112', 1, None]])
            self.assertTrue(frame.atm_strike.isna().all())
            self.assertEqual(str(frame.atm_strike.dtype), 'float64')

        def test_an_opening_has_a_row_for_each_strike_and_can_be_subtracted_from_a_view(self) -> None:
            rows = [['2026-11-22T03:45:02', 21000, 100, 640, 70, None], ['2026-11-22T03:45:02', 21100, 5, 1, 5, 1]]
            frame = opening_frame(rows)
            self.assertEqual((frame.index.name, list(frame.index), list(frame.columns)), ('strike', [21000, 21100], OPENING[2:]))
            self.assertEqual((frame.call_open_interest[21000], frame.put_last.isna()[21000]), (100, True))
            change = read(ChainView, chain_view('NIFTY', 1)).to_frame() - frame
            self.assertEqual((list(change.index), change.call_last[21000]), ([21000, 21050, 21100], 700.5 - 640))

        def test_an_opening_without_rows_has_the_same_columns_and_index(self) -> None:
            frame = opening_frame([])
            self.assertEqual((len(frame), frame.index.name, str(frame.index.dtype), list(frame.columns)), (0, 'strike', 'float64', OPENING[2:]))
            self.assertEqual(str(frame.call_last.dtype), 'float64')

        def test_a_view_of_a_chain_has_a_row_for_each_strike(self) -> None:
            frame = read(ChainView, chain_view('NIFTY', 1)).to_frame()
            self.assertEqual((frame.index.name, list(frame.index), list(frame.columns)), ('strike', [21000, 21050], ['call_last', 'put_last']))
            self.assertEqual((frame.call_last[21050], frame.put_last[21000], frame.put_last.isna()[21050]), (650, 188.79, True))
            self.assertEqual(str(frame.put_last.dtype), 'float64')

        def test_a_view_without_strikes_has_the_same_columns(self) -> None:
            empty = {'strikes': [], 'calls': {'last': []}, 'puts': {'last': []}}
            frame = read(ChainView, {**chain_view('NIFTY', 1), **empty}).to_frame()
            self.assertEqual((len(frame), list(frame.columns), str(frame.call_last.dtype)), (0, ['call_last', 'put_last'], 'float64'))

        def test_an_empty_page_has_the_same_columns_and_index(self) -> None:
            frame = frame_of('raw', ['timestamp', 'price'], [])
            self.assertEqual((len(frame), str(frame.index.tz), str(frame.price.dtype)), (0, 'UTC', 'float64'))
