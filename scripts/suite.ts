/** Runs of `bun test`, and what they say. */
import { type Network, onOwnMachine } from "./own-machine.ts";

/** Some test files that run in one process, one after another. */
export interface Suite {
  name: string;
  /** As `bun test` takes them: with `./` at their start they are files and folders, else parts of their names. */
  paths: string[];
  network: Network;
}

/** What came of a command. */
export interface Outcome {
  passed: number;
  failed: number;
  /** What failed, each with the last lines before it: a long run's output is seldom read from its start. */
  failures: string[];
  /** Files with failures, and how many tests of each failed. What is no test of a file is in none. */
  failedFiles: Map<string, number>;
  /** Seconds of processor: other than time, much the same on a busy machine. */
  processor: number;
}

const linesOfFailure = 60;

/** Runs a check that passes or fails as a whole. `tell` has each line of output. */
export async function runCheck(name: string, argv: string[], tell: (line: string) => void): Promise<Outcome> {
  const child = spawn(argv);
  for await (const line of linesOf(child.stdout)) tell(line);
  return (await child.exited) === 0
    ? { passed: 1, failed: 0, failures: [], failedFiles: new Map(), processor: processorOf(child) }
    : { passed: 0, failed: 1, failures: [`(fail) ${name}`], failedFiles: new Map(), processor: processorOf(child) };
}

/** Runs a suite and counts what `bun test` says at its end. `tell` has each line of output. */
export async function runSuite({ name, paths, network }: Suite, tell: (line: string) => void): Promise<Outcome> {
  const argv = ["bin/bun", "test", "--timeout", "120000", ...paths];
  const child = spawn(onOwnMachine(network, argv));
  const outcome: Outcome = { passed: 0, failed: 0, failures: [], failedFiles: new Map(), processor: 0 };
  let file = "";
  // The lines since the last result: those of the test that runs now.
  let lines: string[] = [];
  let told = false;
  for await (const line of linesOf(child.stdout)) {
    tell(line);
    lines.push(line);
    if (lines.length > linesOfFailure) lines.shift();
    // `bun test` tells them again itself, after a word of how many they are.
    if (/^\d+ tests? failed:$/.test(line)) told = true;
    file = /^(\S+\.test\.ts):$/.exec(line)?.[1] ?? file;
    if (line.startsWith("(fail)") && !told) {
      outcome.failures.push(lines.join("\n"));
      outcome.failedFiles.set(file, (outcome.failedFiles.get(file) ?? 0) + 1);
    }
    if (/^\((pass|fail|skip|todo)\)/.test(line)) lines = [];
    outcome.passed = Number(/^ *(\d+) pass$/.exec(line)?.[1] ?? outcome.passed);
    outcome.failed = Number(/^ *(\d+) fail$/.exec(line)?.[1] ?? outcome.failed);
  }
  const exitCode = await child.exited;
  outcome.processor = processorOf(child);
  // A run that died, found nothing to run, or left something on its machine is a failure of its own.
  if ((exitCode !== 0 && outcome.failed === 0) || outcome.passed + outcome.failed === 0) {
    outcome.failed++;
    outcome.failures.push(`${lines.join("\n")}\n(fail) tests in ${name} ended with ${exitCode}`);
  }
  return outcome;
}

function processorOf(child: Bun.Subprocess): number {
  return Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
}

/** Both outputs in one, in the order of writing. */
function spawn(argv: string[]): Bun.Subprocess<"ignore", "pipe", "inherit"> {
  return Bun.spawn(["sh", "-c", 'exec "$@" 2>&1', "sh", ...argv], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** The lines of a stream of UTF-8. */
async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
