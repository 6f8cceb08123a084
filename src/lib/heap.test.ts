import { expect, test } from "bun:test";
import { Heap } from "./heap.ts";

test("gives the first of all that is in it, whatever came in when", () => {
  const heap = new Heap<number>((a, b) => a < b);
  const taken: (number | undefined)[] = [];
  for (const number of [5, 3, 8, 3]) heap.push(number);
  taken.push(heap.pop(), heap.pop());
  for (const number of [1, 9, 7]) heap.push(number);
  while (heap.size > 0) taken.push(heap.pop());
  expect(taken).toEqual([3, 3, 1, 5, 7, 8, 9]);
  expect(heap.pop()).toBeUndefined();
  let seed = 7;
  const numbers = Array.from({ length: 500 }, () => (seed = (seed * 48_271) % 2_147_483_647));
  for (const number of numbers) heap.push(number);
  expect(numbers.map(() => heap.pop())).toEqual(numbers.toSorted((a, b) => a - b));
});
