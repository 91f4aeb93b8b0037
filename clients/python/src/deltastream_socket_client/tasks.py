"""The tasks of an asyncio client, and calling the functions that its program gave it."""
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
        """Returns what `function` returns, which may be a coroutine function.

        Raises RuntimeError if the function, or something it waits for, is cancelled, so that the
        calling task continues.
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
            # A function that closes the client cancels this task, but may itself continue.
            if not self._ending:
                task.cancel()
            raise
        if task.cancelled():
            raise RuntimeError('it was cancelled')
        return task.result()

    async def end(self) -> None:
        """Cancels all tasks except the calling one, and waits for them."""
        self._ending = True
        others = [task for task in self._all if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
