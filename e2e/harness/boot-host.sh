#!/bin/sh
# Becomes a bare Debian machine: process 1 of its own process, mount, UTS and cgroup namespaces, on a copy of this
# machine's system (an overlay: writes stay in there) from which all of CVault is taken away.
#   boot-host.sh SYSTEM INIT    SYSTEM: the mounted overlay; INIT: systemd | none
set -eu
system=$1
init=$2

cd "$system"
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs run
# Of the kernel's switches only the network's belong to a namespace; the machine's own are put out of reach.
mkdir run/net
mount --bind proc/sys/net run/net
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount --move run/net proc/sys/net
rmdir run/net
mount -t sysfs -o ro sysfs sys
if [ "$init" = systemd ]; then
  mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup 2>/dev/null || true
  mount -t cgroup2 cgroup2 sys/fs/cgroup
fi
mount -t tmpfs -o mode=755 tmpfs dev
for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
  name=${device%%:*}
  numbers=${device#*:}
  mknod -m 666 "dev/$name" c "${numbers%:*}" "${numbers#*:}"
done
mkdir dev/pts dev/shm dev/net
mount -t tmpfs -o mode=1777 tmpfs dev/shm
# As tight as it can be found: udev would make it 0666.
mknod -m 600 dev/net/tun c 10 200
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p .outside
pivot_root . .outside
umount -l /.outside
mkdir -p /run/sshd /run/lock
hostname "$(cat /etc/hostname)"
echo ready

if [ "$init" = systemd ]; then
  exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=other /lib/systemd/systemd --log-target=journal --show-status=false
fi
/usr/sbin/sshd -D &
# Process 1 takes over what its children leave behind.
while kill -0 $! 2>/dev/null; do wait; done
