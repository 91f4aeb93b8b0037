"""The views of the fake gateway's chains."""
from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..views import View

_QUOTE = ('last', 'bid', 'ask', 'volume', 'open_interest')
_GREEKS = ('iv', 'delta', 'gamma', 'theta', 'vega')
_COLUMNS: Mapping[Optional[str], Tuple[str, ...]] = {
    'full': (*_QUOTE, *_GREEKS),
    'quote': _QUOTE,
    'ltp': ('last',),
    'greeks': ('last', *_GREEKS),
}
#: The fields of a chain that its views have as well, if the chain has them.
_SHARED = (
    'product',
    'expiry',
    'spot_price',
    'pcr_oi',
    'pcr_volume',
    'max_pain_strike',
    'atm_straddle_price',
    'timestamp',
    'atm_strike',
    'total_call_oi',
    'total_put_oi',
    'call_buildup_otm',
    'put_buildup_otm',
    'processed_at',
)


def view_of(chain: Mapping[str, Any], view: View) -> Dict[str, Any]:
    """Returns the `chain_view` of a chain. Its rate does not matter."""
    strikes = _window(chain, view.strikes)
    content = View(view.mode, view.strikes)
    return {
        **{name: chain[name] for name in _SHARED if name in chain},
        'view': content.payload,
        'strikes': strikes,
        'calls': _columns(chain['calls'], strikes, view.mode),
        'puts': _columns(chain['puts'], strikes, view.mode),
    }


def _window(chain: Mapping[str, Any], each_side: Optional[int]) -> List[float]:
    """The strikes around the money."""
    strikes: List[float] = sorted(chain['strikes'])
    if each_side is None or not strikes:
        return strikes
    given = chain.get('atm_strike')
    money: float = chain['spot_price'] if given is None else given
    at = min(range(len(strikes)), key=lambda n: abs(strikes[n] - money))
    return strikes[max(0, at - each_side) : at + each_side + 1]


def _columns(legs: List[Mapping[str, Any]], strikes: List[float], mode: Optional[str]) -> Dict[str, List[Any]]:
    by_strike = {leg['strike']: leg for leg in legs}
    return {name: [by_strike.get(strike, {}).get(name) for strike in strikes] for name in _COLUMNS[mode]}
