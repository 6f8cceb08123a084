#!/usr/bin/env bash
# crun makes a plain bind mount recursive when its options carry a recursive propagation word.
#
# Packages: crun 1.8.1-1+deb12u1, runc 1.1.5+ds1-1+deb12u1, busybox-static 1:1.35.0-4+deb12u1+b1 (Debian 12).
# Input:    a valid OCI bundle with a mount of options ["bind","rprivate"], whose source folder has a tmpfs below it.
# Expected: `bind` is no `rbind`, and `rprivate` only speaks of propagation: the container sees the empty folder under
#           the tmpfs, not what is in it.
# Seen:     so with runc. With crun the tmpfs is taken along; with "private" in the place of "rprivate" it is not.
# Exit:     0 while that is so, 1 when it changed, 2 where it cannot be tried. As root; needs a cgroup hierarchy.
set -eu
[ "$(id -u)" = 0 ] || { echo "needs root" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download crun=1.8.1-1+deb12u1 runc=1.1.5+ds1-1+deb12u1 libyajl2=2.1.0-3+deb12u2 \
  libseccomp2=2.5.4-1+deb12u1 busybox-static=1:1.35.0-4+deb12u1+b1 || { echo "packages cannot be had" >&2; exit 2; }
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu
crun=$work/root/usr/bin/crun runc=$work/root/usr/sbin/runc
"$crun" --version | head -1
"$runc" --version | head -1
mkdir -p bundle/rootfs/bin bundle/rootfs/proc bundle/rootfs/dev bundle/rootfs/data source/below
cp "$(find root -name busybox -type f -path '*bin*' | head -1)" bundle/rootfs/bin/busybox

# What the container lists of the folder below the source: "seen" where the tmpfs came along.
try() { # RUNTIME PROPAGATION
  cat >bundle/config.json <<C
{"ociVersion":"1.0.2","root":{"path":"rootfs"},
 "process":{"user":{"uid":0,"gid":0},"args":["/bin/busybox","ls","/data/below"],"env":[],"cwd":"/"},
 "mounts":[{"destination":"/proc","type":"proc","source":"proc"},
           {"destination":"/data","type":"bind","source":"$work/source","options":["bind","$2"]}],
 "linux":{"namespaces":[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"}]}}
C
  unshare --mount --propagation private sh -c '
    mount -t tmpfs tmpfs source/below && : >source/below/seen &&
    exec "$1" --root "$2/state" run --bundle bundle "finding-$$"' sh "$1" "$work"
}

failed=0
expect() { # WHAT WANTED GOT
  echo "$1: ${3:-nothing}"
  [ "$2" = "$3" ] || { echo "  changed: it was ${2:-nothing}" >&2; failed=1; }
}
expect "crun, bind,rprivate" seen "$(try "$crun" rprivate)"
expect "crun, bind,private" "" "$(try "$crun" private)"
expect "runc, bind,rprivate" "" "$(try "$runc" rprivate)"
expect "runc, bind,private" "" "$(try "$runc" private)"
exit $failed
