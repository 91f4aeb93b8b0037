"""Notices that a connection is dead, although its socket is open."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional

from .payloads import Heartbeat

#: How long silence may last, and how long the answer to a question may take, as parts of the
#: interval in which the gateway promises to send something. With 2 s, these are 2.8 and 1.3 s.
_SILENCE = 1.4
_PATIENCE = 0.65
#: How long a message that has already arrived may wait for its turn, in seconds.
_TURN = 0.1
#: A look that is this late, in seconds, shows that the machine was suspended or the program busy.
#: Silence proves nothing then, so the wait begins again.
_LATE = 1.0


@dataclass(frozen=True, eq=False)
class HeartbeatRequest:
    """A request about the heartbeat: `subscribe`, or `get_heartbeat` as a question."""

    event: str
    payload: Optional[Dict[str, Any]]
    epoch: int


class _Wait:
    """A time limit, with some time for messages that have already arrived."""

    def __init__(self, now: float, seconds: float) -> None:
        self.until = now + seconds
        self._turn = False

    def expired(self, now: float) -> Optional[bool]:
        """`True`: the time is up. `None`: it is, but the program has looked too late to know."""
        if now < self.until:
            return False
        if now - self.until >= _LATE:
            return None
        if not self._turn:
            self._turn = True
            self.until = now + _TURN
            return False
        return True


class Watchdog:
    """Has no timers: `look` says when to call it again.

    every: the gateway sends something at least this often, in seconds.
    probes: whether to ask in every interval, and not only if a request remains without an answer.
    """

    def __init__(self, every: float, probes: bool, now: Callable[[], float]) -> None:
        self._now = now
        self._every = every
        self._probes = probes
        self._silence = _Wait(now(), _SILENCE * every)
        self._question: Optional[_Wait] = None
        self._answered_at = -math.inf
        self._next_question = now() if probes else None
        #: How long a request may remain without an answer, in seconds.
        self.patience = _PATIENCE * every
        self.dead = False

    def heard(self) -> None:
        """Call this for every message of the gateway."""
        self._silence = _Wait(self._now(), _SILENCE * self._every)

    def answered(self) -> None:
        self._question = None
        self._answered_at = self._now()
        if self._probes:
            self._next_question = self._now() + self._every - self.patience / 2

    def ask_at(self, moment: float) -> None:
        """Asks the gateway at that time: a request has no answer."""
        if self._question is None:
            moment = max(moment, self._answered_at + self.patience)
            self._next_question = moment if self._next_question is None else min(moment, self._next_question)

    def look(self) -> bool:
        """Whether to ask the gateway now. Sets `dead` if the connection is."""
        now = self._now()
        silence = self._silence.expired(now)
        if silence is None:
            self.heard()
        question = False if self._question is None else self._question.expired(now)
        self.dead = self.dead or silence is True or question is True
        due = question is None or (self._question is None and self._next_question is not None and now >= self._next_question)
        if due:
            self._next_question = None
            self._question = _Wait(now, self.patience)
        return due

    @property
    def next_look(self) -> float:
        """When to look again, in seconds of the clock."""
        if self.dead:
            return self._now()
        times: List[Optional[float]] = [
            self._silence.until,
            self._question.until if self._question else self._next_question,
        ]
        return min(moment for moment in times if moment is not None)


class Liveness:
    """What the gateway says about itself on the connection in use, and whether it says anything."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        #: The least interval, in seconds; `None`: no heartbeats.
        self.every: Optional[float] = 2.0
        self.probes = False
        self.heartbeat: Optional[Heartbeat] = None
        self._watchdog: Optional[Watchdog] = None
        self._wanted: Optional[float] = None

    @property
    def dead(self) -> bool:
        return self._watchdog is not None and self._watchdog.dead

    def reset(self) -> None:
        """The connection was lost."""
        self.heartbeat = self._watchdog = self._wanted = None

    def connected(self, least_ms: Optional[int]) -> None:
        """An older gateway has no heartbeats, so that `least_ms` is `None`."""
        self.reset()
        if least_ms is not None and self.every is not None:
            self._wanted = max(self.every, least_ms / 1000)

    def heard(self) -> None:
        if self._watchdog is not None:
            self._watchdog.heard()

    def take_requests(self, epoch: int, oldest_request: Optional[float]) -> List[HeartbeatRequest]:
        """Returns what to send now. `oldest_request`: when the request was sent that has been
        waiting for the longest time.
        """
        if self._wanted is not None:
            every_ms, self._wanted = round(self._wanted * 1000), None
            return [HeartbeatRequest('subscribe', {'type': 'heartbeat', 'every_ms': every_ms}, epoch)]
        if self._watchdog is None:
            return []
        if oldest_request is not None:
            self._watchdog.ask_at(oldest_request + self._watchdog.patience)
        return [HeartbeatRequest('get_heartbeat', None, epoch)] if self._watchdog.look() else []

    @property
    def next_look(self) -> Optional[float]:
        return None if self._watchdog is None else self._watchdog.next_look

    def answered(self, request: HeartbeatRequest, answer: Any) -> None:
        """Takes an answer. A refusal shows as well that the gateway answers."""
        granted = answer if isinstance(answer, dict) and answer.get('ok') is True else {}
        if request.event == 'subscribe':
            every_ms = granted.get('every_ms', (request.payload or {})['every_ms'])
            self._watchdog = Watchdog(every_ms / 1000, self.probes, self._now)
        elif self._watchdog is not None:
            self._watchdog.answered()
