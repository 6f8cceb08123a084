const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What a process' environment is made of. */
export interface EnvironmentInput {
  /** As `NAME=value`, or `NAME` alone, which takes the variable away. */
  env: readonly string[];
  hostname: string;
  tty: boolean;
  linkEnv?: readonly string[];
  home?: string;
}

/** A process's variables: Docker's defaults, those of links, then the container's own in their place or after. */
export function buildEnvironment({ env, hostname, tty, linkEnv = [], home }: EnvironmentInput): string[] {
  const defaults = [
    `PATH=${DEFAULT_PATH}`,
    ...(hostname === "" ? [] : [`HOSTNAME=${hostname}`]),
    ...(tty ? ["TERM=xterm"] : []),
    ...linkEnv,
  ];
  const merged = replaceOrAppend(defaults, env);
  return home === undefined ? merged : withHome(merged, home);
}

/** An empty HOME counts as none: runc puts the account's in its place, crun leaves it. */
export function withHome(env: readonly string[], home: string): string[] {
  const others = env.filter((entry) => entry !== "HOME=");
  return others.some((entry) => entry.startsWith("HOME=")) ? others : [...others, `HOME=${home}`];
}

/** Each override takes the place of the variable of that name, or comes last; one without `=` removes it. */
export function replaceOrAppend(base: readonly string[], overrides: readonly string[]): string[] {
  const result: (string | null)[] = [...base];
  const places = new Map(base.map((entry, index) => [nameOf(entry), index]));
  for (const entry of overrides) {
    const name = nameOf(entry);
    const place = places.get(name);
    const value = entry.includes("=") ? entry : null;
    if (place !== undefined) {
      result[place] = value;
    } else if (value !== null) {
      places.set(name, result.length);
      result.push(value);
    }
  }
  return result.filter((entry) => entry !== null);
}

function nameOf(entry: string): string {
  const at = entry.indexOf("=");
  return at < 0 ? entry : entry.slice(0, at);
}
