import { adoptSocket } from "../fd-socket.ts";
import { decodeMessages, type ReceivedMessage } from "./message.ts";

/**
 * Calls back with what comes to a netlink socket that is subscribed to something, a datagram's messages at a time.
 * Takes the descriptor over. `lost`: there was more than could be kept, and listening has ended.
 */
export async function listenNetlink(
  fd: number,
  told: (messages: ReceivedMessage[]) => void,
  lost: () => void,
): Promise<Disposable> {
  let ended = false;
  const socket = await adoptSocket(fd, {
    data(_, bytes) {
      told([...decodeMessages(bytes)]);
    },
    close() {
      if (!ended) lost();
    },
    error() {},
  });
  socket.unref();
  return {
    [Symbol.dispose]() {
      ended = true;
      socket.terminate();
    },
  };
}
