import type { Mount } from "../api/types/container.ts";
import type { TaskSpec } from "../api/types/swarm.ts";
import { EngineError, invalid } from "../lib/errors.ts";
import { compileShapes, struct } from "../lib/template/shape.ts";
import { parseTemplate, TemplateError } from "../lib/template/template.ts";

type ContainerSpec = NonNullable<TaskSpec["ContainerSpec"]>;

/** What templates in a service's spec see: `{{.Node.Hostname}}`, `{{.Task.Slot}}`. */
export interface TemplateContext {
  Service: { ID: string; Name: string; Labels: Record<string, string> };
  Node: { ID: string; Hostname: string; Platform: { Architecture: string; OS: string } };
  /** `Slot`: the node's id in a global service. */
  Task: { ID: string; Name: string; Slot: string };
}

const context = compileShapes(`
Context template.Context
  Service Service
  Node Node
  Task Task
Service struct{ID,Name,Labels}
  ID string
  Name string
  Labels map[string]string
Node struct{ID,Hostname,Platform}
  ID string
  Hostname string
  Platform Platform
Platform struct{Architecture,OS}
  Architecture string
  OS string
Task struct{ID,Name,Slot}
  ID string
  Name string
  Slot string
`)("Context");

/**
 * The spec with its templates filled in: those of the environment, of the host name, and of the mounts' sources,
 * targets, labels and options. Throws `invalid` in Go's words on one that cannot be.
 */
export function expandSpec(spec: ContainerSpec, seen: TemplateContext): ContainerSpec {
  const expand = (text: string) =>
    text.includes("{{") ? parseTemplate(text, "expansion").run(struct(context, seen)) : text;
  const variable = (text: string) =>
    naming(`expanding env ${JSON.stringify(text)}`, () =>
      text.replace(/^([^=]*=)?(.*)$/s, (_, name: string | undefined, value: string) => `${name ?? ""}${expand(value)}`),
    );
  const { Env, Hostname, Mounts } = spec;
  return {
    ...spec,
    ...(Env && { Env: naming("expanding env failed", () => Env.map(variable)) }),
    ...(Hostname && { Hostname: naming("expanding hostname failed", () => expand(Hostname)) }),
    ...(Mounts && {
      Mounts: naming("expanding mounts failed", () => Mounts.map((mount) => expandMount(mount, expand))),
    }),
  };
}

function expandMount(mount: Mount, expand: (text: string) => string): Mount {
  const { Source, Target, VolumeOptions } = mount;
  const all = (map: Record<string, string>) =>
    Object.fromEntries(Object.entries(map).map(([key, value]) => [key, expand(value)]));
  const driver = VolumeOptions?.DriverConfig;
  return {
    ...mount,
    ...(Source && { Source: expand(Source) }),
    ...(Target && { Target: expand(Target) }),
    ...(VolumeOptions && {
      VolumeOptions: {
        ...VolumeOptions,
        ...(VolumeOptions.Labels && { Labels: all(VolumeOptions.Labels) }),
        ...(driver && { DriverConfig: { ...driver, ...(driver.Options && { Options: all(driver.Options) }) } }),
      },
    }),
  };
}

/** Says what failed before what went wrong with it. */
function naming<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TemplateError || error instanceof EngineError)) throw error;
    throw invalid(`${what}: ${error.message}`, error);
  }
}
