#!/bin/bash
. ./web.env
: "${SUFFIX:=slim}"
helm install web charts/web --set tag="${VERSION#v}-${SUFFIX^^}"
