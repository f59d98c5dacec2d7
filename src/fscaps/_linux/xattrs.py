"""Extended attributes (xattr(7)) of an open file, through pyxattr.

Two distributions on PyPI install a module called ``xattr``: pyxattr, and one whose functions
differ. Where it is not pyxattr, or none can be had (a zipapp carries no compiled module), the C
library's calls serve; the os module has none where that is musl (Python 3.11 on Alpine).
"""

from __future__ import annotations

import functools
import os

from . import libc
from .libc import naming

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LARGEST = 65536  # linux/limits.h: XATTR_SIZE_MAX, XATTR_LIST_MAX


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
            libc.call("fsetxattr", fd, name.encode(), value, len(value), 0)


def get(fd: int, name: str) -> bytes:
    """The attribute's value; OSError with ENODATA if there is none."""
    module = _pyxattr()
    with naming(f"getxattr {name}"):
        return bytes(module.get(fd, name)) if module else _read("fgetxattr", fd, name.encode())


def get_of_entry(directory: int, entry: str, name: str) -> bytes:
    """The value of an attribute of an entry, be it a symbolic link; ENODATA if there is none."""
    path = f"/proc/self/fd/{directory}/{entry}"
    module = _pyxattr()
    with naming(f"lgetxattr {name}"):
        if module:
            return bytes(module.get(path, name, True))
        return _read("lgetxattr", os.fsencode(path), name.encode())


def names(fd: int) -> list[str]:
    """The names of the attributes that this process may see."""
    module = _pyxattr()
    with naming("listxattr"):
        return _decoded(module.list(fd) if module else _split(_read("flistxattr", fd)))


def names_by_path(path: str) -> list[str]:
    """The same of what a path leads to, for a descriptor that is none to read from (O_PATH)."""
    module = _pyxattr()
    with naming("listxattr"):
        found = module.list(path) if module else _split(_read("listxattr", os.fsencode(path)))
        return _decoded(found)


def remove(fd: int, name: str) -> None:
    """Remove an attribute; OSError with ENODATA if there is none."""
    module = _pyxattr()
    with naming(f"removexattr {name}"):
        if module:
            module.remove(fd, name)
        else:
            libc.call("fremovexattr", fd, name.encode())


def _read(function: str, *of: int | bytes) -> bytes:
    import ctypes  # noqa: PLC0415 - as in libc

    buffer = ctypes.create_string_buffer(_LARGEST)
    length = libc.call(function, *of, ctypes.addressof(buffer), _LARGEST)
    return buffer.raw[:length]


def _split(listed: bytes) -> list[bytes]:
    return listed.split(b"\0")[:-1]


def _decoded(found: list[bytes]) -> list[str]:
    return [os.fsdecode(name) for name in found]
