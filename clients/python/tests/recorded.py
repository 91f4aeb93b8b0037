"""Records what python-socketio's clients send and receive. The test suite compares it with the
contract.

python3 recorded.py PROGRAM [ARGUMENTS] does so while it runs a program. Nothing is written unless
RECORDED_MESSAGES names a file. Each line is

    CLIENT > PACKET    sent
    CLIENT ! PACKET    sent, and wrong on purpose
    CLIENT < PACKET    received
    # TEST             the test that the following lines belong to
"""
from __future__ import annotations

import contextlib
import inspect
import itertools
import os
import pathlib
import runpy
import sys
from typing import Any, Iterator, Optional

import socketio

_file: Optional[int] = None
_numbers = itertools.count(1)
mistaken = False


def install() -> None:
    """Records all clients that are made from now on."""
    global _file
    path = os.environ.get('RECORDED_MESSAGES')
    if path is None or _file is not None:
        return
    _file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for kind in (socketio.Client, socketio.AsyncClient):
        _wrap(kind)


@contextlib.contextmanager
def mistakes() -> Iterator[None]:
    """What is sent meanwhile may break the contract, because the test does so on purpose."""
    global mistaken
    mistaken = True
    try:
        yield
    finally:
        mistaken = False


def begin(test: str) -> None:
    """The following lines belong to this test."""
    _write(f'# {test}')


def sent(client: Any, data: Any) -> None:
    _packet(client, '!' if mistaken else '>', data)


def received(client: Any, data: Any) -> None:
    _packet(client, '<', data)


def tapped(_: Any, link: Any, direction: str, packet: str) -> None:
    """Records a packet of a fake gateway."""
    if direction == '>':
        sent(link, packet)
    else:
        received(link, packet)


def _wrap(kind: Any) -> None:
    send, handle = kind._send_packet, kind._handle_eio_message

    def recorded_send(self: Any, packet: Any) -> Any:
        sent(self, packet.encode())
        return send(self, packet)

    async def handled_async(self: Any, data: Any) -> None:
        received(self, data)
        await handle(self, data)

    def handled(self: Any, data: Any) -> None:
        received(self, data)
        handle(self, data)

    kind._send_packet = recorded_send
    # engine.io looks at which of the two it is.
    kind._handle_eio_message = handled_async if inspect.iscoroutinefunction(handle) else handled


def _packet(client: Any, direction: str, data: Any) -> None:
    """One with attachments is a list, and each received attachment is bytes: the contract has
    neither, which its first text says.
    """
    text = data[0] if isinstance(data, list) else data
    if not isinstance(text, str):
        return
    if not hasattr(client, 'recorded_as'):
        client.recorded_as = f'{os.getpid()}.{next(_numbers)}'
    _write(f'{client.recorded_as} {direction} {text}')


def _write(line: str) -> None:
    # In one piece: threads and processes write here side by side.
    if _file is not None:
        os.write(_file, f'{line}\n'.encode())


if __name__ == '__main__':
    install()
    del sys.argv[0]
    sys.path[0] = str(pathlib.Path(sys.argv[0]).resolve().parent)
    runpy.run_path(sys.argv[0], run_name='__main__')
