# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Which kernel the lab machine boots, and what it is booted from. Sourced by scripts/vm,
# which sets: top, build, cache, suite, and die().
#
# The kernel is the distribution's own, unpacked under the cache and never installed. Its
# image gets a first root of three things: our process 1, the few modules that reach the
# host's files (decompressed: newer kernels ship them packed), and their order. Which
# modules that takes, and which are built in, differs from kernel to kernel, so modprobe
# works it out from the kernel's own lists. Somebody's own kernel (--image) brings them
# built in, and its first root is process 1 alone.

# What reaches the host: the port, its files, a writable root above them.
vm_modules=(virtio_pci virtio_console 9pnet_virtio 9p overlay)

# newest NAME...: the highest version of those given, or nothing.
newest() {
	printf '%s\n' "$@" | sort -V | tail -n 1
}

# with_headers: the releases whose headers are installed, so that gvt.ko can be built.
with_headers() {
	local file

	for file in /lib/modules/*/build/Makefile /usr/src/linux-headers-*-amd64/Makefile; do
		[[ -e $file && $file == *-amd64/* ]] || continue
		file=${file#/lib/modules/}
		file=${file#/usr/src/linux-headers-}
		printf '%s\n' "${file%%/*}"
	done | sort -u
}

# default_release RELEASE...: of these the running one, as `make kmod` chooses, if it is a
# stock one; else the newest of Debian 12's, else the newest.
default_release() {
	local release stock=() running

	running=$(uname -r)
	for release; do
		[[ $release =~ ^[0-9.]+-[0-9]+-amd64$ ]] || continue
		if [[ $release == "$running" ]]; then
			printf '%s\n' "$release"
			return
		fi
		[[ $release != 6.1.* ]] || stock+=("$release")
	done
	[[ ${#stock[@]} -eq 0 ]] || set -- "${stock[@]}"
	newest "$@"
}

# matching VERSION RELEASE...: those that are VERSION or begin with it.
matching() {
	local version=$1 release

	shift
	for release; do
		if [[ $release == "$version" || $release == "$version".* || $release == "$version"-* ||
		      $release == "$version"+* ]]; then
			printf '%s\n' "$release"
		fi
	done
}

# fetched_as headers|kernel VERSION: the releases of that version in the cache.
fetched_as() {
	local file

	for file in "$cache/$1"/*/.complete; do
		[[ ! -e $file ]] || matching "$2" "$(basename "${file%/.complete}")"
	done
}

