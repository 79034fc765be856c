#!/bin/sh
# Holds a bare Debian machine's disk: mounts it, cleans it, and goes on living until its standard input ends.
#   prepare-host.sh FOLDER REPOSITORY NAME    FOLDER: an empty folder to mount things in
# The line `ready` says that FOLDER/system can be booted. It can be booted again and again: the disk is kept.
set -eu
folder=$1
repository=$2

mount -t tmpfs -o mode=755 tmpfs "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/system"
# Nothing of ours, whatever this machine is used for otherwise, and no way to the repository. A whiteout hides a
# folder without walking through it.
for hidden in root home etc/cvault etc/netns usr/lib/cvault var/lib/cvault etc/systemd/system etc/ssh "${repository#/}"; do
  mkdir -p "$folder/upper/$(dirname "$hidden")"
  mknod "$folder/upper/$hidden" c 0 0
done
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/system"
cd "$folder/system"
sed -i '/^cvault:/d' etc/passwd etc/shadow etc/group etc/gshadow
rm -f etc/sysctl.d/6?-cvault*
mkdir -m 700 root
mkdir -m 755 home etc/ssh etc/ssh/sshd_config.d etc/systemd/system

# Fresh host keys, as on every new machine, and a way in for its operator.
ssh-keygen -A -f "$PWD" >&2
cat >etc/ssh/sshd_config <<'CONFIG'
Include /etc/ssh/sshd_config.d/*.conf
UsePAM yes
PasswordAuthentication no
PermitRootLogin prohibit-password
AcceptEnv LANG LC_*
Subsystem sftp /usr/lib/openssh/sftp-server
CONFIG
rm -f etc/nologin run/nologin

# Of the services only sshd: the others are this machine's business.
mkdir -p etc/systemd/system/multi-user.target.wants
ln -s /lib/systemd/system/ssh.service etc/systemd/system/multi-user.target.wants/ssh.service
for unit in getty.target systemd-logind.service systemd-modules-load.service systemd-udevd.service \
  systemd-networkd.service systemd-resolved.service systemd-timesyncd.service e2scrub_reap.service \
  systemd-tmpfiles-clean.timer apt-daily.timer apt-daily-upgrade.timer dev-hugepages.mount dev-mqueue.mount \
  sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount; do
  ln -s /dev/null "etc/systemd/system/$unit"
done
: >etc/fstab
echo "$3" >etc/hostname
echo ready
exec cat >/dev/null
