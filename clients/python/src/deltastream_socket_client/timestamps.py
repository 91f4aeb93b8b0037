"""The feed's timestamps: ISO 8601, to the microsecond, in UTC if they name no zone."""
from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any, Optional

_ISO = re.compile(r'(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?\Z', re.ASCII)
# No time zone is further from UTC than this.
_MAX_OFFSET = timedelta(hours=14)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def to_datetime(value: str) -> datetime:
    """Returns a timestamp as a `datetime` in UTC. Raises ValueError if it is not a timestamp of the
    feed.

    Before Python 3.11, `datetime.fromisoformat` reads neither `Z` nor more than six digits.
    """
    match = _ISO.match(value)
    if match is None:
        raise ValueError(f'{value!r} is not an ISO 8601 timestamp')
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if int(year) < 1970:
        raise ValueError(f'{value!r} is before 1970')
    micros = int((fraction or '')[:6].ljust(6, '0'))
    moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micros, timezone.utc)
    if zone in (None, 'Z'):
        return moment
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    if int(zone[-2:]) > 59 or offset > _MAX_OFFSET:
        raise ValueError(f'{value!r} has a UTC offset that no time zone has')
    return moment + offset if zone[0] == '-' else moment - offset


def iso_millis(seconds: float) -> str:
    """Returns a time, in seconds since the epoch, as the gateway writes its own:
    `2026-11-22T04:43:39.412Z`.
    """
    at = _EPOCH + timedelta(milliseconds=int(seconds * 1000))
    return f'{at.replace(tzinfo=None).isoformat(timespec="milliseconds")}Z'


def parse_micros(value: Any) -> Optional[int]:
    """Returns a timestamp in microseconds since the epoch, or `None` if it is not a timestamp of
    the feed.
    """
    if not isinstance(value, str):
        return None
    try:
        return (to_datetime(value) - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None
