"""The client for programs with threads."""
from __future__ import annotations

import logging
import threading
from typing import Any, Callable, Iterator, List, Literal, Mapping, Optional, Sequence, Tuple, Union, overload

from . import arguments
from .addresses import Address, Expiry, Symbols, parse_addresses, request_payload
from .base_client import BaseClient
from .core import ANSWER_TIMEOUT
from .errors import GatewayError
from .failures import Failure
from .handle import Handle
from .history import History, history_request, page_of
from .options import LAGGING_WAIT, Options, TokenReason
from .payload_reader import read
from .payloads import Snapshot
from .reconnect import ReconnectPolicy
from .renewal import Renewal
from .room_requests import RoomRequest
from .sync_connection import Connection
from .sync_monitor import Monitor
from .sync_requests import RequestSender
from .sync_subscription import Subscription
from .sync_tokens import ask_for_token
from .updates import ChainUpdate, ChainView, PortfolioUpdate, UnderlyingUpdate, Update
from .views import View
from .watchdog import HeartbeatRequest

log = logging.getLogger('deltastream_socket_client')

#: How long `close` waits for the threads that read and write, in seconds. They end at once, except
#: one that waits for a response over a network that is lost.
IO_END_TIMEOUT = 1.0


class Client(BaseClient):
    """A client with threads of its own, which connect, send, and call handlers.

    All methods may be called from any thread. A client connects once: after `close`, make another
    one.
    """

    def __init__(self) -> None:
        self._monitor = Monitor(lambda: self._failure)
        super().__init__(lambda handler: arguments.plain_function('the handler of an event', handler))
        self._connection: Optional[Connection] = None
        self._requests = RequestSender(self._core, self._monitor, lambda: self._connection, self._ended)
        self._threads: List[threading.Thread] = []
        # The package's `testing` replaces these.
        self._make_connection: Callable[..., Connection] = Connection
        self._make_policy: Callable[[bool], ReconnectPolicy] = ReconnectPolicy

    # ---- connecting ----------------------------------------------------------------------------------------------

    def connect(
        self,
        url: str,
        *,
        token: Optional[Callable[[TokenReason], str]] = None,
        general: bool = True,
        transports: Sequence[str] = ('websocket',),
        path: str = 'socket.io',
        headers: Optional[Mapping[str, str]] = None,
        ssl_verify: bool = True,
        heartbeat: Optional[float] = 2.0,
        probe: bool = False,
        resume: bool = False,
        encoding: str = 'json',
        latency_probe: bool = False,
        timeout: Optional[float] = 30.0,
        wait: bool = True,
    ) -> Client:
        """Connects, and from then on reconnects by itself until `close`. Returns the client.

        url: the gateway's address, for example 'http://localhost:8002'.
        token: a function that returns a JSON Web Token. Its argument says why it is called:
        'connect', 'expired', 'expiring'.
        general: whether to stay in the room `general`, which brings every product's prices and
        every chain's summary.
        transports: 'websocket', 'polling', or both in the order in which they are used.
        heartbeat: how often the gateway sends something, in seconds: at least 1. With 2, the client
        notices a dead connection within 3 s. `None`: only through the pings of Socket.IO, which take
        45 s.
        probe: whether to ask in every interval if the gateway still receives what the client sends,
        and not only if a request remains without an answer. It costs the gateway much more.
        resume: whether each product continues after a reconnection with the prices that were missed.
        If the gateway does not have all of them, the event `gap` says so. Handlers and iterations
        then get every price, and the client joins `general` only after its other rooms.
        encoding: 'json' or 'msgpack'. MessagePack needs the package msgpack, and saves a fifth of the
        bytes if the connection is not compressed, as python-socketio's is.
        latency_probe: whether the gateway may measure how long its messages take to reach this client.
        It sends a probe about once in 1,000 messages, which the client answers.
        timeout: how long to wait for the connection, in seconds. `None`: for ever.
        wait: False returns at once and connects in the background.

        Raises ConnectionRefused if the gateway refuses the client, RequestTimeout after `timeout`,
        ValueError or TypeError for arguments that cannot work, ImportError if the encoding needs a
        package that is not installed, and RuntimeError if the client has connected before.
        """
        arguments.plain_function('token', token)
        timeout = arguments.timeout(timeout)
        options = Options(url, token, tuple(transports), path, dict(headers or {}), ssl_verify, arguments.interval('heartbeat', heartbeat), probe, resume, encoding, latency_probe)
        with self._monitor:
            self._adopt(options, general)
            for name, run in (('connection', self._run), ('listeners', self._deliver)):
                thread = threading.Thread(target=self._guarded, args=(run,), daemon=True, name=f'deltastream-{name}')
                self._threads.append(thread)
                thread.start()
        if wait:
            try:
                with self._monitor:
                    self._monitor.require(lambda: self._core.connected or self._closing, timeout)
                    if self._closing:
                        raise self._closed_error()
            except BaseException:
                self.close()
                raise
        return self

    def close(self) -> None:
        """Ends the connection, every iteration and the threads. Waits for the threads, unless a
        handler calls it.
        """
        self._give_up(None)
        connection = self._connection
        if connection is not None:
            connection.close()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(ANSWER_TIMEOUT)
        if connection is not None and threading.current_thread() not in self._threads:
            connection.join(IO_END_TIMEOUT)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def is_stale(self, product: str) -> bool:
        """Whether a product's price must not be relied on.

        True if the gateway says that the price has stopped, if it has never come, and while there
        is no connection.
        """
        with self._monitor:
            return super().is_stale(product)

    # ---- subscriptions -------------------------------------------------------------------------------------------

    @overload
    def subscribe(
        self,
        type: Literal['product'],
        symbol: Optional[Symbols] = None,
        *,
        symbols: Optional[Symbols] = (),
        view: Optional[View] = None,
    ) -> Subscription[UnderlyingUpdate]: ...

    @overload
    def subscribe(
        self,
        type: Literal['chain'],
        symbol: Optional[Symbols] = None,
        expiry: Optional[Expiry] = None,
        *,
        symbols: Optional[Symbols] = (),
        view: None = None,
    ) -> Subscription[ChainUpdate]: ...

    @overload
    def subscribe(
        self,
        type: Literal['chain'],
        symbol: Optional[Symbols] = None,
        expiry: Optional[Expiry] = None,
        *,
        symbols: Optional[Symbols] = (),
        view: View,
    ) -> Subscription[ChainView]: ...

    @overload
    def subscribe(self, type: Literal['general'], *, view: Optional[View] = None) -> Subscription[Update]: ...

    @overload
    def subscribe(self, type: Literal['portfolio']) -> Subscription[PortfolioUpdate]: ...

    def subscribe(
        self,
        type: str,
        symbol: Optional[Symbols] = None,
        expiry: Optional[Expiry] = None,
        *,
        symbols: Optional[Symbols] = (),
        view: Optional[View] = None,
    ) -> Any:
        """Subscribes on this connection and on each later one, until `unsubscribe`. Does not block.

        type: 'product' for prices (`UnderlyingUpdate`), 'chain' for option chains (`ChainUpdate`),
        'general' for the prices and chain summaries of all products, 'portfolio' for the portfolio of
        the token's user (`PortfolioUpdate`).
        symbol: one product, for example 'NIFTY', or any iterable of them. `symbols` is another way
        to pass an iterable.
        expiry: a date or a 'YYYY-MM-DD', only for 'chain'. Without it, the subscription brings
        every expiry.
        view: a cheaper form of the data, for example `View('quote', strikes=10, max_rate=2)`. A chain
        then comes in columns (`ChainView`). For 'product' and 'general', only `View(max_rate=2)`.

        May be called before `connect`. Raises ValueError or TypeError for arguments that name no
        room, InvalidView for a view that is not possible, and NotConnected, or the error of the
        client, once it is closed. A refusal by the gateway is raised by `ready`, `get` and iterations.
        """
        wanted = parse_addresses(type, symbol, expiry, symbols, view)
        with self._monitor:
            if self._closing:
                raise self._closed_error()
            handle = self._core.subscribe(wanted)
            self._monitor.notify()
        return Subscription(
            handle,
            self._monitor,
            lambda: self._unsubscribe(handle),
            change_view=lambda addresses: self._change_view(handle, addresses),
            history=self.history,
            history_pages=self.history_pages,
            listen=self._listeners.on,
        )

    def _unsubscribe(self, handle: Handle[Any]) -> None:
        with self._monitor:
            self._core.unsubscribe(handle)
            self._monitor.notify()

    def _change_view(self, handle: Handle[Any], addresses: Tuple[Address, ...]) -> None:
        with self._monitor:
            self._core.change_view(handle, addresses)
            self._monitor.notify()

    # ---- requests ------------------------------------------------------------------------------------------------

    def products(self, timeout: float = ANSWER_TIMEOUT) -> Tuple[str, ...]:
        """Returns the symbols of the products that the gateway knows and this client may subscribe
        to.

        `timeout` is in seconds. Raises RequestTimeout, NotConnected or RequestError.
        """
        return tuple(self._requests.call('get_products', None, timeout)['products'])

    def subscriptions(self, timeout: float = ANSWER_TIMEOUT) -> Tuple[str, ...]:
        """Returns the names of the rooms that the gateway has this connection in, for example
        'product:NIFTY'.

        `timeout` is in seconds. Raises RequestTimeout, NotConnected or RequestError.
        """
        return tuple(self._requests.call('list_subscriptions', None, timeout)['rooms'])

    @overload
    def snapshot(
        self,
        type: Literal['product'],
        symbol: Optional[Symbols] = None,
        *,
        symbols: Optional[Symbols] = (),
        view: Optional[View] = None,
        timeout: float = ANSWER_TIMEOUT,
    ) -> Snapshot[UnderlyingUpdate]: ...

    @overload
    def snapshot(
        self,
        type: Literal['chain'],
        symbol: Optional[Symbols] = None,
        expiry: Optional[Expiry] = None,
        *,
        symbols: Optional[Symbols] = (),
        view: None = None,
        timeout: float = ANSWER_TIMEOUT,
    ) -> Snapshot[ChainUpdate]: ...

    @overload
    def snapshot(
        self,
        type: Literal['chain'],
        symbol: Optional[Symbols] = None,
        expiry: Optional[Expiry] = None,
        *,
        symbols: Optional[Symbols] = (),
        view: View,
        timeout: float = ANSWER_TIMEOUT,
    ) -> Snapshot[ChainView]: ...

    @overload
    def snapshot(self, type: Literal['portfolio'], *, timeout: float = ANSWER_TIMEOUT) -> Snapshot[PortfolioUpdate]: ...

    def snapshot(
        self,
        type: str,
        symbol: Optional[Symbols] = None,
        expiry: Optional[Expiry] = None,
        *,
        symbols: Optional[Symbols] = (),
        view: Optional[View] = None,
        timeout: float = ANSWER_TIMEOUT,
    ) -> Snapshot[Any]:
        """Returns the newest updates that the gateway knows, without subscribing.

        Takes the arguments of `subscribe`; `timeout` is in seconds. Raises RequestTimeout,
        NotConnected or RequestError, and InvalidView for a view that is not possible.
        """
        wanted = parse_addresses(type, symbol, expiry, symbols, view)
        with self._monitor:
            collector = self._core.collect(wanted)
        try:
            collector.acknowledged(self._requests.call('get_snapshot', request_payload(wanted), timeout))
            with self._monitor:
                self._monitor.wait_for(lambda: collector.complete or self._closing, LAGGING_WAIT)
                return collector.result()
        finally:
            with self._monitor:
                self._core.discard(collector)

    def history(
        self,
        type: str,
        symbol: Optional[str] = None,
        expiry: Optional[Expiry] = None,
        *,
        from_: Optional[arguments.Time] = None,
        to: Optional[arguments.Time] = None,
        limit: Optional[int] = None,
        resolution: str = 'raw',
        cursor: Optional[str] = None,
        timeout: float = ANSWER_TIMEOUT,
    ) -> History:
        """Returns one page of past updates, in ascending order of time.

        type: 'product' for the prices of a product, 'summary' for the summaries of one of its chains,
        'opening' for the first chain of the session, with a row for each strike, 'portfolio' for the
        numbers of the portfolios of your user.
        symbol: one product, for example 'NIFTY'. Not for 'portfolio'.
        expiry: a date or a 'YYYY-MM-DD', only for 'summary' and 'opening'. Without it, the nearest
        expiry.
        from_, to: the times of the first and the last row, both included: a `datetime`, or the
        `timestamp` of an update. Times without a zone are in UTC.
        limit: the most rows of the page, 1,000 by default and 5,000 at most.
        resolution: 'raw' for every update, or for 'product' bars of '1m', '5m' or '1h'.
        cursor: the `next` of the page before. The other arguments must be the same.
        An 'opening' has one page, and takes neither times nor `limit` nor `cursor`.
        timeout: in seconds.
        Raises RequestTimeout, NotConnected or RequestError, for example with the code
        'HISTORY_UNAVAILABLE', and TypeError for arguments that cannot be used.
        """
        request = history_request(type, symbol, expiry, from_, to, limit, resolution, cursor)
        return read(History, page_of(self._requests.call('get_history', request, timeout)))

    def history_pages(
        self,
        type: str,
        symbol: Optional[str] = None,
        expiry: Optional[Expiry] = None,
        *,
        from_: Optional[arguments.Time] = None,
        to: Optional[arguments.Time] = None,
        limit: Optional[int] = None,
        resolution: str = 'raw',
        cursor: Optional[str] = None,
        timeout: float = ANSWER_TIMEOUT,
    ) -> Iterator[History]:
        """Iterates over the pages of history. With `from_` they lead to newer rows, otherwise to
        older ones.

        Takes the arguments of `history`, and raises what it does. Each page is asked for when the
        iteration gets there; `timeout` is that of one page.
        """
        while True:
            page = self.history(
                type, symbol, expiry, from_=from_, to=to, limit=limit, resolution=resolution, cursor=cursor, timeout=timeout
            )
            yield page
            cursor = page.next
            if cursor is None:
                return

    # ---- threads -------------------------------------------------------------------------------------------------

    def _guarded(self, work: Callable[..., None], *arguments: Any) -> None:
        """Does the work of a thread. If it fails, the client does not look connected without it."""
        try:
            work(*arguments)
        except BaseException as error:
            self._fail(error)
            if self._connection is not None and not self._connection.over:
                self._connection.close()

    def _deliver(self) -> None:
        """Calls handlers, without holding the lock, so that they may use the client."""
        while True:
            with self._monitor:
                self._handling = False
                self._monitor.wait_for(lambda: len(self._inbox) > 0 or self._inbox.ended)
                if len(self._inbox) == 0:
                    return
                self._handling = True
                event, payload = self._inbox.take()
            for handler in self._listeners.of(event):
                try:
                    handler(payload)
                except BaseException:  # sys.exit() ends a thread, and this one serves the other handlers too
                    log.exception('a handler of %s failed', event)

    def _run(self) -> None:
        """Connects again and again, and keeps each connection in the rooms that are wanted."""
        assert self._options is not None
        policy = self._make_policy(self._options.token is not None)
        reason = 'connect'
        while not self._closing:
            failure = self._connect_once(reason)
            if failure is None:
                policy.succeeded()
                failure = self._serve()
            with self._monitor:
                self._lost(failure)
            try:
                again = policy.after(failure)
            except GatewayError as error:
                self._give_up(error)
                return
            reason = again.reason
            self._log_retry(failure, again.delay)
            self._monitor.wait_for(lambda: self._closing, again.delay)

    def _connect_once(self, reason: TokenReason) -> Optional[Failure]:
        assert self._options is not None
        try:
            token = self._token(reason) if self._options.token else None
        except Exception as error:
            log.warning('the token callback failed: %r', error)
            return Failure(f'the token callback failed: {error!r}', cause=error)
        connection: Connection = self._make_connection(self._options, lambda event, data: self._received(connection, event, data), self._wake)
        with self._monitor:
            if self._closing:
                return Failure('closed')
            self._connection = connection
        return connection.open(token)

    def _serve(self) -> Failure:
        """Sends requests until the connection is over."""
        connection = self._connection
        assert connection is not None
        dead = False
        while True:
            with self._monitor:
                if connection.over or self._closing:
                    closing = self._core.closing
                    break
                if self._core.liveness.dead:
                    dead = True
                    break
                requests, later = self._core.take_requests()
                if not requests:
                    self._monitor.wait(later)
                    continue
            for request in requests:
                self._send(connection, request)
        if dead:
            connection.abort()
            return Failure('the gateway does not answer')
        connection.close()
        if closing is None:
            return Failure('the connection was lost')
        return Failure(closing.message, code=closing.code, closing=closing)

    def _send(self, connection: Connection, request: Union[RoomRequest, HeartbeatRequest]) -> None:
        def answered(answer: Any) -> None:
            with self._monitor:
                try:
                    self._core.answered(request, answer)
                    self._monitor.notify()
                except Exception as error:
                    self._fail(error)

        connection.send(request.event, request.payload, answered)

    def _received(self, connection: Connection, event: str, data: Any) -> None:
        with self._monitor:
            if connection is self._connection and not connection.over and not self._closing:
                try:
                    self._core.receive(event, data)
                    self._monitor.notify()
                except Exception as error:
                    self._fail(error)

    # ---- tokens --------------------------------------------------------------------------------------------------

    def _token(self, reason: TokenReason) -> str:
        assert self._options is not None and self._options.token is not None
        return ask_for_token(self._options.token, reason, self._monitor, lambda: self._closing)

    def _token_expires(self, renewal: Renewal) -> None:
        threading.Thread(target=self._guarded, args=(self._refresh_token, renewal), daemon=True, name='deltastream-token').start()

    def _refresh_token(self, renewal: Renewal) -> None:
        while not self._monitor.wait_for(lambda: self._closing or self._core.epoch != renewal.epoch, renewal.pause):
            try:
                self._requests.call('refresh_token', {'token': self._token('expiring')}, ANSWER_TIMEOUT)
                return
            except Exception as error:
                # Without a new token the gateway closes the connection, and the next connection
                # asks for a token again.
                log.warning('the token could not be refreshed: %r', error)
                if not renewal.again(error):
                    return
            finally:
                self._renewing.discard(renewal)
        self._renewing.discard(renewal)

    def _give_up(self, error: Optional[GatewayError]) -> None:
        with self._monitor:
            super()._give_up(error)

    def _wake(self) -> None:
        self._monitor.notify()
