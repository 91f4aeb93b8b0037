"""Checks of the arguments that programs pass, so that one that cannot be used raises at the call
and not later, in the client's own thread or task.
"""
from __future__ import annotations

import inspect
import math
import numbers
import threading
from datetime import datetime, timezone
from typing import Any, Callable, List, Optional, Union

#: A timestamp as the gateway writes it, or a `datetime`. One without a zone is in UTC.
Time = Union[str, datetime]

#: Longer waits make `threading` and `select` raise OverflowError.
_MAX_TIMEOUT = threading.TIMEOUT_MAX / 2


def text(name: str, value: Any) -> str:
    """Returns a string as a plain `str`, for example one of NumPy or of an enumeration."""
    if not isinstance(value, str):
        raise TypeError(f'{name} must be a string, not {_shown(value)}')
    return str.__str__(value)


def texts(name: str, value: Any) -> List[str]:
    """Returns the strings of one string, or of any iterable of strings. `None` has none."""
    if value is None:
        return []
    if isinstance(value, str):
        return [text(name, value)]
    if isinstance(value, (bytes, bytearray)):
        raise TypeError(f'{name} must be a string, not {_shown(value)}; decode it first')
    if getattr(value, 'ndim', 1) == 2:
        # A `pandas.DataFrame` would iterate over the names of its columns.
        raise TypeError(f'{name} must be one column, not a table of type {type(value).__name__}')
    try:
        items = list(value)
    except TypeError as error:
        raise TypeError(f'{name} must be a string or an iterable of strings, not {_shown(value)}') from error
    return [text(f'each of {name}', item) for item in items]


def day(name: str, value: Any) -> Optional[str]:
    """Returns a date as 'YYYY-MM-DD'.

    Takes a string, which it does not check, and anything that is a date: `datetime.date`,
    `datetime.datetime`, `pandas.Timestamp` and `numpy.datetime64`. The date of a time is the one in
    the time's own zone.
    """
    if value is None or isinstance(value, str):
        return value if value is None else text(name, value)
    date = value
    if getattr(getattr(value, 'dtype', None), 'kind', '') == 'M' and getattr(value, 'ndim', None) == 0:
        if value.dtype.str.endswith(('[Y]', '[M]', '[W]')):
            raise TypeError(f'{name} must be a day, not {_shown(value)} with the unit of {value.dtype}')
        date = value.astype('datetime64[D]').item()
    parts = [part for part in (getattr(date, 'year', None), getattr(date, 'month', None), getattr(date, 'day', None)) if isinstance(part, int)]
    # `pandas.NaT` has these too, but they are not whole numbers.
    if len(parts) != 3:
        raise TypeError(f"{name} must be a date or a string 'YYYY-MM-DD', not {_shown(value)}")
    return f'{parts[0]:04}-{parts[1]:02}-{parts[2]:02}'


def moment(name: str, value: Any) -> Optional[str]:
    """Returns a time as the feed writes it.

    Takes a timestamp, which it does not check, and anything that is a time: `datetime.datetime`,
    `pandas.Timestamp` and `numpy.datetime64`. One without a zone is in UTC.
    """
    if value is None or isinstance(value, str):
        return value if value is None else text(name, value)
    time = value
    if getattr(getattr(value, 'dtype', None), 'kind', '') == 'M' and getattr(value, 'ndim', None) == 0:
        time = value.astype('datetime64[us]').item()
    # `pandas.NaT` is a `datetime` too, but not equal to itself.
    if not isinstance(time, datetime) or time != time:
        raise TypeError(f'{name} must be a datetime or a timestamp of the feed, not {_shown(value)}')
    utc = time if time.tzinfo is None else time.astimezone(timezone.utc).replace(tzinfo=None)
    return f'{utc.isoformat(timespec="microseconds")}Z'


def timeout(value: Any) -> Optional[float]:
    """Returns a number of seconds to wait. `None`: for ever."""
    return None if value is None else seconds(value)


def interval(name: str, value: Any) -> Optional[float]:
    """Returns a number of seconds of at least 1. `None`: never."""
    if value is None:
        return None
    checked = seconds(value, name)
    if not 1 <= checked <= 60:
        raise ValueError(f'{name} must be a number of seconds from 1 to 60, not {value!r}')
    return checked


def seconds(value: Any, name: str = 'timeout') -> float:
    if not isinstance(value, numbers.Real):
        raise TypeError(f'{name} must be a number of seconds, not {_shown(value)}')
    if math.isnan(value):
        raise ValueError(f'{name} must be a number of seconds, not NaN')
    return min(float(value), _MAX_TIMEOUT)


def plain_function(name: str, value: Optional[Callable[..., Any]]) -> None:
    """Raises TypeError for a coroutine function, which a thread cannot wait for."""
    function: Any = value
    if inspect.iscoroutinefunction(function) or (callable(function) and inspect.iscoroutinefunction(function.__call__)):
        raise TypeError(f'{name} must be a plain function: only AsyncClient can wait for the coroutine function {_shown(value)}')


def _shown(value: Any) -> str:
    return f'{str(value)[:80]!r} of type {type(value).__name__}'
