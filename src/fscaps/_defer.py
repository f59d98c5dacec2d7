"""Do not load what is not used. Only for processes that are ours from their first line on."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
else:
    ModuleType = type(sys)


class _Deferred(ModuleType):
    """A module that is loaded when something of it is first wanted."""

    def __getattr__(self, name: str) -> object:
        from importlib import import_module  # noqa: PLC0415

        wanted: str = self.__name__
        if sys.modules.get(wanted) is self:
            del sys.modules[wanted]
        return getattr(import_module(wanted), name)


def _annotations(made: type) -> dict[str, object]:
    """What inspect.get_annotations() says of a class, which Python 3.12 and 3.13 ask of each."""
    return dict(vars(made).get("__annotations__", {}))


def imports_of_dataclasses() -> None:
    """Put off ``inspect``, for docstrings that ours do not lack, and ``copy``, for asdict().

    The one is two fifths of all that a worker would load (measured by instructions, bench/).
    """
    deferred = {name: _Deferred(name) for name in ("inspect", "copy")}
    vars(deferred["inspect"])["get_annotations"] = _annotations
    for name, module in deferred.items():
        sys.modules.setdefault(name, module)
