"""The only script that stands within a page: it sets the chosen theme before anything is painted."""

import base64
import hashlib

START_SCRIPT = """document.documentElement.classList.add("js");
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* storage is switched off: the system's theme */ }"""

START_SCRIPT_HASH = f"sha256-{base64.b64encode(hashlib.sha256(START_SCRIPT.encode()).digest()).decode()}"
"""By this the Content-Security-Policy allows it, and no other script within a page."""
