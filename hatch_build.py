"""The wheel's build step: compile the engine's library where a C compiler is there; without one the wheel is pure."""

import runpy
import subprocess
import sys
import sysconfig

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledLibrary(BuildHookInterface):
    """Compiles the library; the wheel is then for this platform, and still for any version of Python."""

    def initialize(self, version, build_data):
        build = runpy.run_path(f"{self.root}/dashboard/engine/compiled/build.py")["build"]
        try:
            build()
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"The wheel is without the compiled library: {error}.", file=sys.stderr)
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
