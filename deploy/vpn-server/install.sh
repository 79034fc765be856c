# Turns a bare Debian machine into a CVault VPN server. This file is the code of the installation; the control plane
# puts before it the values (CVAULT_…, each checked against a strict form) and a function `payload NAME` that prints
# the files to install. It arrives on the standard input of `sh -s`, run as root by the operator over SSH.
#
# It may be run again at any time, to repair or to upgrade: what is already as it should be is left alone, so tunnels
# live through it. Progress goes to standard error; standard output gets one line of JSON at the very end.
#
# shellcheck shell=sh disable=SC2154
#   SC2154: the values are assigned by what the control plane puts before this file.

say() { echo "cvault: $*" >&2; }

# fail WHAT WHY WHAT-TO-DO
fail() {
  reported=yes
  say "FAILED: $1"
  say "  why: $2"
  say "  what to do: $3"
  exit 1
}

# What is going on, for the message where a command fails that nobody expected to.
step() {
  current_step=$1
  say "$1"
}

runs_systemd() { [ -d /run/systemd/system ]; }

on_exit() {
  status=$?
  trap - EXIT
  [ -z "${scratch:-}" ] || rm -rf "$scratch"
  [ "$status" -ne 0 ] || return 0
  if [ "${reported:-}" != yes ]; then
    say "FAILED: $current_step"
    say "  why: see the lines above"
    say "  what to do: put that right, then run this again; it continues where it has to"
  fi
  # A VPN server that was at work before stays at work. One that never was is not left half running.
  if [ "${was_running:-no}" = no ] && [ "${started:-no}" = yes ]; then
    stop_services
    say "stopped again what it had started"
  fi
  exit "$status"
}

check_machine() {
  step 'checking the machine'
  [ "$(id -u)" = 0 ] || fail 'this is not root' "it runs as user $(id -un)" 'connect as root, or through sudo'
  debian=
  [ ! -r /etc/debian_version ] || debian=$(cat /etc/debian_version)
  case $debian in
    [0-9]*.*) major=${debian%%.*} ;;
    */sid) major=99 ;;
    *) major=0 ;;
  esac
  case $major in
    '' | *[!0-9]*) major=0 ;;
  esac
  [ "$major" -ge 12 ] || fail 'this system is not supported' \
    "it is ${debian:-no Debian}; CVault needs Debian 12 or newer" 'use a machine with Debian 12 or newer'
  mkdir -p /run/lock
  exec 9>/run/lock/cvault-install
  flock -n 9 || fail 'another installation runs on this machine' 'it holds /run/lock/cvault-install' \
    'wait until it is done, then run this again'
  scratch=$(mktemp -d /run/cvault-install.XXXXXX)
}

# The kernel's own WireGuard is several times as fast; wireguard-go is for kernels that were built without it.
choose_backend() {
  if ip -details link show dev "$CVAULT_INTERFACE" >"$scratch/link" 2>/dev/null; then
    [ -e "/etc/cvault/$CVAULT_INTERFACE.key" ] || fail "the interface $CVAULT_INTERFACE exists already" \
      'CVault did not make it and will not take it over' \
      "remove it (ip link del $CVAULT_INTERFACE), or add the VPN server with another --interface"
    if grep -q ' wireguard ' "$scratch/link"; then backend=kernel; else backend=userspace; fi
    return
  fi
  backend=userspace
  probe="cvprobe$(($$ % 100000))"
  ! command -v modprobe >/dev/null || modprobe -q wireguard 2>/dev/null || true
  if ip link add dev "$probe" type wireguard 2>/dev/null; then
    ip link del dev "$probe"
    backend=kernel
  fi
}

list_missing_packages() {
  missing=
  while read -r program package; do
    [ -z "$program" ] || command -v "$program" >/dev/null || missing="$missing $package"
  done <<PROGRAMS
wg wireguard-tools
nft nftables
ip iproute2
conntrack conntrack
node nodejs
sysctl procps
${userspace_program:-}
PROGRAMS
}

install_packages() {
  [ -n "$missing" ] || return 0
  step "installing packages:$missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q -o DPkg::Lock::Timeout=120 update >&2 || fail 'the package lists could not be read' \
    'apt-get update failed, see above' 'check the network and /etc/apt/sources.list*, then run this again'
  # shellcheck disable=SC2086 # a list of package names from above
  apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends $missing >&2 ||
    fail "these packages could not be installed:$missing" 'apt-get install failed, see above' \
      'install them by hand, then run this again'
  # Packages can be there without their programs, and lists that cannot be read are only a warning to apt-get.
  list_missing_packages
  [ -z "$missing" ] || fail "these packages were installed, but their programs are missing:$missing" \
    'see above' "install them again (apt-get install --reinstall$missing), then run this again"
}

