#!/bin/sh
# The guest's first program: file systems, modules, disks, then the agent, which stays. What goes wrong is said on the
# console, which the test shows when a boot does not get as far as the agent.
export PATH=/bin:/tools/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm /dev/hugepages
mount -t tmpfs shm /dev/shm
mount -t hugetlbfs huge /dev/hugepages
mount -t debugfs debug /sys/kernel/debug
while read -r module; do insmod "/modules/$module" || echo "init: $module did not load"; done </modules/order

# Disks say what they are by their serial number, whatever letter they got.
for disk in /sys/block/vd*; do
  device=/dev/${disk##*/}
  case $(cat "$disk/serial") in
    tools) mount -t ext4 -o ro,noatime "$device" /tools ;;
    vacate) mount -t ext4 -o ro,noatime "$device" /vacate ;;
    data) mount -t ext4 -o noatime "$device" /data ;;
  esac || echo "init: $device did not mount"
done

for port in /sys/class/virtio-ports/*; do
  [ "$(cat "$port/name")" = vacate.agent ] && exec agent "/dev/${port##*/}"
done
echo 'init: there is no port to the test'
poweroff -f
