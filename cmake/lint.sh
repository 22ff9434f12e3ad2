#!/usr/bin/env bash
# lint.sh BUILD: clang-format over all sources and clang-tidy over those of the library and the programs that BUILD
# compiles, both as errors. `./run lint` calls it with a configured build directory. What was found clean before, to the
# preprocessed text and the settings, is not looked at again: BUILD/lint remembers the digests.
# lint.sh --analyze BUILD: clang's static analyser over every source by itself: a long check.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
cd -- "$root"

# The command that compiles a file, as in compile_commands.json; empty when the build does not contain it.
compile_command() {
  grep --before-context=1 --fixed-strings "\"file\": \"$2\"" "$1/compile_commands.json" |
    sed -n -e '1{s/^  "command": "//; s/",$//; s/\\\(.\)/\1/g; p}'
}

# tidy BUILD FILE: silent when the file is clean.
tidy() {
  local command digest
  command=$(compile_command "$1" "$2") || return 0
  text=$(mktemp) # not local: the trap runs after this function
  trap 'rm -f -- "$text"' EXIT
  (cd -- "$1" && eval "${command% -o *} -E -C -P $(printf %q "$2")") >"$text" 2>/dev/null
  digest=$(cat .clang-tidy <(clang-tidy-14 --version) <(printf '%s' "$command") "$text" | sha256sum | cut -d ' ' -f 1)
  [[ ! -e $1/lint/$digest ]] || return 0
  if clang-tidy-14 --quiet -p "$1/lint" --extra-arg=-Wno-unknown-warning-option "$2" >"$text" 2>&1; then
    : >"$1/lint/$digest"
  else
    grep --invert-match --extended-regexp '^[0-9]+ warnings? ' "$text"
    return 1
  fi
}

if [[ $1 == --one ]]; then
  tidy "$2" "$3"
  exit
fi

analyze=
if [[ $1 == --analyze ]]; then
  analyze=1
  shift
fi
build=$1
mkdir -p "$build/lint"
# clang-tidy takes the options of g++ for errors where clang does not know them.
sed -e 's/ -mmove-max=[0-9]*//; s/ -mstore-max=[0-9]*//' "$build/compile_commands.json" >"$build/lint/compile_commands.json"
if [[ $analyze ]]; then
  # Advice on padding is left out: options stand in the order in which they are read.
  git ls-files -z --cached --others --exclude-standard -- {core,autograd,layers,optim,apps}'/*.cpp' |
    xargs -0 --max-args=1 --max-procs="$(nproc)" clang-tidy-14 --quiet -p "$build/lint" --extra-arg=-Wno-unknown-warning-option \
      --checks='-*,clang-analyzer-*,-clang-analyzer-optin.performance.Padding'
  exit
fi

mapfile -d '' sources < <(git ls-files -z --cached --others --exclude-standard -- '*.h' '*.cpp')
echo "clang-format: ${#sources[@]} files"
status=0
clang-format-14 --dry-run -Werror "${sources[@]}" || status=1

# The sources as the build compiles them, which is several in one: the headers of xtensor and the standard library are then
# read some thirty times, not three hundred. The tests stay under the compiler's warnings and under clang-format.
mapfile -t units < <(sed --quiet 's/^  "file": "\(.*\)",\?$/\1/p' "$build/compile_commands.json" |
  grep --extended-regexp "^$root/($build/.*/Unity/|core/|autograd/|layers/|optim/|apps/)" |
  grep --invert-match --fixed-strings "$root/$build/tests/" | sort --unique)
echo "clang-tidy: ${#units[@]} units"
printf '%s\0' "${units[@]}" | xargs -0 --max-args=1 --max-procs="$(nproc)" cmake/lint.sh --one "$build" || status=1
exit "$status"
