"""Can this path back a container engine's storage? Ask the file system by doing.

>>> import fscaps
>>> report = fscaps.survey("/var/lib")
>>> report["docker/data-root"].fitness  # doctest: +SKIP
<Fitness.SUITABLE: 'suitable'>

survey() asks all questions and judges, ask() asks one, explain() says what an engine's error means.
judge() judges findings anew; render.render() writes a report as text or JSON, load() reads that.
"""

import sys

_LACKING = ""
if sys.version_info < (3, 9):  # noqa: UP036 - tells an old Python so
    # In words that an old Python can parse, as is all of this file: even Python 2.
    _LACKING = "fscaps needs Python 3.9 or newer; this is " + sys.version.split()[0]
elif hasattr(sys, "pypy_version_info"):
    _LACKING = "fscaps needs CPython; this is PyPy, whose os module lacks O_PATH and waitid"
if _LACKING:
    if sys.argv[:1] in (["-m"], ["-c"]) and "runpy" in sys.modules:
        sys.stderr.write(_LACKING + "\n")
        sys.exit(69)
    raise ImportError(_LACKING)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import engines, probes, render
    from ._explain import explain
    from ._judge import judge
    from ._survey import ask, survey
    from ._version import __version__
    from .messages import Standing
    from .messages._explanation import Explained, Explanation, Recognised
    from .model import (
        Advice,
        Attachment,
        Driver,
        Edition,
        Engine,
        Finding,
        Fitness,
        FscapsError,
        Host,
        Level,
        Mount,
        Mounting,
        Need,
        Outcome,
        Pick,
        Placement,
        PlatformError,
        Probe,
        Reason,
        Role,
        SandboxError,
        TargetError,
        UnknownRoleError,
        Unmet,
        Verdict,
    )
    from .render.json import ReportError, load
    from .report import Report, UnsuitableError
    from .store import Problem, Store

_HOMES = {
    "Explained": "messages._explanation",
    "Explanation": "messages._explanation",
    "Recognised": "messages._explanation",
    "Standing": "messages",
    "ask": "_survey",
    "explain": "_explain",
    "survey": "_survey",
    "judge": "_judge",
    "load": "render.json",
    "ReportError": "render.json",
    "Report": "report",
    "UnsuitableError": "report",
    "Problem": "store",
    "Store": "store",
    "__version__": "_version",
}


def __getattr__(name):  # type: (str) -> object  # noqa: ANN001, ANN202 - parsed by Python 2
    """Load a public name when it is first used: the worker, for one, needs few of them."""
    if name not in __all__:
        raise AttributeError("module 'fscaps' has no attribute " + repr(name))
    from importlib import import_module  # noqa: PLC0415

    if name in ("engines", "probes", "render"):
        return import_module("." + name, __name__)
    return getattr(import_module("." + _HOMES.get(name, "model"), __name__), name)


def __dir__():  # type: () -> list[str]  # noqa: ANN202 - parsed by Python 2
    """The public names as well, loaded or not: help() and completion ask."""
    return sorted(set(globals()) | set(__all__))


__all__ = [
    "Advice",
    "Attachment",
    "Driver",
    "Edition",
    "Engine",
    "Explained",
    "Explanation",
    "Finding",
    "Fitness",
    "FscapsError",
    "Host",
    "Level",
    "Mount",
    "Mounting",
    "Need",
    "Outcome",
    "Pick",
    "Placement",
    "PlatformError",
    "Probe",
    "Problem",
    "Reason",
    "Recognised",
    "Report",
    "ReportError",
    "Role",
    "SandboxError",
    "Standing",
    "Store",
    "TargetError",
    "UnknownRoleError",
    "Unmet",
    "UnsuitableError",
    "Verdict",
    "__version__",
    "ask",
    "engines",
    "explain",
    "judge",
    "load",
    "probes",
    "render",
    "survey",
]
