# SPDX-License-Identifier: MIT
# Completion of emblas for fish: commands and options as the program itself lists them, else files.
function __emblas_commands
    emblas help | sed -n 's/^  \([a-z]\{1,\}\)  *\(.*\)/\1\t\2/p'
    printf 'help\tthe options of a command\n'
end

function __emblas_options
    set -l words (commandline -opc)
    emblas help $words[2] 2>/dev/null | sed -n 's/^ \{2,6\}\(-.,\)\{0,1\} *\(--[a-z-]*\).*/\2/p'
end

complete -c emblas -f -n '__fish_use_subcommand' -a '(__emblas_commands)'
complete -c emblas -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' -a '(__emblas_options)'
complete -c emblas -f -n '__fish_seen_subcommand_from help' -a '(__emblas_commands)'
