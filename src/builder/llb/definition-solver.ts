import type { Definition } from "../../api/buildkit/llb.ts";
import { inTurns } from "../../lib/breath.ts";
import { errorMessage } from "../../lib/errors.ts";
import { hostPlatform } from "../../oci/platform.ts";
import { CacheLost } from "../cache/imported.ts";
import { emptyResult, type StageResult } from "../result.ts";
import { checkEntitled } from "./entitlements.ts";
import { BadDefinition, type Edge, type Graph, readGraph, type Vertex } from "./graph.ts";
import { asLayers } from "./layers.ts";
import { perform } from "./perform.ts";
import type { LlbWork, Output, Told } from "./work.ts";

/** Definitions within definitions of one build. */
const mostInner = 100;

/** Something that a definition is about, which is made when somebody wants it. */
export interface Wanted {
  /** As it is, files that lie elsewhere with their place. */
  output(): Promise<Output>;
  layers(): Promise<StageResult>;
}

/** An operation that failed: what went wrong, and at which vertex. */
export class VertexFailed extends Error {
  constructor(
    readonly vertex: Vertex,
    cause: unknown,
  ) {
    super(errorMessage(cause), { cause });
  }
}

/** Solves the definitions of one build: operations that several of them have are done once. */
export class DefinitionSolver {
  readonly #running = new Map<string, Promise<readonly Output[]>>();
  /** In whose definitions operations are. */
  readonly #around = new Map<string, Set<string>>();
  #inner = 0;
  readonly #layers = new WeakMap<Output, Promise<StageResult>>();

  constructor(private readonly work: LlbWork) {}

  /** Reads a definition. Nothing of it is done yet. Throws `BadDefinition`. */
  async read(definition: Definition): Promise<Wanted> {
    const graph = await inTurns(readGraph(definition), this.work.signal);
    if (graph) checkEntitled(graph, this.work);
    const output = async () => (graph ? this.#whole(graph) : { layers: emptyResult(hostPlatform()) });
    return { output, layers: async () => this.#asLayers(await output()) };
  }

  /** Waits for what is still under way: to be called when the work's signal was aborted. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }

  /** With all its layers. What a cache promises may turn out not to be there: then it is done without any. */
  async #whole(graph: Graph): Promise<Output> {
    const { imported, signal } = this.work;
    const once = async () => {
      const output = await this.#solve(graph);
      if ("layers" in output) await imported.materialize(output.layers, signal);
      return output;
    };
    try {
      return await once();
    } catch (error) {
      if (!(error instanceof CacheLost)) throw error;
      imported.forget();
      this.#running.clear();
      return once();
    }
  }

  /** Operations begin as soon as their inputs are there; each stands behind those that it needs. */
  async #solve({ vertices, target }: Graph): Promise<Output> {
    const fresh = vertices.filter(({ digest }) => !this.#running.has(digest));
    const told = new Map(fresh.map((vertex) => [vertex.digest, this.work.tell(vertex)]));
    for (const each of told.values()) each.announce();
    for (const vertex of fresh) {
      const done = this.#do(vertex, told.get(vertex.digest) ?? this.work.tell(vertex));
      done.catch(() => {});
      this.#running.set(vertex.digest, done);
    }
    return this.#output(target);
  }

  async #output({ vertex: { digest, name }, index }: Edge): Promise<Output> {
    const output = (await this.#running.get(digest))?.[index];
    if (!output) throw new BadDefinition(`invalid definition: ${name} has no output ${index}`);
    return output;
  }

  async #do(vertex: Vertex, told: Told): Promise<readonly Output[]> {
    const inputs = await Promise.all(vertex.inputs.map((edge) => this.#output(edge)));
    const { signal } = this.work;
    signal.throwIfAborted();
    try {
      const layersOf = (output: Output) => this.#asLayers(output);
      return await perform(this.work, vertex, inputs, told, layersOf, (definition) => this.#within(vertex, definition));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof VertexFailed || error instanceof CacheLost) throw error;
      told.fail(errorMessage(error).replace(/^failed to load cache key: /, ""));
      throw new VertexFailed(vertex, error);
    }
  }

  /** Solves a definition for an operation of another one. */
  async #within({ digest }: Vertex, definition: Definition): Promise<Output> {
    if (++this.#inner > mostInner) throw new BadDefinition(`more than ${mostInner} definitions within definitions`);
    const graph = await inTurns(readGraph(definition), this.work.signal);
    if (!graph) return { layers: emptyResult(hostPlatform()) };
    checkEntitled(graph, this.work);
    const around = this.#allAround(digest);
    for (const { digest: inner } of graph.vertices) {
      // It would wait for itself.
      if (around.has(inner)) throw new BadDefinition("a definition is within itself");
      const known = this.#around.get(inner);
      if (known) known.add(digest);
      else this.#around.set(inner, new Set([digest]));
    }
    return this.#solve(graph);
  }

  /** An operation, and those in whose definitions it is. */
  #allAround(digest: string): ReadonlySet<string> {
    const all = new Set([digest]);
    // What is added meanwhile is come to as well.
    for (const each of all) for (const outer of this.#around.get(each) ?? []) all.add(outer);
    return all;
  }

  /** Files that lie elsewhere become a layer when somebody stands upon them, once. */
  #asLayers(output: Output): Promise<StageResult> {
    const known = this.#layers.get(output);
    if (known) return known;
    const made = asLayers(this.work, output);
    made.catch(() => {});
    this.#layers.set(output, made);
    return made;
  }
}
