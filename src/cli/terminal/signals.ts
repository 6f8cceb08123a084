/** Signals that a program can catch and a container can be given. */
const forwarded = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGCONT",
  "SIGTSTP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGWINCH",
] as const;

/**
 * Calls `send` with each signal this process gets from now on (`TERM`, `INT`, …), in order. Three times TERM or INT
 * in all end the process where it stands, should the container not heed them. Returns the undo.
 */
export function onSignals(send: (name: string) => Promise<void>): () => void {
  let ends = 0;
  let queue: Promise<void> = Promise.resolve();
  const handlers = forwarded.map((signal) => {
    const handler = () => {
      if (signal === "SIGINT" || signal === "SIGTERM") ends++;
      if (ends >= 3) {
        console.error("\ngot 3 SIGTERM/SIGINTs, forcefully exiting");
        process.exit(1);
      }
      // A signal that does not arrive must not end the attached session.
      queue = queue.then(() => send(signal.slice(3))).catch(() => {});
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}

/** Calls `resized` whenever the terminal's size changes. Returns the undo. */
export function onResize(resized: () => void): () => void {
  process.on("SIGWINCH", resized);
  return () => process.off("SIGWINCH", resized);
}
