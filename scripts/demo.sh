# The caller's SSH key, and a demo app in a repository of the caller's, pushed for real.
# To be sourced.
# shellcheck shell=bash
# shellcheck source=scripts/instance.sh
. "${BASH_SOURCE%/*}/instance.sh"

if [ "$(id -u)" = 0 ]; then demo=$root/demo; else demo=$HOME/crew-demo; fi
demo=${CREW_DEMO:-$demo}

# Sets key to the caller's public key file, making a key if there is none.
need_key() {
  local folder=${HOME:?}/.ssh name
  for name in id_ed25519 id_ecdsa id_rsa; do
    key=$folder/$name.pub
    [ ! -f "$key" ] || [ ! -f "$folder/$name" ] || return 0
  done
  key=$folder/id_ed25519.pub
  say "SSH key: you have none, so making ${key%.pub}"
  (umask 077 && mkdir -p "$folder")
  ssh-keygen -q -t ed25519 -N '' -f "${key%.pub}" || fail 'ssh-keygen failed' 'see its words above'
}

# Registers the key, under the caller's name, unless it is there already.
need_registered_key() {
  local fingerprint name
  fingerprint=$(ssh-keygen -l -f "$key" | awk '{print $2}')
  if crew ssh-keys:list --format json </dev/null | grep -qF "$fingerprint"; then
    say "SSH key: $key is registered"
    return
  fi
  name=$(id -un)
  if crew ssh-keys:list --format json </dev/null | grep -qF "\"$name\""; then
    name=$name-$(printf %s "${fingerprint#SHA256:}" | tr -dc 'a-zA-Z0-9' | head -c 8)
  fi
  say "SSH key: registering $key as $name"
  crew ssh-keys:add "$name" <"$key" >/dev/null || fail 'the key was not accepted' 'see the words above'
}

in_demo() { git -C "$demo" "$@"; }

# Makes the repository unless it is there, and has it lead here; what the caller changed in it stays.
# $1 address of the SSH server, $2 its port
need_demo_repository() {
  local new=no known=$demo/.git/known_hosts host_key
  if [ ! -d "$demo/.git" ]; then
    new=yes
    say "demo: making the repository $demo"
    mkdir -p "$demo"
    git init -q -b master "$demo"
  fi
  host_key=$(as_root ssh-keygen -y -f "$root/ssh_host_ed25519_key") || fail 'the host key cannot be read' "see $root"
  printf '[%s]:%s %s\n' "$1" "$2" "$host_key" >"$known"
  in_demo config core.sshCommand "ssh -i '${key%.pub}' -o UserKnownHostsFile='$known' -o StrictHostKeyChecking=yes"
  in_demo config remote.skiff.url "ssh://crew@$1:$2/demo"
  in_demo config remote.skiff.fetch '+refs/heads/*:refs/remotes/skiff/*'
  if [ "$new" = yes ]; then fill_demo_repository; fi
}

# The files of demo/, on top of what an earlier repository pushed.
fill_demo_repository() {
  in_demo config user.name "$(id -un)"
  in_demo config user.email "$(id -un)@localhost"
  if in_demo fetch -q skiff master 2>/dev/null; then in_demo reset -q FETCH_HEAD; fi
  cp -R "$home/demo/." "$demo/"
  # of an earlier demo, whose base was nothing but this program
  rm -f "$demo/busybox"
  in_demo add -A
  in_demo diff --cached --quiet 2>/dev/null || in_demo commit -q -m 'A page to show that it works'
}

# Pushes; git knows when there is nothing new.
push_demo() {
  say "demo: git push skiff master (in $demo)"
  in_demo push skiff master || fail 'the push was refused' "the reason is above; the daemon's log is $root/crew.log"
}

# Sets page to an address of the demo that any program of this machine finds, once it answers.
need_demo_page() {
  local urls host each
  urls=$(crew urls demo </dev/null)
  page=${urls%%$'\n'*}
  for each in $urls; do
    host=${each#*://}
    # Debian resolves localhost, and demo.localhost only in some browsers and in curl
    if getent hosts "${host%%:*}" >/dev/null; then
      page=$each
      break
    fi
  done
  wait_for 30 curl --silent --fail --max-time 5 --output /dev/null "$page" ||
    fail "the demo does not answer at $page" 'see: bin/crew logs demo; bin/crew ps:report demo'
}
