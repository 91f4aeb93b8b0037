"""Asking a threaded client's program for a token."""
from __future__ import annotations

import threading
from typing import Any, Callable, List, Optional, Tuple

from .errors import NotConnected
from .options import TOKEN_TIMEOUT, TokenReason, validate_token
from .sync_monitor import Monitor


def ask_for_token(
    callback: Callable[[TokenReason], Any], reason: TokenReason, monitor: Monitor, closing: Callable[[], bool]
) -> str:
    """Calls `callback` in a thread of its own, so that one that hangs delays neither the next
    attempt nor `close`.

    Raises what the callback raised, ValueError if it returned no token, TimeoutError, or
    NotConnected once `closing()`.
    """
    answers: List[Tuple[Any, Optional[BaseException]]] = []

    def ask() -> None:
        try:
            answer: Tuple[Any, Optional[BaseException]] = (callback(reason), None)
        except BaseException as error:
            answer = (None, error)
        with monitor:
            answers.append(answer)
            monitor.notify()

    threading.Thread(target=ask, daemon=True, name='deltastream-token').start()
    if not monitor.wait_for(lambda: answers or closing(), TOKEN_TIMEOUT):
        raise TimeoutError(f'it returned nothing within {TOKEN_TIMEOUT:g} s')
    if not answers:
        raise NotConnected('the client is closed')
    given, error = answers[0]
    if error is not None:
        # For example SystemExit, which was meant for the callback's own thread.
        raise error if isinstance(error, Exception) else RuntimeError(f'it raised {error!r}') from error
    return validate_token(given)
