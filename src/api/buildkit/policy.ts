/** Rules on which sources a build may use (`moby.buildkit.v1.sourcepolicy`). */
import { field, int32, int64, map, message, optional, repeated, string, type Value } from "../../lib/protobuf.ts";

export const PolicyAction = { allow: 0, deny: 1, convert: 2 } as const;

export const PolicyMatch = { wildcard: 0, exact: 1, regex: 2 } as const;

export const AttrConstraint = message({
  key: field(1, string),
  value: field(2, string),
  /** 0 equal, 1 not equal, 2 matches. */
  condition: field(3, int32),
});
export type AttrConstraint = Value<typeof AttrConstraint>;

export const PolicySelector = message({
  identifier: field(1, string),
  /** One of {@link PolicyMatch}. */
  matchType: field(2, int32),
  constraints: repeated(3, AttrConstraint),
});
export type PolicySelector = Value<typeof PolicySelector>;

export const PolicyUpdate = message({
  identifier: field(1, string),
  attrs: map(2, string),
});
export type PolicyUpdate = Value<typeof PolicyUpdate>;

export const PolicyRule = message({
  /** One of {@link PolicyAction}. */
  action: field(1, int32),
  selector: optional(2, PolicySelector),
  updates: optional(3, PolicyUpdate),
});
export type PolicyRule = Value<typeof PolicyRule>;

export const Policy = message({
  version: field(1, int64),
  rules: repeated(2, PolicyRule),
});
export type Policy = Value<typeof Policy>;
