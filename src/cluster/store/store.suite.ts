/** What every store of a cluster has to do. */
import { describe, expect, test } from "bun:test";
import type { Change } from "../model/state.ts";
import { type ClusterStore, mostWrites, OutOfSequence } from "./store.ts";

/** A store to test. `open` gives an empty one, and each further call of `again` another view of the same. */
export interface StoreCase {
  /** Names the case. */
  title: string;
  open: () => Promise<{ store: ClusterStore; again?: () => Promise<ClusterStore>; close: () => Promise<void> }>;
}

const secret = (ID: string, Name: string) => ({ ID, Spec: { Name, Labels: {}, Data: "eA==" } });

/** The tests that every store must pass. */
export function storeSuite({ title, open }: StoreCase): void {
  const on = async (work: (store: ClusterStore, again?: () => Promise<ClusterStore>) => Promise<void>) => {
    const { store, again, close } = await open();
    try {
      await work(store, again);
    } finally {
      await close();
    }
  };

  describe(`store of clusters: ${title}`, () => {
    test("a commit shows at once, with version and times", () =>
      on(async (store) => {
        const index = await store.commit([
          { put: "secret", object: secret("a", "one") },
          { put: "secret", object: secret("b", "two") },
        ]);
        expect(store.state.index).toBe(index);
        const one = store.state.get("secret", "a");
        expect(one).toMatchObject({ ID: "a", Spec: { Name: "one" }, Version: { Index: index } });
        expect(Date.parse(one?.CreatedAt ?? "")).toBeGreaterThan(0);
        expect([...store.state.all("secret")].map(({ Spec }) => Spec.Name).sort()).toEqual(["one", "two"]);

        const later = await store.commit([{ put: "secret", object: secret("a", "uno"), at: index }]);
        expect(later).toBeGreaterThan(index);
        expect(store.state.get("secret", "a")?.CreatedAt).toBe(one?.CreatedAt ?? "");
        await store.commit([{ remove: "secret", id: "a" }]);
        expect(store.state.get("secret", "a")).toBeUndefined();
      }));

    test("a condition that does not hold: nothing is written", () =>
      on(async (store) => {
        const index = await store.commit([{ put: "secret", object: secret("a", "one"), at: 0 }]);
        const failing = [
          store.commit([
            { put: "secret", object: secret("b", "two") },
            { put: "secret", object: secret("a", "uno"), at: index - 1 },
          ]),
          store.commit([{ put: "secret", object: secret("a", "uno"), at: 0 }]),
          store.commit([
            { put: "secret", object: secret("b", "two") },
            { check: "secret", id: "c", at: 7 },
          ]),
          store.commit([{ remove: "secret", id: "a", at: index + 5 }]),
        ];
        for (const each of await Promise.allSettled(failing)) {
          expect(each).toMatchObject({ status: "rejected", reason: expect.any(OutOfSequence) });
        }
        expect([...store.state.all("secret")].map(({ Spec }) => Spec.Name)).toEqual(["one"]);
        await store.commit([
          { put: "secret", object: secret("b", "two") },
          { check: "secret", id: "c", at: 0 },
          { check: "secret", id: "a", at: index },
        ]);
        expect(store.state.get("secret", "b")).toBeDefined();
      }));

    test("who listens hears of each commit as a whole, after it shows", () =>
      on(async (store) => {
        const heard: (readonly Change[])[] = [];
        const end = store.onChange((changes) => {
          expect(changes.every(({ kind, id, object }) => store.state.get(kind, id) === (object ?? undefined))).toBe(
            true,
          );
          heard.push(changes);
        });
        await store.commit([
          { put: "secret", object: secret("a", "one") },
          { put: "secret", object: secret("b", "two") },
        ]);
        await store.commit([{ remove: "secret", id: "a" }]);
        end();
        await store.commit([{ remove: "secret", id: "b" }]);
        expect(heard.map((changes) => changes.map(({ id, object }) => [id, object !== null]))).toEqual([
          [
            ["a", true],
            ["b", true],
          ],
          [["a", false]],
        ]);
      }));

    test(`${mostWrites} writes with conditions fit`, () =>
      on(async (store) => {
        const many = Array.from({ length: mostWrites }, (_, i) => secret(`s${i}`, `name${i}`));
        await store.commit(many.map((object) => ({ put: "secret", object, at: 0 }) as const));
        expect([...store.state.all("secret")]).toHaveLength(mostWrites);
      }));

    test("two views of one store: what one has committed, the other has after a sync", () =>
      on(async (store, again) => {
        if (!again) return;
        await store.commit([{ put: "secret", object: secret("a", "one") }]);
        const other = await again();
        expect(other.state.get("secret", "a")?.Spec.Name).toBe("one");
        const index = await store.commit([{ put: "secret", object: secret("a", "uno") }]);
        await other.sync();
        expect(other.state.get("secret", "a")).toEqual(store.state.get("secret", "a"));
        await other.commit([{ put: "secret", object: secret("a", "une"), at: index }]);
        await store.sync();
        expect(store.state.get("secret", "a")?.Spec.Name).toBe("une");
      }));
  });
}
