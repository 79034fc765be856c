# Turns a bare Debian machine into a CVault VPN server. This file is the code of the installation; the control plane
# puts before it the values (CVAULT_…, each checked against a strict form) and a function `payload NAME` that prints
# the files to install. It arrives on the standard input of `sh -s`, run as root by the operator over SSH.
#
# It may be run again at any time, to repair or to upgrade: what is already as it should be is left alone, so tunnels
# live through it. On the VPN server of somebody else it changes nothing. Where it fails, it undoes what it did: a machine
# that was bare is bare again, a VPN server is as it was. Progress goes to standard error; standard output gets one line of
# JSON once all is at work.
#
# Where CVAULT_CONFIRM is `yes`, that is not yet the end: a line `keep` has to come on standard input. If another comes, or
# none, or the connection ends, the control plane could not take the VPN server, and all is undone.
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
  # Whatever else comes, and whether or not anybody listens any more: this goes on to its end.
  trap '' PIPE HUP INT TERM
  set +e
  if [ "$status" -eq 0 ]; then
    forget_backups
  else
    if [ "${reported:-}" != yes ]; then
      say "FAILED: $current_step"
      say "  why: see the lines above"
      say "  what to do: put that right, then run this again"
    fi
    [ "${begun:-no}" = no ] || undo
  fi
  [ -z "${scratch:-}" ] || rm -rf "$scratch"
  exit "$status"
}

# Every file that this run put in its place, in the order of their places.
touched_files() {
  [ ! -e "$scratch/touched" ] || sort -u "$scratch/touched"
}

forget_backups() {
  touched_files | while read -r file; do rm -f "$file.cvault-old"; done
}

put_files_back() {
  touched_files | while read -r file; do
    rm -f "$file.cvault-new"
    if [ -e "$file.cvault-old" ]; then
      mv -f "$file.cvault-old" "$file"
    elif grep -qxF "$file" "$scratch/added" 2>/dev/null; then
      rm -f "$file"
    fi
  done
}

