"""Which products, chains and rooms have no current data, as far as the gateway has said so."""
from __future__ import annotations

from typing import Dict, Iterable, Optional, Set, Tuple

from .payloads import ChainStatus, FeedStatus, PortfolioStatus

#: Products that are remembered at most: as many as the gateway watches.
MAX_PRODUCTS = 50_000
#: Chains that are remembered at most: as many as the gateway watches.
MAX_CHAINS = 50_000


class ProductFreshness:
    """The products whose price has stopped, from `feed_status` and `feed_statuses`."""

    def __init__(self) -> None:
        self._stale: Dict[str, FeedStatus] = {}
        #: Products whose status the gateway is sending again, and those of them whose status has
        #: come.
        self._resending: Set[str] = set()
        self._resent: Set[str] = set()

    def get(self, product: str) -> Optional[FeedStatus]:
        """Returns the status of a stale product. `None`: it is live, or unknown."""
        return self._stale.get(product)

    def record(self, status: FeedStatus) -> None:
        """Takes what the gateway says of a product."""
        if status.product in self._resending:
            self._resent.add(status.product)
        if status.status != 'stale':
            self._stale.pop(status.product, None)
        elif len(self._stale) < MAX_PRODUCTS:
            self._stale[status.product] = status

    def clear(self) -> None:
        """Forgets everything, because the gateway sends every stale product again right afterwards.
        """
        self._stale.clear()
        self._resending.clear()
        self._resent.clear()

    def begin_resend(self, product: str) -> None:
        """The gateway sends the status of one product again. Until `end_resend`, the product keeps
        its old status.
        """
        self._resending.add(product)
        self._resent.discard(product)

    def end_resend(self, product: str) -> None:
        """The status has come if the product is stale. If none has come, the product is live."""
        if product not in self._resending:
            return
        self._resending.discard(product)
        if product not in self._resent:
            self._stale.pop(product, None)
        self._resent.discard(product)


class RoomFreshness:
    """The chains that have stopped although their product's price may continue, and the rooms
    without any data.
    """

    def __init__(self) -> None:
        #: By product and expiry. The key without an expiry means that no chain of the product is
        #: known.
        self._stale: Dict[Tuple[str, Optional[str]], ChainStatus] = {}
        #: Rooms for which the gateway had no data when they were joined, until their first update.
        self._unknown: Set[str] = set()

    def clear(self) -> None:
        self._stale.clear()
        self._unknown.clear()

    def record(self, status: ChainStatus) -> None:
        """Takes what the gateway says of a chain."""
        if status.status != 'stale':
            self._stale.pop((status.product, status.expiry), None)
            self._stale.pop((status.product, None), None)
        elif len(self._stale) < MAX_CHAINS:
            self._stale[status.product, status.expiry] = status

    def subscribed(self, room: str, known: bool) -> None:
        """The room was joined. The gateway sends its stale chains again right afterwards."""
        kind, _, rest = room.partition('@')[0].partition(':')
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
        """An update came for these rooms. Returns whether that may have changed what is stale.

        A chain whose expiry is before `today` (`YYYY-MM-DD`) is no longer expected to move, so it
        stops being stale.
        """
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
        """Whether a room has no current data. A room of every expiry is stale as soon as one of its
        chains is.
        """
        if room in self._unknown:
            return True
        if kind != 'chain':
            return False
        if expiry is not None:
            return (product, expiry) in self._stale
        return any(key[0] == product for key in self._stale)


class PortfolioFreshness:
    """Whether the portfolio of the client's user has stopped, or is not known on this connection."""

    def __init__(self) -> None:
        self._stopped = False
        #: Whether no portfolio has come since the room was joined. The gateway may have to look it up,
        #: and until then the one of an earlier connection may be old.
        self._awaited = True

    @property
    def stale(self) -> bool:
        return self._awaited or self._stopped

    def subscribed(self) -> None:
        """The room was joined. If the portfolio has stopped, the gateway says so again after this."""
        self._stopped, self._awaited = False, True

    def updated(self) -> None:
        self._awaited = False

    def record(self, status: PortfolioStatus) -> None:
        """Takes what the gateway says. The new portfolio may follow after the status that it is live."""
        self._stopped = status.status == 'stale'
