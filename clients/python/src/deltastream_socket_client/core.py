"""The bookkeeping of a client: rooms, order, staleness and state.

It has no input or output and no threads, and is given its clock. Its owner passes in what the
gateway sends, sends what `take_requests` returns, and calls it from one thread at a time.
"""
from __future__ import annotations

import dataclasses
import logging
import random
import time
from typing import Any, Callable, Dict, Hashable, List, Optional, Sequence, Set, Tuple, Union

from .addresses import GENERAL, PORTFOLIO, Address, feeds_of_update
from .errors import Forbidden, GatewayError, PayloadError, RequestError, SubscriptionError, request_error, view_not_granted
from .handle import Handle
from .order import Order, Verdict, signature_of
from .pacing import Pacer
from .payload_reader import SERVER_EVENTS, read
from .payloads import (
    ChainStatus,
    Closing,
    Connected,
    FeedStatus,
    FeedStatuses,
    Gap,
    Heartbeat,
    Limits,
    PortfolioStatus,
    RoomConfirmed,
    RoomSnapshot,
    TokenRefreshed,
    User,
)
from .room_requests import RoomRequest, batches, due, replacements
from .rooms import Membership, Room, RoomTable
from .snapshots import SnapshotCollector
from .staleness import StalenessTracker
from .updates import ChainSummary, ChainUpdate, ChainView, PortfolioUpdate, UnderlyingUpdate
from .views import View, is_granted
from .watchdog import HeartbeatRequest, Liveness

log = logging.getLogger('deltastream_socket_client')

#: Refusals that are temporary, so that the same request may succeed later.
_TEMPORARY = frozenset({'RATE_LIMITED', 'SLOW_CLIENT', 'INTERNAL_ERROR', 'AUTH_UNAVAILABLE', 'SNAPSHOT_UNAVAILABLE'})
#: Refusals that are temporary for the rooms that they name.
_POSTPONED = frozenset({'TOO_MANY_SUBSCRIPTIONS', 'TOO_MANY_VIEWS'})
#: The longest wait before a room is asked for again, in seconds.
_MAX_RETRY_DELAY = 30.0
#: How long the gateway may take to answer a request, in seconds.
ANSWER_TIMEOUT = 10.0

#: Passes `(event, payload, key)` to the client's own listeners. Of two waiting payloads with one
#: key, the later replaces the earlier. Without a key, a payload is never replaced.
Emit = Callable[[str, Any, Optional[Hashable]], None]


