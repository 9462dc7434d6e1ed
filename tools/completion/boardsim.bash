# SPDX-License-Identifier: MIT
# bash completion for boardsim(1). Options, adapters and flash parts are read from its --help.
_boardsim()
{
    # shellcheck disable=SC2034  # _init_completion sets them
    local cur prev words cword split i
    _init_completion -s || return

    # The options are followed by a command with its own arguments.
    for ((i = 1; i < cword; i++)); do
        case ${words[i]} in
            --) ((i++)); break ;;
            --help | --version | --verbose | --*=*) ;;
            --*) ((i++)) ;;
            *) break ;;
        esac
        # bash splits words at '='.
        [[ ${words[i]} == = ]] && ((i++))
    done
    if ((i <= cword)) && [[ ${words[i - 1]} == -- || ($i -lt $cword && $cur != -*) ]]; then
        _command_offset "$i"
        return
    fi

    case $prev in
        --adapter | --part) mapfile -t COMPREPLY < <(compgen -W "$(_boardsim_values "$1" "$prev")" -- "$cur") ;;
        --backend) mapfile -t COMPREPLY < <(compgen -W "umockdev wire vhci" -- "$cur") ;;
        --lid) mapfile -t COMPREPLY < <(compgen -W "cts dsr dcd" -- "$cur") ;;
        --operator) mapfile -t COMPREPLY < <(compgen -W auto -- "$cur") ;;
        --image | --script | --control | --report) _filedir ;;
        --dump-dir) _filedir -d ;;
        --boards | --fault | --faulty | --seed | --swap | --units) ;;
        *)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$(_parse_help "$1")" -- "$cur")
            else
                _command_offset "$cword"
            fi
            ;;
    esac
}

# Prints the values that the help lists for an option, in one or more lines: "--part NAME       flash part: W25Q32, …".
_boardsim_values()
{
    "$1" --help 2>/dev/null | awk -v option="$2" '
        /^  -/ { on = $1 == option; sub(/^ *[^ ]+ +[A-Z]+ +/, "") }
        on { text = text " " $0 }
        END {
            sub(/.*part: /, "", text)
            n = split(text, items, ",")
            for (i = 1; i <= n; i++) {
                sub(/^ *(or )? */, "", items[i])
                sub(/:.*/, "", items[i])
                if (items[i] ~ /^[^ ]+$/) print items[i]
            }
        }'
}

complete -F _boardsim boardsim