# find_release [VERSION]: the full release, as uname -r will say it.
find_release() {
	local version=$1 found have name

	mapfile -t have < <(with_headers)
	if [[ -z $version ]]; then
		[[ ${#have[@]} -gt 0 ]] ||
			die "no kernel headers here, so no gvt.ko to load; install linux-headers-amd64" \
			    "(scripts/setup does), or name a kernel: -k 6.1 --no-module"
		default_release "${have[@]}"
		return
	fi
	found=$(matching "$version" "${have[@]}")
	# Those whose headers were fetched, for which gvt.ko can be built too; then any.
	for name in headers kernel; do
		[[ -z $found ]] || break
		found=$(fetched_as "$name" "$version")
	done
	if [[ -z $found ]]; then
		name=${version//./\\.}
		name=linux-image-${name//+/\\+}
		found=$("$top/scripts/fetch" ${suite:+-s "$suite"} \
			--names "$name([.+][0-9a-z.+]*)?(-[0-9]+)?(-amd64)?" 2>/dev/null |
			grep -E '[0-9]+\.[0-9]+\.[0-9].*-amd64$' | sed 's/^linux-image-//') ||
			die "no kernel '$version' in ${suite:-this release}'s packages;" \
			    "another suite may have it: --suite bookworm-backports, or trixie-backports"
	fi
	# shellcheck disable=SC2086 # one a line
	newest $found
}

# little_endian FILE OFFSET SIZE: a number out of a binary file.
little_endian() {
	od -An -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '
}

# unpack_image VMLINUZ VMLINUX: the ELF file inside a bzImage, which QEMU starts by the PVH
# entry. It saves the guest from unpacking its kernel: seconds, under emulation. The fields
# are those of Documentation/arch/x86/boot.rst. False when it is packed in a way that no
# tool here knows, and then the bzImage is what is booted.
unpack_image() {
	local sectors offset length tool

	[[ $(little_endian "$1" $((0x202)) 2) -ge $((0x208)) ]] || return
	sectors=$(little_endian "$1" $((0x1f1)) 1)
	offset=$((sectors * 512 + 512 + $(little_endian "$1" $((0x248)) 4)))
	length=$(little_endian "$1" $((0x24c)) 4)
	case $(od -An -t x1 -j "$offset" -N 4 "$1" | tr -d ' ') in
	fd377a58) tool=(xz -dcq --single-stream) ;;
	28b52ffd) tool=(zstd -dcq) ;;
	1f8b*) tool=(gzip -dcq) ;;
	*) return 1 ;;
	esac
	# The size of what was packed follows the packed data, and the tools complain of it.
	tail -c +$((offset + 1)) "$1" | head -c "$length" | "${tool[@]}" >"$2" 2>/dev/null || :
	# The note that names the entry: XEN_ELFNOTE_PHYS32_ENTRY.
	readelf -nW "$2" 2>/dev/null | grep -qE '^ *Xen .*0x00000012'
}

# package_files RELEASE: a tar of the kernel's files, from its packages.
package_files() {
	local release=$1 packages debs deb

	# Since 7.0 the image package is only a signature and dependencies beside these two.
	packages=("linux-image-$release")
	if "$top/scripts/fetch" ${suite:+-s "$suite"} --names "linux-binary-${release//[.+]/.}" \
		>/dev/null 2>&1; then
		packages=("linux-binary-$release" "linux-modules-$release")
	fi
	debs=$("$top/scripts/fetch" ${suite:+-s "$suite"} "${packages[@]}") ||
		die "no kernel $release: scripts/fetch could not bring ${packages[*]};" \
		    "is it the full release (uname -r), and in which suite (--suite)?"
	for deb in $debs; do
		dpkg-deb --fsys-tarfile "$deb"
	done
}

# fetch_kernel RELEASE DIR: vmlinux, and the modules that a guest could need, into DIR. A
# kernel that this machine has installed needs no download.
fetch_kernel() {
	local release=$1 dir=$2 name

	rm -rf "$dir"
	mkdir -p "$dir"
	if [[ -r /boot/vmlinuz-$release && -d /lib/modules/$release/kernel ]]; then
		tar -c -C / --exclude="build" --exclude="source" \
			./boot/{vmlinuz,config}-"$release" "./lib/modules/$release"
	else
		package_files "$release"
	fi | tar -x -i -C "$dir" --wildcards --wildcards-match-slash \
		--exclude='*/kernel/drivers/[!cv]*' --exclude='*/kernel/net/[!9]*' \
		--exclude='*/kernel/sound' --exclude='*/usr/share' --exclude='*/System.map-*' ||
		die "kernel $release did not unpack into $dir"
	# usr/lib/modules, where a merged /usr put it; modprobe looks in lib/modules.
	if [[ ! -d $dir/lib/modules && -d $dir/usr/lib/modules ]]; then
		mkdir -p "$dir/lib"
		mv "$dir/usr/lib/modules" "$dir/lib/modules"
	fi
	name=$(find "$dir" -name "vmlinuz*" -type f | head -n 1)
	[[ -n $name && -d $dir/lib/modules/$release ]] ||
		die "the packages of kernel $release hold no kernel and modules of that name"
	unpack_image "$name" "$dir/vmlinux" || mv "$name" "$dir/vmlinux"
	depmod -b "$dir" "$release" 2>/dev/null || die "depmod failed for $dir"
	: >"$dir/.complete"
}

# pack_image WORK IMAGE: process 1 and what lies in WORK/root become IMAGE; WORK goes.
pack_image() {
	local work=$1 image=$2

	: >>"$work/root/modules"
	cp "$build/vm/guest" "$work/root/init"
	(cd "$work/root" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/image"
	mv "$work/image" "$image"
	rm -rf "$work"
}

# start_image IMAGE: a folder to make it in.
start_image() {
	local work

	rm -rf "$1".??????	# of a run that was interrupted; this one has the lock
	work=$(mktemp -d "$1.XXXXXX")
	mkdir "$work/root"
	printf '%s\n' "$work"
}

# make_image RELEASE DIR IMAGE: the first root, from the unpacked kernel in DIR.
make_image() {
	local release=$1 dir=$2 image=$3 work line path name

	work=$(start_image "$image")
	# Newer kernels have some built in, and their packages no list of what is. A guest that
	# really lacks one says so: it finds no port, or cannot mount.
	for name in "${vm_modules[@]}"; do
		modprobe -d "$dir" -S "$release" --show-depends "$name" 2>/dev/null || :
	done >"$work/order"
	grep -q '/9p\.ko' "$work/order" ||
		die "kernel $release comes without the 9p module; remove $dir to have it fetched again"
	while read -r line path _; do
		[[ $line == insmod ]] || continue
		name=/$(basename "$path" | sed 's/\.ko.*/.ko/')
		case $path in
		*.ko) cp "$path" "$work/root$name" ;;
		*.ko.xz) xz -dc "$path" >"$work/root$name" ;;
		*.ko.gz) gzip -dc "$path" >"$work/root$name" ;;
		*.ko.zst) zstd -dcq "$path" >"$work/root$name" ;;
		*) die "do not know how to unpack $path" ;;
		esac
		grep -qxF -e "$name" "$work/root/modules" 2>/dev/null ||
			printf '%s\n' "$name" >>"$work/root/modules"
	done <"$work/order"
	pack_image "$work" "$image"
}

