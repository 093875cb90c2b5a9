#!/usr/bin/env bash
set -e
if [[ "$MODE" == "ha" ]]; then
  helm upgrade -i web charts/web -f charts/web.values.yaml \
    --values=values/more.yaml
else
  case "$MODE" in
    plain) helm install web charts/web --set image=nginx:1.27 ;;
  esac
fi
for name in one two; do
  helm install $name charts/web --set-string image="quay.io/team/$name:1"
done
