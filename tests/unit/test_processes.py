"""Helper processes: their answers, and how it is told that there is none."""

from __future__ import annotations

import errno
import os
import signal

import pytest

from fscaps._linux import calls, processes
from fscaps._linux.processes import Helper, HelperDiedError, HelperTimeoutError

pytestmark = pytest.mark.timeout(60)

SECONDS = 30.0
_REAL_TIME = signal.SIGRTMIN + 1
"""A signal that has no name; 35 with glibc, 36 with musl."""


def helper_of(answer: object) -> Helper:
    """One that answers so: by a call if it is one, else by that text."""
    return Helper(lambda question: str(answer(question) if callable(answer) else answer))


def raising(error: Exception) -> object:
    """A way to answer."""

    def answer(_question: str) -> str:
        raise error

    return answer


@pytest.mark.parametrize("text", ["", "one", "two\nlines\n", "12 \\n", "\0", "ü"])
def test_an_answer_comes_as_it_was_given(text: str) -> None:
    helper = helper_of(text)
    assert [helper.ask(question, SECONDS) for question in "ab"] == [text, text]
    assert helper.end()


def test_an_answer_is_cut_so_that_it_comes_at_once() -> None:
    helper = helper_of("x" * 10_000)
    answer = helper.ask("", SECONDS)
    assert set(answer) == {"x"}
    assert len(answer) > 4000
    assert helper.end()


def test_of_what_is_read_the_first_answer_is_taken() -> None:
    """A helper that answers and dies may be read as one."""
    reader, writer = os.pipe()
    os.write(writer, processes._framed("ok ") + processes._framed("died of old age"))
    assert processes._collect(reader, SECONDS) == "ok "
    os.close(writer)
    assert processes._collect(reader, SECONDS) == ""
    os.close(reader)


def test_an_error_is_raised_where_it_was_asked() -> None:
    helper = helper_of(raising(OSError(errno.EDQUOT, "mkdir: full")))
    with pytest.raises(OSError, match="mkdir: full") as caught:
        helper.ask("", SECONDS)
    assert caught.value.errno == errno.EDQUOT
    assert helper.end()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (raising(KeyError("bug")), "KeyError: 'bug'"),
        (lambda _: os.kill(os.getpid(), signal.SIGSYS), "killed by SIGSYS"),
        (lambda _: os.kill(os.getpid(), _REAL_TIME), f"killed by signal {_REAL_TIME:d}"),
        (lambda _: os._exit(0), "without a word"),
    ],
)
def test_how_it_died_is_told_again_and_again(answer: object, told: str) -> None:
    helper = helper_of(answer)
    for _ in range(2):
        with pytest.raises(HelperDiedError, match=told):
            helper.ask("", SECONDS)
    assert helper.end()


def test_one_that_is_late_is_killed_and_reaped() -> None:
    helper = helper_of(lambda _: signal.pause())
    with pytest.raises(HelperTimeoutError):
        helper.ask("", 0.01)
    with pytest.raises(ChildProcessError):
        os.waitpid(helper.pid, 0)
    assert helper.end()


def test_a_helper_never_becomes_a_second_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fails when it starts: it would go on with the caller's work."""
    ours, close = os.getpid(), calls.close

    def failing(fd: int) -> None:
        if os.getpid() != ours:
            raise OSError(errno.EIO, "close: failed")
        close(fd)

    monkeypatch.setattr(calls, "close", failing)
    try:
        helper = helper_of("never")
    finally:
        if os.getpid() != ours:
            os._exit(0)
    with pytest.raises(HelperDiedError, match="close: failed"):
        helper.ask("", SECONDS)
    assert helper.end()


def test_who_was_let_go_is_reaped() -> None:
    """By a process that has no other children, as a worker; pytest's are not its own."""
    pid = os.fork()
    if pid == 0:
        try:
            _let_go_and_reap()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0


def _let_go_and_reap() -> None:
    helpers = [helper_of("done") for _ in range(3)]
    for helper in helpers:
        helper.dismiss()
    processes.reap(SECONDS)
    for helper in helpers:
        with pytest.raises(ChildProcessError):
            os.waitpid(helper.pid, os.WNOHANG)
