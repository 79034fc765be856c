#!/bin/sh
# Turns a minimal root into a bare server that can be booted. mmdebstrap runs it as its last step: customize.sh ROOT.
# In the folder $OUT it leaves what boots that root: vmlinuz, initrd, busybox.
#
# The packages $OFFERED are not installed. They lie in an archive on the machine's own disk, because the machine reaches
# no other one: `server add` has to install them, as on any bare host.
set -eu
root=$1
here=$(dirname "$0")
inside() { chroot "$root" env PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"; }

# The meta package of kernels for virtual machines names the newest one: Debian's, then Ubuntu's.
for kernel in linux-image-cloud-amd64 linux-image-virtual; do
  inside apt-cache show "$kernel" >/dev/null 2>&1 && break
done
images=$(inside apt-cache depends --recurse --important "$kernel" | sed -n 's/^\(linux-\(image\|modules\)-[0-9].*\)$/\1/p')

# Unpacked rather than installed: a kernel package's hooks want a boot loader. Not over the root itself: dpkg-deb would
# put a folder in the place of the link /lib.
mkdir -m 777 "$root/tmp/kernel"
# shellcheck disable=SC2086 # a list of package names
inside sh -c 'cd /tmp/kernel && apt-get -qq download "$@" && for deb in *.deb; do dpkg-deb --extract "$deb" .; done' sh $images
version=$(basename "$root"/tmp/kernel/boot/vmlinuz-*)
version=${version#vmlinuz-}
mv "$root/tmp/kernel/boot/vmlinuz-$version" "$OUT/vmlinuz"
mkdir -p "$root/lib/modules"
mv "$root/tmp/kernel/lib/modules/$version" "$root/lib/modules/"
rm -rf "$root/tmp/kernel"
inside depmod "$version"

# The disk and the network card are modules in some kernels and built in in others.
mkdir -p "$root/tmp/initrd/modules"
for module in virtio_pci virtio_blk virtio_net ext4; do
  inside modprobe --set-version "$version" --show-depends "$module" | sed -n 's/^insmod //p'
done | awk '!seen[$1]++ { print $1 }' >"$root/tmp/initrd/modules/order"
while read -r module; do cp "$root$module" "$root/tmp/initrd/modules/"; done <"$root/tmp/initrd/modules/order"
sed -i 's:.*/::' "$root/tmp/initrd/modules/order"
mkdir "$root/tmp/initrd/bin" "$root/tmp/initrd/dev" "$root/tmp/initrd/root"
mv "$root/bin/busybox" "$root/tmp/initrd/bin/busybox"
cp "$root/tmp/initrd/bin/busybox" "$OUT/busybox"
install -m 755 "$here/init" "$root/tmp/initrd/init"
(cd "$root/tmp/initrd" && find . | "$OUT/busybox" cpio --quiet -o -H newc) >"$OUT/initrd"
rm -rf "$root/tmp/initrd"

# The archive, as apt-get takes it from a folder.
inside apt-get clean
# shellcheck disable=SC2086 # a list of package names
inside apt-get -qq install --download-only --yes --no-install-recommends $OFFERED
mkdir "$root/srv/archive"
mv "$root"/var/cache/apt/archives/*.deb "$root/srv/archive/"
for package in "$root"/srv/archive/*.deb; do
  dpkg-deb --field "$package"
  echo "Filename: ./$(basename "$package")"
  echo "Size: $(stat --format=%s "$package")"
  echo "SHA256: $(sha256sum "$package" | cut -d ' ' -f 1)"
  echo
done >"$root/srv/archive/Packages"
rm -rf "$root"/etc/apt/sources.list.d/* "$root"/var/lib/apt/lists/*
echo 'deb [trusted=yes] file:/srv/archive ./' >"$root/etc/apt/sources.list"

inside systemctl --quiet enable ssh systemd-networkd
# What a server does not need is left out: an emulated machine takes seconds for each unit.
inside systemctl --quiet mask systemd-networkd-wait-online systemd-logind getty.target serial-getty@ttyS0 apt-daily.timer \
  apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap systemd-update-utmp systemd-update-utmp-runlevel \
  modprobe@configfs modprobe@dm_mod modprobe@drm modprobe@efi_pstore modprobe@fuse modprobe@loop \
  dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount
# Each machine gets its own at its start, from the initial RAM disk.
rm -f "$root"/etc/ssh/ssh_host_*_key* "$root/etc/machine-id"
: >"$root/etc/machine-id"
: >"$root/etc/fstab"
