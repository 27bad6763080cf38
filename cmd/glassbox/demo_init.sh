#!/bin/busybox sh
# The first process of the demo's Linux.
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root PS1='\w # '
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/pts && mount -t devpts devpts /dev/pts 2>/dev/null

for m in $(cat /lib/modules/order); do
	insmod "/lib/modules/$m" || echo "init: cannot load $m"
done
for i in 1 2 3 4 5 6 7 8 9 10; do # the disk is found in the background
	[ -b /dev/sda ] && break
	sleep 0.2
done
[ -n "$LINES" ] && stty rows "$LINES" cols "$COLUMNS" 2>/dev/null
hostname glassbox
dmesg -n 4

echo
echo "  Linux $(uname -r) on Glassbox: every chip it sees is software."
echo
echo "  look      cat /proc/cpuinfo     cat /proc/interrupts     dmesg | less"
if [ -b /dev/sda ]; then
	echo "  disk      mount /dev/sda /mnt && cat /mnt/README"
	echo "            echo hello > /mnt/note && sync        (kept until the next demo)"
fi
echo "  leave     reboot -f, or the keys Ctrl-A x"
echo "  inside    Ctrl-A c: registers, memory and page tables of this machine"
echo
cd /root
setsid cttyhack sh
umount -a 2>/dev/null
reboot -f
