"""What both clients know and show, apart from how they wait."""
from __future__ import annotations

from typing import Any, Callable, Hashable, Optional, Tuple, TypeVar, overload

from .core import Core
from .errors import GatewayError
from .listeners import Listeners
from .conflating_queue import ConflatingQueue
from .options import Options
from .payloads import Limits, TokenExpiring, User
from .reconnect import Failure
from .renewal import Renewal, Renewals

H = TypeVar('H', bound=Callable[[Any], Any])


class BaseClient:
    def __init__(self) -> None:
        self._listeners = Listeners()
        self._inbox: ConflatingQueue[Tuple[str, Any]] = ConflatingQueue()
        self._core = Core(self._emit)
        self._renewals = Renewals()
        self._options: Optional[Options] = None
        self._closing = False
        self._failure: Optional[Failure] = None
        #: Why the client has given up, if it has.
        self.error: Optional[GatewayError] = None

    @property
    def state(self) -> str:
        """'connecting', 'connected', 'draining', 'reconnecting' or 'closed'."""
        return self._core.state

    @property
    def limits(self) -> Optional[Limits]:
        """As the gateway said on the last connection."""
        return self._core.limits

    @property
    def user(self) -> Optional[User]:
        """Whom the gateway takes this client for."""
        return self._core.user

    @property
    def client_id(self) -> Optional[str]:
        return self._core.client_id

    @overload
    def on(self, event: str) -> Callable[[H], H]: ...

    @overload
    def on(self, event: str, handler: Callable[[Any], Any]) -> Callable[[], None]: ...

    def on(self, event: str, handler: Optional[Callable[[Any], Any]] = None) -> Any:
        """Calls `handler` with each payload of `event`, one after the other: a thread of this client does, or its event loop.

        Events are the gateway's and 'state' and 'stale'. Answers a function that removes it; without `handler`, a decorator.
        While handlers are slower than the feed they get the newest of each product and expiry.
        """
        return self._listeners.on(event, handler)

    def _adopt(self, options: Options, general: bool) -> None:
        if self._options is not None:
            raise RuntimeError('a client connects once: make another')
        self._options = options
        self._core.rooms['general'].always = general
        self._core.opening()

    def _emit(self, event: str, payload: Any, key: Optional[Hashable]) -> None:
        if event in self._listeners:
            self._inbox.put(key, (event, payload))
        if isinstance(payload, TokenExpiring) and self._options and self._options.token:
            self._token_expires(self._renewals.begin(payload.expires_in_ms / 1000, self._core.epoch))
        elif event == 'token_refreshed':
            self._renewals.renewed()
        self._wake()

    def _give_up(self, error: Optional[GatewayError]) -> None:
        if not self._closing:
            self._closing = True
            self.error = error
            self._core.close(error)
            self._inbox.end()
            self._wake()

    def _lost(self, failure: Failure) -> None:
        self._failure = failure
        self._core.lost()

    def _token_expires(self, renewal: Renewal) -> None:
        raise NotImplementedError

    def _wake(self) -> None:
        raise NotImplementedError