check_node() {
  [ -x /usr/bin/node ] || fail 'Node.js is not where it should be' 'there is no /usr/bin/node' \
    'install the Debian package nodejs, then run this again'
  version=$(/usr/bin/node --version)
  major=${version#v}
  major=${major%%.*}
  [ "$major" -ge 18 ] || fail "Node.js $version is too old" 'the agent needs Node.js 18 or newer' \
    'upgrade the package nodejs, then run this again'
}

check_user() {
  entry=$(getent passwd cvault) || return 0
  case $entry in
    *:/var/lib/cvault:/bin/sh) ;;
    *) fail 'a user named cvault exists already' 'it is not the one that CVault makes (home /var/lib/cvault)' \
      'rename or remove that user, then run this again' ;;
  esac
}

make_user() {
  step 'making user cvault'
  if ! getent passwd cvault >/dev/null; then
    # A real shell, because sshd runs the forced command through it.
    useradd --system --user-group --home-dir /var/lib/cvault --no-create-home --shell /bin/sh cvault
  fi
  # No password fits it; unlike a locked account (`!`) sshd lets it in by key, with PAM and without.
  usermod --password '*' cvault
  # All root's: cvault can read its home, and change nothing there, its own authorized_keys least of all.
  install -d -m 0750 -o root -g cvault /var/lib/cvault /var/lib/cvault/.ssh
}

# put PAYLOAD DESTINATION MODE: replaces a file at one stroke, and only where it differs; then `changed` says so.
put() {
  payload "$1" >"$scratch/put"
  if [ -f "$2" ] && cmp -s "$scratch/put" "$2"; then
    chmod "$3" "$2"
    return 0
  fi
  install -m "$3" -o root -g root "$scratch/put" "$2.cvault-new"
  mv -f "$2.cvault-new" "$2"
  changed="$changed $1 "
}

install_files() {
  step 'installing the agent and its files'
  changed=
  install -d -m 0755 /usr/lib/cvault
  install -d -m 0700 /etc/cvault
  put agent.mjs /usr/lib/cvault/agent.mjs 0644
  put interface /usr/lib/cvault/interface 0755
  put supervise /usr/lib/cvault/supervise 0755
  put sysctl.conf /etc/sysctl.d/60-cvault.conf 0644
  if [ -d /etc/systemd/system ]; then
    put "cvault-interface-$backend.service" /etc/systemd/system/cvault-interface@.service 0644
    put cvault-agent@.service /etc/systemd/system/cvault-agent@.service 0644
  fi
  /usr/bin/node /usr/lib/cvault/agent.mjs --version >/dev/null ||
    fail 'the agent does not start' 'see above' 'check that /usr/bin/node works, then run this again'
}

write_settings() {
  umask 077
  cat >"$scratch/env" <<SETTINGS
# Written by CVault's installation.
VERSION='$CVAULT_VERSION'
BACKEND='$backend'
LISTEN_PORT='$CVAULT_LISTEN_PORT'
GATEWAY_ADDRESSES='$CVAULT_GATEWAY_ADDRESSES'
MTU='$CVAULT_MTU'
SETTINGS
  install -m 0600 "$scratch/env" "/etc/cvault/$CVAULT_INTERFACE.env.new"
  mv -f "/etc/cvault/$CVAULT_INTERFACE.env.new" "/etc/cvault/$CVAULT_INTERFACE.env"
  # Made here, and it never leaves: not in the answer below, and the agent has no way to read it.
  if [ ! -s "/etc/cvault/$CVAULT_INTERFACE.key" ]; then
    wg genkey >"/etc/cvault/$CVAULT_INTERFACE.key.new"
    [ -s "/etc/cvault/$CVAULT_INTERFACE.key.new" ]
    mv -f "/etc/cvault/$CVAULT_INTERFACE.key.new" "/etc/cvault/$CVAULT_INTERFACE.key"
  fi
  umask 022
}

authorize_control_key() {
  step 'authorizing the control key for the agent and nothing else'
  keys=/var/lib/cvault/.ssh/authorized_keys
  relay="relay --socket /run/cvault/$CVAULT_INTERFACE.sock\""
  # `env -i`, so that no variable that sshd may let through (AcceptEnv) reaches Node.
  {
    [ ! -f "$keys" ] || grep -vF "$relay" "$keys" || true
    echo "restrict,command=\"/usr/bin/env -i /usr/bin/node /usr/lib/cvault/agent.mjs $relay $CVAULT_CONTROL_KEY"
  } >"$scratch/keys"
  install -m 0640 -o root -g cvault "$scratch/keys" "$keys.cvault-new"
  mv -f "$keys.cvault-new" "$keys"
}

