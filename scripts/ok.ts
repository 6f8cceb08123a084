/** The one green button: format, lint, types, walls, pages, unit tests. Seconds in all, no root needed. */
import { checks } from "./checks.ts";

for (const [name, argv] of [...checks, ["unit tests", ["bin/bun", "test", "src"]] as const]) {
  console.log(`— ${name}`);
  const { exitCode } = Bun.spawnSync([...argv], { stdio: ["ignore", "inherit", "inherit"] });
  if (exitCode !== 0) process.exit(exitCode);
}
