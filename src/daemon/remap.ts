import { readFileSync } from "node:fs";
import { errorMessage, hasCode, invalid } from "../lib/errors.ts";
import { runOk } from "../lib/run.ts";
import type { IdMaps, IdRange } from "../linux/id-maps.ts";

/** What reads and makes accounts; tests put their own in its place. */
export interface Accounts {
  /** The text of a file of /etc; empty where there is none. */
  read(name: "passwd" | "group" | "subuid" | "subgid"): string;
  run(argv: readonly [string, ...string[]]): Promise<unknown>;
}

/** The machine's own. */
const machineAccounts: Accounts = {
  read(name) {
    try {
      return readFileSync(`/etc/${name}`, "utf8");
    } catch (error) {
      if (hasCode(error, "ENOENT")) return "";
      throw error;
    }
  },
  run: runOk,
};

/** The user whose ids `userns-remap: default` stands for, as Docker calls it. */
const DEFAULT_USER = "dockremap";
/** So many ids a container gets where nobody says. */
const COUNT = 65_536;
/** Where ranges that nobody has chosen begin, as with useradd. */
const FIRST = 100_000;

/**
 * What the ids of containers are outside of their user namespaces, by the setting `userns-remap`: the subordinate ids
 * of a user and a group (`/etc/subuid`, `/etc/subgid`). `default`: those of dockremap, who is made where it is missing,
 * with ids that nobody has. Null where the setting is empty. Throws `invalid`.
 */
export async function remapOf(setting: string, accounts: Accounts = machineAccounts): Promise<IdMaps | null> {
  if (setting === "") return null;
  const [userPart = "", groupPart, more] = setting.split(":");
  if (userPart === "" || groupPart === "" || more !== undefined)
    throw invalid(`invalid user/group specification in --userns-remap: ${JSON.stringify(setting)}`);
  if (setting === "default") await makeDefaultUser(accounts);
  const user = accountOf(accounts, "passwd", setting === "default" ? DEFAULT_USER : userPart);
  const group = accountOf(accounts, "group", groupPart ?? user.name);
  const ranges = (file: "subuid" | "subgid", owner: Account) => {
    const found = rangesOf(accounts.read(file), owner);
    if (found.length === 0)
      throw invalid(`could not find subordinate ids of ${owner.name} in /etc/${file} for --userns-remap`);
    return found;
  };
  return { uids: ranges("subuid", user), gids: ranges("subgid", group) };
}

interface Account {
  name: string;
  id: number;
}

/** By name or by number. Throws `invalid`. */
function accountOf(accounts: Accounts, file: "passwd" | "group", wanted: string): Account {
  for (const line of accounts.read(file).split("\n")) {
    const [name = "", , id = ""] = line.split(":");
    if (name !== "" && (name === wanted || id === wanted)) return { name, id: Number(id) };
  }
  throw invalid(`${file === "passwd" ? "user" : "group"} ${JSON.stringify(wanted)} of --userns-remap is not known`);
}

/** The ranges of an account, one after the other from 0 on inside. Lines name it by name or number. Pure. */
function rangesOf(text: string, { name, id }: Account): IdRange[] {
  let inside = 0;
  return text.split("\n").flatMap((line) => {
    const [owner, first, count] = line.trim().split(":");
    if ((owner !== name && owner !== String(id)) || !/^\d+$/.test(first ?? "") || !/^[1-9]\d*$/.test(count ?? ""))
      return [];
    const range = { inside, outside: Number(first), count: Number(count) };
    inside += range.count;
    return [range];
  });
}

async function makeDefaultUser(accounts: Accounts): Promise<void> {
  const has = (file: "passwd" | "group" | "subuid" | "subgid") =>
    accounts
      .read(file)
      .split("\n")
      .some((line) => line.startsWith(`${DEFAULT_USER}:`));
  try {
    if (!has("passwd")) {
      const group = has("group") ? ["--gid", DEFAULT_USER] : ["--user-group"];
      await accounts.run(["useradd", "--system", ...group, "--no-create-home", "--shell", "/bin/false", DEFAULT_USER]);
    }
    const missing = (["subuid", "subgid"] as const).filter((file) => !has(file));
    for (const file of missing) {
      const first = nextFree(accounts.read(file));
      await accounts.run(["usermod", `--add-${file}s`, `${first}-${first + COUNT - 1}`, DEFAULT_USER]);
    }
  } catch (cause) {
    throw invalid(`cannot make the user ${DEFAULT_USER} for --userns-remap: ${errorMessage(cause)}`, cause);
  }
}

/** The first id past all that are given. */
function nextFree(text: string): number {
  const ends = text.split("\n").map((line) => {
    const [, first = "", count = ""] = line.split(":");
    return Number(first) + Number(count);
  });
  return Math.max(FIRST, ...ends.filter(Number.isFinite));
}
