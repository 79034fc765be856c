# Takes a CVault VPN server's interface off a machine, and with the last one all that CVault installed, but for the
# Debian packages. Run like install.sh; may be run again. What is not there is taken for removed.
#
# shellcheck shell=sh disable=SC2154
#   SC2154: the values are assigned by what the control plane puts before this file.

say() { echo "cvault: $*" >&2; }

on_exit() {
  status=$?
  [ "$status" -eq 0 ] || say 'FAILED: see above; put that right, then run this again'
}

stop_services() {
  if [ -d /run/systemd/system ]; then
    # The agent first: it must not answer for an interface that is going away.
    systemctl --quiet disable --now "cvault-agent@$CVAULT_INTERFACE" "cvault-interface@$CVAULT_INTERFACE" 2>/dev/null || true
    return
  fi
  pid=$(cat "/run/cvault-supervise-$CVAULT_INTERFACE.pid" 2>/dev/null) || return 0
  if grep -q supervise "/proc/$pid/cmdline" 2>/dev/null; then
    kill "$pid"
    tries=0
    while [ -e "/proc/$pid" ] && [ "$tries" -lt 100 ]; do
      tries=$((tries + 1))
      sleep 0.1
    done
  fi
}

remove_interface() {
  # Without our key beside it, an interface of this name is somebody else's.
  [ -e "/etc/cvault/$CVAULT_INTERFACE.key" ] || return 0
  ! ip link show dev "$CVAULT_INTERFACE" >/dev/null 2>&1 || ip link del dev "$CVAULT_INTERFACE"
  ! nft list table inet "cvault_$CVAULT_INTERFACE" >/dev/null 2>&1 || nft delete table inet "cvault_$CVAULT_INTERFACE"
}

# remove_routing_rules FAMILY PRIORITY...: those that the agents made stop every packet of the tunnel once their table is gone.
remove_routing_rules() {
  family=$1
  shift
  for priority in "$@"; do
    tries=0
    while [ "$tries" -lt 200 ] && ip "$family" rule delete priority "$priority" 2>/dev/null; do
      tries=$((tries + 1))
    done
  done
}

remove_files() {
  rm -f "/run/cvault-supervise-$CVAULT_INTERFACE.pid" "/run/cvault/$CVAULT_INTERFACE.sock" \
    "/etc/cvault/$CVAULT_INTERFACE.env" "/etc/cvault/$CVAULT_INTERFACE.key"
  keys=/var/lib/cvault/.ssh/authorized_keys
  [ -f "$keys" ] || return 0
  umask 027
  grep -vF "relay --socket /run/cvault/$CVAULT_INTERFACE.sock\"" "$keys" >"$keys.cvault-new" || true
  chgrp cvault "$keys.cvault-new"
  mv -f "$keys.cvault-new" "$keys"
}

remove_rest() {
  for settings in /etc/cvault/*.env; do
    if [ -e "$settings" ]; then
      say "left in place what the interface $(basename "$settings" .env) still needs"
      return 0
    fi
  done
  rm -f /etc/systemd/system/cvault-interface@.service /etc/systemd/system/cvault-agent@.service
  ! [ -d /run/systemd/system ] || systemctl daemon-reload
  # Those of networks do not say whose they are, so they go with the last interface.
  for family in -4 -6; do
    remove_routing_rules "$family" 5180 5181 5182 5183 5189
  done
  rm -f /etc/sysctl.d/60-cvault.conf /etc/sysctl.d/61-cvault-accept-ra.conf
  rm -rf /usr/lib/cvault /etc/cvault /var/lib/cvault /run/cvault
  if getent passwd cvault >/dev/null; then
    # What a control plane still has open; sshd lets it in no more.
    pkill -KILL -u cvault || true
    tries=0
    until userdel cvault 2>"/dev/null"; do
      tries=$((tries + 1))
      if [ "$tries" -gt 50 ]; then
        userdel cvault
      fi
      sleep 0.1
    done
  fi
  say 'forwarding stays on until the next boot: others may need it'
}

remove_vpn_server() {
  set -eu
  exec 1>&2 </dev/null
  PATH=/usr/sbin:/usr/bin:/sbin:/bin
  export PATH LC_ALL=C
  trap on_exit EXIT
  if [ "$(id -u)" != 0 ]; then
    say 'this is not root; connect as root, or through sudo'
    exit 1
  fi
  say "removing interface $CVAULT_INTERFACE from $(uname -n)"
  stop_services
  remove_interface
  remove_files
  remove_rest
  say 'done'
}

# The last line, so that a script that arrives cut off does nothing at all.
remove_vpn_server
