# SPDX-License-Identifier: MIT
# Completion of emblas for bash: commands and options as the program itself lists them, else files.
_emblas() {
  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words
  if [[ $COMP_CWORD -eq 1 || ( $COMP_CWORD -eq 2 && $command == help ) ]]; then
    words="$(emblas help | sed -n 's/^  \([a-z]\{1,\}\)  .*/\1/p') help"
  elif [[ $word == -* ]]; then
    words=$(emblas help "$command" 2>/dev/null | sed -n 's/^ \{2,6\}\(-.,\)\{0,1\} *\(--[a-z-]*\).*/\2/p')
  else
    return # bash completes files
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _emblas emblas
