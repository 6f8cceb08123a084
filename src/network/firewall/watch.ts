import { errorMessage } from "../../lib/errors.ts";
import { watchFilter } from "../../linux/netlink/watch-filter.ts";
import { NFPROTO } from "../../linux/nft/codec.ts";
import { type FilterChange, parseFilterChange } from "../../linux/nft/notification.ts";
import { checkFirewall } from "../check/firewall.ts";
import type { NetworkDeps } from "../deps.ts";
import { forgetUntranslated } from "../ports/forget-flows.ts";
import { rememberAdministrator } from "./administrator.ts";
import { rewriteFirewall, wantedFirewall } from "./changes.ts";
import { admitToForeign } from "./foreign.ts";
import { bareTableName, ownNames } from "./ruleset.ts";

/** Milliseconds from the first of a burst of changes to the one look at them all. */
const settleMs = 10;
/**
 * If another program keeps removing our rules, putting them back must not take the whole machine. So many restores come
 * at once:
 */
const restoresAtOnce = 20;
/** the others so far apart, */
const fightMs = 800;
/** until there was peace for so long. */
const peaceMs = 10_000;

/** Which parts of the packet filter others have changed since we last looked. */
interface Touched {
  /** Our own part of our table. */
  own: boolean;
  /** Our part may have changed: some notices were lost. */
  unseen: boolean;
  administrator: boolean;
  /** Tables of others. */
  foreign: boolean;
  /** Among them firewalld's. */
  firewalld: boolean;
}

const untouched: Touched = { own: false, unseen: false, administrator: false, foreign: false, firewalld: false };

/**
 * Keeps the firewall as the database wants it, whatever other programs do to the machine's packet filter. The kernel
 * announces every change; what is missing of ours is put back in one transaction, and our bridges are let through other
 * firewalls again. Runs until disposed of. Our own changes are known by the socket they come from.
 */
export async function watchFirewall(deps: NetworkDeps): Promise<Disposable> {
  const watch = new FirewallWatch(deps);
  await watch.start();
  return watch;
}

class FirewallWatch implements Disposable {
  #touched: Touched = { ...untouched };
  #timer: NodeJS.Timeout | null = null;
  #watch: Disposable | null = null;
  #working = false;
  #ended = false;
  #restores = 0;
  #lastRestore = 0;

  constructor(private readonly deps: NetworkDeps) {}

  async start(): Promise<void> {
    this.#watch = await watchFilter(
      (messages) => {
        for (const message of messages) {
          const change = parseFilterChange(message);
          if (change) this.#note(change);
        }
      },
      () => this.#startAgain(),
    );
    if (this.#ended) this[Symbol.dispose]();
  }

  #note({ family, table, part, port }: FilterChange): void {
    const { deps } = this;
    if (deps.live.firewall.isOwn(port)) return;
    if (table !== bareTableName(deps.instance)) {
      // The tables of other instances of this engine do not concern us.
      if (table.startsWith("berth_")) return;
      this.#touched.foreign = true;
      if (table === "firewalld") this.#touched.firewalld = true;
    } else if (family !== NFPROTO.INET) return;
    else if (part !== "" && !ownNames.has(part)) this.#touched.administrator = true;
    else this.#touched.own = true;
    this.#soon();
  }

  /**
   * Too many changes came at once and some notices were lost: everything counts as changed. Our own table is looked at
   * rather than written: writing is what may have been too much.
   */
  #startAgain(): void {
    if (this.#ended) return;
    this.deps.log.debug("some changes of the packet filter were not seen");
    this.#touched = { own: false, unseen: true, administrator: true, foreign: true, firewalld: true };
    this.start().catch((error: unknown) =>
      this.deps.log.warn("the packet filter is no longer watched", { error: errorMessage(error) }),
    );
    this.#soon();
  }

  #soon(): void {
    if (this.#timer || this.#working || this.#ended) return;
    if (Date.now() - this.#lastRestore > peaceMs) this.#restores = 0;
    this.#timer = setTimeout(() => void this.#look(), this.#restores > restoresAtOnce ? fightMs : settleMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const touched = this.#touched;
    this.#touched = { ...untouched };
    this.#timer = null;
    this.#working = true;
    try {
      if (touched.unseen && !touched.own)
        touched.own = (await checkFirewall(this.deps)).some(({ State }) => State !== "ok");
      if (touched.own) await this.#restore();
      if (touched.own || touched.administrator) await rememberAdministrator(this.deps);
      if ((touched.own || touched.foreign) && !this.#ended) await admitToForeign(this.deps);
      if (touched.firewalld) await this.deps.live.firewalld?.join();
    } catch (error) {
      if (!this.#ended) this.deps.log.error("the firewall could not be restored", { error: errorMessage(error) });
    }
    this.#working = false;
    if (Object.values(this.#touched).includes(true)) this.#soon();
  }

  async #restore(): Promise<void> {
    this.#restores++;
    this.#lastRestore = Date.now();
    await rewriteFirewall(this.deps);
    forgetUntranslated(this.deps, wantedFirewall(this.deps));
    this.deps.log.info("somebody changed the firewall's table: restored");
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#watch?.[Symbol.dispose]();
  }
}
