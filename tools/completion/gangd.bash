# SPDX-License-Identifier: MIT
# bash completion for gangd(8). Options are read from its --help.
_gangd()
{
    # shellcheck disable=SC2034  # _init_completion sets them
    local cur prev words cword split
    _init_completion -s || return

    case $prev in
        --config | -c) _filedir ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$(_parse_help "$1")" -- "$cur") ;;
    esac
}

complete -F _gangd gangd
