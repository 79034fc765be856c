#!/bin/sh
# Becomes a customer's machine: process 1 of its own process and mount namespaces, with places of its own for what
# wg-quick and wireguard-go leave behind. Lives until its standard input ends.
set -eu
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/client /run/wireguard
# wg-quick hands DNS servers to a program of this name; ours keeps them in a file of this machine alone.
cat >/run/client/resolvconf <<'STUB'
#!/bin/sh
case $1 in
  -a) cat >/etc/resolv.conf ;;
  -d) : >/etc/resolv.conf ;;
esac
STUB
chmod 755 /run/client/resolvconf
[ ! -e /usr/bin/resolvconf ] || mount --bind /run/client/resolvconf /usr/bin/resolvconf
[ ! -e /usr/sbin/resolvconf ] || mount --bind /run/client/resolvconf /usr/sbin/resolvconf
: >/run/client/resolv.conf
mount --bind /run/client/resolv.conf /etc/resolv.conf
echo ready
exec cat >/dev/null
