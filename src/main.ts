/**
 * Picks the personality; everything is loaded lazily, so that a client call pays only for itself.
 * A function, since nothing in a bytecode executable may await at its top level.
 */
async function run(): Promise<void> {
  const invoked = calledAs();
  const words = process.argv.slice(2);
  // The package that is the registry alone has the program by this name.
  if (/(^|\/)berth-registry$/.test(invoked)) words.unshift("registry");
  const [first, second] = words;
  if ((first === "daemon" || first === "doctor") && process.platform !== "linux") {
    process.stderr.write("berth: the engine runs on Linux; here is its command line, for engines elsewhere\n");
    process.exit(1);
  }
  if (first === "daemon") {
    const { main } = await import("./daemon/main.ts");
    await main(words.slice(1));
  } else if (first === "doctor") {
    const { main } = await import("./daemon/doctor.ts");
    process.exitCode = await main(words.slice(1));
  } else if (first === "registry") {
    const { main } = await import("./registry/main.ts");
    await main(second === "serve" ? words.slice(2) : ["--help"]);
  } else {
    const [{ main }, { processHost }] = await Promise.all([import("./cli/main.ts"), import("./cli/host.ts")]);
    // Not by exitCode: a read of standard input that is still open would keep the process.
    process.exit(await main(words, processHost(invoked)));
  }
}

/** The program as it was called: the launcher of a checkout says so, an executable knows it. */
function calledAs(): string {
  const { BERTH_ARGV0 } = process.env;
  delete process.env.BERTH_ARGV0;
  return process.argv[1]?.startsWith("/$bunfs/") ? process.argv0 : (BERTH_ARGV0 ?? "berth");
}

void run();
