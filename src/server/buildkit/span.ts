import type { KeyValue, Span } from "../../api/buildkit/trace.ts";

/** A span as BuildKit keeps them in a build's trace, by its names. */
export interface SpanRecord {
  Name: string;
  SpanContext: SpanContext;
  Parent: SpanContext;
  /** 1: within a program, 2: at the server, 3: at the client. */
  SpanKind: number;
  StartTime: string;
  EndTime: string;
  Attributes: Attribute[] | null;
  Events: { Name: string; Attributes: Attribute[]; Time: string; DroppedAttributeCount: number }[] | null;
  Links: null;
  Status: { Code: number; Description: string };
  DroppedAttributes: number;
  DroppedEvents: number;
  DroppedLinks: number;
  ChildSpanCount: number;
  Resource: Attribute[];
  InstrumentationLibrary: { Name: string; Version: string; SchemaURL: string; Attributes: object };
}

interface SpanContext {
  TraceID: string;
  SpanID: string;
  TraceFlags: "01" | "00";
  TraceState: string;
  /** It is of another program. */
  Remote: boolean;
}

interface Attribute {
  Key: string;
  Value: { Type: string; Value: unknown };
}

/** What makes a span. `parent`: of which span it is a part; undefined: of none. */
export interface SpanFacts {
  name: string;
  traceId: string;
  spanId: string;
  parent: { spanId: string; remote: boolean } | undefined;
  kind: number;
  /** Nanoseconds since 1970. */
  start: bigint;
  end: bigint;
  attributes: Attribute[];
  events?: SpanRecord["Events"];
  error: string | undefined;
  resource: Attribute[];
  library: string;
}

/** A span as it is kept. */
export function spanRecord({ name, traceId, spanId, parent, kind, start, end, ...more }: SpanFacts): SpanRecord {
  return {
    Name: name,
    SpanContext: { TraceID: traceId, SpanID: spanId, TraceFlags: "01", TraceState: "", Remote: false },
    Parent: parent
      ? { TraceID: traceId, SpanID: parent.spanId, TraceFlags: "01", TraceState: "", Remote: parent.remote }
      : { TraceID: "0".repeat(32), SpanID: "0".repeat(16), TraceFlags: "00", TraceState: "", Remote: false },
    SpanKind: kind,
    StartTime: moment(start),
    EndTime: moment(end),
    Attributes: more.attributes,
    Events: more.events ?? null,
    Links: null,
    Status: { Code: more.error === undefined ? 0 : 1, Description: more.error ?? "" },
    DroppedAttributes: 0,
    DroppedEvents: 0,
    DroppedLinks: 0,
    ChildSpanCount: 0,
    Resource: more.resource,
    InstrumentationLibrary: { Name: more.library, Version: "", SchemaURL: "", Attributes: {} },
  };
}

/** One that a client has sent. */
export function clientSpan(span: Span, resource: readonly KeyValue[], library: string): SpanRecord {
  const parent = hex(span.parentSpanId);
  return spanRecord({
    name: span.name,
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parent: parent === "" ? undefined : { spanId: parent, remote: false },
    kind: span.kind,
    start: span.start,
    end: span.end,
    attributes: attributesOf(span.attributes),
    events: span.events.map(({ name, time, attributes }) => ({
      Name: name,
      Attributes: attributesOf(attributes),
      Time: moment(time),
      DroppedAttributeCount: 0,
    })),
    // On the wire an error is 2, here it is 1.
    error: span.status?.code === 2 ? span.status.message : undefined,
    resource: attributesOf(resource),
    library,
  });
}

/** A word about a span. */
export function textAttribute(key: string, text: string): Attribute {
  return { Key: key, Value: { Type: "STRING", Value: text } };
}

const attributesOf = (pairs: readonly KeyValue[]): Attribute[] =>
  pairs.map(({ key, value }) => {
    if (value?.bool !== undefined) return { Key: key, Value: { Type: "BOOL", Value: value.bool } };
    if (value?.int !== undefined) return { Key: key, Value: { Type: "INT64", Value: Number(value.int) } };
    if (value?.double !== undefined)
      return {
        Key: key,
        Value: { Type: "FLOAT64", Value: new Float64Array(BigUint64Array.of(value.double).buffer)[0] },
      };
    return textAttribute(key, value?.string ?? "");
  });

export const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** RFC 3339, with all that is known of it. */
function moment(nanoseconds: bigint): string {
  const at = new Date(Number(nanoseconds / 1_000_000_000n) * 1000);
  if (Number.isNaN(at.getTime())) return new Date(0).toISOString();
  return at.toISOString().replace(/\.000Z$/, `.${String(nanoseconds % 1_000_000_000n).padStart(9, "0")}Z`);
}
