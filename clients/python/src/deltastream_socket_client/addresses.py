"""What a program may subscribe to, and the gateway's names for it."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Dict, Iterable, Optional, Tuple, Union

from . import arguments
from .views import View, grant

GENERAL = 'general'
PORTFOLIO = 'portfolio'
Symbols = Union[str, Iterable[str]]
#: A date or a 'YYYY-MM-DD'. `datetime.datetime` and `pandas.Timestamp` are dates too.
Expiry = Union[str, date]


@dataclass(frozen=True)
class Address:
    """One room, as a request names it."""

    #: 'product', 'chain', 'general' or 'portfolio'. The last two have no symbol.
    type: str
    symbol: Optional[str] = None
    #: `YYYY-MM-DD`. `None`: every expiry of the product.
    expiry: Optional[str] = None
    #: The granted view. `None`: the room as it is.
    view: Optional[View] = None

    @property
    def room(self) -> str:
        """The gateway's name of the room: `general`, `portfolio`, `product:NIFTY`, `chain:NIFTY` or
        `chain:NIFTY:2026-11-26`. That of a view has its name too: `chain:NIFTY@quote.10.2hz`.
        """
        return self.base if self.view is None else f'{self.base}@{self.view.name}'

    @property
    def feed(self) -> str:
        """The name of the room that has the same messages, without a limit of their rate."""
        return self.base if self.view is None or self.view.mode is None else f'{self.base}@{self.view.content}'

    @property
    def base(self) -> str:
        """The name of the room of which this is a view, or of this one."""
        if self.symbol is None:
            return self.type
        return f'{self.type}:{self.symbol}' if self.expiry is None else f'{self.type}:{self.symbol}:{self.expiry}'


def parse_addresses(
    type: str,
    symbol: Optional[Symbols] = None,
    expiry: Optional[Expiry] = None,
    symbols: Optional[Symbols] = (),
    view: Optional[View] = None,
) -> Tuple[Address, ...]:
    """Returns the rooms that the arguments of `subscribe` and `snapshot` name, each once.

    Checks only that they name a room. Whether a symbol is well-formed and allowed is for the
    gateway to decide. Raises ValueError if they name no room, InvalidView if the type has no such
    view, and TypeError if one of them is of a type that cannot be used.
    """
    type = arguments.text('type', type)
    named = arguments.texts('symbol', symbol) + arguments.texts('symbols', symbols)
    day = arguments.day('expiry', expiry)
    if type in (GENERAL, PORTFOLIO):
        if named or day is not None:
            raise ValueError(f'the type {type!r} takes neither a symbol nor an expiry')
        return (Address(type, view=grant(type, view)),)
    if type not in ('product', 'chain'):
        raise ValueError(f"type must be 'product', 'chain', 'general' or 'portfolio', not {type!r}")
    if day is not None and type != 'chain':
        raise ValueError("only the type 'chain' takes an expiry")
    if not named:
        raise ValueError(f"the type {type!r} needs a symbol, for example {type!r}, 'NIFTY'")
    granted = grant(type, view)
    return tuple(Address(type, name, day, granted) for name in dict.fromkeys(named))


def request_payload(addresses: Iterable[Address]) -> Dict[str, Any]:
    """Returns the payload of one request for rooms that share their type, expiry and view."""
    named = list(addresses)
    payload: Dict[str, Any] = {'type': named[0].type}
    if len(named) > 1:
        payload['symbols'] = [address.symbol for address in named]
    elif named[0].symbol is not None:
        payload['symbol'] = named[0].symbol
    if named[0].expiry is not None:
        payload['expiry'] = named[0].expiry
    if named[0].view is not None:
        payload['view'] = named[0].view.payload
    return payload


def feeds_of_update(event: str, product: Optional[str], expiry: Optional[str], view: Optional[View] = None) -> Tuple[str, ...]:
    """Returns the names of the rooms to which the gateway sends an update. It also sends it to those
    that differ only in their rate. `view` is that of a `chain_view`. Only a portfolio has no product.
    """
    if event == 'portfolio_update':
        return (PORTFOLIO,)
    if event == 'underlying_update':
        return (GENERAL, f'product:{product}')
    if event == 'chain_summary':
        return (GENERAL,)
    content = '' if view is None else f'@{view.content}'
    return (f'chain:{product}{content}', f'chain:{product}:{expiry}{content}')
