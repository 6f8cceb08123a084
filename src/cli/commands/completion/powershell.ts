import { scriptCommand } from "./script.ts";

const long = (program: string) => `Writes the completion script for powershell.

In the running shell, or in your profile:

	${program} completion powershell | Out-String | Invoke-Expression`;

export default scriptCommand(
  long,
  (complete, program) => `# powershell completion for ${program}
Register-ArgumentCompleter -Native -CommandName '${program}' -ScriptBlock {
    param($WordToComplete, $CommandAst, $CursorPosition)
    $line = $CommandAst.Extent.Text.PadRight($CursorPosition).Substring(0, $CursorPosition)
    $words = @($line -split '\\s+')
    $program = $words[0]
    $rest = @($words | Select-Object -Skip 1)
    if ($rest.Count -eq 0) { $rest = @('') }
    $out = @(& $program ${complete} '--' @rest 2>$null)
    if ($out.Count -eq 0) { return }
    $out | Select-Object -SkipLast 1 | ForEach-Object {
        $value, $help = $_ -split "\`t", 2
        if (-not $help) { $help = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }
}
`,
);
