apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: a
      image: quay.io/team/a:{{ .TAG }}
