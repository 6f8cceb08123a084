/** Spans as programs export them: `opentelemetry.proto.collector.trace.v1.TraceService`. */

import {
  bigInt64,
  bool,
  bytes,
  field,
  fixed64,
  int32,
  message,
  optional,
  repeated,
  string,
  type Value,
} from "../../lib/protobuf.ts";

export const tracePaths = { export: "/opentelemetry.proto.collector.trace.v1.TraceService/Export" } as const;

/** One of them is there; of other kinds of values none. */
const AnyValue = message({
  string: optional(1, string),
  bool: optional(2, bool),
  int: optional(3, bigInt64),
  /** The bits of a floating-point number. */
  double: optional(4, fixed64),
});
export type AnyValue = Value<typeof AnyValue>;

const KeyValue = message({ key: field(1, string), value: optional(2, AnyValue) });
export type KeyValue = Value<typeof KeyValue>;

const SpanEvent = message({ time: field(1, fixed64), name: field(2, string), attributes: repeated(3, KeyValue) });
const SpanStatus = message({ message: field(2, string), code: field(3, int32) });

const Span = message({
  traceId: field(1, bytes),
  spanId: field(2, bytes),
  parentSpanId: field(4, bytes),
  name: field(5, string),
  kind: field(6, int32),
  /** Nanoseconds since 1970, as all times. */
  start: field(7, fixed64),
  end: field(8, fixed64),
  attributes: repeated(9, KeyValue),
  events: repeated(11, SpanEvent),
  status: optional(15, SpanStatus),
});
export type Span = Value<typeof Span>;

const Resource = message({ attributes: repeated(1, KeyValue) });
const Scope = message({ name: field(1, string), version: field(2, string) });
const ScopeSpans = message({ scope: optional(1, Scope), spans: repeated(2, Span), schemaUrl: field(3, string) });
const ResourceSpans = message({ resource: optional(1, Resource), scopes: repeated(2, ScopeSpans) });

export const ExportTraceRequest = message({ resources: repeated(1, ResourceSpans) });
export type ExportTraceRequest = Value<typeof ExportTraceRequest>;
export const ExportTraceResponse = message({});
