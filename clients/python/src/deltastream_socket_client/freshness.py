"""Which prices have stopped, as the gateway says."""
from __future__ import annotations

from typing import Callable, Dict, Iterable, Optional, Set, Tuple

from .payloads import ChainStatus, FeedStatus, Staleness

#: Products remembered, as many as the gateway watches.
MAX_PRODUCTS = 50_000
#: Chains remembered, as many as the gateway watches.
MAX_CHAINS = 50_000


class Freshness:
    def __init__(self, tell: Callable[[Staleness], None]) -> None:
        self._tell = tell
        self._stale: Dict[str, FeedStatus] = {}
        #: Products whose state the gateway is telling anew, and those of them that it has told.
        self._retelling: Set[str] = set()
        self._told_anew: Set[str] = set()
        #: What listeners were last told of a product.
        self._told: Dict[str, bool] = {}

    def __contains__(self, product: str) -> bool:
        return product in self._stale

    def heard(self, status: FeedStatus) -> None:
        if status.product in self._retelling:
            self._told_anew.add(status.product)
        if status.status != 'stale':
            self._stale.pop(status.product, None)
        elif len(self._stale) < MAX_PRODUCTS:
            self._stale[status.product] = status

    def clear(self) -> None:
        """What is stale is told anew, right after."""
        self._stale.clear()
        self._retelling.clear()
        self._told_anew.clear()

    def retell(self, product: str) -> None:
        """The same of one product, until `settle`: it does not look live meanwhile."""
        self._retelling.add(product)
        self._told_anew.discard(product)

    def settle(self, product: str) -> None:
        """It has been told what there was to tell."""
        if product not in self._retelling:
            return
        self._retelling.discard(product)
        if product not in self._told_anew:
            self._stale.pop(product, None)
        self._told_anew.discard(product)

    def forget(self, product: str) -> None:
        """Nobody is to be told of it any more."""
        self._told.pop(product, None)

    def tell(self, products: Iterable[str], is_stale: Callable[[str], bool]) -> None:
        """Tells of those whose staleness is not what was last told."""
        for product in products:
            stale = is_stale(product)
            if self._told.get(product) != stale:
                self._told[product] = stale
                self._tell(Staleness(product, stale, self._stale.get(product)))


class RoomFreshness:
    """Which chains have stopped though the price of their product may go on, and of which rooms nothing is known."""

    def __init__(self) -> None:
        #: By product and expiry; without an expiry: no chain of the product is known.
        self._stale: Dict[Tuple[str, Optional[str]], ChainStatus] = {}
        #: Rooms of which nothing is known until their first update.
        self._unknown: Set[str] = set()

    def clear(self) -> None:
        self._stale.clear()
        self._unknown.clear()

    def heard(self, status: ChainStatus) -> None:
        if status.status != 'stale':
            self._stale.pop((status.product, status.expiry), None)
            self._stale.pop((status.product, None), None)
        elif len(self._stale) < MAX_CHAINS:
            self._stale[status.product, status.expiry] = status

    def subscribed(self, room: str, known: bool) -> None:
        """What is stale of the room is told again, right after."""
        kind, _, rest = room.partition(':')
        product, _, expiry = rest.partition(':')
        if known:
            self._unknown.discard(room)
        else:
            self._unknown.add(room)
        if kind == 'chain':
            for key in [key for key in self._stale if key[0] == product and expiry in ('', key[1])]:
                del self._stale[key]

    def is_unknown(self, room: str) -> bool:
        return room in self._unknown

    def unsubscribed(self, room: str) -> None:
        self._unknown.discard(room)

    def updated(self, rooms: Iterable[str], product: str, expiry: Optional[str], today: str) -> bool:
        """Something came for the rooms; whether that may have changed what is stale. An expiry that is over is not expected to move."""
        if not self._unknown and not self._stale:
            return False
        self._unknown.difference_update(rooms)
        if expiry is None:
            return True
        self._stale.pop((product, None), None)
        for key in [key for key in self._stale if key[0] == product and key[1] is not None and key[1] < today]:
            del self._stale[key]
        return True

    def is_stale(self, room: str, kind: str, product: str, expiry: Optional[str]) -> bool:
        """Of a room of all chains: whether any has stopped."""
        if room in self._unknown:
            return True
        if kind != 'chain':
            return False
        if expiry is not None:
            return (product, expiry) in self._stale
        return any(key[0] == product for key in self._stale)
