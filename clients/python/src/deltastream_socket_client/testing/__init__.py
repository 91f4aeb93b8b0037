"""A gateway in memory for tests of programs that use this package: no port, no process, no feed.

The clients are the real ones, only their connections are not: what `FakeGateway` sends follows the
contract, and what a client does with it is what it does in production. clients/python/README.md
shows how to use it with pytest and unittest.
"""
from .fake_gateway import FakeGateway
from .sessions import Request

__all__ = ['FakeGateway', 'Request']
