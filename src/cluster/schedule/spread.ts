import { Heap } from "../../lib/heap.ts";
import type { NodeLoad } from "./node-load.ts";

/** From so many on, a node on which tasks of a spec have failed lately is only taken where there is no other. */
const manyFailures = 5;

/** A node, or what a preference puts together: nodes with the same label. */
interface Branch {
  /** Tasks of the service. */
  tasks: number;
  /** By label; null: this is where nodes are. */
  branches: Map<string, Branch> | null;
  nodes: Heap<NodeLoad>;
}

/**
 * Nodes for tasks of one spec, the best first: evenly over what each preference names, one within the other; then where
 * the service has fewest tasks, then where fewest are in all, then by id.
 */
export class Spread {
  private readonly root: Branch;

  /** `descriptors`: such as `node.labels.rack`. */
  constructor(
    loads: Iterable<NodeLoad>,
    private readonly descriptors: readonly string[],
    private readonly spec: { serviceId: string; specId: string },
  ) {
    this.root = this.branch(0);
    for (const load of loads) {
      const path = this.pathTo(load);
      for (const branch of path) branch.tasks += load.tasksOf(spec.serviceId);
      path.at(-1)?.nodes.push(load);
    }
  }

  /**
   * Takes the best node that fits, which gets one more task by that: `give` must count it. A node that does not fit is
   * not asked about again: what a node has only gets less. Undefined: none fits.
   */
  place(fits: (load: NodeLoad) => boolean, give: (load: NodeLoad) => void): NodeLoad | undefined {
    const path: Branch[] = [];
    const load = this.take(this.root, fits, path);
    if (!load) return undefined;
    give(load);
    for (const branch of path) branch.tasks++;
    path.at(-1)?.nodes.push(load);
    return load;
  }

  private take(branch: Branch, fits: (load: NodeLoad) => boolean, path: Branch[]): NodeLoad | undefined {
    path.push(branch);
    if (branch.branches) {
      for (;;) {
        const least = leastOf(branch.branches);
        if (!least) break;
        const found = this.take(least[1], fits, path);
        if (found) return found;
        branch.branches.delete(least[0]);
      }
    } else {
      for (let load = branch.nodes.pop(); load; load = branch.nodes.pop()) if (fits(load)) return load;
    }
    path.pop();
    return undefined;
  }

  /** From the root to where the node belongs. */
  private pathTo(load: NodeLoad): Branch[] {
    let branch = this.root;
    const path = [branch];
    for (const [i, descriptor] of this.descriptors.entries()) {
      branch = this.child(branch, load.labelOf(descriptor), i + 1);
      path.push(branch);
    }
    return path;
  }

  private child(parent: Branch, label: string, depth: number): Branch {
    const known = parent.branches?.get(label);
    if (known) return known;
    const made = this.branch(depth);
    parent.branches?.set(label, made);
    return made;
  }

  private branch(depth: number): Branch {
    const branches = depth < this.descriptors.length ? new Map<string, Branch>() : null;
    return { tasks: 0, branches, nodes: new Heap((a, b) => this.compare(a, b) < 0) };
  }

  private compare(a: NodeLoad, b: NodeLoad): number {
    const { serviceId, specId } = this.spec;
    return (
      tooMany(a.failuresOf(specId)) - tooMany(b.failuresOf(specId)) ||
      a.tasksOf(serviceId) - b.tasksOf(serviceId) ||
      a.total - b.total ||
      (a.node.ID < b.node.ID ? -1 : 1)
    );
  }
}

/** Below that, failures do not count: they may be anybody's fault. */
const tooMany = (failures: number): number => (failures < manyFailures ? 0 : failures);

function leastOf(branches: ReadonlyMap<string, Branch>): [string, Branch] | undefined {
  let least: [string, Branch] | undefined;
  for (const each of branches) {
    if (!least || each[1].tasks < least[1].tasks || (each[1].tasks === least[1].tasks && each[0] < least[0]))
      least = each;
  }
  return least;
}