# Would sshd let cvault in? Asked of sshd itself; where it cannot answer, the first connection will tell.
check_sshd() {
  # It asks for this folder, which a socket-activated sshd has only while somebody is connected.
  mkdir -p /run/sshd
  sshd -T -C user=cvault,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22 >"$scratch/sshd" 2>/dev/null || return 0
  grep -q '^pubkeyauthentication yes' "$scratch/sshd" || fail 'sshd takes no keys' 'PubkeyAuthentication is no' \
    'allow it for user cvault in /etc/ssh/sshd_config (Match User cvault)'
  grep -q '^authorizedkeysfile.* \.ssh/authorized_keys' "$scratch/sshd" || fail 'sshd does not read the control key' \
    'AuthorizedKeysFile names other files than .ssh/authorized_keys' \
    'set it for user cvault in /etc/ssh/sshd_config (Match User cvault)'
  for list in allowusers allowgroups; do
    grep -q "^$list " "$scratch/sshd" || continue
    listed=no
    sed -n "s/^$list //p" "$scratch/sshd" | tr ' ' '\n' >"$scratch/allowed"
    while read -r pattern; do
      # shellcheck disable=SC2194,SC2254 # a pattern is what it is
      case cvault in ${pattern%%@*}) listed=yes ;; esac
    done <"$scratch/allowed"
    [ "$listed" = yes ] || fail 'sshd does not let user cvault in' "/etc/ssh/sshd_config has $list without cvault" \
      "add cvault to $list, reload sshd, then run this again"
  done
}

