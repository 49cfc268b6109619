# Words that all boot scripts share. To be sourced.
# shellcheck shell=sh
# shellcheck disable=SC2034 # for those who source this
persist=/mnt/persist
state=/run/skiff

# Keeps a sentence on a topic for `skiff status`. $1 topic, $2 ok | problem, the rest: the sentence
note() {
  [ -d "$state/notes" ] || mkdir -p "$state/notes"
  topic=$1 kind=$2
  shift 2
  set -- "$*"
  # names and errors quote what is on persist, which may be anything; what is plain and short costs no process
  case $1 in
    *[!\ -~]*) set -- "$(printf '%s' "$1" | LC_ALL=C tr -cd ' -~')" ;;
  esac
  [ "${#1}" -le 240 ] || set -- "$(printf '%s' "$1" | cut -c 1-240)"
  printf '%s %s\n' "$kind" "$*" >>"$state/notes/$topic"
  echo "$topic: $*"
  [ "$kind" = problem ] || return 0
  echo "skiff: $topic: $*" >/dev/console 2>/dev/null || true
  echo " !     $topic: $*" >>"$state/motd"
}

# Forgets what was said on a topic.
forget() { rm -f "$state/notes/$1"; }

persist_writable() { [ "$(cat "$state/persist" 2>/dev/null)" = rw ]; }

persist_there() {
  case $(cat "$state/persist" 2>/dev/null) in rw | ro) return 0 ;; *) return 1 ;; esac
}

safe_mode() { [ -e "$state/safe" ]; }

# Waits until the disk has $1. What is not on persist is in RAM.
to_disk() { case $1 in "$persist" | "$persist"/*) sync "$1" ;; esac; }

# Replaces file $1 by stdin, whole: what a power cut leaves is the old one or the new one. $2 mode
write_whole() {
  cat >"$1.new" && chmod "$2" "$1.new" && to_disk "$1.new" && mv -f "$1.new" "$1" && to_disk "${1%/*}" && return 0
  rm -f "$1.new"
  return 1
}

# Copies at most 64 KiB of a regular file: nothing on persist is worth more, and a device or pipe may never end.
read_bounded() { [ -f "$1" ] && timeout 5 head -c 65536 "$1"; }
