# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Which QEMU runs the lab machine. Sourced by scripts/vm, which sets: top, cache, die().
#
# Emulation with a host thread for each processor loses a race: a processor translates code
# while another one changes it, and the translation of the old code is kept. The guest's
# kernel changes its code whenever a static key or a probe is switched: int3 first, then
# the new bytes. A processor that keeps the int3 traps there for ever, and the guest hangs
# at full load; or its kernel panics. Seen with 7.2 and, more rarely, with 10.0.2 (a test that
# switches static keys some thousand times). So processors take turns in one thread unless
# scripts/vm is told --at-once. For that, 8.1 is the least: it locks pages that it
# translates. Debian's backport is unpacked under the cache where the installed one is older
# (it runs with the libraries of that one).

# qemu_version BINARY: 10.0.2, or nothing.
qemu_version() {
	"$1" --version 2>/dev/null | sed -n '1s/.*version \([0-9][0-9.]*\).*/\1/p'
}

# changes_code_well BINARY: is it new enough for a thread for each processor?
changes_code_well() {
	local version

	version=$(qemu_version "$1")
	[[ -n $version && $(printf '%s\n' 8.1 "$version" | sort -V | head -n 1) == 8.1 ]]
}

# fetch_qemu DIR SUITE: unpack SUITE's QEMU and its firmware.
fetch_qemu() {
	"$top/scripts/fetch" -s "$2" -x "$1" qemu-system-x86 qemu-system-data seabios >/dev/null
}

# find_qemu: leave the command in qemu, "multi" or "single" in tcg_threads.
find_qemu() {
	local dir=$cache/qemu suite own=qemu-system-x86_64

	qemu=("$own")
	tcg_threads=multi
	! changes_code_well "$own" || return 0
	suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")-backports
	if [[ ! -e $dir/failed ]] && ! changes_code_well "$dir/usr/bin/$own"; then
		fetch_qemu "$dir" "$suite" || { mkdir -p "$dir"; : >"$dir/failed"; }
	fi
	if changes_code_well "$dir/usr/bin/$own"; then
		qemu=("$dir/usr/bin/$own" -L "$dir/usr/share/qemu" -L "$dir/usr/share/seabios")
		return
	fi
	tcg_threads=single
	[[ ${turns:-yes} == no ]] || return 0
	printf 'gvt: vm: QEMU %s emulates processors in turn, since it cannot do so at once %s\n' \
		"$(qemu_version "$own")" \
		"without hanging; install 8.1 or newer ($suite), remove $dir/failed to try again" >&2
}