class Core:
    def __init__(
        self,
        emit: Emit,
        general: bool = True,
        now: Callable[[], float] = time.monotonic,
        clock_reset_after: float = 5.0,
    ) -> None:
        self._emit = emit
        self._now = now
        self.order = Order(now, clock_reset_after)
        self.pacer = Pacer(now)
        self.liveness = Liveness(now)
        self._told_health = 'disconnected'
        self.state = 'closed'
        self.limits: Optional[Limits] = None
        self.user: Optional[User] = None
        self.client_id: Optional[str] = None
        self.replica: Optional[str] = None
        self.closing: Optional[Closing] = None
        #: Counts the connections that were lost. It tells an answer for an earlier connection from
        #: one for this.
        self.epoch = 0
        self.rooms = RoomTable()
        self._handles: Set[Handle[Any]] = set()
        self._staleness = StalenessTracker(
            self.rooms, self.order, lambda staleness: emit('stale', staleness, ('stale', staleness.product))
        )
        self._collectors: Set[SnapshotCollector] = set()
        #: Requests that wait for their acknowledgement, and until when.
        self._pending: Dict[RoomRequest, float] = {}
        self.dropped_older = 0
        self.rooms[GENERAL].always = general
        #: Whether products continue after a reconnection with what was missed.
        self.resume = False

    # ---- subscriptions -------------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        return self.state in ('connected', 'draining')

    def subscribe(self, addresses: Tuple[Address, ...]) -> Handle[Any]:
        rooms = tuple(self.rooms.open(address) for address in addresses)
        handle: Handle[Any] = Handle(rooms, self._staleness.is_room_stale, self._staleness.suggestion_at, lambda: self.resume)
        self._handles.add(handle)
        self._join(handle, rooms)
        updates = handle.updates
        handle.latest = updates[-1] if updates else None
        self._staleness.notify_changes(rooms)
        return handle

    def change_view(self, handle: Handle[Any], addresses: Tuple[Address, ...]) -> None:
        """Exchanges the rooms of a subscription for other views of them."""
        old, new = handle.rooms, tuple(self.rooms.open(address) for address in addresses)
        for update in handle.updates:
            if isinstance(update, ChainView):
                before, after = (_key_of_update('chain_view', update, view) for view in (update.view, new[0].address.view))
                self.order.follow(after, before)
        self._join(handle, new)
        handle.move(new)
        self._leave(handle, [room for room in old if room not in new])
        self._staleness.notify_changes(new)

    def _join(self, handle: Handle[Any], rooms: Sequence[Room]) -> None:
        for room in rooms:
            room.subscribers.add(handle)
            # A new subscription asks for a refused room again. Its earlier subscriptions have
            # already got the refusal.
            if room.error is not None:
                room.reset(Membership.OUT)

    def _leave(self, handle: Handle[Any], rooms: Sequence[Room]) -> None:
        for room in rooms:
            room.subscribers.discard(handle)
            self.rooms.remove_if_unused(room)

    def unsubscribe(self, handle: Handle[Any], error: Optional[GatewayError] = None) -> None:
        if handle.closed:
            return
        handle.closed = True
        handle.end(error)
        self._handles.discard(handle)
        self._leave(handle, handle.rooms)
        self._staleness.forget_unwanted(handle.rooms)

    def is_stale(self, product: str) -> bool:
        """Whether a product's price must not be relied on."""
        return self._staleness.is_stale(product)

    def collect(self, addresses: Tuple[Address, ...]) -> SnapshotCollector:
        """Returns a collector for the updates that answer a `get_snapshot`. It collects until it is
        passed to `discard`.
        """
        collector = SnapshotCollector(addresses)
        self._collectors.add(collector)
        return collector

    def discard(self, collector: SnapshotCollector) -> None:
        self._collectors.discard(collector)

    # ---- requests ------------------------------------------------------------------------------------------------

    def take_requests(self) -> Tuple[List[Union[RoomRequest, HeartbeatRequest]], Optional[float]]:
        """Returns the requests to send now, and in how many seconds to call this again.

        `None` instead of the seconds means: when something has happened.
        """
        if not self.connected:
            return [], None
        now = self._now()
        for request in [request for request, until in self._pending.items() if until <= now]:
            self.answered(request, None)
        join, leave, later = due(self.rooms.values(), now)
        replaced = replacements(join, self.rooms)
        left_by_replacing = {other for others in replaced.values() for other in others}
        # Leave rooms first, because rooms that were left no longer count towards
        # `max_subscriptions`.
        plan = [
            (event, membership, batch)
            for event, membership, rooms in (
                ('unsubscribe', Membership.LEAVING, [room for room in leave if room not in left_by_replacing]),
                ('subscribe', Membership.JOINING, [room for room in join if room in replaced]),
                ('subscribe', Membership.JOINING, [room for room in join if room not in replaced]),
            )
            for batch in batches(rooms, self.limits or Limits())
        ]
        sent = [until - ANSWER_TIMEOUT for until in self._pending.values()]
        requests: List[Union[RoomRequest, HeartbeatRequest]] = [*self.liveness.take_requests(self.epoch, min(sent, default=None))]
        for _ in requests:
            self.pacer.take()
        for event, membership, batch in plan:
            wait = self.pacer.wait()
            if wait > 0:
                later = min(now + wait, later or now + wait)
                break
            self.pacer.take()
            for room in batch:
                room.membership = membership
            others = tuple(other for room in batch if event == 'subscribe' for other in replaced.get(room, ()))
            for other in others:
                other.membership = Membership.LEAVING
            request = RoomRequest(event, batch, self.epoch, _since(batch) if event == 'subscribe' else (), others)
            self._pending[request] = now + ANSWER_TIMEOUT
            requests.append(request)
        if self._pending:
            until = min(self._pending.values())
            later = until if later is None else min(later, until)
        look = self.liveness.next_look
        if look is not None:
            later = look if later is None else min(later, look)
        return requests, None if later is None else max(0.0, later - now)

    def answered(self, request: Union[RoomRequest, HeartbeatRequest], answer: Any) -> None:
        """Takes the acknowledgement of a request. `None`: none came in time."""
        if isinstance(request, HeartbeatRequest):
            if request.epoch == self.epoch:
                self.liveness.heard()
                self.liveness.answered(request, answer)
                if request.event == 'get_heartbeat' and isinstance(answer, dict) and answer.get('ok') is True:
                    self.receive('heartbeat', {key: answer[key] for key in answer.keys() - {'ok', 'rooms'}})
            return
        if self._pending.pop(request, None) is None:
            return  # The request was given up, because its connection was lost or the answer is late.
        joining = request.event == 'subscribe'
        if isinstance(answer, dict) and answer.get('ok') is True:
            suggestions = answer.get('suggestions')
            for room in request.replaced:
                room.reset(Membership.OUT)
            granted = not joining or not request.is_view or is_granted(answer, [room.name for room in request.rooms])
            for room in request.rooms:
                if not granted:
                    self._view_ignored(room)
                    continue
                room.reset(Membership.IN if joining else Membership.OUT)
                if joining and isinstance(suggestions, dict):
                    room.suggestion = suggestions.get(room.address.symbol)
        else:
            self._refused(request, answer, joining)
        for room in (*request.rooms, *request.replaced):
            self.rooms.remove_if_unused(room)
        if joining:
            self._staleness.acknowledged(request.rooms)
        self._staleness.notify_changes(request.rooms)

    def _refused(self, request: RoomRequest, answer: Any, joining: bool) -> None:
        payload = answer.get('error') if isinstance(answer, dict) else None
        error = request_error(payload, subscription=True)
        temporary = payload is None or error.code in _TEMPORARY
        delay = (error.retry_after_ms or 0) / 1000
        if error.code == 'RATE_LIMITED':
            self.pacer.pause(delay or 1.0)
        for room in request.replaced:
            room.membership = Membership.IN
        if payload and joining and error.code in _POSTPONED and error.retry_after_ms is not None:
            self._postpone(request, payload.get('rooms') or (), delay)
            return
        for room in request.rooms:
            room.membership = Membership.OUT if joining else Membership.IN
            if temporary:
                room.attempts += 1
                room.retry_at = self._now() + (delay or min(_MAX_RETRY_DELAY, 2.0 ** min(room.attempts, 10) / 2))
            elif len(request.rooms) > 1:
                # The gateway refuses a batch as a whole. Halving it finds the room at fault and
                # lets the others in.
                room.max_batch = len(request.rooms) // 2
            elif joining:
                self._give_up(room, error)
            else:
                room.membership = Membership.OUT

    def _postpone(self, request: RoomRequest, names: Sequence[str], delay: float) -> None:
        """The gateway does not know the products of these rooms yet, or has no place for these views. The
        others are asked for at once.
        """
        named = [room for room in request.rooms if room.name in names]
        until = self._now() + delay * (1 + random.random() / 10)
        for room in request.rooms:
            room.membership = Membership.OUT
            room.retry_at = until if room in named or not named else 0.0

    def _view_ignored(self, room: Room) -> None:
        """A gateway that is older than views has put the client into the room itself."""
        plain = self.rooms.open(dataclasses.replace(room.address, view=None))
        if not plain.wanted and plain.membership is Membership.OUT:
            plain.membership = Membership.IN  # So that it is left.
        room.membership = Membership.OUT
        self._give_up(room, view_not_granted())

    def _give_up(self, room: Room, error: RequestError) -> None:
        if room.address.type == PORTFOLIO:
            # Perhaps because the new token is of another user, who looks at the screen now.
            self._forget_portfolio()
        room.error = error if isinstance(error, SubscriptionError) else SubscriptionError(error.code, error.message)
        for subscriber in list(room.subscribers):
            subscriber.end(room.error)

    # ---- the connection ------------------------------------------------------------------------------------------

    def opening(self) -> None:
        if self.state == 'closed':
            self._set_state('connecting')

    def lost(self) -> None:
        """The connection was lost, or could not be made. The owner will try another one."""
        self.epoch += 1
        self.closing = None
        self.liveness.reset()
        self._pending.clear()
        for room in list(self.rooms.values()):
            room.membership = Membership.OUT
            if self.resume:
                room.note_since()
            self.rooms.remove_if_unused(room)
        if self.state in ('connected', 'draining'):
            self._set_state('reconnecting')
        self._check_health()
        self._staleness.notify_changes(self.rooms.values())

    def close(self, error: Optional[GatewayError] = None) -> None:
        """Ends every subscription for good. Iterations raise `error`, unless it is `None` because
        the owner closed the client.
        """
        try:
            self.lost()
        finally:
            self._set_state('closed')
            for handle in list(self._handles):
                self.unsubscribe(handle, error)

    def receive(self, event: str, data: Any) -> None:
        """Takes any event of the gateway. Events that this package does not know are ignored."""
        self.liveness.heard()
        shape = SERVER_EVENTS.get(event)
        if shape is None:
            return
        try:
            payload: Any = read(shape, data)
        except PayloadError as error:
            log.warning('dropped a malformed %s: %s', event, error)
            return
        if isinstance(payload, (UnderlyingUpdate, ChainSummary, ChainUpdate, ChainView, PortfolioUpdate)):
            self._updated(event, payload)
            return
        if isinstance(payload, Connected):
            self._connected(payload)
        elif isinstance(payload, RoomConfirmed) and payload.room != 'heartbeat':
            if event == 'subscribed':
                self._staleness.subscribed(payload)
                self._resumed(payload)
            else:
                self._staleness.unsubscribed(payload)
                self._left(payload)
        elif isinstance(payload, Heartbeat):
            self.liveness.heartbeat = payload
            self._check_health()
        elif isinstance(payload, FeedStatus):
            self._staleness.feed_status(payload)
        elif isinstance(payload, FeedStatuses):
            self._emit(event, payload, event)
            # Listeners of `feed_status` get each product's status, whether it came in a batch or
            # not.
            for status in payload.statuses:
                self._staleness.feed_status(status)
                self._emit('feed_status', status, _key_of('feed_status', status))
            return
        elif isinstance(payload, ChainStatus):
            self._staleness.chain_status(payload)
        elif isinstance(payload, PortfolioStatus):
            self._staleness.portfolio_status(payload)
        elif isinstance(payload, RoomSnapshot):
            for collector in self._collectors:
                collector.expect(payload.room, payload.updates)
        elif isinstance(payload, Closing):
            self.closing = payload
        elif event == 'server_draining':
            self._set_state('draining')
        elif isinstance(payload, TokenRefreshed):
            if self.user is not None:
                self.user = dataclasses.replace(self.user, expires_at=payload.expires_at)
            # The new token may allow rooms that the old one did not.
            for room in self.rooms.values():
                if room.error is not None:
                    room.reset(Membership.OUT)
        self._emit(event, payload, _key_of(event, payload))

    def _connected(self, payload: Connected) -> None:
        if _id_of(payload.user) != _id_of(self.user):
            self._forget_portfolio()
        self.limits, self.user = payload.limits, payload.user
        self.client_id, self.replica = payload.client_id, payload.replica
        self.closing = None
        self.pacer.reset(payload.limits)
        self.liveness.connected(payload.limits.heartbeat_ms)
        self._staleness.connected()
        for room in self.rooms.values():
            room.reset(Membership.IN if room.name in payload.rooms else Membership.OUT)
        general = self.rooms[GENERAL]
        if general.always and general.membership is Membership.OUT and not self.resume:
            # The gateway puts every client that may be in `general` there when it connects.
            general.error = Forbidden('FORBIDDEN', "The gateway does not allow this client the room 'general'")
        self._set_state('connected')
        self._check_health()
        self._staleness.notify_changes(self.rooms.values())

    def _forget_portfolio(self) -> None:
        """The user has changed or may not see it, so the portfolio must not be shown any more."""
        self.order.forget(_PORTFOLIO_KEY)
        room = self.rooms.get(PORTFOLIO)
        if room is not None:
            room.latest.clear()
            for subscriber in list(room.subscribers):
                subscriber.forget(_PORTFOLIO_KEY)

    def _resumed(self, confirmed: RoomConfirmed) -> None:
        room = self.rooms.get(confirmed.room)
        if room is None or room.since is None:
            return
        since, room.since = room.since, None
        if confirmed.recovered is not True:
            gap = Gap(str(room.address.symbol), room.name, since)
            for subscriber in list(room.subscribers):
                subscriber.missed(gap)
            self._emit('gap', gap, None)

    def _left(self, confirmed: RoomConfirmed) -> None:
        room = self.rooms.get(confirmed.room)
        if room is None or room.membership is not Membership.IN:
            return
        # This client did not ask to leave: its new token does not allow the room, or is of another
        # user.
        room.membership = Membership.OUT
        if room.wanted:
            if self.resume:
                room.note_since()
            self._give_up(room, Forbidden('FORBIDDEN', confirmed.message))
        self._staleness.notify_changes([room])

    def _updated(self, event: str, update: Any) -> None:
        expiry: Optional[str] = getattr(update, 'expiry', None)
        view: Optional[View] = getattr(update, 'view', None)
        key = _key_of_update(event, update, view)
        verdict = self.order.judge(key, update.timestamp, signature_of(update))
        for collector in self._collectors:
            collector.offer(event, update, verdict is not Verdict.OLDER)
        product: Optional[str] = getattr(update, 'product', None)
        if product is None:
            # Also if it is older than one of an earlier connection: the gateway has looked it up.
            self._staleness.portfolio_updated()
        if verdict is Verdict.OLDER:
            self.dropped_older += 1
            return
        rooms = self.rooms.fed_by(feeds_of_update(event, product, expiry, view))
        if product is not None and event != 'chain_summary':
            self._staleness.updated([room.name for room in rooms], product, expiry, update.timestamp[:10])
        every = self.resume and event == 'underlying_update'
        for room in rooms:
            # A snapshot that was under way may bring the portfolio after it was withdrawn.
            withdrawn = room.address.type == PORTFOLIO and room.error is not None
            if withdrawn or not room.subscribers or not room.keep(key, update):
                continue
            for subscriber in list(room.subscribers):
                subscriber.push(None if every and room.resumable else key, update)
        if verdict is Verdict.NEWS:
            self._emit(event, update, None if every else key)

    @property
    def health(self) -> str:
        if not self.connected:
            return 'disconnected'
        heartbeat = self.liveness.heartbeat
        if heartbeat is None:
            return 'unknown'
        if heartbeat.feed == 'down':
            return 'feed_down'
        return 'market_closed' if heartbeat.market == 'closed' else 'live'

    def _check_health(self) -> None:
        health = self.health
        if health != self._told_health:
            self._told_health = health
            self._emit('health', health, None)

    def _set_state(self, state: str) -> None:
        if self.state != state:
            self.state = state
            self._emit('state', state, None)


