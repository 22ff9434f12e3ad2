#!/usr/bin/env bash
# check.sh units | bundle | browser: what must hold of the page, part by part; ctest runs each.
#   units    types and unit tests
#   bundle   dist/ is what the sources give
#   browser  tests/browser, on the pages in HEADLIGHT_VIEW_DIR
# Ends with 77 where Node 20, npm or (browser) Chromium is missing, or with 1 if HEADLIGHT_REQUIRE_CHROMIUM=1 asks for them.
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "$0")")"

leave_out() {
  echo "left out: $1"
  [[ ${HEADLIGHT_REQUIRE_CHROMIUM:-} != 1 ]] || exit 1
  exit 77
}

node=$(node --version 2>/dev/null || true)
[[ $node =~ ^v([0-9]+) && ${BASH_REMATCH[1]} -ge 20 ]] || leave_out "Node 20 or newer is needed, here is ${node:-none}"
command -v npm >/dev/null || leave_out "npm is needed"
[[ $1 != browser || -x ${CHROMIUM:-/usr/bin/chromium} ]] || leave_out "Chromium is needed; CHROMIUM names another one"

# Parts may run at the same time, but one alone installs.
exec 9<package-lock.json
flock 9
if ! cmp --silent package-lock.json node_modules/.installed; then
  npm ci --no-audit --no-fund
  cp package-lock.json node_modules/.installed
fi
exec 9<&-

case $1 in
  units)
    npm run check
    npm test
    ;;
  bundle)
    made=$(mktemp --directory)
    trap 'rm -rf -- "$made"' EXIT
    node build.mjs "$made"
    diff --recursive --brief dist "$made" || {
      echo "dist/ is not what the sources give: run npm run build in apps/viewer and commit the result"
      exit 1
    }
    ;;
  browser) npm run test:browser ;;
  *)
    echo "usage: check.sh units | bundle | browser"
    exit 2
    ;;
esac
