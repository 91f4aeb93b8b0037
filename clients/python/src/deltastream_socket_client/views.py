"""Views: cheaper forms of a room's data, each of which is a room of its own."""
from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import Any, Dict, Literal, Mapping, Optional, Sequence, Tuple, TypeVar, get_args

from .errors import InvalidView
from .read_only import Extra, extra

#: Which columns a view of a chain has.
ViewMode = Literal['full', 'quote', 'ltp', 'greeks']
MODES: Tuple[str, ...] = get_args(ViewMode)
#: How many strikes on each side of the money the gateway grants.
STRIKES = (5, 10, 20, 40)
#: How many updates a second the gateway grants.
RATES = (10, 4, 2, 1, 0.2)

N = TypeVar('N', int, float)


@dataclass(frozen=True)
class View:
    """A cheaper form of a room's data. `mode` and `strikes` are for chains.

    The gateway grants steps: a value between two steps becomes the cheaper one, and one beyond the
    last step becomes the last step. `view` of a subscription is the one that is granted.

    Raises InvalidView, which is a ValueError, if a value is not possible.
    """

    #: 'quote': `last`, `bid`, `ask`, `volume` and `open_interest`. 'ltp': only `last`. 'greeks':
    #: `last`, `iv`, `delta`, `gamma`, `theta` and `vega`. 'full' has all of these, and is the default.
    mode: Optional[ViewMode] = None
    #: How many strikes on each side of the at-the-money strike: 5, 10, 20 or 40. `None`: all.
    strikes: Optional[int] = None
    #: The most updates a second of each product or chain: 10, 4, 2, 1 or 0.2. `None`: every update.
    max_rate: Optional[float] = None
    extra: Extra = extra()

    def __post_init__(self) -> None:
        if self.mode is not None and self.mode not in MODES:
            raise _invalid('mode', f'must be one of {", ".join(MODES)}', self.mode)
        strikes, rate = self.strikes, self.max_rate
        if strikes is not None and (not isinstance(strikes, numbers.Integral) or isinstance(strikes, bool) or strikes < 1):
            raise _invalid('strikes', 'must be a whole number of at least 1', strikes)
        if rate is not None and (not isinstance(rate, numbers.Real) or isinstance(rate, bool) or not 0 < rate < math.inf):
            raise _invalid('max_rate', 'must be a number above 0', rate)

    @property
    def content(self) -> str:
        """What a message of the view has, as in the names of rooms: `quote.10`. Views that differ only
        in their rate have the same messages.
        """
        return f'{self.mode}' if self.strikes is None else f'{self.mode}.{self.strikes}'

    @property
    def name(self) -> str:
        """What comes after `@` in the name of the view's room: `quote.10.2hz`, `ltp`, `0.2hz`."""
        rate = '' if self.max_rate is None else f'{self.max_rate:g}hz'
        return '.'.join(part for part in ('' if self.mode is None else self.content, rate) if part)

    @property
    def payload(self) -> Dict[str, Any]:
        """The view as a request has it."""
        values = {'mode': self.mode, 'strikes': self.strikes, 'max_rate': self.max_rate}
        return {name: value for name, value in values.items() if value is not None}


def grant(type: str, asked: Any) -> Optional[View]:
    """Returns the view of a kind of rooms that the gateway grants. `None`: the rooms as they are.

    Raises InvalidView if the kind has no such view, and TypeError if `asked` is no `View`.
    """
    if asked is None:
        return None
    if not isinstance(asked, View):
        raise TypeError(f"view must be a View, for example View(max_rate=2), not {asked!r}")
    if type == 'portfolio':
        raise _invalid('view', 'is not possible for a portfolio', asked)
    rate = None if asked.max_rate is None else _cheaper(RATES, asked.max_rate)
    if type == 'chain':
        return View(asked.mode or 'full', None if asked.strikes is None else _cheaper(STRIKES, asked.strikes), rate)
    for field in ('mode', 'strikes'):
        if getattr(asked, field) is not None:
            raise _invalid(field, "is only for the type 'chain'", getattr(asked, field))
    return None if rate is None else View(max_rate=rate)


def is_granted(answer: Mapping[str, Any], rooms: Sequence[str]) -> bool:
    """Whether an acknowledgement is for these rooms. A gateway that is older than views ignores them,
    and names the rooms without their views.
    """
    named = answer.get('rooms')
    return not isinstance(named, (list, tuple)) or set(rooms) <= set(named)


def _cheaper(steps: Sequence[N], value: float) -> N:
    """The largest step that is not above a value, or else the smallest step."""
    return max((step for step in steps if step <= value), default=min(steps))


def _invalid(field: str, problem: str, value: Any) -> InvalidView:
    detail = {'field': field if field == 'view' else f'view.{field}', 'problem': f'{problem}, not {value!r}'}
    return InvalidView('INVALID_VIEW', 'The view is not valid', (detail,))