def _since(rooms: Sequence[Room]) -> Tuple[Tuple[str, str], ...]:
    """Returns from when to resume those of the rooms that had updates before this connection."""
    times = ((str(room.address.symbol), room.note_since()) for room in rooms if room.since is not None)
    return tuple((symbol, time) for symbol, time in times if time is not None)


def _key_of_update(event: str, update: Any, view: Optional[View]) -> Tuple[str, Optional[str], Optional[str]]:
    """Returns the key of the updates of which each is newer than the one before: event and content of
    the view, product, expiry.
    """
    content = event if view is None else f'{event}@{view.content}'
    return (content, getattr(update, 'product', None), getattr(update, 'expiry', None))


#: The key of portfolios.
_PORTFOLIO_KEY = ('portfolio_update', None, None)


def _id_of(user: Optional[User]) -> Optional[str]:
    return None if user is None else user.user_id


def _key_of(event: str, payload: Any) -> Optional[Hashable]:
    """Returns a key for the statuses of one product or chain, or of the portfolio, of which a listener
    needs only the newest.
    """
    if isinstance(payload, PortfolioStatus):
        return event
    if isinstance(payload, FeedStatus):
        return (event, payload.product)
    return (event, payload.product, payload.expiry) if isinstance(payload, ChainStatus) else None
