import { NETLINK, NetlinkSocket } from "../netlink/socket.ts";
import { SystemError } from "../syscall.ts";
import { getTable } from "./codec.ts";

/** Whether the daemon's network namespace has the table. `family` as in `NFPROTO`. */
export function tableExists(family: number, table: string): boolean {
  using socket = new NetlinkSocket(NETLINK.NETFILTER);
  try {
    socket.get(getTable(family, table), `table ${table}`);
    return true;
  } catch (error) {
    if (error instanceof SystemError && error.code === "ENOENT") return false;
    throw error;
  }
}
