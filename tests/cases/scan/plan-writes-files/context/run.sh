#!/bin/bash
cat > made.yaml <<EOF
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: a
      image: quay.io/team/made:1
EOF
kubectl apply -f made.yaml
echo "tag: written" | tee values.yaml
helm install web charts/web -f values.yaml
F=$(mktemp)
echo "tag: temporary" > "$F"
helm install two charts/web -f "$F"
