"""Messages that a terminal or a mail program wrapped over several lines, put together again.

Each pattern is looked for in the text as a whole, once for each way to wrap: that takes as long as
the text is.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from string import ascii_lowercase, ascii_uppercase

from ._needle import can_be_in
from ._paste import ERRNO, Line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from . import Message

    Span = tuple[int, int]

_LINES, _WIDEST = 10, 300
"""Lines that one message takes, and characters that a terminal has in a line, at most."""
_REACH = 2000  # characters from a message to its errno, at most
_ERRNO_AFTER = [re.compile(rf" *(?:\S+ +){{0,{words}}}?({ERRNO.pattern})") for words in range(3)]
"""An errno after so many words at most."""
_RECORD = re.compile(
    r"time=|level=|\{|\[|[A-Z]{4}\[|[EWIF]\d{4} |\d{4}[-/]\d\d[-/]\d\d|[A-Z][a-z]{2} +\d+ \d\d:|"
    r"[\w.-]+ +\| "
)
"""How a line of a log begins, which goes on with no other."""
_LOW = str.maketrans(ascii_uppercase, ascii_lowercase)  # lower() may make a text longer
_COLON = re.compile(r":[\"']? *$")


def candidates(lines: Sequence[Line], messages: Iterable[Message]) -> list[Message]:
    """The messages of which the text, however it was wrapped, has what they cannot do without."""
    texts = [joined(lines).low for joined in (_Anywhere, _BetweenWords)]
    return [
        message for message in messages if any(can_be_in(message.pattern, text) for text in texts)
    ]


def unwrapped(lines: Sequence[Line], messages: Sequence[Message]) -> list[str]:
    """The lines; those that a message is wrapped over are one."""
    for joined in (_Anywhere, _BetweenWords):
        if len(lines) > 1:
            whole = joined(lines)
            lines = whole.merged(_spans(whole, messages))
    return [line.text for line in lines]


class _BetweenWords:
    """Lines as one text: as if they had been broken at blanks."""

    words = 2
    """Words between a message and its errno, at most."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        parts = [self.part(line) for line in lines]
        self.text = "".join(parts)
        self.low = self.text.translate(_LOW)
        self.starts = [0]
        for part in parts[:-1]:
            self.starts.append(self.starts[-1] + len(part))

    @staticmethod
    def part(line: Line) -> str:
        """What it is of the text."""
        return f"{line.text} "

    def at(self, position: int) -> int:
        """The line in which a character lies."""
        return bisect_right(self.starts, position) - 1

    def end(self, line: int) -> int:
        """Where a line ends."""
        return self.starts[line] + len(self.part(self.lines[line]))

    def is_one(self, first: int, last: int) -> bool:
        """Whether these lines may have been one."""
        lines = self.lines[first : last + 1]
        return (
            1 < len(lines) <= _LINES
            and max(line.width for line in lines) <= _WIDEST
            and not any(_RECORD.match(line.text) for line in lines[1:])
        )

    def merged(self, spans: Iterable[Span]) -> list[Line]:
        """The lines, those of each span as one."""
        lines: list[Line] = []
        done = 0
        for first, last in _united(spans):
            lines += self.lines[done:first]
            text = "".join(self.part(line) for line in self.lines[first : last + 1])
            width = max(line.width for line in self.lines[first : last + 1])
            lines.append(Line(text.strip(), text, width))
            done = last + 1
        return lines + list(self.lines[done:])


class _Anywhere(_BetweenWords):
    """Lines as one text: as if they had been broken at a width, within words or not."""

    words = 1

    @staticmethod
    def part(line: Line) -> str:
        """What it is of the text."""
        return line.edges

    def is_one(self, first: int, last: int) -> bool:
        """All but the last fill the width, or were broken at a hyphen."""
        lines = self.lines[first : last + 1]
        width = max(line.width for line in lines)
        return super().is_one(first, last) and all(
            line.width == width or line.text.endswith("-") for line in lines[:-1]
        )


def _united(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans that have no line in common, in their order."""
    united: list[Span] = []
    for first, last in sorted(spans):
        if united and first <= united[-1][1]:
            united[-1] = united[-1][0], max(last, united[-1][1])
        else:
            united.append((first, last))
    return iter(united)


def _spans(whole: _BetweenWords, messages: Iterable[Message]) -> Iterator[Span]:
    """The lines, first and last, of each message that is on more than one, with its errno."""
    for message in messages:
        has_errnos = any(cause.errnos for cause in message.causes)
        for match in re.finditer(message.pattern, whole.text, re.IGNORECASE):
            first, last = whole.at(match.start()), whole.at(match.end() - 1)
            if whole.lines[first].width > _WIDEST:
                continue
            ends = [_errno(whole, match, last), last] if has_errnos else [last]
            yield from [(first, end) for end in ends if whole.is_one(first, end)][:1]


def _errno(whole: _BetweenWords, match: re.Match[str], last: int) -> int:
    """The line in which the errno of a message ends, or the message if it has none."""
    end = match.end() + _REACH
    if ERRNO.search(whole.low, match.start(), min(whole.end(last), end)):
        return last
    goes_on = whole.low[match.end() : whole.end(last)].strip(" .\"'")
    is_open = match.end() == whole.end(last)
    words = whole.words if goes_on or is_open else 0
    found = _ERRNO_AFTER[words].match(whole.low, match.end(), end)
    if found and _COLON.search(whole.low, max(0, found.start(1) - 3), found.start(1)):
        return whole.at(found.end() - 1)
    return last
