# SPDX-License-Identifier: MIT
# bash completion for gangctl(1). Commands and options are read from its --help.
_gangctl()
{
    # shellcheck disable=SC2034  # _init_completion sets them
    local cur prev words cword split
    _init_completion -s || return

    case $prev in
        --verdict) mapfile -t COMPREPLY < <(compgen -W "pass fail interrupted open" -- "$cur"); return ;;
        --order) mapfile -t COMPREPLY < <(compgen -W "newest oldest" -- "$cur"); return ;;
        --format) mapfile -t COMPREPLY < <(compgen -W "csv json ndjson" -- "$cur"); return ;;
        --slot) _gangctl_slots "$1"; return ;;
        --book | --socket | --output | -o | --config) _filedir; return ;;
        --root) _filedir -d; return ;;
        --since | --until) mapfile -t COMPREPLY < <(compgen -W "today yesterday" -- "$cur"); return ;;
        --cause | --image | --operator | --lot | --mac | --limit | --prefix | --count | --timeout) return ;;
    esac

    local commands word command=
    # A command may have two words: "slots" and "slots learn" are both commands.
    commands=$("$1" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]\{1,\}\( [a-z]\{1,\}\)\{0,1\}\) .*/\1/p')
    for word in "${words[@]:1:cword-1}"; do
        word=${command:+$command }$word
        [[ $'\n'$commands$'\n' == *$'\n'$word$'\n'* ]] && command=$word
    done

    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_parse_help "$1" "$command --help")" -- "$cur")
    elif [[ -z $command ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(cut -d' ' -f1 <<<"$commands" | uniq)" -- "$cur")
    elif [[ $command == help && $cword -gt 2 ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(sed -n "s/^${words[2]} //p" <<<"$commands")" -- "$cur")
    elif [[ $command == help ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(cut -d' ' -f1 <<<"$commands" | uniq)" -- "$cur")
    elif [[ $command == retry || $command == start ]]; then
        _gangctl_slots "$1"
    elif [[ $command == image ]]; then
        _filedir
    else
        mapfile -t COMPREPLY < <(compgen -W "$(sed -n "s/^$command //p" <<<"$commands")" -- "$cur")
    fi
}

_gangctl_slots()
{
    local slots
    slots=$("$1" status --json 2>/dev/null | grep -o '"slot": *"[^"]*"' | sed 's/.*"\(.*\)"/\1/')
    mapfile -t COMPREPLY < <(compgen -W "$slots" -- "$cur")
}

complete -F _gangctl gangctl