forward_packets() {
  step 'turning on forwarding'
  # A machine that forwards IPv6 stops listening to router advertisements, and with them loses the default route that
  # it has from one. Those interfaces are told to go on listening.
  : >"$scratch/accept-ra"
  for accept in /proc/sys/net/ipv6/conf/*/accept_ra; do
    [ "$(cat "$accept" 2>/dev/null)" = 1 ] || continue
    link=${accept#/proc/sys/net/ipv6/conf/}
    link=${link%/accept_ra}
    if [ -n "$(ip -6 route show default proto ra dev "$link" 2>/dev/null)" ]; then
      echo "net/ipv6/conf/$link/accept_ra = 2" >>"$scratch/accept-ra"
    fi
  done
  if [ -s "$scratch/accept-ra" ]; then
    install -m 0644 "$scratch/accept-ra" /etc/sysctl.d/61-cvault-accept-ra.conf
    sysctl -q -p /etc/sysctl.d/61-cvault-accept-ra.conf >&2
  fi
  sysctl -q -p /etc/sysctl.d/60-cvault.conf >&2 || true
  [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ] || fail 'IPv4 forwarding could not be turned on' \
    '/proc/sys/net/ipv4/ip_forward cannot be written' 'allow it (in a container: run it privileged), then run this again'
}

supervisor_pid() {
  # In a folder that only root can write to, so the number is one that root wrote.
  pid=$(cat "/run/cvault-supervise-$CVAULT_INTERFACE.pid" 2>/dev/null) || return 1
  [ -n "$pid" ] && grep -q supervise "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}

stop_services() {
  if runs_systemd; then
    systemctl --quiet disable --now "cvault-agent@$CVAULT_INTERFACE" "cvault-interface@$CVAULT_INTERFACE" || true
  elif pid=$(supervisor_pid); then
    kill "$pid"
    tries=0
    while [ -e "/proc/$pid" ] && [ "$tries" -lt 100 ]; do
      tries=$((tries + 1))
      sleep 0.1
    done
    rm -f "/run/cvault-supervise-$CVAULT_INTERFACE.pid"
  fi
}

start_with_systemd() {
  interface_unit=cvault-interface@$CVAULT_INTERFACE
  agent_unit=cvault-agent@$CVAULT_INTERFACE
  systemctl daemon-reload
  systemctl is-active --quiet "$interface_unit" && was_running=yes
  started=yes
  systemctl --quiet enable "$interface_unit" "$agent_unit"
  systemctl reset-failed "$interface_unit" "$agent_unit" 2>/dev/null || true
  if [ "$was_running" = yes ]; then
    # Not a restart: that would end every tunnel.
    /usr/lib/cvault/interface up "$CVAULT_INTERFACE"
  else
    systemctl start "$interface_unit" || {
      journalctl --no-pager -n 20 -u "$interface_unit" >&2 || true
      fail "the interface $CVAULT_INTERFACE does not come up" 'see its log above' \
        "most often its UDP port $CVAULT_LISTEN_PORT is taken; put that right, then run this again"
    }
  fi
  case $changed in
    *' agent.mjs '* | *' cvault-agent@.service '*) systemctl restart "$agent_unit" ;;
    *) systemctl start "$agent_unit" ;;
  esac
}

start_with_supervise() {
  if supervisor_pid >/dev/null; then
    was_running=yes
    /usr/lib/cvault/interface up "$CVAULT_INTERFACE"
    case $changed in
      # The agent only, from its new file.
      *' agent.mjs '*) kill -HUP "$(supervisor_pid)" ;;
    esac
    return
  fi
  started=yes
  setsid /usr/lib/cvault/supervise "$CVAULT_INTERFACE" >>"/var/log/cvault-$CVAULT_INTERFACE.log" 2>&1 3>&- 9>&- &
  echo $! >"/run/cvault-supervise-$CVAULT_INTERFACE.pid"
}

# The whole way that the control plane will go, but for sshd: forced command, as cvault, until the agent says hello.
await_hello() {
  mkfifo "$scratch/silence"
  chmod 711 "$scratch"
  : >"$scratch/hello"
  tries=0
  until grep -q '"type":"hello"' "$scratch/hello"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 20 ]; then
      if runs_systemd; then
        journalctl --no-pager -n 20 -u "cvault-agent@$CVAULT_INTERFACE" >&2 || true
      else
        tail -n 20 "/var/log/cvault-$CVAULT_INTERFACE.log" >&2 || true
      fi
      fail 'the agent does not answer' 'see its log above' 'put that right, then run this again'
    fi
    # Opened for reading and writing, a pipe neither blocks nor ends: the relay waits for us, not we for it.
    setpriv --reuid cvault --regid cvault --clear-groups /usr/bin/env -i /usr/bin/node /usr/lib/cvault/agent.mjs \
      relay --socket "/run/cvault/$CVAULT_INTERFACE.sock" <>"$scratch/silence" >"$scratch/hello" 2>/dev/null 3>&- 9>&- &
    relay_pid=$!
    waited=0
    while kill -0 "$relay_pid" 2>/dev/null && [ ! -s "$scratch/hello" ] && [ "$waited" -lt 20 ]; do
      waited=$((waited + 1))
      sleep 0.1
    done
    kill "$relay_pid" 2>/dev/null || true
    # The shell has a word to say about a process that was ended.
    { wait "$relay_pid" || true; } 2>/dev/null
    [ -s "$scratch/hello" ] || sleep 0.5
  done
}

start_services() {
  step "starting interface $CVAULT_INTERFACE and its agent"
  was_running=no
  if runs_systemd; then start_with_systemd; else start_with_supervise; fi
  await_hello
}

print_result() {
  # Old kinds are left out: what is pinned is what will be accepted.
  host_keys=
  for file in /etc/ssh/ssh_host_ed25519_key.pub /etc/ssh/ssh_host_ecdsa_key.pub; do
    [ -r "$file" ] || continue
    read -r kind key _ <"$file" || true
    case $kind in
      ssh-ed25519 | ecdsa-sha2-nistp256 | ecdsa-sha2-nistp384 | ecdsa-sha2-nistp521) ;;
      *) continue ;;
    esac
    case $key in
      '' | *[!A-Za-z0-9+/=]*) continue ;;
    esac
    host_keys="$host_keys${host_keys:+,}\"$kind $key\""
  done
  [ -n "$host_keys" ] || fail 'this machine has no modern SSH host key' \
    'there is neither an ed25519 nor an ECDSA key in /etc/ssh' 'make them with: ssh-keygen -A; then run this again'
  public_key=$(wg show "$CVAULT_INTERFACE" public-key)
  say "done: this machine is a VPN server now ($backend WireGuard, UDP port $CVAULT_LISTEN_PORT)"
  printf '{"interfacePublicKey":"%s","hostKeys":[%s],"sshUser":"cvault","backend":"%s"}\n' \
    "$public_key" "$host_keys" "$backend" >&3
}

install_vpn_server() {
  set -eu
  # Standard output is for the result alone; no command below can add to it, or read the rest of this script.
  exec 3>&1 1>&2 </dev/null
  PATH=/usr/sbin:/usr/bin:/sbin:/bin
  export PATH LC_ALL=C
  umask 022
  current_step='starting'
  trap on_exit EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  check_machine
  check_user
  list_missing_packages
  say "this makes a VPN server of $(uname -n): interface $CVAULT_INTERFACE, UDP port $CVAULT_LISTEN_PORT"
  say "  packages to install:${missing:- none, all are here} (and wireguard-go where the kernel has no WireGuard)"
  say '  user cvault (no password, may only talk to the agent); files in /usr/lib/cvault, /etc/cvault, /var/lib/cvault'
  say '  forwarding in /etc/sysctl.d/60-cvault.conf; units cvault-interface@ and cvault-agent@'
  install_packages
  check_node
  choose_backend
  if [ "$backend" = userspace ]; then
    userspace_program='wireguard-go wireguard-go'
    list_missing_packages
    install_packages
  fi
  make_user
  install_files
  write_settings
  authorize_control_key
  check_sshd
  forward_packets
  start_services
  print_result
}

# The last line, so that a script that arrives cut off does nothing at all.
install_vpn_server
