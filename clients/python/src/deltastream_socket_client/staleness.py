"""Whether the data of a product or room can be relied on, and telling listeners when that changes.
"""
from __future__ import annotations

from typing import Callable, Dict, Iterable, Optional

from .addresses import GENERAL, PORTFOLIO
from .freshness import PortfolioFreshness, ProductFreshness, RoomFreshness
from .order import Order
from .payloads import ChainStatus, FeedStatus, PortfolioStatus, RoomConfirmed, Staleness
from .rooms import Membership, Room, RoomTable


class StalenessTracker:
    """Combines what the gateway says of the feed with the state of the connection and of the
    subscriptions.
    """

    def __init__(self, rooms: RoomTable, order: Order, notify: Callable[[Staleness], None]) -> None:
        self._rooms = rooms
        self._order = order
        self._notify = notify
        self._products = ProductFreshness()
        self._room_data = RoomFreshness()
        self._portfolio = PortfolioFreshness()
        #: What listeners were last told of each product.
        self._notified: Dict[str, bool] = {}

    # ---- questions -----------------------------------------------------------------------------------------------

    def is_stale(self, product: str) -> bool:
        """Whether a product's price must not be relied on.

        That is so if the gateway says that it has stopped, and also if the gateway could not say
        so: without a connection, or without a subscription that would bring its status.
        """
        if self._products.get(product) or self._room_data.is_stale(f'product:{product}', 'product', product, None):
            return True
        # A client in any room of the product is sent its status. A refused room brings nothing, so
        # it does not count.
        rooms = [room for room in self._rooms.wanted_of(product) if room.error is None]
        if rooms:
            return all(room.membership is not Membership.IN for room in rooms)
        # Without a subscription only `general` brings the status, and only of a product that has
        # had a price.
        known = ('underlying_update', product, None) in self._order
        return not self._rooms.in_general or not known

    def is_room_stale(self, room: Room) -> bool:
        """The same for one room. A chain may have stopped, or be unknown, while the price of its
        product continues. `general` and the portfolio have no product.
        """
        if room.address.symbol is None:
            return room.address.type == PORTFOLIO and self._portfolio.stale
        product = room.address.symbol
        return self.is_stale(product) or self._room_data.is_stale(room.name, room.address.type, product, room.address.expiry)

    def suggestion_at(self, room: Room) -> Optional[str]:
        """The known product that may have been meant, as long as the gateway knows nothing of the room."""
        return room.suggestion if self._room_data.is_unknown(room.name) else None

    # ---- what the gateway says -----------------------------------------------------------------------------------

    def connected(self) -> None:
        """There is a new connection, on which the gateway sends every stale product and chain
        again.
        """
        self._products.clear()
        self._room_data.clear()

    def feed_status(self, status: FeedStatus) -> None:
        self._products.record(status)
        self.notify_changes(self._rooms.wanted_of(status.product))

    def chain_status(self, status: ChainStatus) -> None:
        self._room_data.record(status)

    def portfolio_status(self, status: PortfolioStatus) -> None:
        self._portfolio.record(status)

    def portfolio_updated(self) -> None:
        self._portfolio.updated()

    def subscribed(self, confirmed: RoomConfirmed) -> None:
        """The gateway sends what is stale in the room right after this, and before the
        acknowledgement of the request.
        """
        if confirmed.room == PORTFOLIO:
            self._portfolio.subscribed()
            return
        self._room_data.subscribed(confirmed.room, confirmed.known)
        base = confirmed.room.partition('@')[0]
        if base == GENERAL:
            self._products.clear()
            return
        product = base.split(':')[1]
        self._products.begin_resend(product)
        room = self._rooms.get(confirmed.room)
        if room is None or room.membership is not Membership.JOINING:
            # This client did not ask, so that no acknowledgement will follow.
            self._products.end_resend(product)

    def unsubscribed(self, confirmed: RoomConfirmed) -> None:
        self._room_data.unsubscribed(confirmed.room)

    def acknowledged(self, rooms: Iterable[Room]) -> None:
        """The request for these rooms was answered, so the gateway has sent what is stale in them.
        """
        for room in rooms:
            if room.address.symbol is not None:
                self._products.end_resend(room.address.symbol)

    def updated(self, names: Iterable[str], product: str, expiry: Optional[str], today: str) -> None:
        """An update of a product or chain came for the rooms with these names."""
        if self._room_data.updated(names, product, expiry, today):
            self.notify_changes(self._rooms.wanted_of(product))

    # ---- listeners -----------------------------------------------------------------------------------------------

    def notify_changes(self, rooms: Iterable[Room]) -> None:
        """Notifies listeners of each product of these rooms whose staleness is not what they were
        last told.
        """
        products = {room.address.symbol for room in rooms if room.wanted and room.address.symbol is not None}
        for product in products:
            stale = self.is_stale(product)
            if self._notified.get(product) != stale:
                self._notified[product] = stale
                self._notify(Staleness(product, stale, self._products.get(product)))

    def forget_unwanted(self, rooms: Iterable[Room]) -> None:
        """Forgets what listeners were told of each product that has no subscription any more."""
        for room in rooms:
            product = str(room.address.symbol)
            if not self._rooms.wanted_of(product):
                self._notified.pop(product, None)
