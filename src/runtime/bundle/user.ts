import { type EngineError, invalid } from "../../lib/errors.ts";
import { close, O, openDir, openInRoot, readInto, S, statAt } from "../../linux/at.ts";
import { SystemError } from "../../linux/syscall.ts";
import type { ResolvedUser } from "./types.ts";

const MAX_ID = 2 ** 31 - 1;
/** At most so many bytes of an account file are read. No real one is longer, but that of a hostile image may be. */
const MAX_BYTES = 8 << 20;

interface Account {
  name: string;
  uid: number;
  gid: number;
  home: string;
}
interface Group {
  name: string;
  gid: number;
  members: string[];
}

/**
 * Who a container's process is. `spec` is `user[:group]`, each a name or a number; names are looked up in the image's
 * own /etc/passwd and /etc/group, never in anything outside `rootfs`. Throws `invalid` with Docker's text.
 */
export function resolveUser(rootfs: string, spec: string, groupAdd: readonly string[] = []): ResolvedUser {
  const root = openDir(rootfs);
  try {
    return findUser(spec, groupAdd, readInRoot(root, "etc/passwd"), readInRoot(root, "etc/group"));
  } finally {
    close(root);
  }
}

/** A user by name, as the image's own /etc/passwd has it. */
export function accountIn(rootfs: string, name: string): { uid: number; gid: number } | undefined {
  return parsePasswd(textIn(rootfs, "etc/passwd")).find((account) => account.name === name);
}

/** A group's number by its name, as the image's own /etc/group has it. */
export function groupIn(rootfs: string, name: string): number | undefined {
  return parseGroup(textIn(rootfs, "etc/group")).find((group) => group.name === name)?.gid;
}

function textIn(rootfs: string, path: string): string {
  const root = openDir(rootfs);
  try {
    return readInRoot(root, path);
  } finally {
    close(root);
  }
}

/** {@link resolveUser} on the texts of the two files. */
export function findUser(spec: string, groupAdd: readonly string[], passwd: string, group: string): ResolvedUser {
  const [userPart = "", groupPart = ""] = splitOnce(spec);
  const accounts = parsePasswd(passwd);
  const groups = parseGroup(group);

  const wanted = userPart === "" ? "0" : userPart;
  const number = parseId(wanted);
  const account = accounts.find(({ name, uid }) => (userPart !== "" && name === userPart) || uid === number);
  if (!account && number === null)
    throw notFound(`unable to find user ${userPart}: no matching entries in passwd file`);
  const uid = account?.uid ?? inRange(number ?? 0);
  let gid = account?.gid ?? 0;
  let supplementary: number[] = [];
  if (groupPart !== "") {
    gid = findGroup(groups, groupPart, `unable to find group ${groupPart}: no matching entries in group file`);
  } else if (account) {
    supplementary = groups.filter(({ members }) => members.includes(account.name)).map((entry) => entry.gid);
  }
  const added = groupAdd.map((name) =>
    findGroup(groups, name, `unable to find group ${name}: no matching entries in group file`),
  );
  return { uid, gid, groups: [...new Set([gid, ...supplementary, ...added])], home: account?.home || "/" };
}

function findGroup(groups: readonly Group[], wanted: string, message: string): number {
  const number = parseId(wanted);
  const found = groups.find(({ name, gid }) => name === wanted || gid === number);
  if (found) return found.gid;
  if (number === null) throw notFound(message);
  return inRange(number);
}

/** Docker answers an unknown user with 400 at exec and 500-like texts at start; clients look at the text only. */
const notFound = (message: string): EngineError => invalid(message);

function inRange(id: number): number {
  if (id < 0 || id > MAX_ID) throw invalid(`uids and gids must be in range 0-${MAX_ID}`);
  return id;
}

function parseId(text: string): number | null {
  return /^-?\d+$/.test(text) ? Number(text) : null;
}

function splitOnce(spec: string): [string, string] {
  const at = spec.indexOf(":");
  return at < 0 ? [spec, ""] : [spec.slice(0, at), spec.slice(at + 1)];
}

/** passwd(5); lines that are none are passed over. */
function parsePasswd(text: string): Account[] {
  return entries(text).flatMap(([name = "", , uid = "", gid = "", , home = ""]) => {
    const [user, group] = [parseId(uid), parseId(gid)];
    return user === null || group === null ? [] : [{ name, uid: user, gid: group, home }];
  });
}

/** group(5). */
function parseGroup(text: string): Group[] {
  return entries(text).flatMap(([name = "", , gid = "", members = ""]) => {
    const number = parseId(gid);
    return number === null
      ? []
      : [
          {
            name,
            gid: number,
            members: members
              .split(",")
              .map((member) => member.trim())
              .filter(Boolean),
          },
        ];
  });
}

function entries(text: string): string[][] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"));
}

/** A regular file's text; empty where there is none. Links lead nowhere but inside the root. */
function readInRoot(root: number, path: string): string {
  let fd;
  try {
    fd = openInRoot(root, path, O.RDONLY | O.NONBLOCK);
  } catch (error) {
    if (error instanceof SystemError && ["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"].includes(error.code)) return "";
    throw error;
  }
  try {
    const stat = statAt(fd, "");
    if (!stat || (stat.mode & S.IFMT) !== S.IFREG) return "";
    const buffer = Buffer.alloc(Math.min(stat.size, MAX_BYTES));
    let length = 0;
    while (length < buffer.length) {
      const got = readInto(fd, buffer.subarray(length));
      if (got === 0) break;
      length += got;
    }
    return buffer.toString("utf8", 0, length);
  } finally {
    close(fd);
  }
}
