#!/bin/bash
retry() { until "$@"; do sleep 1; done; }
install() {
  local name="$1"
  shift
  helm install "$name" charts/web "${@:---set=tag=none}"
}
LIST=(--set "tag=array")
install one "${LIST[@]}"
install two
set -- --set tag=positional
retry helm install three charts/web "$@"
