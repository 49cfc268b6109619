# A Docker engine that answers: the one that is there, else one of our own. To be sourced.
# shellcheck shell=bash
# shellcheck source=scripts/packages.sh
. "${BASH_SOURCE%/*}/packages.sh"

# $1 address as DOCKER_HOST has it
engine_answers() {
  local url=(http://localhost/_ping)
  case $1 in
    unix://*) url=(--unix-socket "${1#unix://}" http://localhost/_ping) ;;
    tcp://*) url=("http://${1#tcp://}/_ping") ;;
    *) return 1 ;;
  esac
  as_root curl --silent --fail --max-time 5 --output /dev/null "${url[@]}"
}

# Sets engine to the address of an engine that answers, starting one if there is none.
need_engine() {
  if [ -n "${CREW_ENGINE_HOST:-}" ]; then
    engine=$CREW_ENGINE_HOST
    engine_answers "$engine" || fail "no Docker engine answers at $engine (CREW_ENGINE_HOST)" 'start it, or unset CREW_ENGINE_HOST'
    return
  fi
  for engine in ${DOCKER_HOST:+"$DOCKER_HOST"} unix:///var/run/docker.sock "unix://$engine_socket"; do
    if engine_answers "$engine"; then
      say "engine: $engine answers"
      return
    fi
  done
  need_packages dockerd:docker.io containerd:containerd runc:runc iptables:iptables
  if [ -d /run/systemd/system ] && systemctl cat docker.service >/dev/null 2>&1; then
    start_engine_service
  else
    start_own_engine
  fi
}

start_engine_service() {
  engine=unix:///var/run/docker.sock
  say 'engine: starting the service docker'
  { as_root systemctl start docker && wait_for 60 engine_answers "$engine"; } ||
    fail 'the service docker does not start' 'see: journalctl -u docker'
}

# An engine with all it has below the root: its data, its socket, its log.
start_own_engine() {
  engine=unix://$engine_socket
  [ ${#engine_socket} -lt 100 ] || fail "$engine_socket is too long for a socket" 'set CREW_ROOT to a shorter path'
  say "engine: none answers, so starting dockerd with its data in $root/engine"
  local bridge=()
  # docker0 belongs to the engine that made it, and two engines would hand out the same addresses
  if ip link show docker0 >/dev/null 2>&1; then
    need_own_bridge
    bridge=(--bridge "$own_bridge")
  fi
  end_left_containerd
  as_root rm -f "$root/run/docker.pid"
  start_detached "$engine_pid_file" "$root/engine.log" \
    dockerd --data-root "$root/engine" --exec-root "$root/run/engine" \
    --pidfile "$root/run/docker.pid" --host "$engine" "${bridge[@]}"
  wait_for_answer 60 engine_pid engine_answers "$engine" || {
    as_root tail -n 8 "$root/engine.log" >&2
    fail 'dockerd does not answer' "see $root/engine.log"
  }
}

# A dockerd that was killed may leave its containerd, or that one's pid file; the next dockerd would wait for it.
end_left_containerd() {
  local pid file=$root/run/engine/containerd/containerd.pid
  if pid=$(running_pid "$file" "containerd --config $root/run/engine/"); then end_process "$pid" 10; fi
  as_root rm -f "$file"
}

# A network bridge for this root's engine, in the first of 172.20.0.0/16 to 172.31.0.0/16 that the machine does not
# use. Linux allows a name of 15 characters.
own_bridge=crew$(printf %s "$root" | cksum | cut -d ' ' -f 1)

need_own_bridge() {
  ip link show "$own_bridge" >/dev/null 2>&1 && return
  local second
  for second in $(seq 20 31); do
    { ip -4 address && ip -4 route; } | grep -q "172\.$second\." && continue
    as_root ip link add name "$own_bridge" type bridge
    as_root ip address add "172.$second.0.1/16" dev "$own_bridge"
    as_root ip link set "$own_bridge" up
    return
  done
  fail 'no free network for the engine among 172.20.0.0/16 to 172.31.0.0/16' 'name an engine that runs: CREW_ENGINE_HOST'
}

# Ends the engine if it is the one that start_own_engine started.
stop_own_engine() {
  local pid
  if pid=$(engine_pid); then
    say "engine: stopping dockerd ($pid)"
    end_process "$pid" 60
  fi
  as_root rm -f "$engine_pid_file"
  # a dockerd that was killed leaves the mount of its data, and none removes the firewall rules of its bridge
  while mountpoint -q "$root/engine"; do as_root umount "$root/engine" || break; done
  if ip link show "$own_bridge" >/dev/null 2>&1; then
    remove_bridge_rules
    as_root ip link delete "$own_bridge"
  fi
}

remove_bridge_rules() {
  local table rule words
  for table in filter nat; do
    as_root iptables -t "$table" -S | grep -E -- "^-A .* $own_bridge( |$)" | while IFS= read -r rule; do
      read -ra words <<<"${rule#-A }"
      as_root iptables -t "$table" -D "${words[@]}" </dev/null || true
    done || true
  done
}
