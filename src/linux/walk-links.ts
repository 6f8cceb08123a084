/** More links than the kernel's own walk would follow (40), and more than any tree of sense has. */
export const maxLinks = 255;

/**
 * Goes along `path` inside a root, part by part, and along the links on the way; `..` stops at the root. `step` is
 * asked for each part: what it says if it is a link that is to be followed, else null. `parent`: where the part is,
 * without slash at its ends; `last`: nothing comes below it; `followed`: links so far. Returns where it came to.
 */
export function walkLinks(
  path: string,
  step: (parent: string, name: string, last: boolean, followed: number) => string | null,
): string {
  const done: string[] = [];
  const todo = path.split("/");
  for (let followed = 0; todo.length > 0; ) {
    const name = todo.shift() ?? "";
    if (name === "" || name === ".") continue;
    if (name === "..") {
      done.pop();
      continue;
    }
    const last = todo.every((rest) => rest === "" || rest === ".");
    const target = step(done.join("/"), name, last, followed);
    if (target === null) done.push(name);
    else {
      followed++;
      if (target.startsWith("/")) done.length = 0;
      todo.unshift(...target.split("/"));
    }
  }
  return `/${done.join("/")}`;
}
