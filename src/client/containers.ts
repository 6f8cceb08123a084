/** `/containers/*`: everything but archives, attach and exec, which have files of their own. */
import { decodeJsonLines } from "../api/json-lines.ts";
import type {
  ContainerConfig,
  ContainerCreateResponse,
  ContainerInspectResponse,
  ContainerStatsResponse,
  ContainerSummary,
  ContainerTopResponse,
  ContainerUpdateResponse,
  ContainerWaitResponse,
  CreateBody,
  FilesystemChange,
  IDResponse,
  UpdateBody,
} from "../api/types/container.ts";
import type { Answer, Client } from "./client.ts";
import { pathPart } from "./path.ts";
import { filtersJson } from "./query.ts";
import { unixTime } from "./time.ts";

/** `key` → values. */
export type Filters = Readonly<Record<string, readonly string[]>>;

const at = (container: string, rest = "") => `/containers/${pathPart("container", container)}${rest}`;

/**
 * Containers that run; with `all`, stopped ones too. `limit`: only the newest so many, stopped ones too (0 and less: no
 * limit); `size`: with bytes on disk, which takes the engine longer.
 */
export function listContainers(
  client: Client,
  options: { all?: boolean; limit?: number; size?: boolean; filters?: Filters } = {},
): Promise<ContainerSummary[]> {
  const { filters, limit, ...query } = options;
  return client.json("GET", "/containers/json", {
    query: { ...query, limit: limit !== undefined && limit > 0 ? limit : undefined, filters: filtersJson(filters) },
  });
}

/**
 * Makes a container, without starting it. Without `name` the engine makes one up. Throws {@link ApiError}: 404 if the
 * image is not there, 409 if the name is taken.
 */
export function createContainer(
  client: Client,
  body: CreateBody,
  options: { name?: string; platform?: string } = {},
): Promise<ContainerCreateResponse> {
  return client.json("POST", "/containers/create", { query: options, json: body });
}

/** Everything about one container; `size`: with its bytes on disk. Throws {@link ApiError} (404) if there is none. */
export async function inspectContainer(
  client: Client,
  container: string,
  size = false,
): Promise<ContainerInspectResponse> {
  return JSON.parse(await inspectContainerRaw(client, container, size));
}

/** As {@link inspectContainer}, but the JSON text that the engine sent, to be shown as it is. */
export function inspectContainerRaw(client: Client, container: string, size = false): Promise<string> {
  return client.text("GET", at(container, "/json"), { query: { size } });
}

/** Starts a container; one that runs already is no error. `checkpoint`: from that saved state. */
export async function startContainer(
  client: Client,
  container: string,
  options: { detachKeys?: string; checkpoint?: string; checkpointDir?: string } = {},
): Promise<void> {
  const { detachKeys, checkpoint, checkpointDir } = options;
  await client.text("POST", at(container, "/start"), {
    query: { detachKeys, checkpoint, "checkpoint-dir": checkpointDir },
  });
}

/** `timeout` in seconds; absent: the container's own. -1: for ever. */
export interface StopOptions {
  signal?: string;
  timeout?: number;
}

/**
 * Stops a container with its stop signal, then, after `timeout` seconds, with SIGKILL. undefined: the container's own
 * signal and timeout. Resolves once it has ended.
 */
export async function stopContainer(
  client: Client,
  container: string,
  { signal, timeout }: StopOptions = {},
): Promise<void> {
  await client.text("POST", at(container, "/stop"), { query: { signal, t: timeout } });
}

/** Stops a container as {@link stopContainer} does, then starts it. One that is stopped is only started. */
export async function restartContainer(
  client: Client,
  container: string,
  { signal, timeout }: StopOptions = {},
): Promise<void> {
  await client.text("POST", at(container, "/restart"), { query: { signal, t: timeout } });
}

/** Sends a signal to a container's main process: a name or number; empty: SIGKILL, the engine's default. */
export async function killContainer(client: Client, container: string, signal = ""): Promise<void> {
  await client.text("POST", at(container, "/kill"), { query: { signal } });
}

/** Freezes all processes of a container. Throws {@link ApiError} (409) if it does not run or is paused already. */
export async function pauseContainer(client: Client, container: string): Promise<void> {
  await client.text("POST", at(container, "/pause"));
}

/** Lets a paused container go on. Throws {@link ApiError} if it is not paused. */
export async function unpauseContainer(client: Client, container: string): Promise<void> {
  await client.text("POST", at(container, "/unpause"));
}

/** Gives a container another name. Throws {@link ApiError} (409) if that is taken. */
export async function renameContainer(client: Client, container: string, name: string): Promise<void> {
  await client.text("POST", at(container, "/rename"), { query: { name } });
}

