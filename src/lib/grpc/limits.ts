/** Bytes that the other side may send on a stream ahead of its reader. */
export const streamWindow = 256 * 1024;

/** Bytes of all headers of a call. */
export const largestHeaders = 256 * 1024;

/** A peer that has not begun to speak HTTP/2 after so many milliseconds never will. */
export const handshakeTimeout = 10_000;
