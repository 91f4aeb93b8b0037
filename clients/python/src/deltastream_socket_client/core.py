"""The bookkeeping of a client: rooms, order, staleness, state. Plain: no input or output, no threads, a clock from outside.

Its owner hands in what the gateway says, sends what `take_requests` answers, and calls it from one thread at a time.
"""
from __future__ import annotations

import logging
import random
import time
from typing import Any, Callable, Dict, Hashable, Iterable, List, Optional, Sequence, Set, Tuple

from .errors import Forbidden, GatewayError, PayloadError, RequestError, SubscriptionError, request_error
from .freshness import Freshness, RoomFreshness
from .handle import Handle
from .order import Order, Verdict, signature_of
from .pacing import Pacer
from .payloads import (
    SERVER_EVENTS,
    ChainStatus,
    ChainSummary,
    ChainUpdate,
    Closing,
    Connected,
    FeedStatus,
    FeedStatuses,
    Limits,
    RoomConfirmed,
    RoomSnapshot,
    UnderlyingUpdate,
    User,
    read,
)
from .room_requests import RoomRequest, batches, due
from .rooms import GENERAL, Address, Membership, Room, rooms_of
from .snapshots import SnapshotCollector

log = logging.getLogger('deltastream_socket_client')

#: Refusals that pass by themselves.
_PASSING = frozenset({'RATE_LIMITED', 'SLOW_CLIENT', 'INTERNAL_ERROR', 'AUTH_UNAVAILABLE', 'SNAPSHOT_UNAVAILABLE'})
_MAX_RETRY_DELAY = 30.0
#: How long the gateway may take to answer a request, in seconds.
ANSWER_TIMEOUT = 10.0

Emit = Callable[[str, Any, Optional[Hashable]], None]


