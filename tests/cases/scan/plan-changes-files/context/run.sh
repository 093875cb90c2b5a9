#!/bin/bash
sed -i 's/one/changed/' a.yaml
helm install web charts/web -f a.yaml
yq -i '.tag = "x"' b.yaml
helm install two charts/web -f b.yaml
