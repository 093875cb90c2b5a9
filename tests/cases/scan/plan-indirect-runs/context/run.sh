#!/bin/bash
eval "helm install a charts/web --set tag=eval"
bash <<EOF
helm install b charts/web --set tag=heredoc
EOF
seq 2 | xargs -I{} helm install r{} charts/web --set tag=xargs
bash -c 'helm install "$1" charts/web --set tag=argument' x e
echo tag=x | tr x y | xargs helm install f charts/web --set
