#!/bin/bash
# The first process of a machine in user mode (`nfs-network.ts` starts it): mounts the share and works.
# What it is given by name, as SHARE, comes from the kernel's command line.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
modules=/usr/lib/uml/modules/$(uname -r)/kernel
for name in net/sunrpc/sunrpc fs/nfs_common/grace fs/lockd/lockd fs/netfs/netfs fs/fscache/fscache \
  fs/nfs/nfs net/dns_resolver/dns_resolver fs/nfs/nfsv4; do
  busybox insmod "$modules/$name.ko"
done
busybox ip link set lo up
busybox ip address add "$ADDRESS/30" dev eth0
busybox ip link set eth0 up
busybox ip route add default via "$GATEWAY"
hostname "$MACHINE"
# The kernel adds words of its own.
words=()
for word in "$@"; do
  case $word in root=*|console=*) ;; *) words+=("$word") ;; esac
done
options="addr=$SERVER,port=$PORT,clientaddr=$ADDRESS,vers=4.1,hard,timeo=20"
if busybox mount -t nfs4 -o "$options" "$SERVER:/share" "$SHARE"; then
  "$NODE" "$PROGRAM" "${words[@]}"
else
  echo "the share cannot be mounted" >&2
fi
busybox poweroff -f
