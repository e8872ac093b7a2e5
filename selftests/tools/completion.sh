#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# completion.sh - what bash and zsh offer when somebody completes a gvt command: all that gvt
# itself knows, and nothing that it doesn't.

set -uo pipefail
# shellcheck source=selftests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

top=${GVT_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}

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
	' bash "$top/tools/completion/gvt.bash" "$GVT" "$@" | sort -u | xargs
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
	' zsh "$top/tools/completion/_gvt" "$GVT" "$@" | sort -u | xargs
}

experiments=$("$GVT" list | awk 'NR > 1 { print $1 }' | sort)

plan 27

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

if command -v zsh >/dev/null; then
	is "zsh: experiments" "scale server skynet stack steal switch" "$(in_zsh run s)"
	is "zsh: a command, and files" ":normal 1 tru :files" \
		"$(in_zsh stat -o x tru) $(in_zsh stat -o "")"
else
	skip "zsh: experiments" "zsh is missing"
	skip "zsh: a command, and files" "zsh is missing"
fi
finish
