"""pandas, which only `to_frame` needs."""
from __future__ import annotations

from typing import Any


def import_pandas(instead: str) -> Any:
    """Returns the module. Raises ImportError, which names what to use `instead`, if it is not
    installed.
    """
    try:
        import pandas
    except ImportError as error:
        advice = f"Install it with pip install './clients/python[pandas]', or use {instead} instead."
        raise ImportError(f'to_frame needs pandas, which is not installed. {advice}', name='pandas') from error
    return pandas
