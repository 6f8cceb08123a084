/** What a program prints; throws with its complaint where it fails. */
export async function output(argv: string[], env: Record<string, string> = {}): Promise<string> {
  const child = Bun.spawn(argv, { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: { ...process.env, ...env } });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (exitCode !== 0) throw new Error(`${argv.join(" ")}: exit ${exitCode}: ${(stderr || stdout).trim()}`);
  return stdout;
}
