"""What both clients have in common, apart from how they wait."""
from __future__ import annotations

import logging
from typing import Any, Callable, Hashable, Optional, Set, Tuple, TypeVar, overload

from . import arguments
from .addresses import GENERAL
from .conflating_queue import MAX_EVERY_PRICE, ConflatingQueue
from .core import Core
from .errors import ClientFailed, GatewayError, NotConnected
from .failures import Failure
from .gateway_url import shown_url
from .listeners import Listeners
from .options import Options
from .payloads import Limits, TokenExpiring, User
from .renewal import Renewal, Renewals
from .rooms import Membership, shown_names

log = logging.getLogger('deltastream_socket_client')

H = TypeVar('H', bound=Callable[[Any], Any])


class BaseClient:
    def __init__(self, check_handler: Callable[[Any], None] = lambda handler: None) -> None:
        self._listeners = Listeners(check_handler)
        self._inbox: ConflatingQueue[Tuple[str, Any]] = ConflatingQueue()
        self._core = Core(self._emit)
        self._renewals = Renewals()
        self._options: Optional[Options] = None
        self._closing = False
        self._failure: Optional[Failure] = None
        self._warned = ''
        #: Whether handlers are being called.
        self._handling = False
        #: Renewals of the token that are under way.
        self._renewing: Set[Renewal] = set()
        #: Why the client has given up. `None` while it has not, and after an ordinary `close`.
        self.error: Optional[GatewayError] = None

    @property
    def state(self) -> str:
        """'connecting', 'connected', 'draining', 'reconnecting' or 'closed'. While 'draining',
        updates still come.
        """
        # The core may be what failed.
        return 'closed' if self._closing else self._core.state

    @property
    def health(self) -> str:
        """Whether updates can be expected, and if not, why not.

        'live'; 'market_closed': every market is closed; 'feed_down': the gateway is cut off from the
        feed; 'disconnected': there is no connection that answers; 'unknown': the gateway has not
        said yet, or sends no heartbeats.
        """
        return 'disconnected' if self._closing else self._core.health

    @property
    def limits(self) -> Optional[Limits]:
        """The gateway's limits for this client, from the last `connected` event. `None` before the
        first one.
        """
        return self._core.limits

    @property
    def user(self) -> Optional[User]:
        """The user that the gateway read from the token. `None` without a token, and before the
        first connection. `expires_at` is that of the token in use, also after it was refreshed.
        """
        return self._core.user

    @property
    def client_id(self) -> Optional[str]:
        """The gateway's id of the last connection, a new one for each connection."""
        return self._core.client_id

    @property
    def replica(self) -> Optional[str]:
        """The name of the replica of the last connection. `None` before the first connection, and if
        the gateway is older than this field.
        """
        return self._core.replica

    def is_stale(self, product: str) -> bool:
        """Whether a product's price must not be relied on.

        True if the gateway says that the price has stopped, if it has never come, and while there
        is no connection.
        """
        arguments.text('product', product)
        return self._closing or self._core.is_stale(product)

    def __repr__(self) -> str:
        # Without the lock of a threaded client, so that a debugger can show a client that another
        # thread is using.
        rooms = list(self._core.rooms.values())
        joined = [room.name for room in rooms if room.membership is Membership.IN]
        awaited = [room.name for room in rooms if room.wanted and room.membership is not Membership.IN]
        parts = ['' if self._options is None else shown_url(self._options.url), self.state]
        if self.error is not None:
            parts.append(f'because of {type(self.error).__name__}')
        if joined:
            parts.append(f'in {shown_names(joined)}')
        if awaited and self._options is not None and not self._closing:
            parts.append(f'waiting for {shown_names(awaited)}')
        return f'<{type(self).__name__} {", ".join(part for part in parts if part)}>'

    @overload
    def on(self, event: str) -> Callable[[H], H]: ...

    @overload
    def on(self, event: str, handler: Callable[[Any], Any]) -> Callable[[], None]: ...

    def on(self, event: str, handler: Optional[Callable[[Any], Any]] = None) -> Any:
        """Calls `handler` with the payload of each `event`. Returns a function that removes the
        handler.

        Without `handler`, returns a decorator. The events are the gateway's, with the payloads that
        this package exports, and four of this package: 'state' and 'health' (the new one, a string),
        'stale' (`Staleness`) and 'gap' (`Gap`, only with `resume`). `Client` calls handlers one after the other in a thread of its own,
        `AsyncClient` on its event loop, where they may be coroutine functions. A handler that is
        slower than the feed gets the newest update of each product and expiry, except with `resume`
        every price. Raises ValueError for an unknown event, and TypeError for a handler that cannot be called.
        """
        return self._listeners.on(event, handler)

    def _adopt(self, options: Options, general: bool) -> None:
        if self._options is not None:
            raise RuntimeError('this client has connected before; make a new one for each call of connect')
        self._options = options
        self._core.liveness.every = options.heartbeat
        self._core.liveness.probes = options.probe
        self._core.rooms[GENERAL].always = general
        self._core.resume = options.resume
        if options.resume:
            self._inbox.limit = MAX_EVERY_PRICE
        self._core.opening()

    def _emit(self, event: str, payload: Any, key: Optional[Hashable]) -> None:
        if event in self._listeners:
            self._inbox.put(key, (event, payload))
        if isinstance(payload, TokenExpiring) and self._options and self._options.token:
            renewal = self._renewals.begin(payload.expires_in_ms / 1000, self._core.epoch)
            if not renewal.pause:
                self._renewing.add(renewal)
            self._token_expires(renewal)
        elif event == 'token_refreshed':
            self._renewals.renewed()
        self._wake()

    def _ended(self) -> Optional[GatewayError]:
        """Returns the error to raise if the client is closed, and otherwise `None`."""
        return self._closed_error() if self._closing else None

    def _closed_error(self) -> GatewayError:
        return self.error or NotConnected('the client is closed; make a new one to connect again')

    def _give_up(self, error: Optional[GatewayError]) -> None:
        if not self._closing:
            self._closing = True
            self.error = error
            try:
                self._core.close(error)
            finally:
                self._inbox.end()
                self._wake()

    def _fail(self, error: BaseException) -> None:
        """Closes the client because of an exception that no part of it expects.

        Otherwise only the thread or task that raised it would end, and the client would still look
        connected.
        """
        if self._closing:
            log.debug('an exception after the client was closed', exc_info=error)
            return
        log.error('an unexpected exception closed the client', exc_info=error)
        failure = ClientFailed(f'an unexpected exception closed the client: {error!r}')
        failure.__cause__ = error
        try:
            self._give_up(failure)
        except Exception:
            log.exception('the client could not tell all of its subscriptions that it is closed')

    def _lost(self, failure: Failure) -> None:
        self._failure = failure
        self._core.lost()

    def _log_retry(self, failure: Failure, delay: float) -> None:
        """Warns once of each reason why no connection can be made, so that a program that connects in
        the background is not silent about a misspelt address.
        """
        new = failure.cause is not None and failure.message != self._warned
        self._warned = failure.message
        log.log(
            logging.WARNING if new else logging.INFO,
            'not connected: %s. The next attempt is in %.1f s',
            failure.message,
            delay,
        )

    def _token_expires(self, renewal: Renewal) -> None:
        raise NotImplementedError

    def _wake(self) -> None:
        raise NotImplementedError
