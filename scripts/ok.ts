/** The one green button: types, layers, unit tests. Seconds in all, no root needed. */
const steps: [string, string[]][] = [
  ["types", ["node_modules/.bin/tsc", "--noEmit"]],
  ["types of the registry's page", ["node_modules/.bin/tsc", "-p", "src/registry/page"]],
  ["layers", ["bin/bun", "tools/layers.ts"]],
  ["unit tests", ["bin/bun", "test", "src"]],
];
for (const [name, argv] of steps) {
  console.log(`— ${name}`);
  const { exitCode } = Bun.spawnSync(argv, { stdio: ["ignore", "inherit", "inherit"] });
  if (exitCode !== 0) process.exit(exitCode);
}
