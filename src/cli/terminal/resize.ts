import type { Output } from "../deps.ts";
import { onResize } from "./signals.ts";

/**
 * Keeps the size of a process's terminal at the size of ours: now (tried again while the process is not there yet)
 * and at each change. Returns the undo.
 */
export function followSize(
  out: Output,
  err: Output,
  resize: (size: { height: number; width: number }) => Promise<void>,
): () => void {
  let over = false;
  const send = async () => {
    const [width, height] = out.size();
    if (width > 0 || height > 0) await resize({ height, width });
  };
  const first = async () => {
    for (let attempt = 0; !over; attempt++) {
      try {
        return await send();
      } catch {
        if (attempt === 10) {
          err.write("failed to resize tty, using default size\r\n");
          return err.flush();
        }
        await Bun.sleep(10 * (attempt + 1));
      }
    }
  };
  void first();
  const undo = onResize(() => void send().catch(() => {}));
  return () => {
    over = true;
    undo();
  };
}
