/**
 * The whole of the tests: types, layers, unit tests beside the code, then every folder of `test/` in a process
 * of its own. Ends with the line `N passed, N failed`; exits 1 on any failure.
 * Arguments narrow it to folders or files: `npm test -- test/cli`.
 */
import { readdirSync } from "node:fs";
import { rootfsTar } from "./images.ts";

let passed = 0;
let failed = 0;

/** A check that passes or fails as a whole. */
async function check(name: string, argv: string[]): Promise<void> {
  console.log(`— ${name}`);
  const child = Bun.spawn(argv, { stdio: ["ignore", "inherit", "inherit"] });
  if ((await child.exited) === 0) passed++;
  else failed++;
}

/** Runs `bun test` on paths and counts what it says at its end. */
async function suite(paths: string[]): Promise<void> {
  console.log(`— tests in ${paths.join(" ")}`);
  const child = Bun.spawn(["bin/bun", "test", "--timeout", "120000", ...paths], { stdin: "ignore", stdout: "inherit", stderr: "pipe" });
  let tail = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stderr) {
    process.stderr.write(chunk);
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-4000);
  }
  const exitCode = await child.exited;
  const pass = Number(/^ *(\d+) pass$/m.exec(tail)?.[1] ?? 0);
  const fail = Number(/^ *(\d+) fail$/m.exec(tail)?.[1] ?? 0);
  passed += pass;
  failed += fail;
  // A run that died, or found nothing to run, is a failure of its own.
  if ((exitCode !== 0 && fail === 0) || pass + fail === 0) failed++;
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
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
