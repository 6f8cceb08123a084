/** Flags that say where in the body their value goes, so that a new one of the plain kind is a row and no more. */

import type { ContainerConfig, HealthConfig, HostConfig } from "../../../../api/types/container.ts";
import type { Flag, Flags } from "../../../flags/flag.ts";

/** The two halves of a body of create, as far as they are filled. */
export interface Draft {
  readonly config: ContainerConfig;
  readonly host: HostConfig;
}

export interface BodyFlag<T> extends Flag<T> {
  sets(draft: Draft, value: T): void;
}

/** The flag's value is `Config.<field>`, as it is or as `turn` makes it; undefined leaves the field out. */
export function toConfig<T extends ContainerConfig[K], K extends keyof ContainerConfig>(
  field: K,
  flag: Flag<T>,
): BodyFlag<T>;
export function toConfig<T, K extends keyof ContainerConfig>(
  field: K,
  flag: Flag<T>,
  turn: (value: T) => ContainerConfig[K],
): BodyFlag<T>;
export function toConfig<K extends keyof ContainerConfig>(
  field: K,
  flag: Flag<ContainerConfig[K]>,
  turn: (value: ContainerConfig[K]) => ContainerConfig[K] = (value) => value,
): BodyFlag<ContainerConfig[K]> {
  return { ...flag, sets: ({ config }, value) => put(config, field, turn(value)) };
}

/** As {@link toConfig}, into `HostConfig`; of an update, into its body. */
export function toHost<T extends HostConfig[K], K extends keyof HostConfig>(field: K, flag: Flag<T>): BodyFlag<T>;
export function toHost<T, K extends keyof HostConfig>(
  field: K,
  flag: Flag<T>,
  turn: (value: T) => HostConfig[K],
): BodyFlag<T>;
export function toHost<K extends keyof HostConfig>(
  field: K,
  flag: Flag<HostConfig[K]>,
  turn: (value: HostConfig[K]) => HostConfig[K] = (value) => value,
): BodyFlag<HostConfig[K]> {
  return { ...flag, sets: ({ host }, value) => put(host, field, turn(value)) };
}

/** As {@link toConfig}, into `Config.Healthcheck`, which is there once a flag sets something in it. */
export function toHealth<T, K extends keyof HealthConfig>(
  field: K,
  flag: Flag<T>,
  turn: (value: T) => HealthConfig[K],
): BodyFlag<T> {
  return {
    ...flag,
    sets({ config }, value) {
      const turned = turn(value);
      if (turned !== undefined) config.Healthcheck = { ...config.Healthcheck, [field]: turned };
    },
  };
}

function put<T, K extends keyof T>(target: T, field: K, value: T[K]): void {
  if (value !== undefined) target[field] = value;
}

/** Puts the values of all flags that know their place where they belong. */
export function fill(draft: Draft, flags: Flags, values: Readonly<Record<string, unknown>>): void {
  for (const [name, flag] of Object.entries(flags)) if (isBodyFlag(flag)) flag.sets(draft, values[name]);
}

function isBodyFlag(flag: Flag<unknown>): flag is BodyFlag<unknown> {
  return "sets" in flag;
}

/** Go sends an empty list that was never made as null; so do we. */
export function orNull<T>(values: readonly T[]): T[] | null {
  return values.length > 0 ? [...values] : null;
}

export function copied<T>(values: readonly T[]): T[] {
  return [...values];
}

export function orZero(value: number | null): number {
  return value ?? 0;
}

/** Left out where it says nothing. */
export function unlessEmpty(value: string): string | undefined {
  return value === "" ? undefined : value;
}

export function unlessZero(value: number): number | undefined {
  return value === 0 ? undefined : value;
}

export function unlessNull<T>(value: T | null): T | undefined {
  return value ?? undefined;
}

export function mapUnlessEmpty(values: Readonly<Record<string, string>>): Record<string, string> | undefined {
  return Object.keys(values).length > 0 ? { ...values } : undefined;
}
