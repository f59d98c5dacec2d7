"""An overlay in a user namespace: mounted and used in a helper, which takes both with it."""

from __future__ import annotations

from errno import EPERM

from .._linux import calls, mounts
from .._linux.processes import in_helper
from ..findings import Reason
from . import No, Unknown, _layers, _mounting, _overlay
from ._area import setting_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._linux.directory import Directory

_NO = "no"
_NO_ERRNO = "-"


def ask(layers: Directory, seconds: float) -> str:
    """What was seen; raises No and Unknown."""
    kind, _, detail = in_helper(lambda: _answer(layers), seconds).partition(" ")
    if kind == _NO:
        raise No(detail)
    if kind:
        name, _, detail = detail.partition(" ")
        raise Unknown(Reason(kind), detail, errno=None if name == _NO_ERRNO else name)
    return "mounted in a user namespace, read and changed"


def _answer(layers: Directory) -> str:
    try:
        _use(layers)
    except No as no:
        return f"{_NO} {no.detail}"
    except Unknown as unknown:
        return f"{unknown.reason.value} {unknown.errno or _NO_ERRNO} {unknown.detail}"
    except mounts.NamespaceError as error:
        return f"{Reason.PRIVILEGE.value} {_NO_ERRNO} no namespace may be made: {error}"
    return ""


def _use(layers: Directory) -> None:
    with setting_up():
        calls.fchdir(layers.fd)
        mounts.user_namespace()
        here = _overlay.here()
    place = here.directory("rootless")
    with _overlay.Held() as held:
        options = {**_overlay.options(held, here, place), "userxattr": None}
        try:
            _overlay.volatile(lambda extra: _mounting.attach(place, "merged", {**options, **extra}))
        except Unknown as unknown:
            if not _mounting.is_of_the_kernel(unknown):
                raise
            raise OSError(EPERM, unknown.detail) from None  # whatever lies here, it is a no
    with place.directory("merged") as merged:
        _layers.append(merged, "metadata")  # copy_up has given the other file away
        for use in (_layers.delete, _layers.make_again, _layers.move):
            use(merged)
