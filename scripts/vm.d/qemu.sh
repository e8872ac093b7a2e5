# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Which QEMU emulates processors at once. Sourced by scripts/vm, which sets: top, cache, die().
#
# Emulation with a host thread for each processor loses a race: a processor translates code
# while another one changes it, and the translation of the old code is kept. The guest's
# kernel changes its code whenever a static key or a probe is switched: int3 first, then
# the new bytes. A processor that keeps the int3 traps there for ever, and the guest hangs
# at full load; or, from 6.2 on (8e791f7eba4c), the kernel panics. Seen with 7.2 and, more
# rarely, with 10.0.2 (a test that switches static keys some thousand times). So processors
# take turns in one thread, with whichever QEMU is installed, unless scripts/vm is told
# --at-once. For that, 8.1 is the least: it locks pages that it translates.

at_once_least=8.1

# enough_at_once BINARY: is it there, and new enough?
enough_at_once() {
	local version

	version=$("$1" --version 2>/dev/null | sed -n '1s/.*version \([0-9][0-9.]*\).*/\1/p')
	[[ -n $version && $(printf '%s\n' "$at_once_least" "$version" | sort -V | head -n 1) == \
		"$at_once_least" ]]
}

# find_qemu_at_once: leave the command in qemu. Debian's backport is unpacked under the cache
# where the installed one is too old; it runs with the libraries of that one.
find_qemu_at_once() {
	local dir=$cache/qemu suite

	qemu=(qemu-system-x86_64)
	! enough_at_once "${qemu[0]}" || return 0
	qemu=("$dir/usr/bin/qemu-system-x86_64" -L "$dir/usr/share/qemu" -L "$dir/usr/share/seabios")
	! enough_at_once "${qemu[0]}" || return 0
	suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")-backports
	"$top/scripts/fetch" -s "$suite" -x "$dir" qemu-system-x86 qemu-system-data seabios \
		>/dev/null && enough_at_once "${qemu[0]}" ||
		die "--at-once needs QEMU $at_once_least or newer: install it, or do without --at-once"
}
