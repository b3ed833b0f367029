#!/bin/sh
# Make sure that a Chromium is there for the browser tests; say what is missing when it cannot be had.
set -eu
for name in "${PI180_CHROMIUM:-}" chromium chromium-browser google-chrome; do
  if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "No Chromium found: installing Debian's."
  apt-get update -q && apt-get install -y -q --no-install-recommends chromium && exit 0
fi
echo "No Chromium found: asking Playwright for one."
"$BIN"/python -m playwright install chromium && exit 0
echo "The browser tests need Chromium. Install it (Debian, Ubuntu: apt-get install chromium) or name one in PI180_CHROMIUM."
exit 1
