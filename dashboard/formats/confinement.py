"""What a process that reads an untrusted file gives up: memory, time, files and, where the kernel can, all else."""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

from dashboard.formats.landlock import lock_in

DIE_WITH_PARENT = 1
SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
DEVICES = ("/dev/null", "/dev/urandom")


def end_with(parent: int) -> None:
    """Let the kernel end this process when the one that started it ends, which has the id `parent`."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it ended before this was set
            os._exit(1)


def limit_resources(seconds: int, memory: int, file_size: int, open_files: int) -> None:
    """Limit this process: seconds of processor time, bytes of memory, bytes per file, number of open files."""
    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_FSIZE: file_size,
        resource.RLIMIT_NOFILE: open_files,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        _, hard = resource.getrlimit(kind)
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (value, value))


def lock_in_to(source: Path, output: Path) -> bool:
    """Let this process open only the source, the output folder and Python's own files; return whether that worked."""
    own = [Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parent.parent]
    own += [Path(place) for place in sys.path if place.endswith(("site-packages", "dist-packages"))]
    system = [Path(place) for place in (*SYSTEM_LIBRARIES, *DEVICES)]
    return lock_in([source, *(path for path in _libraries(own) + system if path.exists())], [output])


def _libraries(own: list[Path]) -> list[Path]:
    """Return Python's folders without what is in /usr or above it, which would be far more than Python."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    far = {Path("/"), Path("/usr"), Path("/usr/local")}
    return [path / "lib" / version if path in far else path for path in own]
