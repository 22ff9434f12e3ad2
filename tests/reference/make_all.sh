#!/bin/sh
# Makes the fixtures of PyTorch and NumPy again, but for that of make_text.py, which takes minutes. With --check: makes them
# in a temporary folder and compares the bytes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-/usr/bin/python3}
target=$here
if [ "${1:-}" = "--check" ]; then
  target=$(mktemp -d)
  trap 'rm -rf "$target"' EXIT
fi
for script in make_linalg make_ops make_layers make_optimizers make_optimizer_vectors make_training make_lines make_weights make_programs; do
  PYTHONDONTWRITEBYTECODE=1 "$python" "$here/$script.py" "$target"
done
if [ "${1:-}" = "--check" ]; then
  differing=0
  for folder in linalg ops layers optim programs training weights; do
    diff -rq -x '*.json' -x text_run.safetensors "$here/$folder" "$target/$folder" || differing=1
  done
  [ "$differing" = 0 ] && echo "every fixture has the committed bytes"
  exit "$differing"
fi