class Core:
    def __init__(
        self,
        emit: Emit,
        general: bool = True,
        now: Callable[[], float] = time.monotonic,
        clock_reset_after: float = 5.0,
    ) -> None:
        """`emit(event, payload, key)`: tells the client's own listeners. Of two with one key, the later is enough."""
        self._emit = emit
        self._now = now
        self.order = Order(now, clock_reset_after)
        self.pacer = Pacer(now)
        self.state = 'closed'
        self.limits: Optional[Limits] = None
        self.user: Optional[User] = None
        self.client_id: Optional[str] = None
        self.closing: Optional[Closing] = None
        self.epoch = 0
        self.rooms: Dict[str, Room] = {}
        #: Rooms of one expiry, by product.
        self._expiries: Dict[str, Set[Room]] = {}
        self._freshness = Freshness(lambda staleness: emit('stale', staleness, ('stale', staleness.product)))
        self._room_freshness = RoomFreshness()
        self._collectors: Set[SnapshotCollector] = set()
        #: Requests that wait for their acknowledgement, and until when.
        self._pending: Dict[RoomRequest, float] = {}
        self.dropped_older = 0
        self._room(Address(GENERAL)).always = general

    # ---- what its owner asks -------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        return self.state in ('connected', 'draining')

    def subscribe(self, addresses: Tuple[Address, ...]) -> Handle[Any]:
        rooms = tuple(self._room(address) for address in addresses)
        handle: Handle[Any] = Handle(self, rooms)
        for room in rooms:
            room.handles.add(handle)
            # Whoever subscribes now asks anew; those who were refused have been told.
            if room.error is not None:
                room.reset(Membership.OUT)
        updates = handle.updates
        handle.latest = updates[-1] if updates else None
        self._tell_staleness(rooms)
        return handle

    def unsubscribe(self, handle: Handle[Any], error: Optional[GatewayError] = None) -> None:
        if handle.closed:
            return
        handle.closed = True
        handle.end(error)
        for room in handle.rooms:
            room.handles.discard(handle)
            self._forget_if_done(room)
        for room in handle.rooms:
            if not self._rooms_about(str(room.address.symbol)):
                self._freshness.forget(str(room.address.symbol))

    def is_room_stale(self, room: Room) -> bool:
        """The same of what a room brings: a chain may have stopped, or nothing be known of it, while its product goes on."""
        product = str(room.address.symbol)
        return self.is_stale(product) or self._room_freshness.is_stale(
            room.name, room.address.type, product, room.address.expiry
        )

    def suggestion_at(self, room: Room) -> Optional[str]:
        """The known product that may have been meant, as long as nothing is known of the room."""
        return room.suggestion if self._room_freshness.is_unknown(room.name) else None

    def is_stale(self, product: str) -> bool:
        """Whether a product's price cannot be relied on: because the gateway says so, or because it cannot say anything."""
        if product in self._freshness or self._room_freshness.is_stale(f'product:{product}', 'product', product, None):
            return True
        # Who is in one of its rooms is told of the product. Without a connection all are out; of a refused one nothing is expected.
        rooms = [room for room in self._rooms_about(product) if room.error is None]
        if rooms:
            return all(room.membership is not Membership.IN for room in rooms)
        # Without a subscription only `general` tells of the product, and only if it has ever ticked.
        return self.rooms[GENERAL].membership is not Membership.IN or ('underlying_update', product, None) not in self.order

    def collect(self, addresses: Tuple[Address, ...]) -> SnapshotCollector:
        """Collects what a `get_snapshot` is answered with, until it is handed to `discard`."""
        collector = SnapshotCollector(addresses)
        self._collectors.add(collector)
        return collector

    def discard(self, collector: SnapshotCollector) -> None:
        self._collectors.discard(collector)

    # ---- requests ------------------------------------------------------------------------------------------------

    def take_requests(self) -> Tuple[List[RoomRequest], Optional[float]]:
        """What to send now, and in how many seconds to ask again; `None`: when something has happened."""
        if not self.connected:
            return [], None
        now = self._now()
        for request in [request for request, until in self._pending.items() if until <= now]:
            self.answered(request, None)
        join, leave, later = due(self.rooms.values(), now)
        # Leaving first: what is left makes room under `max_subscriptions`.
        plan = [('unsubscribe', Membership.LEAVING, batch) for batch in batches(leave, self.limits or Limits())]
        plan += [('subscribe', Membership.JOINING, batch) for batch in batches(join, self.limits or Limits())]
        requests: List[RoomRequest] = []
        for event, membership, batch in plan:
            wait = self.pacer.wait()
            if wait > 0:
                later = min(now + wait, later or now + wait)
                break
            self.pacer.take()
            for room in batch:
                room.membership = membership
            request = RoomRequest(event, batch, self.epoch)
            self._pending[request] = now + ANSWER_TIMEOUT
            requests.append(request)
        if self._pending:
            until = min(self._pending.values())
            later = until if later is None else min(later, until)
        return requests, None if later is None else max(0.0, later - now)

    def answered(self, request: RoomRequest, answer: Any) -> None:
        """`answer`: the acknowledgement, or `None` where none came in time."""
        if self._pending.pop(request, None) is None:
            return  # of a connection that was lost, or too late: it has been given up
        joining = request.event == 'subscribe'
        if isinstance(answer, dict) and answer.get('ok') is True:
            suggestions = answer.get('suggestions')
            for room in request.rooms:
                room.reset(Membership.IN if joining else Membership.OUT)
                if joining and isinstance(suggestions, dict):
                    room.suggestion = suggestions.get(room.address.symbol)
        else:
            self._refused(request, answer, joining)
        for room in request.rooms:
            self._forget_if_done(room)
            if joining and room.name != GENERAL:
                self._freshness.settle(str(room.address.symbol))
        self._tell_staleness(request.rooms)

    def _refused(self, request: RoomRequest, answer: Any, joining: bool) -> None:
        payload = answer.get('error') if isinstance(answer, dict) else None
        error = request_error(payload, subscription=True)
        passing = payload is None or error.code in _PASSING
        delay = (error.retry_after_ms or 0) / 1000
        if error.code == 'RATE_LIMITED':
            self.pacer.pause(delay or 1.0)
        if payload and joining and error.code == 'TOO_MANY_SUBSCRIPTIONS' and error.retry_after_ms is not None:
            self._postpone(request, payload.get('rooms') or (), delay)
            return
        for room in request.rooms:
            room.membership = Membership.OUT if joining else Membership.IN
            if passing:
                room.attempts += 1
                room.retry_at = self._now() + (delay or min(_MAX_RETRY_DELAY, 2.0 ** min(room.attempts, 10) / 2))
            elif len(request.rooms) > 1:
                # A batch is refused whole: halves find the room at fault, and the others get what is theirs.
                room.max_batch = len(request.rooms) // 2
            elif joining:
                self._give_up(room, error)
            else:
                room.membership = Membership.OUT

    def _postpone(self, request: Request, names: Sequence[str], delay: float) -> None:
        """The gateway does not know the products of these rooms yet; the others are asked for at once."""
        named = [room for room in request.rooms if room.name in names]
        until = self._now() + delay * (1 + random.random() / 10)
        for room in request.rooms:
            room.membership = Membership.OUT
            room.retry_at = until if room in named or not named else 0.0

    def _give_up(self, room: Room, error: RequestError) -> None:
        room.error = error if isinstance(error, SubscriptionError) else SubscriptionError(error.code, error.message)
        for handle in list(room.handles):
            handle.end(room.error)

    # ---- the connection ------------------------------------------------------------------------------------------

    def opening(self) -> None:
        if self.state == 'closed':
            self._set_state('connecting')

    def lost(self) -> None:
        """There is no connection any more, or it could not be made; another will be tried."""
        self.epoch += 1
        self.closing = None
        self._pending.clear()
        for room in list(self.rooms.values()):
            room.membership = Membership.OUT
            self._forget_if_done(room)
        if self.state in ('connected', 'draining'):
            self._set_state('reconnecting')
        self._tell_staleness(self.rooms.values())

    def close(self, error: Optional[GatewayError] = None) -> None:
        """For good: iterations end, with `error` if it was not the owner's wish."""
        self.lost()
        self._set_state('closed')
        for handle in {handle for room in self.rooms.values() for handle in room.handles}:
            self.unsubscribe(handle, error)

    def receive(self, event: str, data: Any) -> None:
        """Anything the gateway sends. Events that this package does not know are left alone."""
        shape = SERVER_EVENTS.get(event)
        if shape is None:
            return
        try:
            payload: Any = read(shape, data)
        except PayloadError as error:
            log.warning('dropped a malformed %s: %s', event, error)
            return
        if isinstance(payload, (UnderlyingUpdate, ChainSummary, ChainUpdate)):
            self._updated(event, payload)
            return
        if isinstance(payload, Connected):
            self._welcomed(payload)
        elif isinstance(payload, RoomConfirmed):
            if event == 'subscribed':
                self._room_freshness.subscribed(payload.room, payload.known)
            else:
                self._room_freshness.unsubscribed(payload.room)
            self._confirmed(event, payload.room, payload.message)
        elif isinstance(payload, FeedStatus):
            self._heard(payload)
        elif isinstance(payload, FeedStatuses):
            self._emit(event, payload, event)
            # Listeners of `feed_status` hear of each product, however the gateway said it.
            for status in payload.statuses:
                self._heard(status)
                self._emit('feed_status', status, _key_of('feed_status', status))
            return
        elif isinstance(payload, ChainStatus):
            self._room_freshness.heard(payload)
        elif isinstance(payload, RoomSnapshot):
            for collector in self._collectors:
                collector.expect(payload.room, payload.updates)
        elif isinstance(payload, Closing):
            self.closing = payload
        elif event == 'server_draining':
            self._set_state('draining')
        elif event == 'token_refreshed':
            # The new token may allow what the old one did not.
            for room in self.rooms.values():
                if room.error is not None:
                    room.reset(Membership.OUT)
        self._emit(event, payload, _key_of(event, payload))

    def _heard(self, status: FeedStatus) -> None:
        self._freshness.heard(status)
        self._tell_staleness(self._rooms_about(status.product))

    def _welcomed(self, payload: Connected) -> None:
        self.limits, self.user, self.client_id = payload.limits, payload.user, payload.client_id
        self.closing = None
        self.pacer.reset(payload.limits)
        self._freshness.clear()
        self._room_freshness.clear()
        for room in self.rooms.values():
            room.reset(Membership.IN if room.name in payload.rooms else Membership.OUT)
        general = self.rooms[GENERAL]
        if general.always and general.membership is Membership.OUT:
            # A client that may have `general` is in it from the start.
            general.error = Forbidden('FORBIDDEN', 'The gateway does not let this client into general')
        self._set_state('connected')
        self._tell_staleness(self.rooms.values())

    def _confirmed(self, event: str, name: str, message: str) -> None:
        room = self.rooms.get(name)
        if event == 'subscribed' and name == GENERAL:
            self._freshness.clear()
        elif event == 'subscribed':
            # What is stale is told right after, and before the acknowledgement of who asked.
            product = name.split(':')[1]
            self._freshness.retell(product)
            if room is None or room.membership is not Membership.JOINING:
                self._freshness.settle(product)
        elif room is not None and room.membership is Membership.IN:
            # Nobody asked: a new token does not allow it.
            room.membership = Membership.OUT
            if room.wanted:
                self._give_up(room, Forbidden('FORBIDDEN', message))
            self._tell_staleness([room])

    # ---- updates -------------------------------------------------------------------------------------------------

    def _updated(self, event: str, update: Any) -> None:
        expiry: Optional[str] = getattr(update, 'expiry', None)
        key = (event, update.product, expiry)
        verdict = self.order.judge(key, update.timestamp, signature_of(update))
        for collector in self._collectors:
            collector.offer(event, update, verdict is not Verdict.OLDER)
        if verdict is Verdict.OLDER:
            self.dropped_older += 1
            return
        names = rooms_of(event, update.product, expiry)
        today = update.timestamp[:10]
        if event != 'chain_summary' and self._room_freshness.updated(names, update.product, expiry, today):
            self._tell_staleness(self._rooms_about(update.product))
        for name in names:
            room = self.rooms.get(name)
            if room is None or not room.handles or not room.keep(key, update):
                continue
            for handle in list(room.handles):
                handle.push(key, update)
        if verdict is Verdict.NEWS:
            self._emit(event, update, key)

    # ---- staleness -----------------------------------------------------------------------------------------------

    def _rooms_about(self, product: str) -> List[Room]:
        found = [self.rooms.get(f'product:{product}'), self.rooms.get(f'chain:{product}')]
        found += self._expiries.get(product, ())
        return [room for room in found if room is not None and room.wanted]

    def _tell_staleness(self, rooms: Iterable[Room]) -> None:
        products = {str(room.address.symbol) for room in rooms if room.wanted and room.name != GENERAL}
        self._freshness.tell(products, self.is_stale)

    # ---- the rest ------------------------------------------------------------------------------------------------

    def _set_state(self, state: str) -> None:
        if self.state != state:
            self.state = state
            self._emit('state', state, None)

    def _room(self, address: Address) -> Room:
        room = self.rooms.get(address.room)
        if room is None:
            room = self.rooms[address.room] = Room(address)
            if address.expiry is not None:
                self._expiries.setdefault(str(address.symbol), set()).add(room)
        return room

    def _forget_if_done(self, room: Room) -> None:
        if room.wanted or room.name == GENERAL:
            return
        room.latest.clear()
        if room.membership is Membership.OUT and self.rooms.get(room.name) is room:
            del self.rooms[room.name]
            siblings = self._expiries.get(str(room.address.symbol))
            if siblings is not None:
                siblings.discard(room)
                if not siblings:
                    del self._expiries[str(room.address.symbol)]


def _key_of(event: str, payload: Any) -> Optional[Hashable]:
    """Of two statuses of one product or chain, the later is enough."""
    if isinstance(payload, FeedStatus):
        return (event, payload.product)
    return (event, payload.product, payload.expiry) if isinstance(payload, ChainStatus) else None
