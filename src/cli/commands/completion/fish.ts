import { scriptCommand } from "./script.ts";

const long = (program: string) => `Writes the completion script for fish.

In the running shell:

	${program} completion fish | source

In every new one:

	${program} completion fish > ~/.config/fish/completions/${program}.fish`;

export default scriptCommand(
  long,
  (complete, program, name) => `# fish completion for ${program}
function __${name}_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l out ($words[1] ${complete} -- $words[2..-1] 2>/dev/null)
    set -l directive (string replace -r '^:' '' -- $out[-1])
    set -l candidates $out[1..-2]
    if test (count $candidates) -gt 0
        printf '%s\\n' $candidates
    else if test "$directive" = 0
        __fish_complete_path (commandline -ct)
    else if test "$directive" = 16
        __fish_complete_directories (commandline -ct)
    end
end

complete -c ${program} -e
complete -c ${program} -f -a '(__${name}_complete)'
`,
);
