"""Who listens to what."""
from __future__ import annotations

import functools
import threading
from typing import Any, Callable, Dict, Optional, Tuple

from .payloads import SERVER_EVENTS

Handler = Callable[[Any], Any]

#: Events of this package beside the gateway's.
OWN_EVENTS = ('state', 'stale')


class Listeners:
    def __init__(self) -> None:
        # Handlers are replaced whole, never changed in place: `of` is read while another thread adds one.
        self._handlers: Dict[str, Tuple[Handler, ...]] = {}
        self._lock = threading.Lock()

    def __contains__(self, event: str) -> bool:
        return event in self._handlers

    def of(self, event: str) -> Tuple[Handler, ...]:
        return self._handlers.get(event, ())

    def on(self, event: str, handler: Optional[Handler] = None) -> Any:
        """Answers a function that removes the handler; without one, a decorator. Raises ValueError for an unknown event."""
        if event not in SERVER_EVENTS and event not in OWN_EVENTS:
            raise ValueError(f'no such event: {event!r}; there are {", ".join([*SERVER_EVENTS, *OWN_EVENTS])}')
        if handler is None:

            def decorate(decorated: Handler) -> Handler:
                self.on(event, decorated)
                return decorated

            return decorate
        if not callable(handler):
            raise TypeError('the handler of an event must be a function')
        # A wrapper of its own, so that one handler that was added twice is removed once.
        added: Handler = functools.partial(handler)
        with self._lock:
            self._handlers[event] = (*self.of(event), added)

        def remove() -> None:
            with self._lock:
                rest = tuple(one for one in self.of(event) if one is not added)
                if rest:
                    self._handlers[event] = rest
                else:
                    self._handlers.pop(event, None)

        return remove
