"""Which prices have stopped, as the gateway says."""
from __future__ import annotations

from typing import Callable, Dict, Iterable, Optional

from .payloads import FeedStatus, Staleness

#: Products remembered, as many as the gateway watches.
MAX_PRODUCTS = 50_000


class Freshness:
    def __init__(self, tell: Callable[[Staleness], None]) -> None:
        self._tell = tell
        self._stale: Dict[str, FeedStatus] = {}
        #: What listeners were last told of a product.
        self._told: Dict[str, bool] = {}

    def __contains__(self, product: str) -> bool:
        return product in self._stale

    def heard(self, status: FeedStatus) -> None:
        if status.status != 'stale':
            self._stale.pop(status.product, None)
        elif len(self._stale) < MAX_PRODUCTS:
            self._stale[status.product] = status

    def clear(self, product: Optional[str] = None) -> None:
        """What is stale is told anew, right after."""
        if product is None:
            self._stale.clear()
        else:
            self._stale.pop(product, None)

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
