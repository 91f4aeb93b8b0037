"""The market data and the portfolio that the gateway sends, as frozen dataclasses with the field names of
docs/events.md.

Fields that are newer than this package are kept in `extra`. Timestamps are ISO 8601 strings to the
microsecond; those without a zone are in UTC. `update.time` is the same as a `datetime` in UTC.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple, TypeVar, Union

from .frames import import_pandas
from .read_only import Extra, extra
from .timestamps import to_datetime
from .views import View


@dataclass(frozen=True)
class UnderlyingUpdate:
    """Payload of `underlying_update`: one price of a product, in the product's currency."""

    product: str
    price: float
    #: When the tick was made. A later update of the product has a later one.
    timestamp: str
    #: When the platform enriched it. Equal to `timestamp` if that is not known.
    processed_at: Optional[str] = None
    type: str = 'UNDERLYING_ENRICHED'
    extra: Extra = extra()

    @property
    def time(self) -> datetime:
        """`timestamp` as a `datetime` in UTC."""
        return to_datetime(self.timestamp)


@dataclass(frozen=True)
class OptionLeg:
    """One option of a chain. `strike` is always set; any other field is `None` if the platform does
    not give it.

    `vega` and `theta`, and whether `volume` and `open_interest` count contracts or lots, are as the
    platform computes them. The gateway does not change them and does not know their units.
    """

    strike: float
    symbol: Optional[str] = None
    product: Optional[str] = None
    expiry: Optional[str] = None
    #: 'CALL' or 'PUT'.
    option_type: Optional[str] = None
    bid: Optional[float] = None
    ask: Optional[float] = None
    last: Optional[float] = None
    volume: Optional[float] = None
    open_interest: Optional[float] = None
    delta: Optional[float] = None
    gamma: Optional[float] = None
    vega: Optional[float] = None
    theta: Optional[float] = None
    #: Implied volatility as a fraction: 0.2293 means 22.93 %.
    iv: Optional[float] = None
    timestamp: Optional[str] = None
    extra: Extra = extra()


@dataclass(frozen=True)
class ChainSummary:
    """Payload of `chain_summary`: the key figures of one chain, which the room `general` brings for
    every product.
    """

    product: str
    #: 'YYYY-MM-DD'.
    expiry: str
    #: The product's price with which the chain was computed.
    spot_price: float
    #: Put/call ratio by open interest.
    pcr_oi: float
    #: Put/call ratio by volume.
    pcr_volume: float
    #: The strike at which the buyers of the options lose most.
    max_pain_strike: float
    #: `None` if the platform could not price the straddle.
    atm_straddle_price: Optional[float]
    #: When the chain was made. A later chain of the product and expiry has a later one.
    timestamp: str
    extra: Extra = extra()

    @property
    def time(self) -> datetime:
        """`timestamp` as a `datetime` in UTC."""
        return to_datetime(self.timestamp)


@dataclass(frozen=True)
class ChainUpdate:
    """Payload of `chain_update`: the full option chain of one product and one expiry."""

    product: str
    #: 'YYYY-MM-DD'.
    expiry: str
    #: The product's price with which the chain was computed.
    spot_price: float
    #: Put/call ratio by open interest.
    pcr_oi: float
    #: Put/call ratio by volume.
    pcr_volume: float
    #: The strike at which the buyers of the options lose most.
    max_pain_strike: float
    #: `None` if the platform could not price the straddle.
    atm_straddle_price: Optional[float]
    #: When the chain was made. A later chain of the product and expiry has a later one.
    timestamp: str
    #: One leg per strike that the platform has a call for.
    calls: Tuple[OptionLeg, ...]
    #: One leg per strike that the platform has a put for.
    puts: Tuple[OptionLeg, ...]
    #: Every strike of the legs once, ascending. `calls` and `puts` need not have a leg for each of
    #: them.
    strikes: Tuple[float, ...]
    atm_strike: Optional[float] = None
    total_call_oi: Optional[float] = None
    total_put_oi: Optional[float] = None
    call_buildup_otm: Optional[float] = None
    put_buildup_otm: Optional[float] = None
    processed_at: Optional[str] = None
    extra: Extra = extra()

    @property
    def time(self) -> datetime:
        """`timestamp` as a `datetime` in UTC."""
        return to_datetime(self.timestamp)


