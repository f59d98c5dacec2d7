"""Extended attributes (xattr(7)) of an open file, through pyxattr.

Two distributions on PyPI install a module called ``xattr``: pyxattr, and one whose functions
differ. Where it is not pyxattr, or none can be had (a zipapp carries no compiled module), the
standard library's calls serve.
"""

from __future__ import annotations

import functools
import os

from .libc import naming

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@functools.lru_cache(maxsize=None)
def _pyxattr() -> Any:  # noqa: ANN401 - a module without type hints, or None
    try:
        import xattr  # noqa: PLC0415 - the parent imports this file but sets no attribute
    except (ImportError, OSError):  # which says nothing of the probed file system
        return None
    return xattr if hasattr(xattr, "NS_TRUSTED") and hasattr(xattr, "get_all") else None


def put(fd: int, name: str, value: bytes) -> None:
    """Create or replace an attribute."""
    module = _pyxattr()
    with naming(f"setxattr {name}"):
        if module:
            module.set(fd, name, value)
        else:
            os.setxattr(fd, name, value)


def get(fd: int, name: str) -> bytes:
    """The attribute's value; OSError with ENODATA if there is none."""
    module = _pyxattr()
    with naming(f"getxattr {name}"):
        return bytes(module.get(fd, name) if module else os.getxattr(fd, name))


def get_of_entry(directory: int, entry: str, name: str) -> bytes:
    """The value of an attribute of an entry, be it a symbolic link; ENODATA if there is none."""
    path = f"/proc/self/fd/{directory}/{entry}"
    module = _pyxattr()
    with naming(f"lgetxattr {name}"):
        if module:
            return bytes(module.get(path, name, True))
        return os.getxattr(path, name, follow_symlinks=False)


def names(fd: int) -> list[str]:
    """The names of the attributes that this process may see."""
    module = _pyxattr()
    with naming("listxattr"):
        if module:
            return [os.fsdecode(name) for name in module.list(fd)]
        return os.listxattr(fd)


def remove(fd: int, name: str) -> None:
    """Remove an attribute; OSError with ENODATA if there is none."""
    module = _pyxattr()
    with naming(f"removexattr {name}"):
        if module:
            module.remove(fd, name)
        else:
            os.removexattr(fd, name)
