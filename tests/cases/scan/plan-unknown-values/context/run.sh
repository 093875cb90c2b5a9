#!/bin/bash
TAG=$(date +%s)
helm install web charts/web --set port="$(kubectl get svc)" --set side="$(hostname)" --set tag="$TAG"
