"""What type checkers know of the clients."""
from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = '''
from deltastream_socket_client import AsyncClient, Client

def sync(client: Client) -> None:
    reveal_type(client.snapshot('product', 'NIFTY'))
    reveal_type(client.snapshot('chain', 'NIFTY', '2026-11-26', timeout=5))
    client.snapshot('general')
    client.snapshot('product', 'NIFTY', '2026-11-26')

async def coroutine(client: AsyncClient) -> None:
    reveal_type(await client.snapshot('product', symbols=['NIFTY', 'AAPL']))
    reveal_type(await client.snapshot('chain', 'NIFTY'))
'''


class Typing(unittest.TestCase):
    def test_snapshot_returns_the_updates_of_the_type_it_is_asked_for(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / 'program.py'
            program.write_text(PROGRAM)
            arguments = ['--cache-dir=/dev/null', '--hide-error-context', '--no-pretty', '--no-error-summary', str(program)]
            checked = subprocess.run(
                [sys.executable, '-m', 'mypy', *arguments], cwd=FOLDER, capture_output=True, text=True, env={'MYPYPATH': 'src'}
            )
        package = 'deltastream_socket_client'
        lines = [line.partition('program.py:')[2].replace(package, '') for line in checked.stdout.splitlines()]
        revealed = [line for line in lines if 'Revealed' in line]
        self.assertEqual(
            revealed,
            [
                f'{number}: note: Revealed type is ".payloads.Snapshot[.updates.{update}]"'
                for number, update in ((5, 'UnderlyingUpdate'), (6, 'ChainUpdate'), (11, 'UnderlyingUpdate'), (12, 'ChainUpdate'))
            ],
            checked.stdout + checked.stderr,
        )
        refused = [line for line in lines if 'No overload' in line]
        self.assertEqual([line.partition(':')[0] for line in refused], ['7', '8'], checked.stdout)
