"""Set-up's step that compiles `kernels.c`, where a C compiler is there; without one training uses numpy alone.

Run as ``python -m dashboard.engine.compiled.build``; the wheel's build hook runs it, too. It needs nothing but Python
and the compiler ($CC, cc, gcc or clang). The library's name has the sources' SHA-256, so that what was compiled from
other sources is never loaded.
"""

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCES = ("kernels.c", "steps.inc")
FLAGS = (
    *("-std=gnu11", "-O3", "-fno-math-errno", "-fno-trapping-math"),  # nothing that reorders sums or forgets NaN
    *("-fPIC", "-shared", "-fvisibility=hidden"),
)
FLAGS_OF = {"x86_64": ("-mavx2", "-mfma", "-mbmi2"), "aarch64": ()}
"""What a processor needs to run the library, by the machine's name."""
COMPILERS = ("cc", "gcc", "clang")


def library_file() -> Path:
    """Return where the library of these sources is, once it is compiled."""
    content = b"".join((FOLDER / name).read_bytes() for name in SOURCES)
    return FOLDER / f"kernels-{hashlib.sha256(content).hexdigest()[:16]}.so"


def build() -> Path:
    """Compile the library unless it is there, and return it; raises OSError or CalledProcessError."""
    target = library_file()
    if target.exists():
        return target
    command = [*compiler(), *FLAGS, *FLAGS_OF[platform.machine()], str(FOLDER / "kernels.c"), "-lm"]
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        made = Path(folder) / target.name
        subprocess.run([*command, "-o", str(made)], check=True)  # noqa: S603 - a compiler and fixed arguments
        made.replace(target)
    for old in FOLDER.glob("kernels-*.so"):
        if old != target:
            old.unlink(missing_ok=True)
    return target


def compiler() -> list[str]:
    """Return the command of a C compiler; raises FileNotFoundError without one, OSError on a machine it is not for."""
    if sys.platform != "linux" or platform.machine() not in FLAGS_OF:
        raise OSError(f"the library is for Linux on {' and '.join(FLAGS_OF)}, this is {platform.machine()}")
    if chosen := shlex.split(os.environ.get("CC", "")):
        return chosen
    compiler_here = next((path for name in COMPILERS if (path := shutil.which(name))), None)
    if compiler_here is None:
        raise FileNotFoundError("there is no C compiler: install gcc")
    return [compiler_here]


def main() -> int:
    """Compile, or say why not; the exit code says which."""
    try:
        build()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"Training uses numpy alone, which is slower: {error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
