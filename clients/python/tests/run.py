"""python3 -m tests.run [--list]: lists the tests, or runs them and prints the outcome of each as a
line of JSON.
"""
from __future__ import annotations

import json
import logging
import pathlib
import sys
import unittest
from typing import Any, Iterator, Union

from deltastream_socket_client.testing import FakeGateway

from . import recorded

HERE = pathlib.Path(__file__).resolve().parent


def cases(suite: Union[unittest.TestSuite, unittest.TestCase]) -> Iterator[unittest.TestCase]:
    if isinstance(suite, unittest.TestCase):
        yield suite
    else:
        for inner in suite:
            yield from cases(inner)


def tell(test: str, outcome: str, text: str = '') -> None:
    print(json.dumps({'test': test, 'outcome': outcome, 'text': text}), flush=True)


class Result(unittest.TestResult):
    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        recorded.begin(test.id())

    def addSuccess(self, test: unittest.TestCase) -> None:
        tell(test.id(), 'passed')

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        self._failed(test, err)

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        self._failed(test, err)

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        if err is not None:
            self._failed(test, err)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        tell(test.id(), 'skipped', reason)

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:
        tell(test.id(), 'passed')

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        tell(test.id(), 'failed', 'was expected to fail')

    def _failed(self, test: unittest.TestCase, err: Any) -> None:
        tell(test.id(), 'failed', self._exc_info_to_string(err, test))  # type: ignore[attr-defined]


suite = unittest.defaultTestLoader.discover(str(HERE), top_level_dir=str(HERE.parent))
if '--list' in sys.argv:
    for case in cases(suite):
        print(json.dumps({'test': case.id()}))
else:
    recorded.install()
    # What the fake gateway sends is compared with the contract like what a real one sends.
    FakeGateway.tap = recorded.tapped  # type: ignore[assignment]
    logging.getLogger('deltastream_socket_client').addHandler(logging.NullHandler())
    suite.run(Result())
