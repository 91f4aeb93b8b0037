"""A mapping that nobody changes."""
from __future__ import annotations

from typing import Any, Dict, Tuple


class ReadOnly(Dict[str, Any]):
    """As MappingProxyType, but `dataclasses.asdict`, `copy.deepcopy`, `pickle` and `json` know what to do with it."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError('payloads are read-only')

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse  # type: ignore[assignment]

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), (dict(self),)
