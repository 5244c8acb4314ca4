#!/usr/bin/env bash
# The tests drive a real Chromium, start a real MariaDB and nginx, and ask the W3C's validator, which needs Java. Install what is
# missing from Debian's packages if we may; else say how.
set -euo pipefail
missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v nginx >/dev/null || PATH="$PATH:/usr/sbin" command -v nginx >/dev/null || missing+=(nginx)
command -v openssl >/dev/null || missing+=(openssl)
command -v java >/dev/null || missing+=(default-jre-headless)
export PATH="$PATH:/usr/sbin"
[ -n "${TEST_MYSQL_URL:-}" ] || command -v mariadbd >/dev/null || missing+=(mariadb-server)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "The tests need: ${missing[*]}. Type: sudo apt-get install -y ${missing[*]}" >&2
  exit 1
fi
echo "Setting up: apt-get install ${missing[*]} (once)"
apt-get update -q >/dev/null
# What is installed for the tests starts no service: they start what they need by themselves.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
