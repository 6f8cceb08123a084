/** The same stream; `after` is called once when it was read to its end, has failed or was given up. */
export function untilRead(
  stream: ReadableStream<Uint8Array>,
  after: () => PromiseLike<void>,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  let called = false;
  const once = async () => {
    if (called) return;
    called = true;
    await after();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
        } catch (error) {
          await once();
          throw error;
        }
        await once();
        controller.close();
      },
      async cancel(reason) {
        await reader.cancel(reason);
        await once();
      },
    },
    { highWaterMark: 0 },
  );
}
