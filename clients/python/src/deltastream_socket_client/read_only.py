"""Mappings that cannot be changed, for the fields of a payload that this package does not know."""
from __future__ import annotations

from dataclasses import field
from typing import Any, Dict, Mapping, Tuple


class ReadOnly(Dict[str, Any]):
    """Like MappingProxyType, but `dataclasses.asdict`, `copy.deepcopy`, `pickle` and `json` accept
    it.
    """

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError('payloads are read-only; make a copy with dict(payload.extra) to change it')

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse  # type: ignore[assignment]

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), (dict(self),)


Extra = Mapping[str, Any]
NOTHING: Extra = ReadOnly()


def extra() -> Any:
    """Returns the dataclass field `extra`."""
    return field(default_factory=lambda: NOTHING, hash=False)
