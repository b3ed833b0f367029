#!/bin/sh
# chromium.sh COMMAND...: run what drives a browser, with PI180_CHROMIUM naming one. Where none is there, install
# Debian's if that may be done, else Playwright's own. Where none can be had, say what to install, and in the very
# last line that the journeys were not run; under CI=true that is a failure.
set -eu

found_here() {
  for name in "${PI180_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name"; then return 0; fi
  done
  return 1
}

may_install() {
  command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]
}

if ! found=$(found_here) && may_install; then
  echo "No Chromium found: installing Debian's."
  apt-get update -q && apt-get install -y -q --no-install-recommends chromium || true
  found=$(found_here) || true
fi
if [ -n "$found" ]; then
  PI180_CHROMIUM=$found exec "$@"
fi
echo "No Chromium found: asking Playwright for one."
if "$BIN"/python -m playwright install chromium; then
  unset PI180_CHROMIUM
  exec "$@"
fi
echo "The browser journeys need Chromium, and none could be installed here. Install it"
echo "(Debian, Ubuntu: apt-get install chromium) or name one in PI180_CHROMIUM, then run: make browser"
echo "browser journeys NOT RUN"
[ "${CI:-}" != true ]
