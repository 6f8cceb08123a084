import { errorMessage } from "../lib/errors.ts";
import { RegistryConfigError } from "./config-error.ts";
import { parseFlags, usage } from "./flags.ts";
import { serveRegistry } from "./serve.ts";

/** `berth registry serve …`: runs until SIGTERM or SIGINT; a second one does not wait for uploads. */
export async function main(argv: string[]): Promise<void> {
  let options;
  try {
    options = await parseFlags(argv);
  } catch (error) {
    if (!(error instanceof RegistryConfigError)) throw error;
    process.stderr.write(`berth registry serve: ${error.message}\n`);
    process.exitCode = 2;
    return;
  }
  if (options === null) {
    process.stdout.write(usage);
    return;
  }
  let registry;
  try {
    registry = await serveRegistry(options);
  } catch (error) {
    process.stderr.write(`berth registry serve: ${errorMessage(error)}\n`);
    process.exitCode = 1;
    return;
  }
  const { log } = registry.deps;
  log.info("registry listening", { address: registry.url.href, data: options.data });
  const { promise: asked, resolve } = Promise.withResolvers<string>();
  let signals = 0;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (++signals > 1) process.exit(130);
      resolve(signal);
    });
  }
  log.info("registry stopping", { signal: await asked });
  await registry.stop();
  log.info("registry stopped");
  process.exit(0);
}
