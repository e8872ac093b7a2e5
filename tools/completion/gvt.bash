# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# gvt.bash - completion of the command gvt for bash: whatever gvt itself says.

_gvt() {
	local cur=${COMP_WORDS[COMP_CWORD]} gvt=$1 line
	local -a words=("${COMP_WORDS[@]:1:COMP_CWORD}")

	# As typed: of a quoted word the shell expands nothing. Only this much of it is let in.
	[[ ! $gvt =~ ^~[[:alnum:]._-]*/ ]] || eval "gvt=${BASH_REMATCH[0]}\${gvt#*/}"
	COMPREPLY=()
	[[ $cur != "=" ]] || cur=""
	while IFS= read -r line; do
		case $line in
		:files)
			# The shell quotes what has to be, and puts a slash behind folders.
			compopt -o filenames 2>/dev/null
			mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur")
			;;
		":command "*)
			# Its first word is a command's name; of the others only it knows.
			((${line#* } == COMP_CWORD - 1)) || break
			mapfile -t COMPREPLY < <(compgen -c -- "$cur")
			;;
		"$cur"*)
			COMPREPLY+=("$line")
			;;
		esac
	done < <("$gvt" complete -- "${words[@]}" 2>/dev/null)
}

complete -o bashdefault -o default -F _gvt gvt
