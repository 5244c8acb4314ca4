#!/usr/bin/env bash
# The tests drive a real Chromium, start a real MariaDB and nginx, compile the engine's library, and ask the W3C's validator, which
# needs Java. Install what is missing from Debian's packages if we may; else say how.
set -euo pipefail
missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v nginx >/dev/null || PATH="$PATH:/usr/sbin" command -v nginx >/dev/null || missing+=(nginx)
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v openssl >/dev/null || missing+=(openssl)
command -v java >/dev/null || missing+=(default-jre-headless)
export PATH="$PATH:/usr/sbin"
[ -n "${TEST_MYSQL_URL:-}" ] || command -v mariadbd >/dev/null || missing+=(mariadb-server)
# Chromium's engine without its windows: the browser tests take a third less of a processor with it, and do without it.
lean=chromium-headless-shell
command -v "$lean" >/dev/null && lean=""
[ ${#missing[@]} -eq 0 ] && [ -z "$lean" ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
  [ ${#missing[@]} -eq 0 ] && exit 0
  echo "The tests need: ${missing[*]}. Type: sudo apt-get install -y ${missing[*]}" >&2
  exit 1
fi
echo "Setting up: apt-get install ${missing[*]} $lean (once)"
apt-get update -q >/dev/null
# What is installed for the tests starts no service: they start what they need by themselves.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
[ ${#missing[@]} -eq 0 ] || apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
[ -z "$lean" ] || apt-get install -y -q --no-install-recommends "$lean" >/dev/null || echo "Without $lean: the tests take Chromium whole."
