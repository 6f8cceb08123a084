import { listenNetlink } from "./listen.ts";
import { type Attribute, be32, decodeAttributes, type Message, u8 } from "./message.ts";
import { NETLINK, NetlinkSocket } from "./socket.ts";

/** The packet filter's log statement as a program hears it (linux/netfilter/nfnetlink_log.h). */

const SUBSYSTEM = 4;
const NFULNL_MSG = { PACKET: 0, CONFIG: 1 } as const;
const NFULA_PAYLOAD = 9;
const CONFIG = { CMD: 1, MODE: 2, QTHRESH: 5 } as const;
const BIND = 1;
const COPY_PACKET = 2;
const NFGENMSG = 4;

const configure = (group: number, attribute: Attribute): Message => ({
  type: (SUBSYSTEM << 8) | NFULNL_MSG.CONFIG,
  flags: 0,
  body: Uint8Array.of(0, 0, (group >> 8) & 255, group & 255),
  attributes: [attribute],
});

/**
 * Calls back with every packet that a rule logs to the group, from its IP header on. Throws where another program has
 * the group. `lost`: there were more than could be kept, and listening has ended.
 */
export async function listenLogGroup(
  group: number,
  logged: (packet: Uint8Array) => void,
  lost: () => void,
): Promise<Disposable> {
  using opened = new NetlinkSocket(NETLINK.NETFILTER);
  opened.request(
    [
      configure(group, [CONFIG.CMD, u8(BIND)]),
      configure(group, [CONFIG.MODE, Buffer.concat([be32(0xffff), u8(COPY_PACKET), u8(0)])]),
      // Each packet at once.
      configure(group, [CONFIG.QTHRESH, be32(1)]),
    ],
    `log group ${group}`,
  );
  return await listenNetlink(
    opened.detach(),
    (messages) => {
      for (const { type, payload } of messages) {
        const packet =
          type === ((SUBSYSTEM << 8) | NFULNL_MSG.PACKET)
            ? decodeAttributes(payload, NFGENMSG).get(NFULA_PAYLOAD)
            : undefined;
        if (packet) logged(packet);
      }
    },
    lost,
  );
}
