"""Arguments that are dates and tables, and arguments that cannot be used."""
from __future__ import annotations

import asyncio
import datetime
import enum
import unittest
from typing import Any, Callable, Dict, Iterator, List, Tuple

from deltastream_socket_client import AsyncClient, Client
from deltastream_socket_client.addresses import Address, parse_addresses

from .processes import free_port


class Symbol(str, enum.Enum):
    NIFTY = 'NIFTY'


class Timestamp(datetime.datetime):
    """Like the one of pandas: a subclass of `datetime`."""


class NotATime:
    """Like pandas.NaT."""

    year = month = day = float('nan')


class Series:
    """Like the one of pandas, and an array of NumPy: it has values and no truth value."""

    def __init__(self, *values: Any) -> None:
        self._values = values

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __bool__(self) -> bool:
        raise ValueError('the truth value is ambiguous')

    def __eq__(self, other: object) -> Any:
        return Series(*(value == other for value in self._values))


class Scalar:
    """Like numpy.datetime64 and numpy.int64."""

    ndim = 0

    def __init__(self, kind: str, unit: str = 'D') -> None:
        self.dtype = type('dtype', (), {'kind': kind, 'str': f'<{kind}8[{unit}]'})()

    def astype(self, _: str) -> Any:
        return self

    def item(self) -> datetime.date:
        return datetime.date(2026, 11, 26)


class Accepted(unittest.TestCase):
    def test_expiry_may_be_any_date(self) -> None:
        dates: Tuple[Any, ...] = (
            '2026-11-26',
            datetime.date(2026, 11, 26),
            datetime.datetime(2026, 11, 26, 23, 59, tzinfo=datetime.timezone.utc),
            Timestamp(2026, 11, 26),
            Scalar('M'),
        )
        for expiry in dates:
            self.assertEqual(parse_addresses('chain', 'NIFTY', expiry), (Address('chain', 'NIFTY', '2026-11-26'),))
        self.assertEqual(parse_addresses('chain', 'NIFTY', datetime.date(987, 1, 2))[0].expiry, '0987-01-02')

    def test_symbols_may_be_any_iterable_of_strings(self) -> None:
        wanted = (Address('product', 'A'), Address('product', 'B'))
        several: Tuple[Any, ...] = (['A', 'B'], ('A', 'B', 'A'), {'A': 1, 'B': 2}, (name for name in 'AB'), Series('A', 'B'))
        for symbols in several:
            self.assertEqual(parse_addresses('product', symbols if not isinstance(symbols, Iterator) else list(symbols)), wanted)
        self.assertEqual(parse_addresses('product', symbols=Series('A', 'B')), wanted)
        self.assertEqual(parse_addresses('product', (name for name in 'AB')), wanted)
        self.assertEqual(parse_addresses('product', 'A', symbols=None), wanted[:1])

    def test_a_string_of_another_class_becomes_a_plain_one(self) -> None:
        (address,) = parse_addresses('product', Symbol.NIFTY)
        self.assertEqual((type(address.symbol), address.room), (str, 'product:NIFTY'))


#: Calls of public methods with what cannot be used, by name.
UNUSABLE: Dict[str, Callable[[Any], Any]] = {
    'a type': lambda client: client.subscribe(7, 'NIFTY'),
    'a number': lambda client: client.subscribe('product', 7),
    'bytes': lambda client: client.subscribe('product', b'NIFTY'),
    'a list with a gap': lambda client: client.subscribe('product', ['NIFTY', None]),
    'a Series of numbers': lambda client: client.subscribe('product', symbols=Series(1.5)),
    'an expiry that is a number': lambda client: client.subscribe('chain', 'NIFTY', 20261126),
    'an expiry that is a NumPy number': lambda client: client.subscribe('chain', 'NIFTY', Scalar('i')),
    'an expiry that is a month of NumPy': lambda client: client.subscribe('chain', 'NIFTY', Scalar('M', 'M')),
    'an expiry that is NaT': lambda client: client.subscribe('chain', 'NIFTY', NotATime()),
    'an expiry that is a Series': lambda client: client.subscribe('chain', 'NIFTY', Series('2026-11-26')),
    'the expiry of a snapshot': lambda client: client.snapshot('chain', 'NIFTY', 20261126),
    'the timeout of a snapshot': lambda client: client.snapshot('chain', 'NIFTY', timeout='5'),
    'the timeout of products': lambda client: client.products(datetime.timedelta(seconds=5)),
    'the timeout of subscriptions': lambda client: client.subscriptions(None),
    'the timeout of ready': lambda client: client.subscribe('product', 'NIFTY').ready('5'),
    'the timeout of get': lambda client: client.subscribe('product', 'NIFTY').get('5'),
    'the product of is_stale': lambda client: client.is_stale(Series('NIFTY')),
    'the symbol of latest_of': lambda client: client.subscribe('product', 'NIFTY').latest_of(7),
    'an event': lambda client: client.on(7, print),
    'a handler': lambda client: client.on('connected', 7),
    'the url': lambda client: client.connect(7),
    'the path': lambda client: client.connect('http://x', path=7, timeout=0),
    'a header': lambda client: client.connect('http://x', headers={'X': 7}, timeout=0),
    'the transports': lambda client: client.connect('http://x', transports=7, timeout=0),
    'ssl_verify': lambda client: client.connect('http://x', ssl_verify='ca.pem', timeout=0),
    'the timeout of connect': lambda client: client.connect('http://x', timeout='5', wait=False),
    'the token': lambda client: client.connect('http://x', token='a.b.c', timeout=0),
}


async def coroutine(_: Any) -> str:
    return ''


class Table:
    """A `pandas.DataFrame` iterates over the names of its columns."""

    ndim = 2

    def __iter__(self) -> Iterator[str]:
        return iter(['symbol', 'weight'])


class Unusable(unittest.TestCase):
    """Raises TypeError at the call, and the client can still be used."""

    def test_a_table_is_not_taken_for_its_column_names(self) -> None:
        with self.assertRaisesRegex(TypeError, 'one column'):
            parse_addresses('product', Table(), None)

    def test_by_threads(self) -> None:
        more: Dict[str, Callable[[Any], Any]] = {
            'a handler that a thread cannot wait for': lambda client: client.on('connected', coroutine),
            'a token function that a thread cannot wait for': lambda client: client.connect('http://x', token=coroutine, timeout=0),
        }
        for name, call in {**UNUSABLE, **more}.items():
            with self.subTest(name):
                client = Client()
                self.addCleanup(client.close)
                self.assertRaises(TypeError, call, client)
                self.assertIsNone(client.error)
                client.connect(f'http://127.0.0.1:{free_port()}', wait=False)

    def test_on_asyncio(self) -> None:
        async def main() -> List[str]:
            wrong = []
            for name, call in UNUSABLE.items():
                async with AsyncClient() as client:
                    try:
                        result = call(client)
                        if asyncio.iscoroutine(result):
                            await result
                        wrong.append(name)
                    except TypeError:
                        await client.connect(f'http://127.0.0.1:{free_port()}', wait=False)
            return wrong

        self.assertEqual(asyncio.run(main()), [])

    def test_a_timeout_that_is_too_long_is_not_one(self) -> None:
        client = Client()
        client.connect(f'http://127.0.0.1:{free_port()}', timeout=float('inf'), wait=False)
        nifty = client.subscribe('product', 'NIFTY')
        client.close()
        self.assertFalse(nifty._settled() and nifty._handle.ready)
        self.assertRaises(ValueError, nifty.get, float('nan'))
