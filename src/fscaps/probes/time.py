"""Timestamps, by which layers are compared and builds are cached."""

from __future__ import annotations

from errno import EINVAL, ENOSYS, ENOTSUP, EOVERFLOW, EPERM

from ..findings import Reason
from . import No, Unknown, probe
from ._area import verifying

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._area import Area

_SECOND = 10**9
_NANOSECOND_DATE = 1_234_567_890 * _SECOND + 123_456_789
_BEFORE_1970 = -86_400 * _SECOND
_AFTER_2038 = 2_208_988_800 * _SECOND  # 1 January 2040
_REFUSED = (EINVAL, ENOTSUP, EOVERFLOW, ENOSYS, EPERM)


def _kept(area: Area, name: str, nanoseconds: int) -> None:
    area.scratch.utime(name, nanoseconds)
    with verifying():
        seen = area.scratch.stat(name).st_mtime_ns
    if seen != nanoseconds:
        raise No(f"the time was set to {_text(nanoseconds)}, and is {_text(seen)}")


def _text(nanoseconds: int) -> str:
    return f"{nanoseconds // _SECOND}.{nanoseconds % _SECOND:09} s"


@probe("Do files keep their time to the nanosecond?", no=_REFUSED)
def nanosecond(area: Area) -> None:
    """utimensat(2) and lstat(2) on a file. A reader may round; a store must not."""
    _kept(area, area.file, _NANOSECOND_DATE)


@probe("Do symbolic links keep their own time?", no=_REFUSED)
def symlink(area: Area) -> None:
    """utimensat(2) with AT_SYMLINK_NOFOLLOW, as unpackers call it for each link."""
    _kept(area, area.dangling, _NANOSECOND_DATE)


@probe("Are dates before 1970 and after 2038 kept?", no=_REFUSED)
def range(area: Area) -> None:  # noqa: A001 - the id reads time.range
    """31 December 1969 and 1 January 2040, on a file; the time_t of a Python may end in 2038."""
    _kept(area, area.file, _BEFORE_1970)
    try:
        _kept(area, area.file, _AFTER_2038)
    except OverflowError:
        raise Unknown(Reason.ERROR, "this Python's time_t ends in 2038") from None
