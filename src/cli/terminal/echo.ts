/**
 * Turns the terminal's echo of standard input off until disposed. `stty` does it: the runtime itself only knows raw
 * mode, in which Ctrl-C would no longer interrupt. An interrupt puts the echo back.
 */
export function hideTyping(): Disposable {
  const stty = (mode: string) =>
    void Bun.spawnSync(["stty", mode], { stdin: "inherit", stdout: "ignore", stderr: "ignore" });
  const interrupted = () => {
    stty("echo");
    process.stdout.write("\n");
    process.exit(130);
  };
  stty("-echo");
  process.on("SIGINT", interrupted);
  process.on("SIGTERM", interrupted);
  return {
    [Symbol.dispose]: () => {
      process.off("SIGINT", interrupted);
      process.off("SIGTERM", interrupted);
      stty("echo");
    },
  };
}
