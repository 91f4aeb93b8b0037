"""The tasks of an asyncio client, and what its owner gave it to call."""
from __future__ import annotations

import asyncio
import inspect
from typing import Any, Awaitable, Callable, Set


class Tasks:
    def __init__(self) -> None:
        self._all: Set[asyncio.Future[Any]] = set()
        self._ending = False

    def start(self, work: Awaitable[Any]) -> asyncio.Future[Any]:
        task = asyncio.ensure_future(work)
        self._all.add(task)
        task.add_done_callback(self._all.discard)
        return task

    async def call(self, function: Callable[[Any], Any], argument: Any) -> Any:
        """What `function`, which may be a coroutine function, answers.

        Apart: where it is cancelled, or waits for what is, the task that calls it must go on. That is a RuntimeError here.
        """
        try:
            answer = function(argument)
        except asyncio.CancelledError as error:
            raise RuntimeError('it was cancelled') from error
        if not inspect.isawaitable(answer):
            return answer
        task = self.start(answer)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            # Not where it is the one that ends the client.
            if not self._ending:
                task.cancel()
            raise
        if task.cancelled():
            raise RuntimeError('it was cancelled')
        return task.result()

    async def end(self) -> None:
        """Cancels all but the one that called this, and waits for them."""
        self._ending = True
        others = [task for task in self._all if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