undo() {
  say 'undoing what was done'
  if [ "$fresh" = yes ]; then
    payload remove >"$scratch/remove"
    sh "$scratch/remove" "$CVAULT_INTERFACE" >"$scratch/removal" 2>&1 || cat "$scratch/removal" >&2
    # What another interface of this machine needs, it has as it was before.
    put_files_back
    [ ! -s "$scratch/sysctl" ] || sysctl -q -e -p "$scratch/sysctl"
    say 'this machine is as it was before, but for Debian packages that were installed'
    return
  fi
  put_files_back
  ! runs_systemd || systemctl daemon-reload
  [ ! -x /usr/lib/cvault/interface ] || /usr/lib/cvault/interface up "$CVAULT_INTERFACE"
  [ "${agent_restarted:-no}" = no ] || restart_agent
  say 'the VPN server is as it was before'
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

# Whose VPN server this is, asked before anything is changed. Version 0.1.0 did not write down the id.
check_owner() {
  settings=/etc/cvault/$CVAULT_INTERFACE.env
  key=/etc/cvault/$CVAULT_INTERFACE.key
  fresh=no
  [ -e "$settings" ] || [ -e "$key" ] || fresh=yes
  owner=$(sed -n "s/^SERVER_ID='\([0-9a-f-]*\)'$/\1/p" "$settings" 2>/dev/null || true)
  [ -z "$owner" ] || [ "$owner" = "$CVAULT_SERVER_ID" ] || refuse_owner "it is VPN server $owner there"
}

refuse_owner() {
  remove="/usr/lib/cvault/remove $CVAULT_INTERFACE, as root"
  [ -x /usr/lib/cvault/remove ] || remove='docs/operations/vpn-servers.md says how'
  fail 'this machine is a VPN server of another control plane' "$1" \
    "use another machine; or, where that one is not needed any more, take it off this one first ($remove)"
}

# The interface must be the one that the control plane knows, or a new one where it knows none.
check_key() {
  found=$(wg pubkey 2>/dev/null <"$key") || found=
  if [ -z "$found" ]; then
    # The file is lost, but the interface that lives still has the key.
    found=$(wg show "$CVAULT_INTERFACE" public-key 2>/dev/null) || found=
    [ "$found" = "$CVAULT_PUBLIC_KEY" ] || found=
    if [ -n "$found" ]; then
      recover_key=yes
      fresh=no
    fi
  fi
  [ "$found" != "$CVAULT_PUBLIC_KEY" ] || return 0
  if [ -n "$found" ] && [ -z "$owner" ]; then
    refuse_owner "its interface $CVAULT_INTERFACE has the public key $found, which is not known here"
  fi
  # No key was ever known: it was not activated yet.
  [ -n "$CVAULT_PUBLIC_KEY" ] || return 0
  [ "$CVAULT_REPLACE_KEY" = yes ] || fail "the private key of interface $CVAULT_INTERFACE is lost" \
    'devices know the VPN server by it; with a new one each needs its configuration anew' \
    "put it back as $key, or repair the VPN server with a new key (cvault server repair NAME --new-key)"
}

# The kernel's own WireGuard is several times as fast; wireguard-go is for kernels that were built without it.
choose_backend() {
  if ip -details link show dev "$CVAULT_INTERFACE" >"$scratch/link" 2>/dev/null; then
    [ "$fresh" = no ] || fail "the interface $CVAULT_INTERFACE exists already" \
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

# replace NEW FILE MODE [GROUP]: puts a file in its place at one stroke, and only where it differs; then `changed` says so.
# The one that was there is kept until all is done: a link, which takes no room on a disk that is full.
replace() {
  if [ -f "$2" ] && cmp -s "$1" "$2"; then
    chown "root:${4:-root}" "$2"
    chmod "$3" "$2"
    return 0
  fi
  echo "$2" >>"$scratch/touched"
  install -m "$3" -o root -g "${4:-root}" "$1" "$2.cvault-new"
  if [ -e "$2" ]; then ln -f "$2" "$2.cvault-old"; else echo "$2" >>"$scratch/added"; fi
  mv -f "$2.cvault-new" "$2"
  changed="$changed ${2##*/} "
}

# put PAYLOAD FILE MODE
put() {
  payload "$1" >"$scratch/put"
  replace "$scratch/put" "$2" "$3"
}

install_files() {
  step 'installing the agent and its files'
  install -d -m 0755 /usr/lib/cvault
  install -d -m 0700 /etc/cvault
  put agent.mjs /usr/lib/cvault/agent.mjs 0644
  put interface /usr/lib/cvault/interface 0755
  put supervise /usr/lib/cvault/supervise 0755
  put remove /usr/lib/cvault/remove 0755
  put sysctl.conf /etc/sysctl.d/60-cvault.conf 0644
  if [ -d /etc/systemd/system ]; then
    put "cvault-interface-$backend.service" /etc/systemd/system/cvault-interface@.service 0644
    put cvault-agent@.service /etc/systemd/system/cvault-agent@.service 0644
  fi
  /usr/bin/node /usr/lib/cvault/agent.mjs --version >/dev/null ||
    fail 'the agent does not start' 'see above' 'check that /usr/bin/node works, then run this again'
}

# Another port would cut the tunnels, and devices may know the VPN server by another than it listens on.
choose_port() {
  port=$(sed -n "s/^LISTEN_PORT='\([0-9]*\)'$/\1/p" "$settings" 2>/dev/null || true)
  [ -n "$port" ] || port=$(wg show "$CVAULT_INTERFACE" listen-port 2>/dev/null) || port=
  case $port in '' | 0) port=$CVAULT_LISTEN_PORT ;; esac
}

write_settings() {
  umask 077
  choose_port
  cat >"$scratch/env" <<SETTINGS
# Written by CVault's installation.
SERVER_ID='$CVAULT_SERVER_ID'
VERSION='$CVAULT_VERSION'
BACKEND='$backend'
LISTEN_PORT='$port'
GATEWAY_ADDRESSES='$CVAULT_GATEWAY_ADDRESSES'
MTU='$CVAULT_MTU'
SETTINGS
  replace "$scratch/env" "$settings" 0600
  # Made here, and it never leaves: not in the answer below, and the agent has no way to read it.
  if ! wg pubkey >/dev/null 2>&1 <"$key"; then
    if [ "${recover_key:-no}" = yes ]; then
      wg show "$CVAULT_INTERFACE" private-key >"$scratch/key"
    else
      wg genkey >"$scratch/key"
    fi
    [ -s "$scratch/key" ]
    replace "$scratch/key" "$key" 0600
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
  replace "$scratch/keys" "$keys" 0640 cvault
}

# Whether cvault, as user and as group, is on sshd's list of this name.
is_on_list() {
  sed -n "s/^$list //p" "$scratch/sshd" | tr ' ' '\n' >"$scratch/list"
  while read -r pattern; do
    # shellcheck disable=SC2194,SC2254 # a pattern is what it is
    case cvault in ${pattern%%@*}) return 0 ;; esac
  done <"$scratch/list"
  return 1
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
    ! grep -q "^$list " "$scratch/sshd" || is_on_list || fail 'sshd does not let user cvault in' \
      "/etc/ssh/sshd_config has $list without cvault" "add cvault to $list, reload sshd, then run this again"
  done
  for list in denyusers denygroups; do
    ! is_on_list || fail 'sshd does not let user cvault in' "/etc/ssh/sshd_config has cvault in $list" \
      "take cvault out of $list, reload sshd, then run this again"
  done
}

