/**
 * What a plain object itself has under a name that somebody gave. Looked up plainly, `constructor` and `toString` give
 * what all objects inherit; and what is put under `__proto__` is lost, or changes every object there is.
 */
export function own<T>(map: Readonly<Record<string, T>> | null | undefined, name: string): T | undefined {
  return map && Object.hasOwn(map, name) ? map[name] : undefined;
}

/** Puts a value under such a name, and returns it. */
export function setOwn<T>(map: Record<string, T>, name: string, value: T): T {
  Object.defineProperty(map, name, { value, configurable: true, enumerable: true, writable: true });
  return value;
}
