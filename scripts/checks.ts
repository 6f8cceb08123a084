/** Checks on the tree itself, each with its command: what `npm run ok` and `npm test` begin with. */
export const checks: [name: string, argv: string[]][] = [
  ["format and lint", ["node_modules/.bin/biome", "check", "--error-on-warnings"]],
  ["types", ["node_modules/.bin/tsc", "--noEmit"]],
  ["types of the registry's page", ["node_modules/.bin/tsc", "-p", "src/registry/page"]],
  ["walls", ["bin/bun", "tools/walls.ts"]],
  ["pages", ["bin/bun", "tools/pages.ts"]],
  ["reference", ["bin/bun", "scripts/reference.ts", "--check"]],
];
