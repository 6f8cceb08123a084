/**
 * Terminal questions. `process.stdout` and `node:tty` cost about 10 ms to load, so the common question (is it one?)
 * asks the runtime's binding, and the rest loads only where there is a terminal.
 */

/** Whether the descriptor is a terminal. */
export function isTerminal(fd: number): boolean {
  const binding = process.binding("tty_wrap");
  if ("isTTY" in binding && typeof binding.isTTY === "function") return binding.isTTY(fd) === true;
  return fd === 0 ? process.stdin.isTTY : fd === 1 ? process.stdout.isTTY : process.stderr.isTTY;
}

/** Columns and rows of the terminal behind standard output (1) or error (2); [0, 0] where it is none. */
export function terminalSize(fd: 1 | 2): [columns: number, rows: number] {
  if (!isTerminal(fd)) return [0, 0];
  const stream = fd === 1 ? process.stdout : process.stderr;
  const [columns, rows] = stream.getWindowSize();
  return [columns, rows];
}
