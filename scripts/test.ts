/**
 * The whole of the tests: types, layers, unit tests beside the code, then every folder of `test/` in a process
 * of its own. Tells at the end again what failed, with the words before it; then `N passed, N failed`.
 * Exits 1 on any failure.
 * Arguments narrow it to folders or files: `npm test -- test/cli`.
 */
import { readdirSync } from "node:fs";
import { rootfsTar } from "./images.ts";

let passed = 0;
let failed = 0;
/** What failed, each with the last lines before it: a long run's output is seldom read from its start. */
const failures: string[] = [];
const linesOfFailure = 60;

/** A check that passes or fails as a whole. */
async function check(name: string, argv: string[]): Promise<void> {
  console.log(`— ${name}`);
  const child = Bun.spawn(argv, { stdio: ["ignore", "inherit", "inherit"] });
  if ((await child.exited) === 0) {
    passed++;
  } else {
    failed++;
    failures.push(`(fail) ${name}`);
  }
}

/** Runs `bun test` on paths and counts what it says at its end. */
async function suite(paths: string[]): Promise<void> {
  console.log(`— tests in ${paths.join(" ")}`);
  const child = Bun.spawn(["bin/bun", "test", "--timeout", "120000", ...paths], { stdin: "ignore", stdout: "inherit", stderr: "pipe" });
  let pass = 0;
  let fail = 0;
  // The lines since the last result: those of the test that runs now.
  let lines: string[] = [];
  for await (const line of linesOf(child.stderr)) {
    process.stderr.write(`${line}\n`);
    lines.push(line);
    if (lines.length > linesOfFailure) lines.shift();
    if (line.startsWith("(fail)")) failures.push(lines.join("\n"));
    if (/^\((pass|fail|skip|todo)\)/.test(line)) lines = [];
    pass = Number(/^ *(\d+) pass$/.exec(line)?.[1] ?? pass);
    fail = Number(/^ *(\d+) fail$/.exec(line)?.[1] ?? fail);
  }
  const exitCode = await child.exited;
  passed += pass;
  failed += fail;
  // A run that died, or found nothing to run, is a failure of its own.
  if ((exitCode !== 0 && fail === 0) || pass + fail === 0) {
    failed++;
    failures.push(`${lines.join("\n")}\n(fail) tests in ${paths.join(" ")} ended with ${exitCode}`);
  }
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

const only = process.argv.slice(2);
await rootfsTar("busybox");
await rootfsTar("debian");
if (only.length > 0) {
  await suite(only);
} else {
  await check("types", ["node_modules/.bin/tsc", "--noEmit"]);
  await check("layers", ["bin/bun", "tools/layers.ts"]);
  await suite(["src"]);
  for (const entry of readdirSync("test", { withFileTypes: true }).sort((a, b) => a.name.localeCompare(b.name))) {
    if (entry.isDirectory() && readdirSync(`test/${entry.name}`).some((file) => file.endsWith(".test.ts"))) {
      await suite([`test/${entry.name}`]);
    }
  }
}
for (const failure of failures) console.log(`\n— failed:\n${failure}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
