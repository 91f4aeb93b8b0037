"""The portfolios of the fake gateway's users."""
from __future__ import annotations

import time
from typing import Any, Dict, List, Union

from .market import Event, Freshness

#: A user, as the platform writes it. 42 and '42' are the same user.
UserId = Union[str, int]


class Portfolios:
    def __init__(self) -> None:
        self._newest: Dict[str, Dict[str, Any]] = {}
        self._freshness: Dict[str, Freshness] = {}

    def publish(self, user_id: UserId, payload: Dict[str, Any]) -> bool:
        """Keeps a new portfolio. Returns whether the one before had stopped, or there was none."""
        user = user_key(user_id)
        was_stale = self.is_stale(user)
        self._newest[user] = payload
        self._freshness[user] = Freshness(updated_at=time.time())
        return was_stale

    def last(self, user_id: UserId) -> Dict[str, Any]:
        """Raises ValueError if no portfolio of the user was published."""
        user = user_key(user_id)
        if user not in self._newest:
            raise ValueError(f'no portfolio of {user_id!r} was published; call publish_portfolio first')
        return self._newest[user]

    def mark_stale(self, user_id: UserId) -> None:
        self.last(user_id)
        self._freshness[user_key(user_id)].stale = True

    def newest(self, user: str) -> List[Event]:
        return [('portfolio_update', self._newest[user])] if user in self._newest else []

    def is_stale(self, user: str) -> bool:
        """Whether the portfolio of a user has stopped, or there is none."""
        return user not in self._freshness or self._freshness[user].stale

    def status(self, user: str) -> Dict[str, Any]:
        return self._freshness.get(user, Freshness(stale=True)).status()


def user_key(user_id: Any) -> str:
    """Returns a user as the gateway knows it. Raises TypeError if it cannot be one."""
    if not isinstance(user_id, (str, int)) or isinstance(user_id, bool):
        raise TypeError(f'user_id must be a string or a whole number, not {user_id!r}')
    return str(user_id)
