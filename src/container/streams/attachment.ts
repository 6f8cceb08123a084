import type { Frame } from "../../api/stdcopy.ts";

/** A client's end of a container's (or exec's) standard streams. */
export interface Attachment {
  /** Raw terminal stream: every frame is of stream 1. */
  tty: boolean;
  /** Ends when the process has ended and all of its output was delivered, or on detach or `close`. */
  frames: AsyncIterable<Frame>;
  /** Bytes for standard input; dropped where it is not attached. Resolves when the next may come. */
  write(data: Uint8Array): Promise<void>;
  /** The client has no more input. */
  closeStdin(): void;
  /** The client is gone. Idempotent. */
  close(): void;
}
