/** The user's folder, as this system's variable names it. */
export function homeOf(env: Readonly<Record<string, string | undefined>>): string {
  return env["HOME"] || env["USERPROFILE"] || "/root";
}
