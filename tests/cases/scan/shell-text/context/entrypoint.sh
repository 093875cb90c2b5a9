#!/bin/bash
# image: docker.io/old/comment:1
kubectl run debug --image=busybox:1.36 -- sleep 1
ctr -n k8s.io images pull quay.io/team/pulled:1
kubectl apply -f - <<EOF
apiVersion: v1
kind: Pod
spec:
  containers:
    - name: a
      image: team/heredoc:1
EOF
