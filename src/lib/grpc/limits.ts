/** Bytes that the other side may send on a stream ahead of its reader. */
export const streamWindow = 256 * 1024;

/** Bytes of all headers of a call. */
export const largestHeaders = 256 * 1024;

/** Bytes of all headers that are sent with a call, names and all: programs in Go take no more. */
export const longestSent = 1024 * 1024;

/** Bytes of one header: Bun 1.4.5 breaks the connection over one of 64 KiB. */
export const longestValue = 60_000;

/** A peer that has not begun to speak HTTP/2 after so many milliseconds never will. */
export const handshakeTimeout = 10_000;
