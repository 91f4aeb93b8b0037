"""What the subscriptions of both clients have in common."""
from __future__ import annotations

import dataclasses
from typing import Any, Callable, Dict, Generic, List, Optional, Tuple, TypeVar, overload

from . import arguments
from .addresses import PORTFOLIO, Address, Expiry
from .errors import GatewayError, NotConnected, SubscriptionError
from .handle import Handle
from .payloads import Gap
from .rooms import shown_names
from .updates import U
from .views import View, grant

H = TypeVar('H', bound=Callable[[Any], Any])


class BaseSubscription(Generic[U]):
    def __init__(
        self, handle: Handle[Any], listen: Callable[..., Any], change_view: Callable[[Tuple[Address, ...]], None]
    ) -> None:
        self._handle: Handle[U] = handle
        self._listen = listen
        self._change_view = change_view
        self._removals: List[Callable[[], None]] = []

    @property
    def rooms(self) -> Tuple[str, ...]:
        """The names of its rooms, for example 'product:NIFTY', 'chain:NIFTY:2026-11-26' or
        'chain:NIFTY@quote.10.2hz'.
        """
        return tuple(room.name for room in self._handle.rooms)

    @property
    def view(self) -> Optional[View]:
        """The view that the gateway grants, which may be cheaper than the one that was asked for.
        `None`: it gets the rooms as they are.
        """
        return self._handle.rooms[0].address.view

    def change_view(self, view: Optional[View]) -> None:
        """Changes its view, while its iterations and handlers continue. No update comes after a newer
        one. `ready` waits until the gateway has confirmed the new view. Does not block.

        If no other subscription needs the old rooms, the client changes them in one request.

        Raises InvalidView for a view that is not possible, NotConnected, or the error of the client,
        if the subscription has ended, and ValueError if the updates would be of another class:
        between a chain and a view of it. Make another subscription for that.
        """
        if self._handle.closed:
            raise self._ended_error()
        addresses = tuple(room.address for room in self._handle.rooms)
        granted = grant(addresses[0].type, view)
        if addresses[0].type == 'chain' and (granted is None) != (addresses[0].view is None):
            raise ValueError('a chain and a view of it have updates of different classes; make another subscription')
        self._change_view(tuple(dataclasses.replace(address, view=granted) for address in addresses))

    @property
    def latest(self) -> Optional[U]:
        """The update that came last, of any of its products and expiries. `None`: none has come yet.

        With several products or expiries, it changes from one to the other. `latest_of` returns the
        newest update of one of them.
        """
        return self._handle.latest

    @property
    def updates(self) -> Tuple[U, ...]:
        """The newest update of each product and expiry."""
        return self._handle.updates

    @property
    def latest_by_expiry(self) -> Dict[str, U]:
        """The newest chain of each expiry, the nearest expiry first.

        The keys are 'YYYY-MM-DD' for a subscription to one product. For one to several products
        they are 'SYMBOL:YYYY-MM-DD', as in the names of rooms, so that each product keeps its own.
        """
        return self._handle.latest_by_expiry

    def latest_of(self, symbol: str, expiry: Optional[Expiry] = None) -> Optional[U]:
        """The newest update of one product, and of one expiry if it is given. `None`: none has come
        yet.
        """
        return self._handle.latest_of(arguments.text('symbol', symbol), arguments.day('expiry', expiry))

    @property
    def stale(self) -> bool:
        """Whether any of its prices, or its portfolio, must not be relied on: it has stopped, is not
        confirmed yet, or there is no connection.
        """
        return self._handle.stale

    @property
    def gap(self) -> Optional[Gap]:
        """The last of its gaps: updates of one of its products may be missing. `None`: there was none.
        Only with the option `resume` of the client.
        """
        return self._handle.gap

    @overload
    def on_gap(self, handler: None = None) -> Callable[[H], H]: ...

    @overload
    def on_gap(self, handler: Callable[[Gap], Any]) -> Callable[[], None]: ...

    def on_gap(self, handler: Any = None) -> Any:
        """Calls `handler` with each `Gap` of its products, until it is unsubscribed, where `on` of the
        client calls its handlers. Returns a function that removes the handler. Without `handler`, it
        is a decorator.

        Raises TypeError for a handler that cannot be called.
        """
        if handler is None:

            def decorate(decorated: H) -> H:
                self.on_gap(decorated)
                return decorated

            return decorate
        remove: Callable[[], None] = self._listen('gap', handler, lambda gap: gap.room in self.rooms)
        self._removals.append(remove)
        return remove

    def _remove_handlers(self) -> None:
        for remove in self._removals:
            remove()

    def _past(self, symbol: Optional[str], expiry: Optional[Expiry]) -> Tuple[str, str, Optional[Expiry]]:
        """Returns the type, the symbol and the expiry of its history.

        Raises ValueError if it has several products, and `symbol` names none, and for the portfolio.
        """
        addresses = [room.address for room in self._handle.rooms]
        if addresses[0].type == PORTFOLIO:
            raise ValueError('ask the client for the history of portfolios: history(\'portfolio\')')
        symbols = {address.symbol for address in addresses}
        if symbol is None and (len(symbols) > 1 or addresses[0].symbol is None):
            raise ValueError('the subscription has several products; pass the symbol of the one whose history you want')
        kind = 'summary' if addresses[0].type == 'chain' else 'product'
        return kind, symbol or str(addresses[0].symbol), addresses[0].expiry if expiry is None else expiry

    @property
    def error(self) -> Optional[SubscriptionError]:
        """Why the gateway refused it. `None`: it did not."""
        return self._handle.error

    @property
    def suggestions(self) -> Dict[str, str]:
        """For each symbol that the gateway does not know, the known product that is spelt nearly the same."""
        return self._handle.suggestions

    @property
    def closed(self) -> bool:
        """Whether it was unsubscribed, or its client closed."""
        return self._handle.closed

    def _settled(self) -> bool:
        """Whether the gateway has confirmed or refused it, or it has ended."""
        return self._handle.ready or self._handle.error is not None or self._handle.closed

    def _raise_unless_ready(self) -> None:
        if self._handle.error is not None:
            raise self._handle.error
        if not self._handle.ready:
            raise self._ended_error()

    def _ended_error(self) -> GatewayError:
        return self._handle.ended_with or NotConnected('the subscription has ended')

    def __repr__(self) -> str:
        handle = self._handle
        state = 'ended' if handle.closed else 'refused' if handle.error else 'confirmed' if handle.ready else 'not confirmed'
        return f'<{type(self).__name__} {shown_names(self.rooms)}, {state}{", stale" if handle.stale else ""}>'
