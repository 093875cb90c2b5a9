#!/bin/bash
if [ -z "$TAG" ]; then TAG=1.0; fi
if [ "$MODE" = ha ]; then KIND=ha; else KIND=single; fi
if kubectl get ns web; then EXTRA=old; else EXTRA=new; fi
helm install web charts/web --set tag="$TAG-$KIND-$EXTRA"
