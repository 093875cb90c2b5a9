#!/bin/bash
# helm install comment charts/web
never() { helm install never charts/web; }
if false; then kubectl apply -f not-there.yaml; fi
istioctl install -y
helmfile sync
python3 install.py
make install
$(kubectl get x) apply -f what
wait ${
helm install broken charts/web
