import { expect } from "bun:test";
import { join } from "node:path";
import { sh } from "../harness.ts";

/** The header that says who asks. */
export const basic = (user: string, password: string) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});
export const ann = basic("ann", "ann's password");
export const bob = basic("bob", "bob's: password");

/** Writes a file of both with htpasswd into the folder; returns its path. */
export async function writeUsers(folder: string): Promise<string> {
  const users = join(folder, "users");
  for (const [user, password, create] of [
    ["ann", "ann's password", "-c"],
    ["bob", "bob's: password", ""],
  ] as const) {
    const { exitCode, stderr } = await sh(["htpasswd", "-iB", "-C", "5", ...(create ? [create] : []), users, user], {
      input: password,
    });
    expect(`${exitCode} ${stderr}`).toStartWith("0");
  }
  return users;
}
