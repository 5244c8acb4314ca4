"""Chromium as tests, pictures and benchmarks start it: without windows, and without asking for anything elsewhere."""

import shutil

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOW_TO_INSTALL = "The browser tests need Chromium. Type: apt-get install -y chromium"


def launch(playwright, lean=False):
    """Return a started browser; raises AssertionError with the command that installs it.

    `lean` takes the shell of Chromium, the same engine without what draws windows, if it is installed: tests take a
    third less of a processor with it.
    """
    executable = (lean and shutil.which("chromium-headless-shell")) or shutil.which("chromium")
    assert executable, HOW_TO_INSTALL
    return playwright.chromium.launch(executable_path=executable, args=FLAGS, headless=True)