# Sets what these files say, and notes what it was before.
apply_sysctl() {
  sed -n 's/^-\{0,1\}\([a-z][a-zA-Z0-9_./-]*\) *=.*/\1/p' "$1" | while read -r name; do
    value=$(sysctl -n "$name" 2>/dev/null) || continue
    echo "$name = $value" >>"$scratch/sysctl"
  done
  sysctl -q -p "$1" >&2
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
    replace "$scratch/accept-ra" /etc/sysctl.d/61-cvault-accept-ra.conf 0644
    apply_sysctl /etc/sysctl.d/61-cvault-accept-ra.conf
  fi
  apply_sysctl /etc/sysctl.d/60-cvault.conf || true
  [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ] || fail 'IPv4 forwarding could not be turned on' \
    '/proc/sys/net/ipv4/ip_forward cannot be written' 'allow it (in a container: run it privileged), then run this again'
}

restart_agent() {
  if runs_systemd; then
    systemctl restart "cvault-agent@$CVAULT_INTERFACE"
  else
    stop_supervisor agent
    start_supervisor agent
  fi
}

start_with_systemd() {
  interface_unit=cvault-interface@$CVAULT_INTERFACE
  agent_unit=cvault-agent@$CVAULT_INTERFACE
  systemctl daemon-reload
  systemctl --quiet enable "$interface_unit" "$agent_unit"
  systemctl reset-failed "$interface_unit" "$agent_unit" 2>/dev/null || true
  if systemctl is-active --quiet "$interface_unit"; then
    # Not a restart: that would end every tunnel.
    /usr/lib/cvault/interface up "$CVAULT_INTERFACE"
  else
    systemctl start "$interface_unit" || {
      journalctl --no-pager -n 20 -u "$interface_unit" >&2 || true
      fail "the interface $CVAULT_INTERFACE does not come up" 'see its log above' \
        "most often its UDP port $port is taken; put that right, then run this again"
    }
  fi
  case $changed in
    *' agent.mjs '* | *' cvault-agent@.service '*)
      agent_restarted=yes
      restart_agent
      ;;
    *) systemctl start "$agent_unit" ;;
  esac
}

# supervisor_pid interface|agent
supervisor_pid() {
  # In a folder that only root can write to, so the number is one that root wrote.
  pid=$(cat "/run/cvault-supervise-$CVAULT_INTERFACE-$1.pid" 2>/dev/null) || return 1
  [ -n "$pid" ] && grep -q supervise "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}

start_supervisor() {
  setsid /usr/lib/cvault/supervise "$1" "$CVAULT_INTERFACE" >>"/var/log/cvault-$CVAULT_INTERFACE.log" 2>&1 3>&- 4<&- 9>&- &
  echo $! >"/run/cvault-supervise-$CVAULT_INTERFACE-$1.pid"
}

stop_supervisor() {
  pid=$(supervisor_pid "$1") || return 0
  kill "$pid"
  tries=0
  while [ -e "/proc/$pid" ] && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
}

# Version 0.1.0 had one supervisor with a keeper for each. The interface's goes on alone, with its tunnels.
take_over_old_supervisor() {
  old=/run/cvault-supervise-$CVAULT_INTERFACE.pid
  pid=$(cat "$old" 2>/dev/null) || return 0
  if grep -q supervise "/proc/$pid/cmdline" 2>/dev/null; then
    agent_keeper=
    tries=0
    # Between two lives of the agent it has none.
    while [ -z "$agent_keeper" ] && [ "$tries" -lt 100 ]; do
      tries=$((tries + 1))
      for keeper in $(pgrep -P "$pid"); do
        ! pgrep -P "$keeper" -f 'agent.mjs serve' >/dev/null || agent_keeper=$keeper
      done
      [ -n "$agent_keeper" ] || sleep 0.1
    done
    for keeper in $(pgrep -P "$pid" -f supervise); do
      [ "$keeper" = "$agent_keeper" ] || echo "$keeper" >"/run/cvault-supervise-$CVAULT_INTERFACE-interface.pid"
    done
    # Asked to end, it would take the interface down.
    kill -KILL "$pid"
    [ -z "$agent_keeper" ] || echo "$agent_keeper" >"/run/cvault-supervise-$CVAULT_INTERFACE-agent.pid"
  fi
  rm -f "$old"
}

start_with_supervise() {
  take_over_old_supervisor
  if supervisor_pid interface >/dev/null; then
    /usr/lib/cvault/interface up "$CVAULT_INTERFACE"
  else
    start_supervisor interface
  fi
  case $changed in
    *' agent.mjs '* | *' supervise '*)
      agent_restarted=yes
      restart_agent
      ;;
    *) supervisor_pid agent >/dev/null || start_supervisor agent ;;
  esac
}

