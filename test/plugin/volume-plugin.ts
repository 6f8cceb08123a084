import { mkdirSync, rmSync } from "node:fs";
import { type PluginAnswer, RecordingPlugin } from "../../src/plugin/testing.ts";

interface Asked {
  Name: string;
  ID: string;
  Opts: Record<string, string> | null;
}

/**
 * A volume driver of the tests' own, whose volumes are directories below `home`. `volumes` are those it has, with the
 * ids by which they are mounted; what a test puts into `faults` it answers instead.
 */
export class VolumePlugin extends RecordingPlugin {
  readonly volumes = new Map<string, { options: Record<string, string> | null; ids: Set<string> }>();
  readonly faults: Record<string, PluginAnswer>;

  constructor(
    socket: string,
    readonly home: string,
    scope = "local",
  ) {
    const faults: Record<string, PluginAnswer> = {};
    const answer = (verb: string, work: (asked: Asked) => unknown): [string, PluginAnswer] => {
      const method = `VolumeDriver.${verb}`;
      return [
        method,
        (body) => {
          const fault = faults[method];
          if (fault !== undefined) return typeof fault === "function" ? fault(body) : fault;
          return work(body as Asked);
        },
      ];
    };
    super(socket, {
      "Plugin.Activate": { Implements: ["VolumeDriver"] },
      "VolumeDriver.Capabilities": { Capabilities: { Scope: scope } },
      ...Object.fromEntries([
        answer("Create", ({ Name, Opts }) => this.#create(Name, Opts)),
        answer("Get", ({ Name }) =>
          this.volumes.has(Name) ? { Volume: this.#describe(Name) } : { Err: "no such thing" },
        ),
        answer("List", () => ({ Volumes: [...this.volumes.keys()].map((name) => this.#describe(name)) })),
        answer("Mount", ({ Name, ID }) => {
          this.volumes.get(Name)?.ids.add(ID);
          return { Mountpoint: this.place(Name) };
        }),
        answer("Unmount", ({ Name, ID }) => (this.volumes.get(Name)?.ids.delete(ID) ? {} : { Err: `no mount ${ID}` })),
        answer("Remove", ({ Name }) => {
          this.volumes.delete(Name);
          rmSync(this.place(Name), { recursive: true, force: true });
          return {};
        }),
      ]),
    });
    this.faults = faults;
  }

  place(name: string): string {
    return `${this.home}/${name}`;
  }

  /** Ids by which a volume is mounted. */
  ids(name: string): string[] {
    return [...(this.volumes.get(name)?.ids ?? [])];
  }

  /** What was asked of one verb, since `methods` was called last. */
  bodies(verb: string): unknown[] {
    return this.asked.filter(({ method }) => method === `VolumeDriver.${verb}`).map(({ body }) => body);
  }

  /** The verbs that were asked, in order, without what they belong to. */
  verbs(): string[] {
    return this.methods().map((method) => method.replace("VolumeDriver.", ""));
  }

  #create(name: string, options: Record<string, string> | null): unknown {
    mkdirSync(this.place(name), { recursive: true });
    this.volumes.set(name, { options, ids: new Set() });
    return {};
  }

  #describe(name: string): unknown {
    const ids = this.ids(name);
    return {
      Name: name,
      Mountpoint: ids.length > 0 ? this.place(name) : "",
      CreatedAt: "2026-01-02T03:04:05Z",
      Status: { users: { count: ids.length } },
    };
  }
}
