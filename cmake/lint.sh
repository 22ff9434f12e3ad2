#!/usr/bin/env bash
# lint.sh BUILD: clang-format over all sources and clang-tidy over those of the library and the programs that BUILD
# compiles, both as errors. `./run lint` calls it with a configured build directory. A file whose preprocessed text and
# settings were found clean before is not looked at again: BUILD/lint remembers the digests.
set -euo pipefail
root=$(cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
cd -- "$root"

# The command that compiles a file, as in compile_commands.json; empty when the build does not contain it.
compile_command() {
  grep --before-context=1 --fixed-strings "\"file\": \"$root/$2\"" "$1/compile_commands.json" |
    sed -n -e '1{s/^  "command": "//; s/",$//; s/\\\(.\)/\1/g; p}'
}

# tidy BUILD FILE: silent when the file is clean.
tidy() {
  local command digest
  command=$(compile_command "$1" "$2") || return 0
  text=$(mktemp) # not local: the trap runs after this function
  trap 'rm -f -- "$text"' EXIT
  (cd -- "$1" && eval "${command% -o *} -E -C -P $(printf %q "$root/$2")") >"$text" 2>/dev/null
  digest=$(cat .clang-tidy apps/.clang-tidy core/io/.clang-tidy <(clang-tidy-14 --version) <(printf '%s' "$command") "$text" | sha256sum | cut -d ' ' -f 1)
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

build=$1
mkdir -p "$build/lint"
# clang-tidy takes the options of g++ for errors where clang does not know them.
sed -e 's/ -mmove-max=[0-9]*//; s/ -mstore-max=[0-9]*//' "$build/compile_commands.json" >"$build/lint/compile_commands.json"
mapfile -d '' sources < <(git ls-files -z --cached --others --exclude-standard -- '*.h' '*.cpp')
echo "clang-format: ${#sources[@]} files"
status=0
clang-format-14 --dry-run -Werror "${sources[@]}" || status=1

# Only the library and the programs: clang-tidy reads every header of xtensor and Catch2 again for each test, which would
# double the time of CI. The tests stay under the compiler's warnings as errors and under clang-format.
mapfile -d '' units < <(git ls-files -z --cached --others --exclude-standard -- {core,autograd,layers,optim,apps}'/*.cpp')
echo "clang-tidy: ${#units[@]} files"
printf '%s\0' "${units[@]}" | xargs -0 --max-args=1 --max-procs="$(nproc)" cmake/lint.sh --one "$build" || status=1
exit "$status"
