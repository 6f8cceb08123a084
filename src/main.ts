/**
 * Picks the personality; everything is loaded lazily, so that a client call pays only for itself.
 * A function, since nothing in a bytecode executable may await at its top level.
 */
async function run(): Promise<void> {
  const [first, second] = process.argv.slice(2);
  if (first === "daemon") {
    const { main } = await import("./daemon/main.ts");
    await main(process.argv.slice(3));
  } else if (first === "doctor") {
    const { main } = await import("./daemon/doctor.ts");
    process.exitCode = await main(process.argv.slice(3));
  } else if (first === "registry") {
    const { main } = await import("./registry/main.ts");
    await main(second === "serve" ? process.argv.slice(4) : ["--help"]);
  } else {
    const { main } = await import("./cli/main.ts");
    // Not by exitCode: a read of standard input that is still open would keep the process.
    process.exit(await main(process.argv.slice(2)));
  }
}

void run();
