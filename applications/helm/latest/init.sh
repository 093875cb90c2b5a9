#!/usr/bin/env bash
# Downloads the helm release for the asked version and architecture, and checks it against its published checksum.
#
#   init.sh <arch> <app> <version>
#
# HELM_BASE_URL names another place to download from.
set -euo pipefail

arch=$1 version=$3
base=${HELM_BASE_URL:-https://get.helm.sh}
archive=helm-$version-linux-$arch.tar.gz

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

download() {
  echo "downloading $base/$1"
  curl --fail --silent --show-error --location --retry 3 --max-time 600 --output "$work/$1" "$base/$1"
}

download "$archive"
download "$archive.sha256sum"
(cd "$work" && sha256sum --check --quiet "$archive.sha256sum")

mkdir -p opt
tar --extract --gzip --file "$work/$archive" --directory opt --strip-components=1 "linux-$arch/helm"
chmod 755 opt/helm
