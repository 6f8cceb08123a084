import type { BuildEvent, StepInfo } from "../../api/build-events.ts";
import type { ProgressEvent } from "../../api/progress.ts";
import { shortId } from "../../lib/ids.ts";

/** Of the checks of a Dockerfile the classic builder knows one; the others here are about the build itself. */
const toldHere = ({ rule, line }: Extract<BuildEvent, { kind: "warning" }>) =>
  line === 0 || rule === "NoEmptyContinuation" || rule === "Syntax";

/** Output of a step that waits for its turn is kept up to here; then the oldest goes. */
const heldBytes = 4 * 1024 * 1024;

/** A step and what is to be said of it, a message each: clients count them. */
interface Told {
  step: StepInfo;
  /** Place among the counted. */
  number: number;
  text: string[];
  bytes: number;
  begun: boolean;
  ended: boolean;
  container: string;
  /** Of a step that is done: the image so far. */
  image: string | undefined;
  /** The instructions that the base of a FROM brought. */
  triggers: Told[];
}

/** A stage while its steps are told. */
interface StageTold {
  last: Told;
  /** Steps without a layer that are done, until it is known whether the stage goes on from the cache. */
  open: Told[];
  /** Whether the newest layer came from the cache. */
  layerCached: boolean;
}

/**
 * A build's events as the stream that Docker's classic builder sends: `Step 1/3 : FROM …`, output, ` ---> id`. Steps
 * are told in the order of the file, though stages run side by side. `globalArgs`: the instructions before the first
 * stage.
 */
export async function* transcript(
  events: AsyncIterable<BuildEvent>,
  globalArgs: readonly string[],
): AsyncGenerator<ProgressEvent> {
  const decoders = new Map<string, TextDecoder>();
  let told = new Telling();
  for await (const event of events) {
    if (event.kind === "need") {
      yield { id: "berth.build", aux: event };
      continue;
    }
    if (event.kind === "named") continue;
    if (event.kind === "warning") {
      if (toldHere(event))
        yield { stream: `[Warning] ${event.message}${event.line > 0 ? ` (line ${event.line})` : ""}\n` };
      continue;
    }
    if (event.kind === "step") {
      // A second beginning, without a cache that turned out to be broken.
      if (event.step.total > 0 && told.begun) {
        yield* told.close();
        told = new Telling();
      }
      told.add(event.step);
      continue;
    }
    const each = told.find(event.id);
    if (!each || each.ended) continue;
    const total = globalArgs.length + told.counted;
    if (!told.begun)
      for (const [index, text] of globalArgs.entries())
        yield* heading(`Step ${index + 1}/${total} : ${text}`).map((stream) => ({ stream }));
    told.begun = true;
    if (!each.begun) {
      each.begun = true;
      if (each.step.total > 0)
        say(each, ...heading(`Step ${globalArgs.length + each.number}/${total} : ${each.step.text}`));
      else if (each.step.trigger === undefined) say(each, `${each.step.text}\n`);
    }
    switch (event.kind) {
      case "started":
        if (event.layer) told.layer(each, false);
        break;
      case "cached":
        told.layer(each, true);
        say(each, usingCache);
        break;
      case "running":
        each.container = shortId(event.container);
        say(each, ` ---> Running in ${each.container}\n`);
        break;
      case "output": {
        const key = `${event.id} ${event.stream}`;
        const decoder = decoders.get(key) ?? new TextDecoder();
        decoders.set(key, decoder);
        const text = decoder.decode(event.data, { stream: true });
        if (text !== "") say(each, event.stream === 2 ? `\x1b[91m${text}\x1b[0m` : text);
        break;
      }
      case "status":
        say(each, `${event.text}\n`);
        break;
      case "done":
        if (each.container !== "") say(each, ` ---> Removed intermediate container ${each.container}\n`);
        each.image = event.image;
        told.done(each, { layer: event.layer !== undefined, known: event.known === true });
        break;
      case "failed":
        each.ended = true;
        break;
    }
    yield* told.flush();
  }
  yield* told.close();
}

