"""The handlers of each event."""
from __future__ import annotations

import threading
from typing import Any, Callable, Dict, Optional, Tuple

from . import arguments
from .payload_reader import SERVER_EVENTS

Handler = Callable[[Any], Any]

#: Events of this package, besides the gateway's.
OWN_EVENTS = ('state', 'stale', 'health', 'gap')


class Listeners:
    def __init__(self, check: Callable[[Handler], None] = lambda handler: None) -> None:
        """`check(handler)` raises TypeError for a handler that cannot be called."""
        self._check = check
        # Each change makes a new tuple, because another thread may be going through the old one.
        self._handlers: Dict[str, Tuple[Handler, ...]] = {}
        self._lock = threading.Lock()

    def __contains__(self, event: str) -> bool:
        return event in self._handlers

    def of(self, event: str) -> Tuple[Handler, ...]:
        return self._handlers.get(event, ())

    def on(self, event: str, handler: Optional[Handler] = None, wanted: Callable[[Any], bool] = lambda _: True) -> Any:
        """Adds a handler and returns a function that removes it. Without a handler, returns a
        decorator. `wanted` decides which payloads the handler is called with.

        Raises ValueError for an unknown event.
        """
        arguments.text('event', event)
        if event not in SERVER_EVENTS and event not in OWN_EVENTS:
            raise ValueError(f'there is no event {event!r}; the events are {", ".join([*SERVER_EVENTS, *OWN_EVENTS])}')
        if handler is None:

            def decorate(decorated: Handler) -> Handler:
                self.on(event, decorated, wanted)
                return decorated

            return decorate
        if not callable(handler):
            raise TypeError(f'the handler of an event must be a function, not {handler!r}')
        self._check(handler)
        call = handler

        # Wrapped, so that removing a handler that was added twice removes only one of the two.
        def added(payload: Any) -> Any:
            return call(payload) if wanted(payload) else None

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
