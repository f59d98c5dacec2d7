"""Text as it is pasted: logs in logs, colours, quotes within quotes, lines cut or wrapped."""

from __future__ import annotations

import errno
import functools
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 1 << 18
"""Characters of a text that are looked at: its last."""

_ESCAPE = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_QUOTED = re.compile(r"\\+([\"'\\/])")
# A log in a log has its line ends in letters. A run of backslashes is tried from its start alone:
# from each of them, what pastes of many take grows with their square.
_BREAK = re.compile(r"[\r\n]+|(?<!\\)(?:\\+r)?\\+n")
_SPACE = re.compile(r"\s+")
_CUT = re.compile(r"\s*(?:…|\.{3}|>)$")
_ALTERNATIVE = re.compile(r"\|(?![^()]*\))")  # not one in a group
_PLAIN = re.compile(r"(?:[\w\s'\":/,=-]|\\[.()-])+(?![*+?{])")
_LEAST, _SHARE = 24, 0.7
"""Characters, and part of what a pattern begins with, that must be left of a line that was cut."""

# As Go's syscall package and the C library word them; Go says "stale NFS file handle".
_WORDS = {
    "operation not permitted": errno.EPERM,
    "no such file or directory": errno.ENOENT,
    "input/output error": errno.EIO,
    "bad file descriptor": errno.EBADF,
    "bad address": errno.EFAULT,
    "permission denied": errno.EACCES,
    "device or resource busy": errno.EBUSY,
    "file exists": errno.EEXIST,
    "invalid cross-device link": errno.EXDEV,
    "no such device": errno.ENODEV,
    "not a directory": errno.ENOTDIR,
    "invalid argument": errno.EINVAL,
    "file too large": errno.EFBIG,
    "no space left on device": errno.ENOSPC,
    "read-only file system": errno.EROFS,
    "file name too long": errno.ENAMETOOLONG,
    "no locks available": errno.ENOLCK,
    "function not implemented": errno.ENOSYS,
    "directory not empty": errno.ENOTEMPTY,
    "too many levels of symbolic links": errno.ELOOP,
    "operation not supported": errno.ENOTSUP,
    "value too large for defined data type": errno.EOVERFLOW,
    "stale nfs file handle": errno.ESTALE,
    "stale file handle": errno.ESTALE,
    "disk quota exceeded": errno.EDQUOT,
    "connection timed out": errno.ETIMEDOUT,
}
_ERRNO = re.compile("|".join(map(re.escape, _WORDS)))


def lines(text: str) -> list[str]:
    """The lines of a text, each on its own, without colours, quoting and runs of blanks."""
    plain = _ESCAPE.sub("", text[-LIMIT:])
    return [line for line in (_tidy(line) for line in _BREAK.split(plain)) if line]


def joined(text: str) -> Iterator[str]:
    """The text as one line: as wrapped between words, then as wrapped anywhere."""
    whole = lines(text)
    yield " ".join(whole)
    yield "".join(whole)


def _tidy(line: str) -> str:
    unquoted = _QUOTED.sub(r"\1", line).replace("\0", "")
    return _SPACE.sub(" ", unquoted).strip()


def is_cut(line: str, pattern: str) -> bool:
    """Whether the line breaks off in what a pattern begins with, far into it.

    systemctl and terminals cut lines: ``…: driver not sup…``.
    """
    end = _CUT.sub("", line).lower()
    return any(_ends_in(end, begin.lower()) for begin in _beginnings(pattern))


def _ends_in(line: str, begin: str) -> bool:
    least = max(_LEAST, int(len(begin) * _SHARE))
    return any(line.endswith(begin[:length]) for length in range(len(begin), least - 1, -1))


@functools.lru_cache(maxsize=None)
def _beginnings(pattern: str) -> tuple[str, ...]:
    """The plain words with which each alternative of a regular expression begins."""
    begins = (_PLAIN.match(each) for each in _ALTERNATIVE.split(pattern))
    return tuple(begin[0].replace("\\", "") for begin in begins if begin)


def errnos(line: str) -> frozenset[int]:
    """The errnos that a line names in words."""
    return frozenset(_WORDS[word] for word in _ERRNO.findall(line.lower()))
