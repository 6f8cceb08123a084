import { SystemError } from "../syscall.ts";
import { getLink, type Link, listLinks, parseLink } from "./link.ts";
import type { NetlinkSocket } from "./socket.ts";

/** The link of that name in the socket's namespace, or null. */
export function findLink(route: NetlinkSocket, name: string): Link | null {
  try {
    return parseLink(route.get(getLink({ name }), `link ${name}`));
  } catch (error) {
    if (error instanceof SystemError && error.code === "ENODEV") return null;
    throw error;
  }
}

/** All links of the socket's namespace. */
export function allLinks(route: NetlinkSocket): Link[] {
  return route.dump(listLinks(), "list links").map(parseLink);
}
