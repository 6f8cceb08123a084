/**
 * The whole of the tests: format, lint, types, walls, pages, unit tests beside the code, then every folder of `test/`
 * in a process and on a machine of its own, some beside each other. What a folder says is shown when it has ended.
 * Tells at the end again what failed, with the words before it; then `N passed, N failed`. Exits 1 on any failure.
 * Where it is few files that failed, each runs once more with nothing beside it: what passes then counts as passed, and
 * is told as unsteady. An unsteady test is a mistake in it or in the engine that waits to be found.
 * Arguments narrow it to folders or files, and are shown as they run: `npm test -- test/cli`.
 */
import { criuRuntime, dockerPrograms } from "../test/clients/debian.ts";
import { checks } from "./checks.ts";
import { rootfsNames, rootfsTar } from "./images.ts";
import { type Outcome, runCheck, runSuite, type Suite } from "./suite.ts";
import { allSuites, needsNewerCriu, needsNewerDocker, suiteOf } from "./suites.ts";

/** How many suites run beside each other. Most of a test's time is waiting. */
const width = 3;
/** With more failed files than these something is broken, and a second look is no use. */
const mostUnsteady = 3;

const outcomes: Outcome[] = [];

/** Runs a suite and shows the whole of its output once it has ended. */
async function runQuietly(suite: Suite): Promise<void> {
  console.log(`  ${suite.name} begins`);
  const began = Date.now();
  const lines: string[] = [];
  const outcome = await runSuite(suite, (line) => lines.push(line));
  outcomes.push(outcome);
  const seconds = `${Math.round((Date.now() - began) / 1000)} s, ${Math.round(outcome.processor)} s of processor`;
  console.log(`— tests in ${suite.name} (${seconds})\n${lines.join("\n")}`);
}

/** Runs suites in their order, `width` of them at a time. */
async function runBeside(suites: Suite[], width: number): Promise<void> {
  const waiting = [...suites];
  const lane = async (): Promise<void> => {
    for (let suite = waiting.shift(); suite; suite = waiting.shift()) await runQuietly(suite);
  };
  await Promise.all(Array.from({ length: width }, lane));
}

/** Runs the files that failed once more, one by one. Returns those that passed. */
async function runAgain(): Promise<string[]> {
  const failed = outcomes.flatMap((outcome) =>
    [...outcome.failedFiles].map(([file, count]) => ({ outcome, file, count })),
  );
  if (failed.length > mostUnsteady) return [];
  const unsteady: string[] = [];
  for (const { outcome, file, count } of failed) {
    const suite = suiteOf([`./${file}`]);
    console.log(`— once more: ${file}`);
    if ((await runSuite(suite, console.log)).failed > 0) continue;
    outcome.failed -= count;
    outcome.passed += count;
    unsteady.push(file);
  }
  return unsteady;
}

/** What tests need that is made or fetched once. */
async function prepare(suites: Suite[]): Promise<void> {
  for (const name of rootfsNames) await rootfsTar(name);
  if (needsNewerDocker(suites)) await dockerPrograms();
  if (needsNewerCriu(suites)) await criuRuntime();
}

const only = process.argv.slice(2);
let unsteady: string[] = [];
if (only.length > 0) {
  const suite = suiteOf(only);
  await prepare([suite]);
  console.log(`— tests in ${suite.name}`);
  outcomes.push(await runSuite(suite, console.log));
} else {
  for (const [name, argv] of checks) {
    console.log(`— ${name}`);
    outcomes.push(await runCheck(name, argv, console.log));
  }
  const { beside, alone } = allSuites();
  await prepare([...beside, ...alone]);
  await runBeside([...beside, { name: "src", paths: ["./src/"], network: "machine" }], width);
  await runBeside(alone, 1);
  unsteady = await runAgain();
}
for (const { failures } of outcomes) for (const failure of failures) console.log(`\n— failed:\n${failure}`);
for (const file of unsteady) console.log(`\nunsteady: ${file} failed, as told above, and passed when it ran alone`);
const sum = (of: "passed" | "failed") => outcomes.reduce((total, outcome) => total + outcome[of], 0);
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
process.exit(sum("failed") > 0 ? 1 : 0);
