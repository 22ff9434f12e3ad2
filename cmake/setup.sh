# Sourced by `run`, which has `root`, `say` and `die`: installing what packages.txt names.

packages_for() {
  awk -v wanted=" $* " '/^[^#]/ && (wanted == " all " || index(wanted, " " $1 " ")) { print $2 }' "$root/cmake/packages.txt"
}

missing_packages() {
  local wanted
  mapfile -t wanted < <(packages_for "$@")
  { dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null || true; } |
    awk -v wanted="${wanted[*]}" '
      $1 == "installed" { have[$2] = 1 }
      END { count = split(wanted, names, " "); for (i = 1; i <= count; ++i) if (!(names[i] in have)) print names[i] }'
}

# Installs what is missing for the given purposes; silent when nothing is.
setup() {
  if ! command -v dpkg-query >/dev/null; then
    say "no dpkg here, so packages are not checked; cmake/packages.txt names what is needed"
    return
  fi
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} -gt 0 ]] || return 0

  local install=(apt-get install --yes --no-install-recommends)
  local as_root=()
  if [[ $EUID -ne 0 ]]; then
    if command -v sudo >/dev/null && { sudo --non-interactive true 2>/dev/null || [[ -t 0 ]]; }; then
      as_root=(sudo)
    else
      say "missing Debian packages: ${missing[*]}"
      say "not root and no sudo that works here; as root, run: ${install[*]} ${missing[*]}"
      exit 1
    fi
  fi

  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  local log
  log=$(mktemp)
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" -o DPkg::Lock::Timeout=300)
  # The package lists may be absent (a fresh container) or too old: they are renewed only if the first try fails.
  if ! "${apt[@]}" "${missing[@]}" >"$log" 2>&1 </dev/null; then
    "${as_root[@]}" apt-get update >>"$log" 2>&1 </dev/null || true
    if ! "${apt[@]}" "${missing[@]}" >>"$log" 2>&1 </dev/null; then
      tail -n 30 "$log" >&2
      rm -f "$log"
      die "apt-get failed; the packages wanted were: ${missing[*]}"
    fi
  fi
  rm -f "$log"
  # What has just been installed may be something that an earlier configuration did without.
  rm -f "$root"/build/*/build.ninja
}

# What the tests of the page need: Node 20 or newer with npm, and Chromium. Where Debian has no such Node, as Debian 12 has
# not, nothing is installed: the tests are left out and say so. Node from elsewhere brings its own npm.
setup_page() {
  local node candidate=none
  node=$(node --version 2>/dev/null || true)
  node=${node#v}
  if [[ -z $node ]]; then
    candidate=$(apt-cache policy nodejs 2>/dev/null | awk '$1 == "Candidate:" { print $2 }')
    node=$candidate
  fi
  node=${node%%.*}
  if ! [[ $node =~ ^[0-9]+$ && $node -ge 20 ]]; then
    say "no Node 20 or newer here, nor among Debian's packages: the tests of the page are left out (apps/viewer)"
    return 0
  fi
  if [[ $candidate == none ]] && command -v npm >/dev/null; then
    [[ -x ${CHROMIUM:-/usr/bin/chromium} ]] || setup browser
  else
    setup page browser
  fi
  node_packages "$root/tests/onnx"
}

# The Node packages that the lock file of a folder names. Without them its tests are left out and say so.
node_packages() {
  cmp --silent "$1/package-lock.json" "$1/node_modules/.installed" && return 0
  say "installing the Node packages of ${1#"$root"/}"
  (cd -- "$1" && npm ci --no-audit --no-fund --ignore-scripts >&2 && cp package-lock.json node_modules/.installed) ||
    say "npm ci failed: the tests that need ${1#"$root"/} are left out"
}
