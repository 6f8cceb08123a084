#!/usr/bin/env bash
# rclone as a volume plugin says that a volume is unmounted while files of it were never sent to the other side, and
# from then on sends them only once the volume is mounted again.
#
# Packages: rclone 1.60.1+dfsg-2+b5, fuse3 3.14.0-4 (Debian 12); curl from the machine.
# Input:    `rclone serve docker`; a volume over WebDAV with vfs-cache-mode=writes: Mount, a file is written and closed,
#           Unmount, all with the ids and in the order of Docker's volume plugin protocol.
# Expected: when Unmount answers without an error, the file is on the other side, or comes there by itself.
# Seen:     it lies in the cache, for as long as nobody mounts the volume (here: three times vfs-write-back); after the
#           next Mount it comes. With vfs-write-back=0s it is there when Unmount answers.
# Exit:     0 while that is so, 1 when it changed, 2 where it cannot be tried. As root; needs /dev/fuse.
set -eu
[ "$(id -u)" = 0 ] && [ -c /dev/fuse ] || { echo "needs root and /dev/fuse" >&2; exit 2; }
work=$(mktemp -d)
started=
end() {
  for pid in $started; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  awk -v at="$work/" 'index($5, at) == 1 { print $5 }' /proc/self/mountinfo | xargs -r umount -l
  rm -rf "$work"
}
trap end EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download rclone=1.60.1+dfsg-2+b5 fuse3=3.14.0-4 libfuse3-3=3.14.0-4 ||
  { echo "packages cannot be had" >&2; exit 2; }
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$work/root/lib/x86_64-linux-gnu PATH=$work/root/usr/bin:$work/root/bin:$PATH
rclone version | head -1

await() { # SECONDS COMMAND…
  local left=$(($1 * 10)); shift
  until "$@"; do left=$((left - 1)); [ "$left" -gt 0 ] || return 1; sleep 0.1; done
}
port=$((20000 + RANDOM % 10000))
mkdir far
rclone serve webdav far --addr "127.0.0.1:$port" --config "" 2>/dev/null &
started="$started $!"
rclone serve docker --socket-addr "$work/plugin.sock" --socket-gid 0 --base-dir "$work/mounts" --cache-dir "$work/cache" \
  --config "" 2>/dev/null &
started="$started $!"
await 20 test -S plugin.sock && await 20 curl -s -o /dev/null "http://127.0.0.1:$port/"

call() { # METHOD BODY
  curl -s --fail --unix-socket plugin.sock -d "$2" "http://plugin/VolumeDriver.$1" >answer.json ||
    { echo "$1: refused: $(cat answer.json)" >&2; exit 1; }
}
create() { # NAME WRITE-BACK
  call Create "{\"Name\":\"$1\",\"Opts\":{\"type\":\"webdav\",\"webdav-url\":\"http://127.0.0.1:$port\",\"path\":\"\",
    \"vfs-cache-mode\":\"writes\",\"vfs-write-back\":\"$2\"}}"
}
write() { # NAME FILE: mounts the volume, writes the file, unmounts
  call Mount "{\"Name\":\"$1\",\"ID\":\"one\"}"
  echo text >"mounts/$1/$2"
  call Unmount "{\"Name\":\"$1\",\"ID\":\"one\"}"
}

failed=0
expect() { # WHAT WANTED GOT
  echo "$1: $3"
  [ "$2" = "$3" ] || { echo "  changed: it was $2" >&2; failed=1; }
}
there() { [ -s "far/$1" ] && echo there || echo missing; }

create late 3s
write late file
sleep 9
expect "write-back 3s, 9 s after Unmount" missing "$(there file)"
call Mount '{"Name":"late","ID":"two"}'
await 20 test -s far/file || true
expect "write-back 3s, mounted again" there "$(there file)"
call Unmount '{"Name":"late","ID":"two"}'
create soon 0s
write soon other
expect "write-back 0s, when Unmount has answered" there "$(there other)"
exit $failed
