"""The market data that the gateway sends, as frozen dataclasses with the field names of
docs/events.md.

Fields that are newer than this package are kept in `extra`. Timestamps are ISO 8601 strings to the
microsecond; those without a zone are in UTC. `update.time` is the same as a `datetime` in UTC.
"""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Optional, Tuple, TypeVar, Union

from .read_only import Extra, extra
from .timestamps import to_datetime


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


Update = Union[UnderlyingUpdate, ChainSummary, ChainUpdate]
U = TypeVar('U', bound=Update)
