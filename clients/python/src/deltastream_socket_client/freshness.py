"""Which prices have stopped, as the gateway says."""
from __future__ import annotations

from typing import Callable, Dict, Iterable, Set

from .payloads import FeedStatus, Staleness

#: Products remembered, as many as the gateway watches.
MAX_PRODUCTS = 50_000


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