# The whole way that the control plane will go, but for sshd: forced command, as cvault, until the agent says hello.
await_hello() {
  mkfifo "$scratch/silence"
  chmod 711 "$scratch"
  : >"$scratch/hello"
  tries=0
  revived=no
  until grep -q '"type":"hello"' "$scratch/hello"; do
    tries=$((tries + 1))
    # A slow machine needs longer for each try as well.
    if [ "$tries" -gt 40 ]; then
      if runs_systemd; then
        journalctl --no-pager -n 20 -u "cvault-agent@$CVAULT_INTERFACE" >&2 || true
      else
        tail -n 20 "/var/log/cvault-$CVAULT_INTERFACE.log" >&2 || true
      fi
      fail 'the agent does not answer' 'see its log above' 'put that right, then run this again'
    fi
    # Opened for reading and writing, a pipe neither blocks nor ends: the relay waits for us, not we for it.
    setpriv --reuid cvault --regid cvault --clear-groups /usr/bin/env -i /usr/bin/node /usr/lib/cvault/agent.mjs \
      relay --socket "/run/cvault/$CVAULT_INTERFACE.sock" <>"$scratch/silence" >"$scratch/hello" 2>/dev/null 3>&- 4<&- 9>&- &
    relay_pid=$!
    waited=0
    while kill -0 "$relay_pid" 2>/dev/null && [ ! -s "$scratch/hello" ] && [ "$waited" -lt 300 ]; do
      waited=$((waited + 1))
      sleep 0.1
    done
    kill "$relay_pid" 2>/dev/null || true
    # The shell has a word to say about a process that was ended.
    { wait "$relay_pid" || true; } 2>/dev/null
    # An agent that takes the connection and says nothing for 30 s hangs; it is started anew, once.
    if [ ! -s "$scratch/hello" ] && [ "$revived" = no ] && { [ "$tries" = 5 ] || [ "$waited" -ge 300 ]; }; then
      revived=yes
      restart_agent
    fi
    [ -s "$scratch/hello" ] || sleep 0.5
  done
}

start_services() {
  step "starting interface $CVAULT_INTERFACE and its agent"
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
  printf '{"interfacePublicKey":"%s","hostKeys":[%s],"sshUser":"cvault","backend":"%s"}\n' \
    "$public_key" "$host_keys" "$backend" >&3
}

await_keep() {
  [ "${CVAULT_CONFIRM:-no}" = yes ] || return 0
  step 'waiting until the control plane has connected'
  # Long enough for it to try; an operator whose connection is cut leaves nothing behind for longer.
  answer=$(timeout 120 head -n 1 <&4) || answer=
  [ "$answer" = keep ] || fail 'the control plane did not take this VPN server' \
    'it could not connect, or the connection to whoever runs this ended' 'put that right, then run this again'
}

install_vpn_server() {
  set -eu
  # Standard output is for the result alone; no command below can add to it, or read the rest of this script.
  exec 4<&0 3>&1 1>&2 </dev/null
  PATH=/usr/sbin:/usr/bin:/sbin:/bin
  export PATH LC_ALL=C
  umask 022
  current_step='starting'
  trap on_exit EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 141' PIPE
  trap 'exit 143' TERM
  changed=
  check_machine
  check_owner
  check_user
  list_missing_packages
  if [ "$fresh" = yes ]; then
    say "this makes a VPN server of $(uname -n): interface $CVAULT_INTERFACE, UDP port $CVAULT_LISTEN_PORT"
  else
    say "$(uname -n) is this VPN server already: what is not as it should be is put right, and tunnels live on"
  fi
  say "  packages to install:${missing:- none, all are here} (and wireguard-go where the kernel has no WireGuard)"
  say '  user cvault (no password, may only talk to the agent); files in /usr/lib/cvault, /etc/cvault, /var/lib/cvault'
  say '  forwarding in /etc/sysctl.d/60-cvault.conf; units cvault-interface@ and cvault-agent@'
  install_packages
  check_key
  check_node
  choose_backend
  if [ "$backend" = userspace ]; then
    userspace_program='wireguard-go wireguard-go'
    list_missing_packages
    install_packages
  fi
  # From here on there is something to undo.
  begun=yes
  make_user
  install_files
  write_settings
  authorize_control_key
  check_sshd
  forward_packets
  start_services
  print_result
  await_keep
  say "done: this machine is a VPN server ($backend WireGuard, UDP port $port)"
}

# The last line, so that a script that arrives cut off does nothing at all.
install_vpn_server
