/**
 * Gives the memory behind `bytes` back to the system now, rather than when the garbage collector comes by: of a stream of
 * megabytes, tens of them would wait for it. Nobody may look at them any more. Node's pool of small buffers is left alone.
 */
export function giveBack(bytes: Uint8Array | Uint32Array): void {
  if (bytes.buffer instanceof ArrayBuffer && bytes.buffer.byteLength > Buffer.poolSize) bytes.buffer.transfer(0);
}
