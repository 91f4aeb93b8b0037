"""The past prices, summaries and openings of the fake gateway, and the pages that it makes of them."""
from __future__ import annotations

import json
import math
import zlib
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from ..timestamps import iso_millis, parse_micros
from .rejections import check_history, cursor_of_another_request, portfolio_history_is_off

#: Updates of one product or chain that are kept.
MAX_KEPT = 20_000
#: Updates that are replayed to a client at most, as by the gateway.
MAX_REPLAYED = 5_000
_DEFAULT_ROWS = 1_000
_PRICE = ('timestamp', 'price')
_SUMMARY = (
    'timestamp',
    'spot_price',
    'pcr_oi',
    'pcr_volume',
    'max_pain_strike',
    'atm_strike',
    'atm_straddle_price',
    'total_call_oi',
    'total_put_oi',
)
_OPENING = ('timestamp', 'strike', 'call_open_interest', 'call_last', 'put_open_interest', 'put_last')
_COLUMNS = {'product': _PRICE, 'summary': _SUMMARY, 'opening': _OPENING}
_BAR = ('timestamp', 'open', 'high', 'low', 'close', 'count')
_MINUTES = {'1m': 1, '5m': 5, '1h': 60}


@dataclass(frozen=True)
class _Entry:
    #: In microseconds since the epoch.
    time: int
    update: Dict[str, Any]
    #: How many updates were recorded before it, of any product.
    number: int


@dataclass(frozen=True)
class _Row:
    time: int
    values: List[Any]
    #: Whether updates may be missing before it.
    gap: bool = False


class History:
    def __init__(self) -> None:
        #: How many updates were recorded.
        self.recorded = 0
        #: By product, and expiry for summaries. In ascending order of time.
        self._entries: Dict[Tuple[str, Optional[str]], List[_Entry]] = {}
        #: The rows of the first chain, by product and expiry. All that a test publishes is in one
        #: session.
        self._openings: Dict[Tuple[str, Optional[str]], List[List[Any]]] = {}

    def record(self, update: Dict[str, Any]) -> None:
        """Takes a price or a chain. Like the gateway, it keeps none that is older than the newest."""
        key = (update['product'], update.get('expiry'))
        entries = self._entries.setdefault(key, [])
        time = parse_micros(update['timestamp'])
        if time is None or (entries and time < entries[-1].time):
            return
        entries.append(_Entry(time, update, self.recorded))
        if 'expiry' in update and key not in self._openings and _has_interest(update):
            self._openings[key] = _opening(update)
        self.recorded += 1
        del entries[:-MAX_KEPT]

    def clear(self) -> None:
        """Forgets everything, as when Redis has lost it."""
        self._entries.clear()
        self._openings.clear()

    def missed(self, product: str, since: Any, before: float = math.inf) -> Optional[List[Dict[str, Any]]]:
        """Returns the prices of a product after a time.

        `None`: some may be unknown, or one of them was recorded after `before` others, and may have
        reached the client in `general`.
        """
        time = parse_micros(since)
        entries = self._entries.get((product, None), [])
        at = [index for index, entry in enumerate(entries) if entry.time == time]
        if len(at) != 1 or len(entries) - at[0] - 1 > MAX_REPLAYED or entries[-1].number >= before:
            return None
        return [entry.update for entry in entries[at[0] + 1 :]]

    def page(self, request: Any, nearest_expiry: Callable[[str], Optional[str]]) -> Dict[str, Any]:
        """Returns the page that a `get_history` asks for. Raises Rejected if it is malformed, and for
        portfolios, of which it keeps no history.
        """
        check_history(request)
        if request['type'] == 'portfolio':
            raise portfolio_history_is_off()
        kind, symbol, resolution = request['type'], request['symbol'], request.get('resolution', 'raw')
        expiry = (request.get('expiry') or nearest_expiry(symbol)) if kind != 'product' else None
        columns = _BAR if resolution != 'raw' else _COLUMNS[kind]
        head = {'type': kind, 'symbol': symbol, 'expiry': expiry, 'resolution': resolution, 'columns': list(columns)}
        if kind == 'opening':
            return {**head, 'updates': self._openings.get((symbol, expiry), []), 'next': None}
        times = [parse_micros(request.get(name)) for name in ('from', 'to')]
        tag = _tag([kind, symbol, expiry, resolution, *times])
        entries = [] if kind == 'summary' and expiry is None else self._entries.get((symbol, expiry), [])
        if resolution != 'raw':
            rows, following = _cut(_bars(entries, _MINUTES[resolution] * 60_000_000), request, tag)
            return {**head, 'bars': [row.values for row in rows], 'next': following}
        all_rows = [_Row(entry.time, [entry.update.get(name) for name in columns], n == 0) for n, entry in enumerate(entries)]
        rows, following = _cut(all_rows, request, tag)
        gaps = [index for index, row in enumerate(rows) if row.gap]
        page = {**head, 'updates': [row.values for row in rows], 'next': following}
        return {**page, 'gaps': gaps} if gaps else page


def _has_interest(chain: Dict[str, Any]) -> bool:
    """Returns whether a chain can be an opening."""
    return any(leg.get('open_interest') is not None for side in ('calls', 'puts') for leg in chain[side])


def _opening(chain: Dict[str, Any]) -> List[List[Any]]:
    """Returns one row for each strike of a chain. Of two legs with one strike, the first counts."""
    sides = [{leg['strike']: leg for leg in reversed(chain[side])} for side in ('calls', 'puts')]
    return [
        [chain['timestamp'], strike, *(legs.get(strike, {}).get(name) for legs in sides for name in ('open_interest', 'last'))]
        for strike in chain['strikes']
    ]


def _bars(entries: Sequence[_Entry], period: int) -> List[_Row]:
    bars: Dict[int, List[float]] = {}
    for entry in entries:
        bars.setdefault(entry.time - entry.time % period, []).append(entry.update['price'])
    return [
        _Row(start, [iso_millis(start / 1_000_000), prices[0], max(prices), min(prices), prices[-1], len(prices)])
        for start, prices in bars.items()
    ]


def _tag(fields: Sequence[Any]) -> str:
    """Returns a tag for the requests that a cursor may be used with."""
    return f'{zlib.crc32(json.dumps(fields).encode()):08x}'


def _cut(rows: Sequence[_Row], request: Dict[str, Any], tag: str) -> Tuple[Sequence[_Row], Optional[str]]:
    """Returns the rows of one page, and the cursor of the next: the direction of the pages, the time of
    the next row, and the tag of the request. Raises Rejected if a cursor has another tag.
    """
    first = parse_micros(request.get('from'))
    last = parse_micros(request.get('to'))
    cursor, limit = request.get('cursor'), request.get('limit', _DEFAULT_ROWS)
    if cursor and not cursor.endswith(f'-{tag}'):
        raise cursor_of_another_request()
    forwards = cursor.startswith('a') if cursor else first is not None
    if cursor and forwards:
        first = int(cursor[1 : -len(tag) - 1])
    elif cursor:
        last = int(cursor[1 : -len(tag) - 1])
    wanted = [row for row in rows if (first is None or row.time >= first) and (last is None or row.time <= last)]
    page = wanted[:limit] if forwards else wanted[-limit:]
    if len(page) == len(wanted):
        return page, None
    return page, f'a{page[-1].time + 1}-{tag}' if forwards else f'b{page[0].time - 1}-{tag}'
