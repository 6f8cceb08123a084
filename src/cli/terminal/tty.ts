/**
 * Terminal questions. `process.stdout` and `node:tty` cost about 10 ms to load, so whether a descriptor is a terminal
 * is asked of the runtime's binding, and everything else of stty(1), which costs 2 ms and only where there is one.
 */

/** Whether the descriptor is a terminal. */
export function isTerminal(fd: number): boolean {
  const binding = process.binding("tty_wrap");
  if ("isTTY" in binding && typeof binding.isTTY === "function") return binding.isTTY(fd) === true;
  return fd === 0 ? process.stdin.isTTY : fd === 1 ? process.stdout.isTTY : process.stderr.isTTY;
}

function stty(fd: number, ...args: string[]): string {
  // By path: the runtime does not let a child have our output as its input.
  const { exitCode, stdout, stderr } = Bun.spawnSync(["stty", "-F", `/proc/${process.pid}/fd/${fd}`, ...args], {
    stdout: "pipe",
    stderr: "pipe",
  });
  if (exitCode !== 0) throw new Error(stderr.toString().trim());
  return stdout.toString().trim();
}

/** Columns and rows of the terminal; [0, 0] where the descriptor is none. */
export function terminalSize(fd: number): [columns: number, rows: number] {
  if (!isTerminal(fd)) return [0, 0];
  const [rows = 0, columns = 0] = stty(fd, "size").split(" ").map(Number);
  return [columns, rows];
}

/**
 * Sets the terminal to hand every byte through, in both directions (the runtime's own raw mode still turns line
 * feeds of the output, which garbles full-screen programs). Returns the undo, which may be called more than once.
 */
export function makeRaw(fd: number): () => void {
  const saved = stty(fd, "-g");
  stty(fd, "raw", "-echo");
  let raw = true;
  return () => {
    if (!raw) return;
    raw = false;
    stty(fd, saved);
  };
}
