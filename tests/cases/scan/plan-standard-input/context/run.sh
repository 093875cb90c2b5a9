#!/bin/bash
cat pod.yaml | kubectl apply -f -
export NAME=substituted
envsubst < other.yaml | kubectl apply -f -
kustomize build k | kubectl apply -f -
helm install web charts/web -f - <<EOF
tag: values
EOF
kubectl apply -f - <<EOF
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: a
      image: quay.io/team/here:${TAG:-3}
EOF
curl -s localhost | kubectl apply -f -
