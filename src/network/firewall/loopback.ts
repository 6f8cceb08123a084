import { writeFileSync } from "node:fs";
import { hasCode } from "../../lib/errors.ts";
import { sysctlPath } from "../../linux/namespace.ts";

/**
 * Packets of the host to ports published on 127.0.0.1 leave by the container's bridge, which the kernel allows where
 * the bridge routes the loopback network. That is safe only while the table's chain `guard` keeps packets from entering
 * that way: a bridge made by others may lead to a whole network.
 */
export function routeLoopback(bridges: readonly string[], routes: boolean): void {
  for (const bridge of bridges) {
    try {
      writeFileSync(sysctlPath(`net/ipv4/conf/${bridge}/route_localnet`), routes ? "1" : "0");
    } catch (error) {
      // The bridge was deleted by someone else.
      if (!hasCode(error, "ENOENT")) throw error;
    }
  }
}
