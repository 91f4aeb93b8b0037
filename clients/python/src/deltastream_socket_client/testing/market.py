"""What the fake gateway knows of the market: the newest updates, and which of them have stopped."""
from __future__ import annotations

import datetime
import os.path
import time
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from ..addresses import Address
from ..timestamps import iso_millis
from .history import History
from .views import view_of

Event = Tuple[str, Dict[str, Any]]
_EPOCH = datetime.datetime(1970, 1, 1)
_SUMMARY = ('product', 'expiry', 'spot_price', 'pcr_oi', 'pcr_volume', 'max_pain_strike', 'atm_straddle_price', 'timestamp')


@dataclass
class Freshness:
    """Whether a product or chain has stopped, and when its newest update came."""

    stale: bool = False
    #: In seconds since the epoch. `None`: there was none.
    updated_at: Optional[float] = None

    def status(self, **names: Any) -> Dict[str, Any]:
        at = self.updated_at
        return {
            **names,
            'status': 'stale' if self.stale else 'live',
            'last_update': None if at is None else iso_millis(at),
            'age_ms': None if at is None else max(0, round((time.time() - at) * 1000)),
        }


class Market:
    def __init__(self, products: Iterable[str]) -> None:
        #: Configured products first, then those that were published.
        self.products: Dict[str, Freshness] = {product: Freshness() for product in products}
        self.chains: Dict[Tuple[str, str], Freshness] = {}
        self._prices: Dict[str, Dict[str, Any]] = {}
        self._full_chains: Dict[Tuple[str, str], Dict[str, Any]] = {}
        self._last_stamp = 0
        self.history = History()

    def stamp(self) -> str:
        """The present time, as the platform writes it. Each is later than the one before."""
        self._last_stamp = max(int(time.time() * 1_000_000), self._last_stamp + 1)
        at = _EPOCH + datetime.timedelta(microseconds=self._last_stamp)
        return at.isoformat(timespec='microseconds')

    def price(self, product: str, price: float, **fields: Any) -> Dict[str, Any]:
        """Keeps a new price, and returns its payload."""
        stamp = self.stamp()
        payload = {
            'type': 'UNDERLYING_ENRICHED',
            'product': product,
            'price': price,
            'timestamp': stamp,
            'processed_at': stamp,
            **fields,
        }
        self._prices[product] = payload
        self.history.record(payload)
        return payload

    def chain(self, product: str, expiry: str, **fields: Any) -> Dict[str, Any]:
        """Keeps a new chain, and returns its payload."""
        stamp = self.stamp()
        price = self._prices.get(product, {}).get('price')
        legs = [*fields.get('calls', ()), *fields.get('puts', ())]
        payload = {
            'product': product,
            'expiry': expiry,
            'spot_price': price if price is not None else 100.0,
            'pcr_oi': 1.0,
            'pcr_volume': 1.0,
            'max_pain_strike': 100.0,
            'atm_straddle_price': None,
            'calls': [],
            'puts': [],
            'strikes': sorted({leg['strike'] for leg in legs}),
            'timestamp': stamp,
            'processed_at': stamp,
            **fields,
        }
        self._full_chains[product, expiry] = payload
        self.history.record(payload)
        return payload

    def last_price(self, product: str) -> Dict[str, Any]:
        """Raises ValueError if no price of the product was published."""
        if product not in self._prices:
            raise ValueError(f'no price of {product!r} was published; call publish_price first')
        return self._prices[product]

    def last_chain(self, product: str, expiry: str) -> Dict[str, Any]:
        """Raises ValueError if the chain was not published."""
        if (product, expiry) not in self._full_chains:
            raise ValueError(f'no chain of {product!r} and {expiry!r} was published; call publish_chain first')
        return self._full_chains[product, expiry]

    def price_counts(self, product: str) -> bool:
        """Whether the product has prices of its own. If not, its chains count as prices."""
        return product in self._prices

    def knows(self, address: Address) -> bool:
        product = str(address.symbol)
        if address.type == 'general':
            return True
        if address.type == 'product':
            return product in self.products
        return any(key[0] == product and address.expiry in (None, key[1]) for key in self._full_chains)

    def newest(self, address: Address) -> List[Event]:
        """The newest updates of a room, the nearest expiry first. Of a room of every expiry, those whose
        day has not ended.
        """
        product = str(address.symbol)
        if address.type == 'product':
            return [('underlying_update', self._prices[product])] if product in self._prices else []
        if address.expiry is not None:
            chain = self._full_chains.get((product, address.expiry))
            return [] if chain is None else [_as_event(address, chain)]
        today = (_EPOCH + datetime.timedelta(microseconds=self._last_stamp)).date().isoformat()
        expiries = sorted(expiry for name, expiry in self._full_chains if name == product and expiry >= today)
        return [_as_event(address, self._full_chains[product, expiry]) for expiry in expiries]

    def nearest_expiry(self, product: str) -> Optional[str]:
        """The nearest expiry of its chains that has not passed. `None`: there is none."""
        chains = self.newest(Address('chain', product))
        return chains[0][1]['expiry'] if chains else None

    def stale_in(self, address: Address, updates: Sequence[Event]) -> List[Event]:
        """The statuses of what has stopped in a room with these newest updates."""
        product = str(address.symbol)
        found: List[Event] = []
        freshness = self.products.get(product)
        if freshness is not None and freshness.stale:
            found.append(('feed_status', freshness.status(product=product)))
        for event, chain in updates:
            key = (product, chain.get('expiry', ''))
            if event != 'underlying_update' and self.chains[key].stale:
                found.append(('chain_status', self.chains[key].status(product=product, expiry=key[1])))
        return found

    def stale_products(self) -> List[Dict[str, Any]]:
        """The statuses of all products whose price has stopped."""
        return [
            freshness.status(product=product)
            for product, freshness in self.products.items()
            if freshness.stale and freshness.updated_at is not None
        ]

    def similar(self, symbol: str) -> Optional[str]:
        """A known product that is spelt nearly the same as an unknown one."""
        if symbol in self.products:
            return None
        return next((name for name in self.products if _is_near(name, symbol)), None)


def _as_event(address: Address, chain: Dict[str, Any]) -> Event:
    return ('chain_update', chain) if address.view is None else ('chain_view', view_of(chain, address.view))


def summary_of(chain: Dict[str, Any]) -> Dict[str, Any]:
    return {name: chain[name] for name in _SUMMARY}


def _is_near(one: str, other: str) -> bool:
    """Whether two names differ only in case, by one letter, or by two letters that are swapped.

    Names that differ by a digit are different products. Of two letters, almost all would be near.
    """
    one, other = one.upper(), other.upper()
    if one == other:
        return True
    if max(len(one), len(other)) < 3 or abs(len(one) - len(other)) > 1:
        return False
    start = len(os.path.commonprefix([one, other]))
    end = len(os.path.commonprefix([one[start:][::-1], other[start:][::-1]]))
    left, right = one[start : len(one) - end], other[start : len(other) - end]
    if any(letter.isdigit() for letter in left + right):
        return False
    return max(len(left), len(right)) <= 1 or (len(left) == len(right) == 2 and left == right[::-1])
