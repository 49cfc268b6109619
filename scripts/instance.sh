# The instance that make up, down and status speak of, and how these scripts speak. To be sourced.
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by those who source it

home=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
root=${CREW_ROOT:-/var/lib/crew}
node=$home/node_modules/.bin/node
crew_pid_file=$root/run/up-crew.pid
engine_pid_file=$root/run/up-engine.pid
engine_host_file=$root/run/up-engine-host
engine_socket=$root/run/docker.sock

# where Debian keeps dockerd, haproxy and iptables, and an ordinary user's PATH does not
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# One line about a step that begins or is done.
say() { printf -- '-----> %s\n' "$*"; }

# What went wrong, then what to do, one argument a line; ends the script.
fail() {
  printf ' !     %s\n' "$@" >&2
  exit 1
}

# Runs a command as root, by sudo where need be; Crew's variables go along.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
    return
  fi
  command -v sudo >/dev/null || fail 'this needs root' 'run it as root, or install sudo'
  local variables=() name
  for name in $(compgen -e | grep -E '^(CREW_.*|DOCKER_HOST)$'); do variables+=("$name=${!name}"); done
  sudo env "${variables[@]}" PATH="$PATH" "$@"
}

# The daemon's client, on this instance.
crew() { as_root env CREW_ROOT="$root" "$home/bin/crew" "$@"; }

# Prints the pid kept in a file if that process still is what the file was written for.
# $1 file, $2 words its command line has
running_pid() {
  local pid
  pid=$(as_root cat "$1" 2>/dev/null) || return 1
  [[ $pid =~ ^[0-9]+$ ]] || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$2" || return 1
  echo "$pid"
}

crew_pid() { running_pid "$crew_pid_file" "serve --root $root "; }
engine_pid() { running_pid "$engine_pid_file" "dockerd --data-root $root/engine "; }

# Waits until a command succeeds. $1 seconds at most, then the command
wait_for() {
  local limit=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$limit" ] || return 1
    sleep 0.2
  done
}

# Waits until what start_detached started answers; gives up early when it has ended.
# $1 seconds at most, $2 command that prints its pid while it runs, then the command that asks for an answer
wait_for_answer() {
  local begun=$SECONDS limit=$1 running=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $((SECONDS - begun)) -lt "$limit" ] || return 1
    # it needs a moment to write its pid
    [ $((SECONDS - begun)) -lt 3 ] || "$running" >/dev/null || return 1
    sleep 0.2
  done
}

# Starts a program that outlives this script, as root, in a session of its own.
# $1 file for its pid, $2 file for its log, kept below 2 x 5 MB, then the program
start_detached() {
  local pid_file=$1 log=$2
  shift 2
  # shellcheck disable=SC2016 # for the inner shell
  as_root setsid --fork bash -c '
    umask 077
    echo $$ >"$1"
    log=$2 bounded=$3
    shift 3
    exec "$@" </dev/null > >(exec "$bounded" "$log" 5000000 >/dev/null 2>&1) 2>&1' \
    start-detached "$pid_file" "$log" "$home/scripts/bounded-log" "$@"
}

# Ends a process by its pid and waits for it. $1 pid, $2 seconds until it is killed
end_process() {
  as_root kill -TERM "$1" 2>/dev/null || return 0
  wait_for "$2" eval "! [ -d /proc/$1 ]" || as_root kill -KILL "$1" 2>/dev/null || true
}

# Does a daemon serve this root, whoever started it?
crew_answers() { crew version </dev/null >/dev/null 2>&1; }
