#!/usr/bin/env bash
# The tests drive a real Chromium. Install it from Debian's packages if it is missing and we may; else say how.
set -euo pipefail
missing=()
command -v chromium >/dev/null || missing+=(chromium)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "The tests need: ${missing[*]}. Type: sudo apt-get install -y ${missing[*]}" >&2
  exit 1
fi
echo "Setting up: apt-get install ${missing[*]} (once)"
apt-get update -q >/dev/null
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
