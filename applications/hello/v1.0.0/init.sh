#!/usr/bin/env bash
# Makes the three container images of this sample out of the program in src/, so that nothing has to be downloaded.
#
#   init.sh <arch> <app> <version>
set -euo pipefail

arch=$1 version=$3
message='hello from a cluster image'

# bytes HEX...: the bytes that the hexadecimal digits stand for
bytes() {
  local digits
  digits=$(tr -d ' \n' <<<"$*")
  printf "$(sed 's/../\\x&/g' <<<"$digits")"
}

# program FILE: a static ELF executable (header, one loaded segment, code, message)
program() {
  local machine code
  case $arch in
    amd64) machine=3e ;;
    arm64) machine=b7 ;;
    *) echo "no program for the architecture $arch" >&2; return 1 ;;
  esac
  code=$(sed 's/#.*//' "src/hello.$arch.hex")
  {
    # e_ident; executable, machine, version; entry 0x400078; program headers at 64; no sections
    bytes 7f454c46020101000000000000000000 0200 "$machine"00 01000000 7800400000000000 4000000000000000 \
      0000000000000000 00000000 4000 3800 0100 4000 0000 0000
    # PT_LOAD, readable and executable, the first 4 KiB of the file at 0x400000
    bytes 01000000 05000000 0000000000000000 0000400000000000 0000400000000000 \
      0010000000000000 0010000000000000 0010000000000000
    bytes "$code"
    printf '%s\n' "$message"
  } >"$1"
  chmod 755 "$1"
}

# pack ARCHIVE DIRECTORY: the same bytes whenever and wherever it runs
pack() {
  tar --create --file "$1" --directory "$2" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner \
    --format=ustar .
}

digest() { sha256sum "$1" | cut -d' ' -f1; }
bytes_of() { stat --format=%s "$1"; }

# config NAME LAYER: the image's configuration
config() {
  printf '{"architecture":"%s","os":"linux","config":{"Entrypoint":["/hello"],"Labels":{"name":"%s"}},' "$arch" "$1"
  printf '"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$(digest "$2")"
}

docker_archive() {
  local name=$1 folder=$work/$1
  mkdir "$folder"
  gzip --no-name --stdout "$work/layer.tar" >"$folder/layer.tar.gz"
  config "$name" "$work/layer.tar" >"$folder/config.json"
  printf '[{"Config":"config.json","RepoTags":["registry.example/hello/%s:%s"],"Layers":["layer.tar.gz"]}]' \
    "$name" "$version" >"$folder/manifest.json"
  pack "images/skopeo/$name.tar" "$folder"
}

oci_archive() {
  local name=$1 folder=$work/$1 blobs=$work/$1/blobs/sha256 layer=$work/layer.tar
  mkdir -p "$blobs"
  config "$name" "$layer" >"$work/config"
  printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"%s","digest":"sha256:%s","size":%d},' \
    application/vnd.oci.image.manifest.v1+json application/vnd.oci.image.config.v1+json \
    "$(digest "$work/config")" "$(bytes_of "$work/config")" >"$work/manifest"
  printf '"layers":[{"mediaType":"%s","digest":"sha256:%s","size":%d}]}' \
    application/vnd.oci.image.layer.v1.tar "$(digest "$layer")" "$(bytes_of "$layer")" >>"$work/manifest"
  printf '{"schemaVersion":2,"manifests":[{"mediaType":"%s","digest":"sha256:%s","size":%d}]}' \
    application/vnd.oci.image.manifest.v1+json \
    "$(digest "$work/manifest")" "$(bytes_of "$work/manifest")" >"$folder/index.json"
  printf '{"imageLayoutVersion":"1.0.0"}' >"$folder/oci-layout"
  for blob in "$layer" "$work/config" "$work/manifest"; do
    cp "$blob" "$blobs/$(digest "$blob")"
  done
  pack "images/skopeo/$name.tar" "$folder"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/root"
program "$work/root/hello"
pack "$work/layer.tar" "$work/root"

docker_archive web
oci_archive job
oci_archive tools
