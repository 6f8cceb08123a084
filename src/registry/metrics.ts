/**
 * Counters and histograms in Prometheus' text format (version 0.0.4). Labels are values from closed sets, never names
 * that users choose.
 */
type Labels = Record<string, string>;

const bounds = [0.005, 0.02, 0.1, 0.5, 2, 10, 60];

/**
 * A number that only grows, one for each set of labels. `render` gives Prometheus' text format; without any value, 0.
 */
export class Counter {
  readonly #values = new Map<string, number>();

  constructor(
    readonly name: string,
    readonly help: string,
  ) {}

  add(value: number, labels: Labels = {}): void {
    const key = labelText(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + value);
  }

  increment(labels: Labels = {}): void {
    this.add(1, labels);
  }

  value(labels: Labels = {}): number {
    return this.#values.get(labelText(labels)) ?? 0;
  }

  render(): string {
    const lines = [...this.#values].map(([key, value]) => `${this.name}${key} ${value}`);
    return `${head(this.name, this.help, "counter") + (lines.length > 0 ? lines.join("\n") : `${this.name} 0`)}\n`;
  }
}

/** Counts durations in seconds by the upper bounds in `bounds`, for each set of labels, in Prometheus' text format. */
export class Histogram {
  readonly #series = new Map<string, { labels: Labels; counts: number[]; sum: number }>();

  constructor(
    readonly name: string,
    readonly help: string,
  ) {}

  observe(seconds: number, labels: Labels = {}): void {
    const key = labelText(labels);
    let series = this.#series.get(key);
    if (!series)
      this.#series.set(key, (series = { labels, counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 }));
    const bucket = bounds.findIndex((bound) => seconds <= bound);
    const index = bucket < 0 ? bounds.length : bucket;
    series.counts[index] = (series.counts[index] ?? 0) + 1;
    series.sum += seconds;
  }

  render(): string {
    let text = head(this.name, this.help, "histogram");
    for (const [key, { labels, counts, sum }] of this.#series) {
      let total = 0;
      for (const [index, count] of counts.entries()) {
        total += count;
        text += `${this.name}_bucket${labelText({ ...labels, le: String(bounds[index] ?? "+Inf") })} ${total}\n`;
      }
      text += `${this.name}_sum${key} ${sum}\n${this.name}_count${key} ${total}\n`;
    }
    return text;
  }
}

/** Everything that `/metrics` shows, in Prometheus' text format. */
export class Metrics {
  readonly requests = new Counter("berth_registry_http_requests_total", "Requests by route, method and status.");
  readonly durations = new Histogram(
    "berth_registry_http_request_duration_seconds",
    "Time to the answer's first byte, by route.",
  );
  readonly bytesReceived = new Counter(
    "berth_registry_blob_received_bytes_total",
    "Bytes of blobs that clients uploaded.",
  );
  readonly bytesSent = new Counter("berth_registry_blob_sent_bytes_total", "Bytes of blobs in answers.");
  readonly collected = new Counter("berth_registry_gc_removed_total", "Things that collection removed, by kind.");
  readonly collectedBytes = new Counter("berth_registry_gc_removed_bytes_total", "Bytes that collection freed.");
  readonly collections = new Counter("berth_registry_gc_runs_total", "Collections, by result.");
  readonly mirror = new Counter(
    "berth_registry_mirror_requests_total",
    "Requests for mirrored content, by kind and by where it came from.",
  );
  readonly mirrorBytes = new Counter("berth_registry_mirror_fetched_bytes_total", "Bytes fetched from upstream.");
  readonly logins = new Counter("berth_registry_logins_total", "Checks of credentials, by result.");

  /** `gauges`: measured at the time of asking, each with its help. */
  render(gauges: Record<string, [help: string, value: number]>): string {
    let text = "";
    for (const metric of [
      this.requests,
      this.durations,
      this.bytesReceived,
      this.bytesSent,
      this.collected,
      this.collectedBytes,
      this.collections,
      this.mirror,
      this.mirrorBytes,
      this.logins,
    ]) {
      text += metric.render();
    }
    for (const [name, [help, value]] of Object.entries(gauges))
      text += `${head(name, help, "gauge")}${name} ${value}\n`;
    return text;
  }
}

function head(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return parts.length > 0 ? `{${parts.join(",")}}` : "";
}
