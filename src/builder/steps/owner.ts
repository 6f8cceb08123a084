import { accountIn, groupIn } from "../../runtime/bundle/user.ts";
import type { Owner } from "../source/copy-plan.ts";

/** The owner of what COPY and ADD bring with the build or fetch, without `--chown`. */
export const root: Owner = { uid: 0, gid: 0 };

/**
 * Whose `--chown=user[:group]`, or the USER that a WORKDIR is made for, says that files are. A number alone stands for
 * the group as well. `root` is 0 without any account; other names are looked up in the image's own files, and are
 * root's where these do not have them, as BuildKit has it.
 */
export function ownerIn(rootfs: string, spec: string): Owner {
  const colon = spec.indexOf(":");
  const [user, group] = colon < 0 ? [spec, undefined] : [spec.slice(0, colon), spec.slice(colon + 1)];
  const number = numberOf(user);
  const account = number === undefined ? (accountIn(rootfs, user) ?? root) : { uid: number, gid: number };
  const gid = group === undefined ? undefined : (numberOf(group) ?? groupIn(rootfs, group));
  return { uid: account.uid, gid: gid ?? account.gid };
}

/** Whether a name in it has to be looked up: an empty root has no accounts. */
export function namesAccounts(spec: string): boolean {
  return spec.split(":", 2).some((part) => numberOf(part) === undefined);
}

/** An id that is told without a name. */
function numberOf(text: string): number | undefined {
  if (text === "" || text === "root") return 0;
  return /^\+?\d+$/.test(text) && Number(text) < 2 ** 31 ? Number(text) : undefined;
}
