/** A step of a build as `--progress=plain` shows it. */
export interface Step {
  name: string;
  /** How it ended; empty while nothing was said of it. */
  end: "done" | "cached" | "canceled" | "error" | "";
  /** Why it ended so, of one that failed. */
  error: string;
  /** What its process wrote, line by line. */
  logs: string[];
  /** What was told of its parts: each once, as at its end. */
  statuses: string[];
}

/** What a build's output tells. */
export interface Told {
  /** In the order in which they were first shown. */
  steps: Step[];
  /** The warnings at its end. */
  warnings: string[];
  /** The excerpt of the file that the client shows where a build fails. */
  excerpt: string[];
  /** The last line if it is an error: without `ERROR: ` and what releases of the client differ in. */
  error: string;
}

/**
 * Reads the output of `--progress=plain`. What differs from run to run is left out: digests behind names of images,
 * sizes, times; other digests are `sha256:…`.
 */
export function told(output: string): Told {
  const steps = new Map<string, Step>();
  for (const line of output.split("\n")) {
    const [, number, rest = ""] = /^#(\d+) (.*)$/.exec(line.replaceAll("\r", "")) ?? [];
    if (number === undefined || number === "0") continue;
    const known = steps.get(number);
    if (!known) {
      steps.set(number, { name: plain(rest), end: "", error: "", logs: [], statuses: [] });
    } else {
      note(known, rest);
    }
  }
  const lines = output.trimEnd().split("\n");
  return {
    steps: [...steps.values()],
    warnings: lines.flatMap((line) => /^(?:\x1b\[0m)? - (\w+: .*)$/.exec(line)?.[1] ?? []),
    excerpt: excerptOf(lines),
    error: /^ERROR: (?:failed to build: )?(.*)$/.exec(lines.at(-1) ?? "")?.[1] ?? "",
  };
}

/** Puts a line behind a step's number into it. */
function note(step: Step, line: string): void {
  const end = /^(DONE|CACHED|CANCELED|ERROR)\b:? ?(.*)$/.exec(line);
  const log = /^\d+\.\d+ (.*)$/.exec(line);
  if (end) {
    step.end = (end[1] ?? "").toLowerCase() as Step["end"];
    if (step.end === "error") step.error = end[2] ?? "";
  } else if (log) {
    step.logs.push(log[1] ?? "");
  } else if (plain(line) !== step.name && line !== "...") {
    const status = plain(line)
      .replace(/(?: \d+(?:\.\d+)?s)?(?: done)?$/, "")
      .replace(/ \d+(?:\.\d+)?[kM]?B(?: \/ .*)?$/, "");
    if (!step.statuses.includes(status)) step.statuses.push(status);
  }
}

function plain(text: string): string {
  return text.replace(/@sha256:[0-9a-f]{64}/g, "").replace(/sha256:[0-9a-f]{64}/g, "sha256:…");
}

/** The lines between the rules, with the line before them that names the file. */
function excerptOf(lines: string[]): string[] {
  const first = lines.findIndex((line) => /^-{20}$/.test(line));
  const last = lines.findLastIndex((line) => /^-{20}$/.test(line));
  return first < 1 || last <= first ? [] : [lines[first - 1] ?? "", ...lines.slice(first + 1, last)];
}

/** The names of steps, sorted: engines may tell of those that do not wait for each other in any order. */
export function names({ steps }: Told): string[] {
  return steps.map((step) => step.name).sort();
}

/** The step with this name. */
export function step({ steps }: Told, name: string): Step {
  const found = steps.find((each) => each.name === name);
  if (!found) throw new Error(`no step ${name} among:\n${steps.map((each) => each.name).join("\n")}`);
  return found;
}
