import { scriptCommand } from "./script.ts";

const long = (program: string) => `Writes the completion script for zsh.

In the running shell (after "autoload -U compinit; compinit"):

	source <(${program} completion zsh)

In every new one:

	${program} completion zsh > "\${fpath[1]}/_${program}"`;

export default scriptCommand(
  long,
  (complete, program, name) => `#compdef ${program}
compdef _${name} ${program}

_${name}() {
    local out directive line value help
    local -a candidates options
    out=$("\${words[1]}" ${complete} -- "\${(@)words[2,CURRENT]}" 2>/dev/null) || return
    directive=\${out##*:}
    out=\${out%:*}
    for line in "\${(@f)out}"; do
        [[ -z $line ]] && continue
        value=\${line%%$'\\t'*}
        help=\${line#*$'\\t'}
        value=\${value//:/\\\\:}
        if [[ $line == *$'\\t'* ]]; then candidates+=("$value:$help"); else candidates+=("$value"); fi
    done
    (( directive & 2 )) && options=(-S '')
    if (( \${#candidates} > 0 )); then
        _describe 'completions' candidates "\${options[@]}"
    elif (( directive & 16 )); then
        _path_files -/
    elif (( directive == 0 )); then
        _files
    fi
}

# Called by the completion system itself when the file is autoloaded.
if [[ "$funcstack[1]" == "_${name}" ]]; then
    _${name}
fi
`,
);
