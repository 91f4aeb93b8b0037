"""What type checkers know of the clients."""
from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = '''
from deltastream_socket_client import AsyncClient, Client, View

def sync(client: Client) -> None:
    reveal_type(client.snapshot('product', 'NIFTY'))
    reveal_type(client.snapshot('chain', 'NIFTY', '2026-11-26', timeout=5))
    client.snapshot('general')
    client.snapshot('product', 'NIFTY', '2026-11-26')
    reveal_type(client.snapshot('chain', 'NIFTY', view=View('ltp')))
    reveal_type(client.snapshot('product', 'NIFTY', view=View(max_rate=1)))

async def coroutine(client: AsyncClient) -> None:
    reveal_type(await client.snapshot('product', symbols=['NIFTY', 'AAPL']))
    reveal_type(await client.snapshot('chain', 'NIFTY'))
    reveal_type(await client.snapshot('chain', 'NIFTY', view=View('ltp')))

def subscribe(sync: Client, client: AsyncClient) -> None:
    reveal_type(sync.subscribe('chain', 'NIFTY').updates)
    reveal_type(sync.subscribe('chain', 'NIFTY', view=View('ltp')).updates)
    reveal_type(client.subscribe('chain', 'NIFTY', view=View('ltp')).latest_by_expiry)
    reveal_type(sync.subscribe('portfolio').updates)
    reveal_type(client.subscribe('portfolio').updates)
    sync.subscribe('portfolio', 'NIFTY')
    reveal_type(sync.snapshot('portfolio'))
'''


class Typing(unittest.TestCase):
    def test_snapshots_and_subscriptions_have_the_updates_of_the_type_it_is_asked_for(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / 'program.py'
            program.write_text(PROGRAM)
            arguments = ['--cache-dir=/dev/null', '--hide-error-context', '--no-pretty', '--no-error-summary', str(program)]
            checked = subprocess.run(
                [sys.executable, '-m', 'mypy', *arguments], cwd=FOLDER, capture_output=True, text=True, env={'MYPYPATH': 'src'}
            )
        package = 'deltastream_socket_client'
        lines = [line.partition('program.py:')[2].replace(package, '') for line in checked.stdout.splitlines()]
        subscribed = [line.partition('type is ')[2] for line in lines if 'Revealed' in line and 'Snapshot' not in line]
        tuples, views, portfolios = (
            f'"builtins.tuple[.updates.{name}, ...]"' for name in ('ChainUpdate', 'ChainView', 'PortfolioUpdate')
        )
        by_expiry = '"builtins.dict[builtins.str, .updates.ChainView]"'
        self.assertEqual(subscribed, [tuples, views, by_expiry, portfolios, portfolios], checked.stdout)
        revealed = [line for line in lines if 'Revealed' in line and 'Snapshot' in line]
        self.assertEqual(
            revealed,
            [
                f'{number}: note: Revealed type is ".payloads.Snapshot[.updates.{update}]"'
                for number, update in (
                    (5, 'UnderlyingUpdate'),
                    (6, 'ChainUpdate'),
                    (9, 'ChainView'),
                    (10, 'UnderlyingUpdate'),
                    (13, 'UnderlyingUpdate'),
                    (14, 'ChainUpdate'),
                    (15, 'ChainView'),
                    (24, 'PortfolioUpdate'),
                )
            ],
            checked.stdout + checked.stderr,
        )
        refused = [line for line in lines if 'No overload' in line]
        self.assertEqual([line.partition(':')[0] for line in refused], ['7', '8', '23'], checked.stdout)
