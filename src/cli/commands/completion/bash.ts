import { scriptCommand } from "./script.ts";

const long = (program: string) => `Writes the completion script for bash.

In the running shell:

	source <(${program} completion bash)

In every new one:

	${program} completion bash > /etc/bash_completion.d/${program}`;

export default scriptCommand(
  long,
  (complete, program, name) => `# bash completion for ${program}
_${name}_complete() {
    local line=\${COMP_LINE:0:COMP_POINT} cur out directive value prefix
    local -a words lines
    # bash splits words at ":" and "=" too; the program wants them whole.
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    cur=\${words[\${#words[@]}-1]}
    out=$("\${words[0]}" ${complete} -- "\${words[@]:1}" 2>/dev/null) || return
    directive=\${out##*:}
    out=\${out%:*}
    COMPREPLY=()
    # What stands before the last word break is already in the line and is not to be repeated.
    prefix=
    if [[ $COMP_WORDBREAKS == *:* && $cur == *:* ]]; then prefix=\${cur%"\${cur##*:}"}; fi
    if [[ $COMP_WORDBREAKS == *=* && $cur == *=* && \${#prefix} -eq 0 ]]; then prefix=\${cur%"\${cur##*=}"}; fi
    while IFS= read -r value; do
        [[ -n $value ]] && lines+=("$value")
    done <<< "$out"
    for value in "\${lines[@]}"; do
        # Descriptions are shown where there is a choice, and left out where the word is put in.
        if (( \${#lines[@]} > 1 )) && [[ $value == *$'\\t'* && $COMP_TYPE == 63 ]]; then
            printf -v value '%s  (%s)' "\${value%%$'\\t'*}" "\${value#*$'\\t'}"
            value=\${value:0:\${COLUMNS:-80}}
        else
            value=\${value%%$'\\t'*}
        fi
        COMPREPLY+=("\${value#"$prefix"}")
    done
    (( directive & 2 )) && compopt -o nospace
    if (( \${#COMPREPLY[@]} == 0 && directive == 0 )); then
        compopt -o filenames
        while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "\${cur##*[=:]}")
    elif (( directive & 16 )); then
        compopt -o filenames
        while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -d -- "$cur")
    fi
}
complete -F _${name}_complete ${program}
`,
);
