/**
 * One piece of a pattern with wildcards: a character as it is, one of a class, any run without a slash (`star`), any
 * run at all (`deep`), or whole folders with the slash at their end, or none (`folders`).
 */
export type WildcardPart = { literal: string } | { one: string } | "star" | "deep" | "folders";

/**
 * More runs than that, and a regular expression may take longer than anybody lives to find that something does not
 * match.
 */
const fewRuns = 2;

/** A whole text against a pattern. What is matched costs at most the text's length times the pattern's. */
export interface Wildcard {
  test(text: string): boolean;
}

/** The pattern that these parts make, one after the other. */
export function wildcard(parts: readonly WildcardPart[]): Wildcard {
  const runs = parts.filter((part) => typeof part === "string").length;
  return runs <= fewRuns ? new RegExp(`^${parts.map(sourceOf).join("")}$`, "us") : new StateMachine(parts);
}

function sourceOf(part: WildcardPart): string {
  if (part === "star") return "[^/]*";
  if (part === "deep") return ".*";
  if (part === "folders") return "(?:.*/)?";
  return "literal" in part ? RegExp.escape(part.literal) : part.one;
}

/** A state of the machine: what it takes of the next character, and whether the pattern may go on without that. */
type State = { char: string } | { one: RegExp } | { run: "star" | "deep" } | { run: "folders"; begun: boolean };

/** Follows all ways through the pattern at once, so that none has to be tried again. */
export class StateMachine implements Wildcard {
  readonly #states: State[];
  /** What every match ends with: most of what does not match is told by that. */
  readonly #tail: string;

  constructor(parts: readonly WildcardPart[]) {
    this.#states = parts.flatMap((part): State[] => {
      if (part === "star" || part === "deep") return [{ run: part }];
      if (part === "folders")
        return [
          { run: "folders", begun: false },
          { run: "folders", begun: true },
        ];
      return "literal" in part
        ? [...part.literal].map((char) => ({ char }))
        : [{ one: new RegExp(`^${part.one}$`, "us") }];
    });
    const rest = parts.slice(parts.findLastIndex((part) => typeof part === "string" || "one" in part) + 1);
    this.#tail = rest.map((part) => (typeof part === "object" && "literal" in part ? part.literal : "")).join("");
  }

  test(text: string): boolean {
    return text.endsWith(this.#tail) && this.prefix([...text], 0, "whole").end !== null;
  }

  /**
   * Where the shortest or longest match ends that begins at a character; null: there is none. `ran`: a run without an
   * end was begun, so that no match begins later either where there is none here.
   */
  prefix(
    text: readonly string[],
    start: number,
    wanted: "shortest" | "longest" | "whole",
  ): { end: number | null; ran: boolean } {
    const last = this.#states.length;
    let now = new Uint8Array(last + 1);
    let next = new Uint8Array(last + 1);
    this.#enter(now, 0);
    let end: number | null = null;
    for (let at = start; ; at++) {
      if (now[last] === 1 && (wanted !== "whole" || at === text.length)) end = at;
      const char = text[at];
      if (char === undefined || (end !== null && wanted === "shortest")) break;
      next.fill(0);
      for (let state = 0; state < last; state++) if (now[state] === 1) this.#take(next, state, char);
      [now, next] = [next, now];
      if (!now.includes(1)) break;
    }
    return { end, ran: this.#states.some((state, at) => "run" in state && state.run === "deep" && now[at] === 1) };
  }

  #take(next: Uint8Array, at: number, char: string): void {
    const state = this.#states[at];
    if (!state) return;
    if ("char" in state) {
      if (char === state.char) this.#enter(next, at + 1);
    } else if ("one" in state) {
      if (state.one.test(char)) this.#enter(next, at + 1);
    } else if (state.run === "folders") {
      const inside = state.begun ? at : at + 1;
      next[inside] = 1;
      if (char === "/") this.#enter(next, inside + 1);
    } else if (state.run === "deep" || char !== "/") this.#enter(next, at);
  }

  /** Puts the machine into a state, and into those that follow it if it takes nothing. */
  #enter(states: Uint8Array, at: number): void {
    for (let to = at; states[to] === 0; ) {
      states[to] = 1;
      const state = this.#states[to];
      if (!state || !("run" in state)) return;
      to += state.run === "folders" ? 2 : 1;
    }
  }
}
