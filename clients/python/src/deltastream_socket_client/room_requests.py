"""Which requests to send, so that the connection is in the rooms that are wanted and in no others.
"""
from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Collection, DefaultDict, Dict, Iterator, List, Optional, Sequence, Tuple

from .addresses import GENERAL, request_payload
from .payloads import Limits
from .rooms import Membership, Room, RoomTable
from .views import View


@dataclass(frozen=True)
class RoomRequest:
    """One `subscribe` or `unsubscribe`, for rooms that share their type, expiry and view."""

    event: str
    rooms: Tuple[Room, ...]
    #: The connection it is for. An answer that comes after that connection was lost is ignored.
    epoch: int
    #: Symbols with the time from which their room is resumed.
    since: Tuple[Tuple[str, str], ...] = ()
    #: Other views of the rooms, which the gateway leaves in the same turn.
    replaced: Tuple[Room, ...] = ()

    @property
    def is_view(self) -> bool:
        return self.rooms[0].address.view is not None

    @property
    def payload(self) -> Dict[str, Any]:
        payload = request_payload(room.address for room in self.rooms)
        if self.since:
            payload['since'] = dict(self.since)
        if self.replaced:
            payload['replace'] = True
        return payload


#: What a message has around its payload, in bytes: the packet type, the acknowledgement id and the
#: event's name.
_ENVELOPE_BYTES = 64


def due(rooms: Collection[Room], now: float) -> Tuple[List[Room], List[Room], Optional[float]]:
    """Returns the rooms to join, the rooms to leave, and when the next one becomes due (`None`:
    when something changes).
    """
    join: List[Room] = []
    leave: List[Room] = []
    later: Optional[float] = None
    resuming = any(room.resuming for room in rooms)
    for room in rooms:
        if room.wanted and room.membership is Membership.OUT and room.error is None:
            # Other rooms with prices come last: in them, newer prices could come before those that
            # were missed.
            if resuming and room.address.type in ('product', GENERAL) and not room.resumable:
                continue
            wanted = join
        elif not room.wanted and room.membership is Membership.IN:
            wanted = leave
        else:
            continue
        if room.retry_at <= now:
            wanted.append(room)
        else:
            later = room.retry_at if later is None else min(later, room.retry_at)
    return join, leave, later


def replacements(join: Sequence[Room], table: RoomTable) -> Dict[Room, Tuple[Room, ...]]:
    """Returns which of the rooms to join can replace all other views of the same room, and these
    views. They cannot if another subscription needs one of these, or a request for one is under way.
    """
    found: Dict[Room, Tuple[Room, ...]] = {}
    for room in join:
        others = [other for other in table.others_of(room) if other.wanted or other.membership is not Membership.OUT]
        if others and all(not other.wanted and other.membership is Membership.IN for other in others):
            found[room] = tuple(others)
    return found


def batches(rooms: Sequence[Room], limits: Limits) -> Iterator[Tuple[Room, ...]]:
    """Splits rooms into as few requests as the limits allow. All rooms of a request share their
    type, expiry and view.
    """
    groups: DefaultDict[Tuple[str, Optional[str], Optional[View], Optional[int]], List[Room]] = defaultdict(list)
    for room in rooms:
        groups[room.address.type, room.address.expiry, room.address.view, room.max_batch].append(room)
    for (*_, max_batch), group in groups.items():
        most = max(1, limits.max_symbols_per_request)
        if max_batch is not None:
            most = min(most, max_batch)
        batch: List[Room] = []
        size = _ENVELOPE_BYTES
        for room in group:
            added = len(json.dumps(room.address.symbol)) + 2
            if room.since is not None:
                added = 2 * added + len(room.since) + 4
            if batch and (len(batch) >= most or size + added > limits.max_payload_bytes):
                yield tuple(batch)
                batch, size = [], _ENVELOPE_BYTES
            batch.append(room)
            size += added
        yield tuple(batch)
