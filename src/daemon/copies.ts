import { errorMessage } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { StoreCopy } from "../store/copy.ts";
import type { Store } from "../store/store.ts";

/** Milliseconds between copies. */
const interval = 10 * 60_000;

/** Keeps a copy of the database beside it, renewed now and then where something has changed, and at the end. */
export function keepCopies(store: Store, log: Logger): Disposable {
  const copy = new StoreCopy(store);
  const renew = () => {
    try {
      copy.renew();
    } catch (error) {
      log.warn("cannot copy the database", { error: errorMessage(error) });
    }
  };
  const timer = setInterval(renew, interval);
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      renew();
    },
  };
}
