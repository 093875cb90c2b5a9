#!/bin/bash
for c in charts/*; do helm install "$(basename "$c")" "$c" --set tag=same; done