# compile NAME FLAG... -- SOURCE...: a helper program, when a source is newer than it.
compile() {
	local out=$build/vm/$1 flags=() source stale=no

	shift
	while [[ $1 != -- ]]; do
		flags+=("$1")
		shift
	done
	shift
	for source in "$@" "$top"/scripts/vm.d/*.h; do
		[[ $out -nt $source ]] || stale=yes
	done
	[[ $stale == yes ]] || return 0
	"${CC:-gcc}" -std=gnu11 -O2 -Wall -Wextra -Werror "${flags[@]}" -o "$out.$$" "$@" ||
		die "cannot compile ${out##*/}; install gcc and libc6-dev (scripts/setup does)"
	mv "$out.$$" "$out"
}

# prepare_programs: the lock, and the two programs. Runs started together prepare one after
# the other.
prepare_programs() {
	mkdir -p "$build/vm" "$cache/kernel" 2>/dev/null || :
	[[ -w $build/vm && -w $cache/kernel ]] ||
		die "cannot write to $build/vm or $cache/kernel; give others by O and GVT_CACHE"
	exec 9>"$build/vm/lock"
	flock 9
	compile host -- "$top"/scripts/vm.d/host*.c
	compile guest -static -- "$top"/scripts/vm.d/guest*.c
}

# prepare_own FILE: the same as prepare for somebody's own kernel.
prepare_own() {
	local work

	prepare_programs
	kernel=$1
	image=$build/vm/initramfs-own
	if [[ ! $image -nt $build/vm/guest ]]; then
		work=$(start_image "$image")
		pack_image "$work" "$image"
	fi
	exec 9>&-
}

# prepare RELEASE: everything that a boot needs, once; sets kernel and image.
prepare() {
	local release=$1 dir=$cache/kernel/$1

	prepare_programs
	kernel=$dir/vmlinux
	image=$build/vm/initramfs-$release
	[[ -e $dir/.complete ]] || fetch_kernel "$release" "$dir"
	if [[ ! $image -nt $build/vm/guest || ! $image -nt $dir/.complete ||
	      ! $image -nt $top/scripts/vm.d/kernel.sh ]]; then
		make_image "$release" "$dir" "$image"
	fi
	exec 9>&-
}
