import { findLink } from "../../linux/netlink/find-link.ts";
import { deleteLink } from "../../linux/netlink/link.ts";
import { SystemError } from "../../linux/syscall.ts";
import type { EndpointRecord } from "../record.ts";
import type { OpenNetns } from "./driver.ts";

/** Deletes the endpoint's interface where it is, inside the namespace. */
export function deleteInside(endpoint: EndpointRecord, { route }: OpenNetns): void {
  const link = findLink(route, endpoint.interfaceName);
  if (link) ignoringGone(() => route.request([deleteLink({ index: link.index })], `delete ${link.name}`));
}

/** Runs `fn` and ignores the kernel's ENODEV: the interface is gone already. Any other error is thrown on. */
export function ignoringGone(fn: () => void): void {
  try {
    fn();
  } catch (error) {
    if (!(error instanceof SystemError && error.code === "ENODEV")) throw error;
  }
}