#: The numbers of one side of a chain, by column, in the order of `strikes`. `None`: there is no such
#: option, or it has no such number.
Columns = Mapping[str, Tuple[Optional[float], ...]]


class StrikeRow(NamedTuple):
    """One strike of a `ChainView`. `None` in place of an option: the view has no number of it."""

    strike: float
    call: Optional[OptionLeg]
    put: Optional[OptionLeg]


@dataclass(frozen=True)
class ChainView:
    """Payload of `chain_view`: an option chain in columns, or a part of one. Each message is complete
    in itself.
    """

    product: str
    #: 'YYYY-MM-DD'.
    expiry: str
    #: The mode and the strikes of this view. It has no rate: messages are the same at any rate.
    view: View
    #: The product's price with which the chain was computed.
    spot_price: float
    #: Put/call ratio by open interest.
    pcr_oi: float
    #: Put/call ratio by volume.
    pcr_volume: float
    #: The strike at which the buyers of the options lose most.
    max_pain_strike: float
    #: `None` if the platform could not price the straddle.
    atm_straddle_price: Optional[float]
    #: When the chain was made. A later chain of the product and expiry has a later one.
    timestamp: str
    #: The strikes of the view, ascending.
    strikes: Tuple[float, ...]
    calls: Columns = field(hash=False)
    puts: Columns = field(hash=False)
    atm_strike: Optional[float] = None
    total_call_oi: Optional[float] = None
    total_put_oi: Optional[float] = None
    call_buildup_otm: Optional[float] = None
    put_buildup_otm: Optional[float] = None
    processed_at: Optional[str] = None
    extra: Extra = extra()

    @property
    def time(self) -> datetime:
        """`timestamp` as a `datetime` in UTC."""
        return to_datetime(self.timestamp)

    def rows(self) -> Iterator[StrikeRow]:
        """Iterates over the strikes, with the call and the put of each."""
        for at, strike in enumerate(self.strikes):
            yield StrikeRow(strike, self._leg('CALL', self.calls, at), self._leg('PUT', self.puts, at))

    def to_frame(self) -> Any:
        """The view as a `pandas.DataFrame` with a row for each strike, which is its index, and columns
        such as `call_last` and `put_open_interest`.

        A number that the view does not have is NaN. Raises ImportError if pandas is not installed.
        """
        pandas = import_pandas('rows()')
        sides = (('call', self.calls), ('put', self.puts))
        values: Dict[str, List[Any]] = {
            f'{side}_{name}': list(column) for side, columns in sides for name, column in columns.items()
        }
        index = pandas.Index(self.strikes, dtype='float64', name='strike')
        return pandas.DataFrame(values, index=index, dtype='float64')

    def _leg(self, option_type: str, columns: Columns, at: int) -> Optional[OptionLeg]:
        numbers = {name: column[at] for name, column in columns.items()}
        if all(number is None for number in numbers.values()):
            return None
        known: Dict[str, Any] = {name: numbers[name] for name in numbers.keys() & OptionLeg.__dataclass_fields__.keys()}
        return OptionLeg(self.strikes[at], product=self.product, expiry=self.expiry, option_type=option_type, **known)


@dataclass(frozen=True)
class PortfolioUpdate:
    """Payload of `portfolio_update`: the portfolio of the user of the client's token, complete in each
    message.

    The platform decides what a portfolio contains. The gateway passes it on unchanged, and everything
    apart from the fields below is in `extra`: for example `update.extra['positions']`.
    """

    #: The user, as the platform writes it.
    user_id: Union[str, int]
    #: When the platform computed it. A later portfolio of the user has a later one.
    timestamp: str
    extra: Extra = extra()

    @property
    def time(self) -> datetime:
        """`timestamp` as a `datetime` in UTC."""
        return to_datetime(self.timestamp)


#: The market data. `general` brings nothing else.
Update = Union[UnderlyingUpdate, ChainSummary, ChainUpdate, ChainView]
AnyUpdate = Union[Update, PortfolioUpdate]
U = TypeVar('U', bound=AnyUpdate)
