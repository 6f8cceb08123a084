#!/bin/sh
# boot.sh FOLDER ROOT SHARED: in fresh namespaces of every kind but users', becomes systemd in a Debian of its own. ROOT,
# which stays as it is, is seen through a layer in memory; FOLDER is where that lies, SHARED what both sides see.
set -eu
folder=$1 lower=$2 shared=$3
mount --make-rprivate /
mkdir "$folder/memory"
mount -t tmpfs -o size=900m,mode=755 memory "$folder/memory"
cd "$folder/memory"
mkdir upper work root data
mount -t overlay -o "lowerdir=$lower,upperdir=upper,workdir=work" root root
# An engine that stacks layers wants no stack below it.
mkdir -p root/var/lib/berth root/shared
mount --bind data root/var/lib/berth
mount --bind "$shared" root/shared
cd root
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=755 dev dev
while read -r name major minor; do
  mknod -m 666 "dev/$name" c "$major" "$minor"
done <<END
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
END
mkdir dev/pts dev/shm dev/mqueue
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr

# The same hierarchies as outside, each from the control group on that this process is in.
outside=/sys/fs/cgroup inside=sys/fs/cgroup
if [ -e $outside/cgroup.controllers ]; then
  mount -t cgroup2 cgroup2 $inside
else
  mount -t tmpfs -o mode=755 cgroup $inside
  for path in $outside/*/; do
    path=${path%/}
    name=${path##*/}
    [ ! -L "$path" ] || continue
    mkdir "$inside/$name"
    case $name in
      unified) mount -t cgroup2 cgroup2 $inside/unified ;;
      systemd) mount -t cgroup -o none,name=systemd,xattr cgroup $inside/systemd ;;
      *) mount -t cgroup -o "$name" cgroup "$inside/$name" ;;
    esac
  done
fi

echo server >etc/hostname
hostname server
ip link set lo up
mkdir .outside
pivot_root . .outside
umount -l /.outside
rmdir /.outside
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=console --show-status=0