/** The steps of a build, in the order in which they are told. */
class Telling {
  begun = false;
  counted = 0;
  readonly #order: Told[] = [];
  /** What comes next in the order. */
  #at = 0;
  readonly #steps = new Map<string, Told>();
  readonly #stages = new Map<string, StageTold>();
  #lastStage = "";

  add(step: StepInfo): void {
    const told: Told = {
      step,
      number: step.total > 0 ? ++this.counted : 0,
      text: [],
      bytes: 0,
      begun: false,
      ended: false,
      container: "",
      image: undefined,
      triggers: [],
    };
    this.#steps.set(step.id, told);
    const from = this.#steps.get(step.trigger ?? "");
    // Triggers stand behind the FROM that brought them, everything else comes last.
    if (from) {
      this.#order.splice(this.#order.indexOf(from, this.#at) + from.triggers.length + 1, 0, told);
      from.triggers.push(told);
    } else this.#order.push(told);
    const stage = this.#stages.get(step.stage);
    if (!stage) this.#stages.set(step.stage, { last: told, open: [], layerCached: false });
    else if (!from || stage.last === from || stage.last.step.trigger !== undefined) stage.last = told;
    if (step.total > 0) this.#lastStage = step.stage;
  }

  find(id: string): Told | undefined {
    return this.#steps.get(id);
  }

  /**
   * It is known of a step that makes a layer whether it comes from the cache; those before it that make none do as it
   * does.
   */
  layer({ step }: Told, cached: boolean): void {
    const stage = this.#stages.get(step.stage);
    if (stage) stage.layerCached = cached;
    this.#settle(stage, cached);
  }

  /** `known`: the image so far is here already, which says as much of the steps that led to it. */
  done(told: Told, { layer, known }: { layer: boolean; known: boolean }): void {
    const stage = this.#stages.get(told.step.stage);
    if (layer || told.image === undefined || told.step.number === 1 || !stage) return this.#conclude(told);
    stage.open.push(told);
    if (known) this.#settle(stage, true);
    // What stages before the last one came to is no image: they are told by their last layer.
    else if (stage.last === told) this.#settle(stage, told.step.stage !== this.#lastStage && stage.layerCached);
  }

  *flush(): Generator<ProgressEvent> {
    for (let head = this.#order[this.#at]; head?.begun; head = this.#order[this.#at]) {
      for (const stream of head.text.splice(0)) yield { stream };
      head.bytes = 0;
      if (!head.ended) return;
      this.#at++;
    }
  }

  /** What is left to say when nothing more will come. */
  *close(): Generator<ProgressEvent> {
    for (const stage of this.#stages.values()) this.#settle(stage, false);
    for (const told of this.#order.slice(this.#at)) if (told.begun) yield* told.text.map((stream) => ({ stream }));
  }

  #settle(stage: StageTold | undefined, cached: boolean): void {
    for (const told of stage?.open.splice(0) ?? []) {
      if (cached) say(told, usingCache);
      this.#conclude(told);
    }
  }

  /** Says what the image is so far; where the base brought instructions, the last of them says that. */
  #conclude(told: Told): void {
    const { step, image, triggers } = told;
    told.ended = true;
    const others = step.trigger === undefined ? [told] : this.#steps.get(step.trigger)?.triggers;
    if (triggers.length > 0)
      say(told, `# Executing ${triggers.length} build trigger${triggers.length > 1 ? "s" : ""}`, "\n");
    else if (image !== undefined && others?.at(-1) === told) say(told, ` ---> ${shortId(image)}\n`);
  }
}

const heading = (text: string) => [text, "\n"];

const usingCache = " ---> Using cache\n";

function say(told: Told, ...texts: string[]): void {
  told.text.push(...texts);
  told.bytes += texts.reduce((sum, text) => sum + text.length, 0);
  while (told.bytes > heldBytes && told.text.length > 1) told.bytes -= told.text.shift()?.length ?? 0;
}
