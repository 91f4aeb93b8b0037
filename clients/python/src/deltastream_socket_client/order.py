"""Decides which updates are new, so that an older one is never passed on after a newer one."""
from __future__ import annotations

from collections import OrderedDict
from enum import Enum
from typing import Any, Callable, Hashable, Optional

from .timestamps import parse_micros
from .updates import PortfolioUpdate

#: How many older updates, each newer than the one before, mean that the producer's clock was set
#: back. One or two may just be late.
MIN_OLDER_RUN = 3
#: Products and chains that are remembered at most. Beyond that, those without an update for the
#: longest time are forgotten.
MAX_KEYS = 20_000


class Verdict(Enum):
    NEWS = 'news'
    #: It has the time and content of the newest one: a snapshot repeats what another room brought.
    REPEATED = 'repeated'
    OLDER = 'older'


class _Mark:
    __slots__ = ('count', 'last', 'since', 'signature', 'time')

    def __init__(self, time: int, signature: Hashable) -> None:
        self.time = time
        self.signature = signature
        self.count = 0
        self.since = 0.0
        self.last = 0


class Order:
    """The newest time of each (event, product, expiry), to the microsecond.

    A producer whose clock was set back sends only older times, and the product would stop until the
    clock has caught up. Therefore older updates that ascend for `clock_reset_after` seconds are
    taken as the new time, as the gateway does.
    """

    def __init__(self, now: Callable[[], float], clock_reset_after: float = 5.0, max_keys: int = MAX_KEYS) -> None:
        self._now = now
        self._clock_reset_after = clock_reset_after
        self._max_keys = max_keys
        self._marks: OrderedDict[Hashable, _Mark] = OrderedDict()

    def __len__(self) -> int:
        return len(self._marks)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._marks

    def judge(self, key: Hashable, timestamp: Any, signature: Hashable = None) -> Verdict:
        """Judges an update, and remembers it unless it is older. Without a readable time, an update
        counts as new.
        """
        time = parse_micros(timestamp)
        if time is None:
            return Verdict.NEWS
        mark = self._marks.get(key)
        if mark is not None and time < mark.time and not self._is_set_back(mark, time):
            return Verdict.OLDER
        if mark is not None and time == mark.time and signature == mark.signature:
            return Verdict.REPEATED
        if mark is not None and time == mark.time and _processed_before(time, signature, mark.signature):
            return Verdict.OLDER  # The gateway orders updates of one time in the same way.
        self._remember(key, _Mark(time, signature))
        return Verdict.NEWS

    def follow(self, key: Hashable, other: Hashable) -> None:
        """From now on, takes no update of one key that is older than the newest one of another."""
        newest, mark = self._marks.get(other), self._marks.get(key)
        if newest is not None and (mark is None or mark.time < newest.time):
            self._remember(key, _Mark(newest.time, None))

    def forget(self, key: Hashable) -> None:
        """Takes any update of a key next."""
        self._marks.pop(key, None)

    def _is_set_back(self, mark: _Mark, time: int) -> bool:
        now = self._now()
        if mark.count == 0 or time < mark.last:
            mark.count, mark.since = 1, now
        elif time > mark.last:
            mark.count += 1
        mark.last = time
        return mark.count >= MIN_OLDER_RUN and now - mark.since >= self._clock_reset_after

    def _remember(self, key: Hashable, mark: _Mark) -> None:
        self._marks[key] = mark
        self._marks.move_to_end(key)
        while len(self._marks) > self._max_keys:
            self._marks.popitem(last=False)


#: Fields that distinguish two updates of equal time, without comparing hundreds of legs.
_SIGNATURE = ('processed_at', 'price', 'spot_price', 'pcr_oi', 'pcr_volume', 'atm_straddle_price', 'total_call_oi', 'total_put_oi')


def _processed_before(time: int, one: Hashable, other: Hashable) -> bool:
    """Whether `one` was processed before `other`, as far as both say so.

    A price from the worker's cache repeats its own time as `processed_at`, which says nothing.
    """
    first, second = (parse_micros(signature[0]) if isinstance(signature, tuple) else None for signature in (one, other))
    return first is not None and second is not None and first != time and second != time and first < second


def signature_of(update: Any) -> Optional[Hashable]:
    """Returns what distinguishes an update from another one of the same time."""
    if isinstance(update, PortfolioUpdate):
        # This package does not know what is in a portfolio, so any difference counts.
        return (update.extra.get('processed_at'), update)
    return tuple(getattr(update, name, None) for name in _SIGNATURE)
