#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# terminal.sh - colour and progress are for terminals alone, and colour only for who wants it.

set -uo pipefail
# shellcheck source=selftests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

names=("a terminal gets colour" "NO_COLOR: none" "NO_COLOR that is empty means nothing"
	"TERM=dumb: none" "stderr is a terminal: progress is shown there"
	"... and cleared at the end" "... stdout has none of it" "stdout is a terminal, stderr not: no progress"
	"nobody's terminal: no colour, no progress")
plan ${#names[@]}

if ! command -v python3 >/dev/null; then
	for name in "${names[@]}"; do
		skip "$name" "python3 is missing"
	done
	finish
	exit
fi

# on_pty FDS ARG...: gvt with these descriptors (1, 2, 12) on a terminal of its own: what came
# there to $work/tty, the others to $work/1 and $work/2
on_pty() {
	python3 - "$work" "$1" "$GVT" "${@:2}" <<-'EOT'
	import os, pty, sys

	work, fds, argv = sys.argv[1], sys.argv[2], sys.argv[3:]
	pid, master = pty.fork()
	if pid == 0:
	    for fd in (1, 2):
	        if str(fd) not in fds:
	            os.dup2(os.open(f"{work}/{fd}", os.O_CREAT | os.O_TRUNC | os.O_WRONLY), fd)
	    os.execv(argv[0], argv)
	with open(f"{work}/tty", "wb") as tty:
	    while True:
	        try:
	            data = os.read(master, 65536)
	        except OSError:
	            break
	        if not data:
	            break
	        tty.write(data)
	os.waitpid(pid, 0)
	EOT
}

escape=$'\033'
colours() {
	if grep -q "$escape\\[[0-9;]*m" "$1"; then
		echo colour
	else
		echo plain
	fi
}

progress() {
	if grep -aq "repetition [0-9] of" "$1"; then
		echo progress
	else
		echo none
	fi
}

run=(run mainexit --quick --n 5)
export TERM=xterm
unset NO_COLOR
on_pty 1 "${run[@]}"
is "${names[0]}" colour "$(colours "$work/tty")"
is "${names[7]}" "none none" "$(progress "$work/tty") $(progress "$work/2")"
NO_COLOR=1 on_pty 1 "${run[@]}"
is "${names[1]}" plain "$(colours "$work/tty")"
NO_COLOR='' on_pty 1 doctor
is "${names[2]}" colour "$(colours "$work/tty")"
TERM=dumb on_pty 1 doctor
is "${names[3]}" plain "$(colours "$work/tty")"
on_pty 2 "${run[@]}"
is "${names[4]}" progress "$(progress "$work/tty")"
is "${names[5]}" "$(printf '\r\033[K' | od -An -c)" "$(tail -c 4 "$work/tty" | od -An -c)"
is "${names[6]}" "none plain" "$(progress "$work/1") $(colours "$work/1")"
gvt "${run[@]}"
is "${names[8]}" "plain " "$(colours "$work/out") $err"
finish