/** Changes limits and the restart policy of a container, also while it runs. The answer may hold warnings. */
export function updateContainer(client: Client, container: string, body: UpdateBody): Promise<ContainerUpdateResponse> {
  return client.json("POST", at(container, "/update"), { json: body });
}

/**
 * Deletes a container. `volumes`: and its anonymous volumes; `force`: also when it runs (it is killed); `link`: delete
 * the link of that name, not the container.
 */
export async function removeContainer(
  client: Client,
  container: string,
  options: { volumes?: boolean; link?: boolean; force?: boolean } = {},
): Promise<void> {
  const { volumes, link, force } = options;
  await client.text("DELETE", at(container), { query: { v: volumes, link, force } });
}

/** Sets the size of a container's terminal, in rows (`height`) and columns (`width`). */
export async function resizeContainer(
  client: Client,
  container: string,
  { height, width }: { height: number; width: number },
): Promise<void> {
  await client.text("POST", at(container, "/resize"), { query: { h: height, w: width } });
}

/** Resolves once the engine listens for the condition; `result` then waits for it. */
export async function waitContainer(
  client: Client,
  container: string,
  condition = "",
  signal?: AbortSignal,
): Promise<{ result: Promise<ContainerWaitResponse> }> {
  // The engine sends its head before the condition is met.
  const { body } = await client.stream("POST", at(container, "/wait"), {
    query: { condition },
    ...(signal && { signal }),
  });
  const read = async (): Promise<ContainerWaitResponse> => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
    return JSON.parse(text);
  };
  return { result: read() };
}

/** Which log lines to send. `since`, `until`: a time or how long ago; `tail`: a number of lines, or `all`. */
export interface LogOptions {
  follow?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  since?: string;
  until?: string;
  timestamps?: boolean;
  tail?: string;
  details?: boolean;
}

/** The raw body: multiplexed unless the container has a terminal. `since` and `until` as users write them. */
export async function containerLogs(
  client: Client,
  container: string,
  { since, until, ...options }: LogOptions,
  signal?: AbortSignal,
): Promise<Answer> {
  const query = { ...options, since: await unixTime(since, "since"), until: await unixTime(until, "until") };
  return client.stream("GET", at(container, "/logs"), { query, ...(signal && { signal }) });
}

/** Paths in which a container's files differ from its image's; null: none. */
export function containerChanges(client: Client, container: string): Promise<FilesystemChange[] | null> {
  return client.json("GET", at(container, "/changes"));
}

/** All files of a container. The answer's body is a tar archive. */
export function exportContainer(client: Client, container: string, signal?: AbortSignal): Promise<Answer> {
  return client.stream("GET", at(container, "/export"), { ...(signal && { signal }) });
}

/**
 * A container's processes as a table: `Titles`, and a row for each in `Processes`. `psArgs`: options of ps(1); empty:
 * the engine's.
 */
export function topContainer(client: Client, container: string, psArgs = ""): Promise<ContainerTopResponse> {
  return client.json("GET", at(container, "/top"), { query: { ps_args: psArgs } });
}

/** One reading after the other, about one a second; `once`: a single one, with the reading before it. */
export async function* containerStats(
  client: Client,
  container: string,
  options: { once?: boolean; signal?: AbortSignal } = {},
): AsyncGenerator<ContainerStatsResponse> {
  const { once, signal } = options;
  const { body } = await client.stream("GET", at(container, "/stats"), {
    query: { stream: once ? "0" : "1" },
    ...(signal && { signal }),
  });
  for await (const value of decodeJsonLines(body)) if (typeof value === "object" && value !== null) yield value;
}

/**
 * Deletes all stopped containers that the filters let through. `ContainersDeleted`: ids, null: none; space in bytes.
 */
export function pruneContainers(
  client: Client,
  filters?: Filters,
): Promise<{ ContainersDeleted: string[] | null; SpaceReclaimed: number }> {
  return client.json("POST", "/containers/prune", { query: { filters: filtersJson(filters) } });
}

/**
 * Makes an image of a container's files. `pause` (default true): freeze it meanwhile; `changes`: Dockerfile
 * instructions applied to its configuration; `config`: its fields win over the container's own.
 */
export function commitContainer(
  client: Client,
  container: string,
  options: {
    repo?: string;
    tag?: string;
    comment?: string;
    author?: string;
    pause?: boolean;
    changes?: readonly string[];
    config?: ContainerConfig;
  },
): Promise<IDResponse> {
  const { config, pause = true, ...query } = options;
  return client.json("POST", "/commit", {
    query: { container, ...query, ...(!pause && { pause: "0" }) },
    json: config ?? {},
  });
}
