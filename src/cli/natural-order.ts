/** Orders names so that digits count as numbers: `net2` before `net10`. */
export function naturalOrder(a: string, b: string): number {
  const parts = /(\d+|\D)/g;
  const [left, right] = [a.match(parts) ?? [], b.match(parts) ?? []];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x = "", y = ""] = [left[i], right[i]];
    if (x === y) continue;
    const numbers = /^\d/.test(x) && /^\d/.test(y);
    if (!numbers) return x < y ? -1 : 1;
    const [m, n] = [x.replace(/^0+/, ""), y.replace(/^0+/, "")];
    if (m.length !== n.length) return m.length - n.length;
    if (m !== n) return m < n ? -1 : 1;
    return x.length - y.length;
  }
  return left.length - right.length;
}
