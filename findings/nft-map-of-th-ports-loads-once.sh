#!/usr/bin/env bash
# nft loads a script with a map whose values hold `th dport` once; the same script is refused from then on, as long as
# the map is there, though the kernel's tables are what it asks for.
#
# Packages: nftables and libnftables1 1.0.6-2+deb12u2 (Debian 12); unshare from the machine.
# Input:    a script that may be loaded any number of times: it adds a table, a map declared by
#           `typeof meta l4proto . th dport . numgen inc mod 2 : ip daddr . th dport`, a nat chain, flushes that, and
#           adds a rule that takes its target from the map. Loaded twice in an empty network namespace.
# Expected: it loads both times, as it does with `tcp dport` in place of `th dport`.
# Seen:     the second time: "conflicting protocols specified", exit 1. Where only the values are declared by
#           `tcp dport`, both loads succeed.
# Exit:     0 while that is so, 1 when it changed, 2 where it cannot be tried. As root.
set -eu
[ "$(id -u)" = 0 ] || { echo "needs root" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download nftables=1.0.6-2+deb12u2 libnftables1=1.0.6-2+deb12u2 ||
  { echo "packages cannot be had" >&2; exit 2; }
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu PATH=$work/root/usr/sbin:$PATH
nft --version

script() { # PORT OF THE VALUES
  cat <<END
add table inet shop
add map inet shop targets { typeof meta l4proto . th dport . numgen inc mod 2 : ip daddr . $1 ; }
add chain inet shop in { type nat hook prerouting priority dstnat ; }
flush chain inet shop in
add rule inet shop in meta l4proto tcp dnat ip to meta l4proto . th dport . numgen inc mod 2 map @targets
END
}
script "th dport" >any.nft
script "tcp dport" >tcp.nft

failed=0
expect() { # FILE FIRST SECOND: how each of the two loads ends
  seen=$(unshare -n sh -c "nft -f $1 && echo loaded || echo refused; nft -f $1 && echo loaded || echo refused" 2>said)
  echo "$1: $(echo "$seen" | paste -sd' ')$([ ! -s said ] || printf ' (%s)' "$(grep -o 'Error:.*' said | head -1)")"
  [ "$seen" = "$2
$3" ] || { echo "  changed: it was $2 $3" >&2; failed=1; }
}
expect any.nft loaded refused
grep -q "conflicting protocols specified" said || { echo "  changed: other words" >&2; failed=1; }
expect tcp.nft loaded loaded
exit "$failed"
