#!/bin/sh
# Makes Debian packages out of installed ones, and offers them as the machine's only package archive: apt-get can then
# be tried for real where there is no network. offer-packages.sh NAME…
set -eu
archive=/srv/archive
mkdir -p "$archive"
: >"$archive/Packages"
for name in "$@"; do
  build=$(mktemp -d)
  mkdir "$build/DEBIAN"
  dpkg-query --status "$name" | sed '/^Status:/d; /^Conffiles:/,/^[^ ]/{/^Conffiles:/d; /^ /d}' >"$build/DEBIAN/control"
  # Where /lib is /usr/lib, a file's folder is looked up, so that it lands where dpkg will look for it.
  dpkg-query --listfiles "$name" | while read -r file; do
    [ -L "$file" ] || { [ -f "$file" ] && [ ! -d "$file" ]; } || continue
    folder=$(realpath "$(dirname "$file")")
    mkdir -p "$build$folder"
    cp -a "$file" "$build$folder/"
  done
  chmod 755 "$build"
  package="$archive/$name.deb"
  dpkg-deb --build "$build" "$package" >/dev/null
  {
    cat "$build/DEBIAN/control"
    echo "Filename: ./$name.deb"
    echo "Size: $(stat --format=%s "$package")"
    echo "SHA256: $(sha256sum "$package" | cut -d ' ' -f 1)"
    echo
  } >>"$archive/Packages"
  rm -rf "$build"
done
# Nothing else, neither the network's nor this machine's own settings.
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/auth.conf.d
mkdir -p /etc/apt/sources.list.d /etc/apt/apt.conf.d
echo "deb [trusted=yes] file:$archive ./" >/etc/apt/sources.list
