#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# completion.sh - what bash and zsh offer when somebody completes a gvt command: all that gvt
# itself knows, and nothing that it doesn't.

set -uo pipefail
# shellcheck source=selftests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

top=${GVT_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}

# How the command is typed, where it isn't by its whole path.
spelled=""

# in_bash WORD...: what bash offers for the last one, sorted, in a line
in_bash() {
	bash --norc --noprofile -c '
		. "$1"
		gvt=$2
		shift 2
		COMP_WORDS=("$gvt" "$@")
		COMP_CWORD=$#
		COMP_LINE="${COMP_WORDS[*]}"
		COMP_POINT=${#COMP_LINE}
		# What the shell would call.
		spec=$(complete -p gvt)
		[[ $spec =~ -F\ ([a-z_]+) ]] && "${BASH_REMATCH[1]}" "$gvt" "${@: -1}" "${COMP_WORDS[$# - 1]}"
		printf "%s\n" "${COMPREPLY[@]}"
	' bash "$top/tools/completion/gvt.bash" "${spelled:-$GVT}" "$@" | sort -u | xargs
}

# in_zsh WORD...: the same of zsh, whose compadd is asked what would be added
in_zsh() {
	zsh -f -c '
		function compadd() { shift; print -l -- "${(@M)@:#${words[CURRENT]}*}"; }
		function _files() { print -- :files; }
		function _normal() { print -- ":normal $CURRENT ${words[*]}"; }
		script=$1 gvt=$2
		shift 2
		words=("$gvt" "$@")
		CURRENT=$#words
		. "$script"
	' zsh "$top/tools/completion/_gvt" "${spelled:-$GVT}" "$@" | sort -u | xargs
}

experiments=$("$GVT" list | awk 'NR > 1 { print $1 }' | sort)

plan 33

all=$(in_bash "")
for command in list run stat bench doctor help; do
	matches "bash: the command $command" "(^| )$command( |\$)" "$all"
done
is "bash: a command's beginning" "run" "$(in_bash ru)"
is "bash: experiments" "$(sort -u <<<"$experiments"$'\n'all | xargs)" "$(in_bash run "")"
is "bash: an experiment's beginning" "scale server skynet stack steal switch" "$(in_bash run s)"
is "bash: another experiment" "mainexit memory mn" "$(in_bash run create m)"
# Each long option that the command takes, and none more: the help has them all.
"$GVT" help run | grep -oE '^  --[a-z]+' | sort -u | xargs >"$work/options"
is "bash: options of run" "$(<"$work/options")" "$(in_bash run --)"
is "bash: an option without a short name" "--no-kernel" "$(in_bash trace --no)"
is "bash: an option after an experiment" "--quick" "$(in_bash run create --qu)"
is "bash: an option's values" "here vm" "$(in_bash run --where "")"
is "bash: ... behind =" "vm" "$(in_bash run --where = v)"
is "bash: no value that only the user knows" "" "$(in_bash run --n "")"
is "bash: an option without a value" "$(in_bash run "")" "$(in_bash run --quick "")"
matches "bash: help: commands and experiments" "create.* run .*switch" "$(in_bash help "")"
matches "bash: workloads of bench" "roundtrip.*skynet" "$(in_bash bench "")"
is "bash: list: --json" "--json" "$(in_bash list --)"
matches "bash: stat: a command" "(^| )true( |\$)" "$(in_bash stat tru)"
matches "bash: stat: -- a command" "(^| )true( |\$)" "$(in_bash stat -- tru)"
is "bash: stat: the command's own arguments are left to it" "" "$(in_bash stat ls -)"
cd "$work" && : >"$work/a_file"
is "bash: a file" "a_file" "$(in_bash stat -o a_f)"
is "bash: nothing of what is no command" "" "$(in_bash frobnicate "")"

# at_home SHELL, beside SHELL: the command typed as ~/gvt, and as ./gvt
at_home() {
	# shellcheck disable=SC2088 # the completion's part
	(export HOME=${GVT%/*}; spelled="~/${GVT##*/}"; "in_$1" run ser)
}
beside() {
	(cd "${GVT%/*}" && spelled=./${GVT##*/} && "in_$1" run ser)
}
is "bash: gvt in the home folder" server "$(at_home bash)"
is "bash: ./gvt" server "$(beside bash)"

# typed TEXT: the words that a real shell makes of it, where a tab stands for the tab key
typed() {
	python3 - "$top/tools/completion/gvt.bash" "$(dirname "$GVT")" "$1" <<-'EOT'
	import os, pty, re, signal, sys

	# Only against hanging for good.
	signal.alarm(300)

	script, path, text = sys.argv[1:]
	pid, master = pty.fork()
	if pid == 0:
	    os.environ.update(PATH=path + ":" + os.environ["PATH"], PS1="ready> ", TERM="dumb",
	                      INPUTRC="/dev/null")
	    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
	seen = b""

	def until(pattern):
	    global seen
	    while not re.search(pattern, seen):
	        seen += os.read(master, 4096)
	    seen = b""

	until(rb"ready> $")
	os.write(master, b". '" + script.encode() + b"'; echo lo''aded\r")
	until(rb"loaded\r?\n(?s:.)*ready> $")
	# Then to the beginning of the line: what was typed becomes arguments.
	os.write(master, text.encode() + b"\x01printf '<%s>' \x05; echo '<end>'\r")
	while not re.search(rb"<gvt>.*<end>", seen):
	    seen += os.read(master, 4096)
	print(re.search(rb"<gvt>.*<end>", seen)[0].decode())
	os.close(master)
	os.waitpid(pid, 0)
	EOT
}
mkdir "$work/dir_a"
: >"$work/file with blanks"
if command -v python3 >/dev/null; then
	is "bash: a folder is gone on from" "<gvt><stat><-o><dir_a/><end>" "$(typed $'gvt stat -o dir_\t' 2>&1)"
	is "bash: blanks in a name are quoted" "<gvt><report><file with blanks><end>" \
		"$(typed $'gvt report file\t' 2>&1)"
else
	skip "bash: a folder is gone on from" "python3 is missing"
	skip "bash: blanks in a name are quoted" "python3 is missing"
fi

if command -v zsh >/dev/null; then
	is "zsh: experiments" "scale server skynet stack steal switch" "$(in_zsh run s)"
	is "zsh: gvt in the home folder" server "$(at_home zsh)"
	is "zsh: ./gvt" server "$(beside zsh)"
	is "zsh: a command, and files" ":normal 1 tru :files" \
		"$(in_zsh stat -o x tru) $(in_zsh stat -o "")"
else
	for name in "experiments" "gvt in the home folder" "./gvt" "a command, and files"; do
		skip "zsh: $name" "zsh is missing"
	done
fi
finish
